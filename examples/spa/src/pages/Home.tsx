import { Link } from "react-router";

import { landfall } from "../landfall";
import { Page } from "../Page";
import { useSession } from "../session";

export function Home() {
  const { session } = useSession();
  return (
    <Page title="Welcome">
      {session?.signed_in === false && (
        <>
          <p>Nobody is signed in.</p>
          <button onClick={() => landfall.signIn()}>Sign in</button>
        </>
      )}
      {session?.signed_in && (
        <p>
          You are signed in as <strong>{session.name ?? session.email ?? session.subject}</strong>.
        </p>
      )}
      <p>Each of these asks for a sign-in, and is where it leads to:</p>
      <ul>
        <li>
          <Link to="/reports/2026?sort=amount#total">A report: a query, and a place far down the page</Link>
        </li>
        <li>
          <Link to="/notes">Notes: they outlive a session that ends while you write</Link>
        </li>
        <li>
          <Link to="/about">About you: what the application knows</Link>
        </li>
      </ul>
    </Page>
  );
}
