// The built module in a page that is made up: what it asks for, where it goes, what it refuses.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { beforeEach, test } from "node:test";

const MODULE = new URL("../dist/landfall.js", import.meta.url);
const ORIGIN = "https://app.example.com";

let asked, went, forms, history, answers, listening, stored, createLandfall, LandfallError, SignInRequired;
let pages = 0;

/** Shows another page: what the module remembers of the last one is gone. */
async function show(address) {
  const url = new URL(address, ORIGIN);
  const go = (how) => (to) => went.push(`${how} ${new URL(to, url).href}`);
  globalThis.location = {
    ...Object.fromEntries(["origin", "pathname", "search", "hash"].map((part) => [part, url[part]])),
    assign: go("assign"),
    replace: go("replace"),
  };
  globalThis.history = {
    state: { kept: true },
    replaceState(state, _, path) {
      history.push([state, path]);
      Object.assign(location, { search: "", hash: "", pathname: path });
    },
  };
  ({ createLandfall, LandfallError, SignInRequired } = await import(`${MODULE}?page=${pages++}`));
}

/** Has an event happen on the page. */
const happens = (type, event) =>
  listening.filter(([to]) => to === type).forEach((entry) => {
    if (entry[2]?.once) listening.splice(listening.indexOf(entry), 1);
    entry[1](event);
  });

beforeEach(() => {
  [asked, went, forms, history, answers, listening, stored] = [[], [], [], [], [], [], []];
  globalThis.addEventListener = (...entry) => listening.push(entry);
  globalThis.removeEventListener = (type, listener) => {
    listening = listening.filter(([to, other]) => to !== type || other !== listener);
  };
  const localStorage = {
    setItem: (key, value) => stored.push({ key, newValue: value }),
    removeItem: (key) => stored.push({ key, newValue: null }),
  };
  Object.defineProperty(globalThis, "localStorage", { configurable: true, value: localStorage });
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    asked.push({ request, body: await request.clone().text() });
    const answer = answers.shift() ?? [200, {}];
    if (answer instanceof Error) throw answer;
    const [status, body] = answer;
    const [text, type] =
      typeof body === "string" ? [body, "text/html"] : [JSON.stringify(body), "application/problem+json"];
    return new Response(text, { status, headers: { "content-type": type } });
  };
  globalThis.document = {
    createElement: (name) => ({
      name_of_element: name,
      fields: [],
      append(field) {
        this.fields.push([field.name, field.value]);
      },
      submit() {
        forms.push(this);
      },
    }),
    body: { append() {} },
  };
});

test("it is smaller than three kilobytes", async () => {
  const { length } = await readFile(MODULE);
  assert.ok(length < 3000, `${length} bytes`);
});

test("session asks the backend, with its cookie", async () => {
  await show("/");
  answers = [[200, { signed_in: false, login_url: "/auth/login" }]];
  const session = await createLandfall().session();
  assert.equal(session.signed_in, false);
  const { request } = asked[0];
  assert.equal(request.url, `${ORIGIN}/auth/session`);
  assert.deepEqual([request.method, request.credentials, request.cache], ["GET", "include", "no-store"]);
});

test("a page in place of a session is an error, not somebody who is signed out", async () => {
  await show("/");
  answers = [[200, "<!doctype html>"]];
  const error = await createLandfall().session().catch((error) => error);
  assert.ok(error instanceof LandfallError);
  assert.equal(error.title, "The application could not be reached");
});

test("signing in comes back to where the person is, query and fragment included", async () => {
  await show("/reports/2026?sort=name&q=a%26b#totals");
  createLandfall().signIn();
  const [, address] = went[0].split(" ");
  const url = new URL(address);
  assert.equal(url.origin + url.pathname, `${ORIGIN}/auth/login`);
  assert.equal(url.searchParams.get("return_to"), "/reports/2026?sort=name&q=a%26b#totals");
  assert.equal(url.searchParams.get("redirect_uri"), `${ORIGIN}/callback`);
  assert.ok(went[0].startsWith("assign "));
});

test("a sign-in that nobody pressed a button for leaves no entry in the history", async () => {
  await show("/");
  createLandfall().signIn({ replace: true });
  assert.ok(went[0].startsWith("replace "));
});

