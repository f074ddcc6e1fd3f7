import { useEffect } from "react";
import { NavLink, Outlet } from "react-router";

import { clearDrafts } from "./draft";
import { landfall } from "./landfall";
import { SessionNotice } from "./SessionNotice";
import { useSession } from "./session";

export function Layout() {
  const { session, error, refresh } = useSession();
  const signOut = () => {
    clearDrafts();
    landfall.signOut({ returnTo: "/" });
  };
  // Signed out in another tab: nothing of theirs stays on this one, neither what they wrote nor what they saw.
  useEffect(
    () =>
      landfall.onSignOut(async () => {
        const session = await landfall.session().catch(() => undefined);
        if (session?.signed_in) return;
        clearDrafts();
        location.replace("/");
      }),
    [],
  );
  return (
    <>
      <header>
        <nav aria-label="Pages">
          <NavLink to="/">Home</NavLink>
          <NavLink to="/reports/2026">Reports</NavLink>
          <NavLink to="/notes">Notes</NavLink>
          <NavLink to="/about">About you</NavLink>
        </nav>
        {session?.signed_in && (
          <div className="account">
            <span className="person">{session.name ?? session.email ?? session.subject}</span>
            <button className="quiet" onClick={signOut}>
              Sign out
            </button>
          </div>
        )}
      </header>
      {error ? (
        <section className="notice" role="alert">
          <div>
            <h2>{error.title}</h2>
            <p>{error.message}</p>
          </div>
          <button onClick={() => void refresh()}>Try again</button>
        </section>
      ) : (
        <SessionNotice />
      )}
      <Outlet />
    </>
  );
}
