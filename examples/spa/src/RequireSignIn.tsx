import { useEffect } from "react";
import { Outlet } from "react-router";

import { landfall } from "./landfall";
import { Page } from "./Page";
import { useSession } from "./session";

/** Leads whoever is not signed in to the provider, and back to this very place. */
export function RequireSignIn() {
  const { session, person, error } = useSession();
  // Whoever was signed in on this page keeps it, with all that is written there; the notice leads on.
  const leaves = session?.signed_in === false && !person;
  useEffect(() => {
    if (leaves) landfall.signIn({ replace: true });
  }, [leaves]);

  // Another person finds nothing of this one's on the page.
  if (person) return <Outlet key={`${person.issuer} ${person.subject}`} />;
  if (error) return null; // the layout says it
  if (!leaves) return <p role="status">One moment…</p>;
  return (
    <Page title="Sign-in">
      <p role="status">Taking you to the sign-in page…</p>
      <button onClick={() => landfall.signIn()}>Sign in</button>
    </Page>
  );
}