test("a login_url keeps what it asks for and comes back to the page", async () => {
  await show("/notes");
  createLandfall().signIn({ loginUrl: "/auth/login?return_to=%2Fapi%2Fme&wish=sealed" });
  const { searchParams } = new URL(went[0].split(" ")[1]);
  assert.deepEqual([searchParams.get("wish"), searchParams.get("return_to")], ["sealed", "/notes"]);
});

test("signing in again from the callback route keeps the destination of the attempt", async () => {
  await show("/callback");
  createLandfall().signIn({ loginUrl: "/auth/login?return_to=%2Freports%23totals" });
  createLandfall().signIn();
  const back = went.map((one) => new URL(one.split(" ")[1]).searchParams.get("return_to"));
  assert.deepEqual(back, ["/reports#totals", "/"]);
});

test("a login_url of another origin is not followed", async () => {
  await show("/");
  for (const loginUrl of ["https://evil.example/auth/login", "//evil.example/", "javascript:alert(1)"]) {
    assert.throws(() => createLandfall().signIn({ loginUrl }), TypeError);
  }
  assert.deepEqual(went, []);
});

test("a backend elsewhere, or below a path, is asked there", async () => {
  await show("/");
  createLandfall({ auth: "https://api.example.com/x/auth", callback: "/spa/callback" }).signIn();
  createLandfall({ auth: "/x/auth" }).signIn();
  const urls = went.map((one) => new URL(one.split(" ")[1]));
  assert.deepEqual(
    urls.map((url) => url.origin + url.pathname),
    ["https://api.example.com/x/auth/login", `${ORIGIN}/x/auth/login`],
  );
  assert.equal(urls[0].searchParams.get("redirect_uri"), `${ORIGIN}/spa/callback`);
});

test("completing hands the answer over once and leaves for where the person was going", async () => {
  await show("/callback?code=abc&state=xyz");
  answers = [[200, { return_to: "/reports?sort=name#totals" }]];
  const landfall = createLandfall();
  const gone = [];
  const both = [landfall.completeSignIn((path) => gone.push(path)), landfall.completeSignIn(() => {})];
  assert.deepEqual(await Promise.all(both), ["/reports?sort=name#totals", "/reports?sort=name#totals"]);
  assert.deepEqual(gone, ["/reports?sort=name#totals"]);
  assert.equal(asked.length, 1);
  const [{ request, body }] = asked;
  assert.equal(request.url, `${ORIGIN}/auth/exchange`);
  assert.equal(request.method, "POST");
  assert.equal(request.headers.get("content-type"), "application/json");
  assert.equal(request.headers.get("x-csrf"), "1");
  assert.deepEqual(JSON.parse(body), { response: "?code=abc&state=xyz" });
});

test("two of what createLandfall makes still hand an answer over once", async () => {
  await show("/callback?code=abc&state=xyz");
  answers = [[200, { return_to: "/x" }]];
  await Promise.all([createLandfall().completeSignIn(), createLandfall().completeSignIn()]);
  assert.equal(asked.length, 1);
  assert.deepEqual(went, [`replace ${ORIGIN}/x`]);
});

test("whoever comes back to the callback route by a router is led on again, and nothing is handed over again", async () => {
  await show("/callback?code=abc&state=xyz");
  answers = [[200, { return_to: "/x" }]];
  await createLandfall().completeSignIn();
  const gone = [];
  assert.equal(await createLandfall().completeSignIn((path) => gone.push(path)), "/x");
  assert.deepEqual([gone, asked.length], [["/x"], 1]);
});

test("a second sign-in without a reload in between is completed as the first was", async () => {
  await show("/callback?code=abc&state=xyz");
  answers = [
    [200, { return_to: "/x" }],
    [200, { return_to: "/y" }],
  ];
  const landfall = createLandfall();
  assert.equal(await landfall.completeSignIn(), "/x");
  Object.assign(location, { search: "?code=def&state=uvw" });
  assert.equal(await landfall.completeSignIn(), "/y");
  assert.deepEqual(asked.map(({ body }) => JSON.parse(body).response), ["?code=abc&state=xyz", "?code=def&state=uvw"]);
  assert.deepEqual(went, [`replace ${ORIGIN}/x`, `replace ${ORIGIN}/y`]);
});

