/**
 * Signs people in to a single-page application whose backend runs Landfall. Tokens stay in the backend: nothing
 * here ever sees one.
 *
 * ```ts
 * import { createLandfall } from "landfall-browser";
 *
 * export const landfall = createLandfall();
 *
 * const session = await landfall.session();      // who is there
 * if (!session.signed_in) landfall.signIn();     // away, and back to this very place
 *
 * await landfall.completeSignIn();               // on the route /callback
 * const me = await landfall.fetch("/api/me");    // as fetch, and knows what a 401 means
 * landfall.onSignOut(() => location.reload());   // somebody signed out in another tab
 * ```
 *
 * @module
 */

/** Somebody is signed in. */
export interface SignedIn {
  readonly signed_in: true;
  /** Who, as the provider calls them: unique together with {@link SignedIn.issuer}. */
  readonly subject: string;
  readonly issuer: string;
  readonly name?: string | null;
  readonly email?: string | null;
  readonly roles?: readonly string[];
  /** When the session ends at the latest, in seconds since 1970. */
  readonly expires_at: number;
  /** When it ends if nothing else is asked for: asking who is there does not prolong it. */
  readonly idle_expires_at: number;
  readonly login_url: string;
  readonly logout_url: string;
}

/** Nobody is signed in. */
export interface SignedOut {
  readonly signed_in: false;
  readonly login_url: string;
}

/** Who is there. `signed_in` tells which of the two it is. */
export type Session = SignedIn | SignedOut;

/** What the backend says of a failure: its `application/problem+json`. */
export interface Problem {
  readonly status?: number;
  /** A few words for a heading. */
  readonly title?: string;
  /** A sentence for the person. */
  readonly detail?: string;
  /** For the program. Every answer of the backend has one; what stands before it may answer without. */
  readonly code?: string;
  /** Finds the cause in the backend's log. */
  readonly reference?: string;
  /** Where signing in (again) helps: for {@link SignInOptions.loginUrl}. */
  readonly login_url?: string;
}

/** A sign-in, or the question who is there, that the backend did not answer as hoped. */
export class LandfallError extends Error implements Problem {
  override readonly name: string = "LandfallError";
  /** The answer's status; 0 where the backend was not reached. */
  declare readonly status: number;
  declare readonly title: string;
  declare readonly detail?: string;
  declare readonly code?: string;
  declare readonly reference?: string;
  declare readonly login_url?: string;

  constructor(status: number, problem: Problem, options?: ErrorOptions) {
    const title = problem.title ?? "Something went wrong";
    super(problem.detail ?? title, options);
    Object.assign(this, problem, { status, title });
  }
}

/** The backend wants somebody to sign in, again or more strongly, before it does what was asked. */
export class SignInRequired extends LandfallError {
  override readonly name = "SignInRequired";
}

/** Where the backend and the callback route are. */
export interface LandfallOptions {
  /**
   * Where the backend's sign-in addresses begin: `/auth`, `/app/auth`, or `https://api.example.com/auth` where
   * it is on another origin, which then lists the callback route's origin.
   *
   * @defaultValue `"/auth"`
   */
  readonly auth?: string;
  /**
   * The path of the route that calls {@link Landfall.completeSignIn}. With the page's origin before it, it is
   * what the backend knows as a `spa_callback`.
   *
   * @defaultValue `"/callback"`
   */
  readonly callback?: string;
  /**
   * The header that tells the backend that a script asks: its `required_header`.
   *
   * @defaultValue `"x-csrf"`
   */
  readonly header?: string;
}

/** How to sign in. */
export interface SignInOptions {
  /** The local path to come back to. Where the person is by default, query and fragment included. */
  readonly returnTo?: string;
  /** The `login_url` of a {@link Problem}: it knows what the backend asks for, such as a second factor. */
  readonly loginUrl?: string | undefined;
  /**
   * Leaves no entry for this page in the history: for a sign-in that nobody pressed a button for, which would
   * otherwise catch people on their way back.
   */
  readonly replace?: boolean;
}

/** What {@link createLandfall} gives. None of it needs `this`. */
export interface Landfall {
  /**
   * Asks who is there.
   *
   * @throws {@link LandfallError} when the backend can not say.
   */
  session(): Promise<Session>;
  /** Leaves the page to sign in. Save what is not saved before. */
  signIn(options?: SignInOptions): void;
  /**
   * Completes the sign-in that led to the callback route, and leaves the route for where the person was going,
   * which is also what the promise gives.
   *
   * The provider's answer is gone from the address and the history before anything else happens, and is handed
   * over once, however often this is called: effects that run twice do no harm.
   *
   * @param navigate - How to get to a local path without leaving an entry for the callback in the history.
   * `location.replace` by default; a router's own way spares a reload.
   * @throws {@link LandfallError} when there is nobody signed in then. Without a `code`, it was not the backend
   * that answered: calling again tries again.
   */
  completeSignIn(navigate?: (path: string) => void): Promise<string>;
  /**
   * Leaves the page to sign out, at the provider as well if it offers that.
   *
   * @param options - `returnTo`: the path of this origin to come back to; the folder of the callback route by default.
   */
  signOut(options?: { readonly returnTo?: string }): void;
  /**
   * `fetch` for the backend: it sends the session along, and {@link LandfallOptions.header}. To any other origin than the
   * page's and the backend's it is `fetch` itself.
   *
   * @throws {@link SignInRequired} for a 401 that says where to sign in, once the listeners have heard of it.
   * All else is as `fetch` gives it.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /**
   * Has `listener` told whenever {@link Landfall.fetch} is told to sign in: the place to say so to the person,
   * and to keep what is not saved before {@link Landfall.signIn}.
   *
   * @returns what takes the listener away again.
   */
  onSignInRequired(listener: (required: SignInRequired) => void): () => void;
  /**
   * Has `listener` told when somebody has signed out by {@link Landfall.signOut} in another tab of this browser, on
   * this origin and at the same backend: the place to ask {@link Landfall.session}, and to take from the page what
   * was theirs. Whoever signs out tells it when their page is left, which is when the backend has answered.
   *
   * It is a hint: any script of this origin could give it. It is carried by the events of `localStorage`, which every
   * browser has, and nothing is left in the storage. Where a browser keeps that from the page, no tab hears of another.
   *
   * @returns what takes the listener away again.
   */
  onSignOut(listener: () => void): () => void;
}

