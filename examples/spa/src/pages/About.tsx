import { SignInRequired } from "landfall-browser";
import { useEffect, useState } from "react";

import { landfall } from "../landfall";
import { Page } from "../Page";

type Claims = Record<string, unknown>;

/** What the backend's own API says, and what the provider's says through the backend, which adds the token. */
export function About() {
  return (
    <Page title="About you">
      <Answer title="From this application" address="/api/me" />
      <Answer title="From the provider" address="/api/provider/oauth2/userinfo" />
    </Page>
  );
}

function Answer({ title, address }: { title: string; address: string }) {
  const [claims, setClaims] = useState<Claims>();
  const [failed, setFailed] = useState("");

  useEffect(() => {
    const leaving = new AbortController();
    const ask = async () => {
      const response = await landfall.fetch(address, { signal: leaving.signal });
      if (!response.ok) throw new Error(`The answer was ${response.status}.`);
      setClaims((await response.json()) as Claims);
    };
    ask().catch((error: unknown) => {
      if (leaving.signal.aborted) return;
      setFailed(error instanceof SignInRequired ? "Sign in to see this." : (error as Error).message);
    });
    return () => leaving.abort();
  }, [address]);

  return (
    <section aria-busy={!claims && !failed}>
      <h2>{title}</h2>
      <p className="small">
        <code>{address}</code>
      </p>
      {failed && <p role="alert">{failed}</p>}
      {claims && (
        <dl>
          {Object.entries(claims).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}