test("the code is gone from the address before anything is sent", async () => {
  await show("/callback?code=abc&state=xyz");
  globalThis.fetch = async () => {
    assert.deepEqual(history, [[{ kept: true }, "/callback"]]);
    return Response.json({ return_to: "/" });
  };
  await createLandfall().completeSignIn();
});

test("one more trip is followed to a web address alone", async () => {
  await show("/callback?code=abc");
  answers = [[200, { location: "https://provider.example/authorize?x=1" }]];
  createLandfall().completeSignIn();
  while (went.length === 0) await new Promise(setImmediate);
  assert.deepEqual(went, ["replace https://provider.example/authorize?x=1"]);

  for (const location of ["javascript:alert(1)", "data:text/html,x", "//provider.example/"]) {
    await show("/callback?code=abc");
    answers = [[200, { location }]];
    await assert.rejects(createLandfall().completeSignIn(), TypeError, location);
  }
  assert.equal(went.length, 1);
});

test("a destination that leads elsewhere is not followed", async () => {
  const elsewhere = [
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "/\t/evil.example",
    "/.//evil.example/",
    "/x/..//evil.example/",
    "/%2e//evil.example/",
    "https://evil.example/",
    "https://app.example.com/",
    "javascript:alert(1)",
    " /x",
    "",
    "x",
    null,
    { toString: "no" },
  ];
  for (const return_to of elsewhere) {
    await show("/callback?code=abc");
    answers = [[200, { return_to }]];
    await assert.rejects(createLandfall().completeSignIn(), TypeError, String(JSON.stringify(return_to)));
    if (typeof return_to === "string" && return_to !== "") {
      assert.throws(() => createLandfall().signIn({ returnTo: return_to }), TypeError);
      assert.throws(() => createLandfall().signOut({ returnTo: return_to }), TypeError);
    }
  }
  assert.deepEqual([went, forms], [[], []]);
});

test("a refused sign-in is an error with all that the backend said", async () => {
  await show("/callback?error=access_denied&state=xyz");
  const problem = {
    status: 403,
    title: "Not signed in",
    detail: "The provider said no.",
    code: "provider_refused",
    reference: "REF-1",
    login_url: "/auth/login?return_to=%2F",
  };
  answers = [[403, problem]];
  const landfall = createLandfall();
  const error = await landfall.completeSignIn().catch((error) => error);
  assert.ok(error instanceof LandfallError && error instanceof Error && !(error instanceof SignInRequired));
  for (const [name, value] of Object.entries(problem)) assert.equal(error[name], value);
  assert.equal(error.message, problem.detail);
  // What the backend has refused is not sent again.
  assert.equal(await landfall.completeSignIn().catch((error) => error), error);
  assert.equal(asked.length, 1);
});

test("a backend that was not reached is asked again when told so", async () => {
  await show("/callback?code=abc");
  answers = [new TypeError("no network"), [502, "<h1>Bad gateway</h1>"], [200, { return_to: "/x" }]];
  const landfall = createLandfall();
  for (const status of [0, 502]) {
    const error = await landfall.completeSignIn().catch((error) => error);
    assert.deepEqual([error.status, error instanceof LandfallError], [status, true]);
    assert.equal(error.title, "The application could not be reached");
  }
  assert.equal(await landfall.completeSignIn(), "/x");
  assert.deepEqual(JSON.parse(asked[2].body), { response: "?code=abc" });
});

test("the callback route without an answer leads on if somebody is signed in, and says so if not", async () => {
  await show("/callback");
  answers = [[200, { signed_in: true, login_url: "/auth/login" }]];
  assert.equal(await createLandfall().completeSignIn(), "/");
  await show("/callback");
  answers = [[200, { signed_in: false, login_url: "/auth/login" }]];
  const error = await createLandfall().completeSignIn().catch((error) => error);
  assert.deepEqual([error.title, error.login_url], ["There is no sign-in to complete", "/auth/login"]);
});

test("signing out is a form of the page", async () => {
  await show("/x");
  createLandfall().signOut({ returnTo: "/bye?x=1" });
  createLandfall().signOut();
  createLandfall({ callback: "/app/callback" }).signOut();
  const told = forms.map(({ method, action, fields }) => [method, action, fields]);
  assert.deepEqual(told, [
    ["post", `${ORIGIN}/auth/logout`, [["return_to", "/bye?x=1"]]],
    ["post", `${ORIGIN}/auth/logout`, [["return_to", "/"]]],
    ["post", `${ORIGIN}/auth/logout`, [["return_to", "/app/"]]],
  ]);
});