// Of the page, not of one createLandfall: a component that makes one at every turn must not post twice.
let answer = "";
let completing: Promise<string> | undefined;
let landed: string | undefined;

/** Makes the functions that talk to the backend. */
export function createLandfall(options: LandfallOptions = {}): Landfall {
  const { auth = "/auth", callback = "/callback", header = "x-csrf" } = options;
  const home = callback.replace(/[^/]*$/, "");
  // Tabs of this origin with the same backend hear of each other by it.
  const news = "landfall " + auth;
  const listeners = new Set<(required: SignInRequired) => void>();
  const endpoint = (name: string) => new URL(`${auth}/${name}`, location.origin);
  const isOurs = ({ origin }: URL) => origin === location.origin || origin === endpoint("").origin;

  const ask = async (request: Request): Promise<Response> => {
    request.headers.set(header, "1");
    const response = await fetch(request, { credentials: "include" });
    if (response.status === 401) {
      const problem = await response.clone().json().catch(() => null);
      if (problem?.login_url) {
        const required = new SignInRequired(401, problem);
        listeners.forEach((listener) => listener(required));
        throw required;
      }
    }
    return response;
  };

  const call = async (name: string, body?: object): Promise<any> => {
    const headers = { "content-type": "application/json", [header]: "1" };
    const init = body && { method: "POST", headers, body: JSON.stringify(body) };
    let cause, response, said;
    try {
      response = await fetch(endpoint(name), { ...init, credentials: "include", cache: "no-store" });
      said = await response.json();
    } catch (error) {
      cause = error;
    }
    if (response?.ok && said) return said;
    const title = "The application could not be reached";
    const unreached = { title, detail: "Check the connection, then try again." };
    throw new LandfallError(response?.status ?? 0, said ?? unreached, { cause });
  };

  const complete = async (navigate: (path: string) => void): Promise<string> => {
    let next;
    if (answer) {
      next = await call("exchange", { response: answer });
    } else {
      // A reload: what the provider said is gone, and was most likely dealt with.
      const { signed_in, login_url } = await call("session");
      const title = "There is no sign-in to complete";
      if (!signed_in) throw new LandfallError(400, { title, code: "no_response", login_url });
      next = { return_to: home };
    }
    if (next.location) {
      location.replace(web(next.location));
      return new Promise(() => {}); // the page is left
    }
    landed = local(next.return_to);
    navigate(landed);
    return landed;
  };

  return {
    session: () => call("session"),
    signIn({ returnTo, loginUrl = "", replace } = {}) {
      const url = loginUrl ? new URL(loginUrl, endpoint("")) : endpoint("login");
      if (!isOurs(url)) throw new TypeError("not the backend's: " + url);
      const { pathname, search, hash, origin } = location;
      const query = url.searchParams;
      // The callback route is no place to come back to; after a failure there, the link knows a better one.
      const here = pathname === callback ? (query.get("return_to") ?? home) : pathname + search + hash;
      query.set("return_to", local(returnTo ?? here));
      query.set("redirect_uri", origin + callback);
      location[replace ? "replace" : "assign"](url);
    },
    completeSignIn(navigate = (path) => location.replace(path)) {
      if (location.search) {
        answer = location.search;
        completing = landed = undefined;
        history.replaceState(history.state, "", location.pathname);
      }
      if (landed) navigate(landed);
      return (completing ??= complete(navigate).catch((error) => {
        if (!error.code) completing = undefined;
        throw error;
      }));
    },
    signOut({ returnTo = home } = {}) {
      const form = document.createElement("form");
      form.method = "post";
      form.action = endpoint("logout").href;
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = "return_to";
      field.value = local(returnTo);
      form.append(field);
      document.body.append(form);
      const tell = () => {
        try {
          localStorage.setItem(news, "out");
          localStorage.removeItem(news);
        } catch {} // each tab finds out when it asks
      };
      addEventListener("pagehide", tell, { once: true });
      form.submit();
    },
    async fetch(input, init) {
      const request = new Request(input, init);
      return isOurs(new URL(request.url)) ? ask(request) : fetch(request);
    },
    onSignInRequired(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    onSignOut(listener) {
      const hear = ({ key, newValue }: StorageEvent) => key === news && newValue && listener();
      addEventListener("storage", hear);
      return () => removeEventListener("storage", hear);
    },
  };
}

/** A path on this origin, in one form, or an error: what leads elsewhere is not followed. */
function local(path: unknown): string {
  const { origin, pathname, search, hash } = new URL(String(path), location.origin);
  // Dots at the front, once they are resolved, may leave two slashes there: a path that names a host.
  if (String(path)[0] !== "/" || origin !== location.origin || pathname.startsWith("//")) {
    throw new TypeError("not a local path: " + path);
  }
  return pathname + search + hash;
}

/** The address of a page, or an error: a script's address is not followed. */
function web(address: unknown): string {
  const { protocol, href } = new URL(String(address));
  if (!/^https?:$/.test(protocol)) throw new TypeError("not an address to go to: " + href);
  return href;
}
