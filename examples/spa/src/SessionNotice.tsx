import { landfall } from "./landfall";
import { useSession } from "./session";

/** Says that the session has ended while the page was open, or that more is asked for; and leads on. */
export function SessionNotice() {
  const { session, person, required } = useSession();
  const ended = person !== undefined && session?.signed_in === false;
  if (!ended && !(required && session?.signed_in)) return null;
  return (
    <section className="notice" role="alert">
      <div>
        <h2>{ended ? "Your session has ended" : required?.title}</h2>
        <p>
          {ended
            ? "Nothing you have written is lost. Sign in again, and you come back to this place."
            : required?.message}
        </p>
      </div>
      <button onClick={() => landfall.signIn({ loginUrl: required?.login_url })}>Sign in again</button>
    </section>
  );
}
