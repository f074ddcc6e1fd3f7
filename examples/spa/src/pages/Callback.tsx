import type { LandfallError } from "landfall-browser";
import { useEffect, useState } from "react";
import { useNavigate } from "react-router";

import { landfall } from "../landfall";
import { Page } from "../Page";

/** Where the provider sends people back to. The backend does the rest. */
export function Callback() {
  const navigate = useNavigate();
  const [error, setError] = useState<LandfallError>();
  const [tries, setTries] = useState(0);

  useEffect(() => {
    setError(undefined);
    landfall.completeSignIn((path) => void navigate(path, { replace: true })).catch(setError);
  }, [navigate, tries]);

  if (!error) {
    return (
      <Page title="Signing you in">
        <p role="status" className="busy">
          One moment…
        </p>
      </Page>
    );
  }
  const { title, message, code, reference, login_url } = error;
  return (
    <Page title={title ?? "Something went wrong"}>
      <p role="alert">{message}</p>
      {code ? (
        <button onClick={() => landfall.signIn({ loginUrl: login_url })}>Sign in again</button>
      ) : (
        <button onClick={() => setTries(tries + 1)}>Try again</button>
      )}
      {reference && (
        <p className="small">
          Reference: <code>{reference}</code>
        </p>
      )}
    </Page>
  );
}
