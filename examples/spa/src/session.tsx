import type { LandfallError, Session, SignedIn, SignInRequired } from "landfall-browser";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef, useState } from "react";

import { landfall } from "./landfall";

/** What is known of who is there. */
interface Known {
  /** Undefined until the backend has said it. */
  readonly session: Session | undefined;
  /** Who was there last on this page, though the session may have ended since. */
  readonly person: SignedIn | undefined;
  /** What the backend asked for while the page was open. */
  readonly required: SignInRequired | undefined;
  readonly error: LandfallError | undefined;
  readonly refresh: () => Promise<void>;
}

const Context = createContext<Known | undefined>(undefined);

/** Who is there, kept up to date: after a while, on the way back to this tab, and when a request is refused. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const [session, setSession] = useState<Session>();
  const [person, setPerson] = useState<SignedIn>();
  const [required, setRequired] = useState<SignInRequired>();
  const [error, setError] = useState<LandfallError>();
  const asked = useRef(0);
  const known = useRef<Session>(undefined);

  const refresh = useCallback(async () => {
    const turn = ++asked.current;
    try {
      const session = await landfall.session();
      if (turn !== asked.current) return; // a later answer counts
      // Somebody signed in meanwhile, in another tab.
      if (session.signed_in && known.current?.signed_in === false) setRequired(undefined);
      known.current = session;
      setSession(session);
      setError(undefined);
      if (session.signed_in) setPerson(session);
    } catch (error) {
      if (turn === asked.current) setError(error as LandfallError);
    }
  }, []);

  useEffect(() => {
    void refresh();
    const isBack = () => document.visibilityState === "visible" && void refresh();
    document.addEventListener("visibilitychange", isBack);
    window.addEventListener("pageshow", isBack);
    const stop = landfall.onSignInRequired((required) => {
      setRequired(required);
      void refresh();
    });
    return () => {
      document.removeEventListener("visibilitychange", isBack);
      window.removeEventListener("pageshow", isBack);
      stop();
    };
  }, [refresh]);

  // Asked at the very moment: a request in the meantime may have prolonged it.
  useEffect(() => {
    if (!session?.signed_in) return;
    const end = Math.min(session.expires_at, session.idle_expires_at) * 1000;
    // Browsers keep no timer for longer than this.
    const wait = Math.min(Math.max(end - Date.now(), 0) + 1000, 2 ** 31 - 1);
    const timer = setTimeout(() => void refresh(), wait);
    return () => clearTimeout(timer);
  }, [session, refresh]);

  return <Context value={{ session, person, required, error, refresh }}>{children}</Context>;
}

export function useSession(): Known {
  const known = useContext(Context);
  if (!known) throw new Error("no SessionProvider around this");
  return known;
}