test("a sign-out in one tab is heard in the others, once its answer is there, and nothing stays in the storage", async () => {
  await show("/");
  let heard = 0;
  const stop = createLandfall().onSignOut(() => heard++);
  createLandfall().signOut();
  assert.deepEqual([forms.length, stored], [1, []]);
  // The page is left: the backend has answered.
  happens("pagehide");
  happens("pagehide");
  assert.deepEqual(stored.map(({ newValue }) => newValue), ["out", null]);
  assert.equal(stored[0].key, stored[1].key);
  // What the browser tells the other tabs.
  stored.forEach((change) => happens("storage", change));
  assert.equal(heard, 1);
  stop();
  stored.forEach((change) => happens("storage", change));
  assert.equal(heard, 1);
  assert.deepEqual(listening, []);
});

test("a tab hears of no other backend, and of nothing else that is stored", async () => {
  await show("/");
  createLandfall({ auth: "/other/auth" }).onSignOut(() => assert.fail("told of another backend"));
  createLandfall().signOut();
  happens("pagehide");
  for (const change of [...stored, { key: "theme", newValue: "dark" }, { key: null, newValue: null }]) {
    happens("storage", change);
  }
});

test("where a browser keeps the storage from the page, signing out goes on", async () => {
  await show("/");
  Object.defineProperty(globalThis, "localStorage", {
    configurable: true,
    get() {
      throw new DOMException("not for you", "SecurityError");
    },
  });
  createLandfall().signOut();
  happens("pagehide");
  assert.equal(forms.length, 1);
});

test("fetch adds the header and the session for the backend alone", async () => {
  await show("/");
  const landfall = createLandfall({ auth: "https://api.example.com/auth" });
  const init = { method: "PUT", body: "text", headers: { "content-type": "text/plain" } };
  await landfall.fetch("https://api.example.com/api/x", init);
  await landfall.fetch(new Request(`${ORIGIN}/api/x`, { method: "DELETE" }));
  await landfall.fetch("https://elsewhere.example/x", init);
  const told = asked.map(({ request, body }) => {
    const { method, headers, credentials } = request;
    return [method, headers.get("content-type"), headers.get("x-csrf"), credentials, body];
  });
  assert.deepEqual(told, [
    ["PUT", "text/plain", "1", "include", "text"],
    ["DELETE", null, "1", "include", ""],
    ["PUT", "text/plain", null, "same-origin", "text"],
  ]);
});

test("a 401 that says where to sign in is told to the listeners and to the caller", async () => {
  await show("/notes");
  const landfall = createLandfall();
  const heard = [];
  const stop = landfall.onSignInRequired((required) => heard.push(required));
  const problem = { status: 401, title: "Sign-in required", login_url: "/auth/login?return_to=%2Fapi%2Fme" };
  answers = [
    [401, problem],
    [401, problem],
  ];
  const error = await landfall.fetch(`${ORIGIN}/api/me`).catch((error) => error);
  assert.ok(error instanceof SignInRequired);
  assert.equal(error.login_url, problem.login_url);
  assert.deepEqual(heard, [error]);
  stop();
  await assert.rejects(landfall.fetch(`${ORIGIN}/api/me`), SignInRequired);
  assert.equal(heard.length, 1);
});

test("every other answer is passed on as it came", async () => {
  await show("/");
  const landfall = createLandfall();
  landfall.onSignInRequired(() => assert.fail("told to sign in"));
  const given = [
    [200, { a: 1 }],
    [401, "<p>Who are you?</p>"],
    [401, { title: "Another kind of 401" }],
    [403, { login_url: "/auth/login" }],
    [500, "oh"],
  ];
  answers = [...given];
  for (const [status, body] of given) {
    const response = await landfall.fetch(`${ORIGIN}/api/x`);
    assert.equal(response.status, status);
    assert.deepEqual(typeof body === "string" ? await response.text() : await response.json(), body);
  }
  answers = [new TypeError("no network")];
  await assert.rejects(landfall.fetch(`${ORIGIN}/api/x`), { message: "no network" });
});
