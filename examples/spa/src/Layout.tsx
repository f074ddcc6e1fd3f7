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
