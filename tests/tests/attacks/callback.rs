//! The table `callback.json`: one request to the callback of a browser that has a pending login.

use std::collections::HashMap;
use std::time::Duration;

use http::{Method, Response};
use landfall::RelyingPartyBuilder;
use landfall_testkit::{Browser, Endpoint, Fault};
use landfall_tests::{Framework, SessionKind, World, on_both_frameworks};
use serde::Deserialize;

use crate::support::{
    Answer, Ask, Pending, ask, broken_promises, cases, cookie_value, jar, login_path, pending_at, sign_in,
    status_is, whoami,
};

#[derive(Deserialize)]
struct Case {
    id: String,
    name: String,
    setup: Option<String>,
    return_to: Option<String>,
    request: Option<Sent>,
    expect: Option<Expected>,
}

#[derive(Deserialize)]
struct Sent {
    method: String,
    #[serde(default)]
    query: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    headers: HashMap<String, String>,
    cookies: Option<String>,
}

#[derive(Deserialize)]
struct Expected {
    status: String,
    session: String,
    token_calls: String,
    pending: Option<String>,
    location: Option<String>,
    not_in_body: Option<String>,
}

/// What becomes of a sign-in that is good: a session of ours, or an answer of the application's own, with its cookie.
type Way = fn(RelyingPartyBuilder) -> RelyingPartyBuilder;

/// A session of ours.
const SESSION: Way = |builder| builder;

/// The trip alone: the application answers itself, and lands the person as we would.
const TRIP_ALONE: Way = |builder| {
    builder.on_sign_in(|sign_in| async move {
        let to = sign_in.destination().unwrap().as_str().to_owned();
        let cookie =
            format!("{OWN}={}; Path=/; Secure; HttpOnly; SameSite=Lax", sign_in.identity().subject());
        let answer = Response::builder().status(303).header("location", to).header("set-cookie", cookie);
        Ok(sign_in.answer(answer.body("")?))
    })
};

/// The application's own session, where it has one.
const OWN: &str = "__Host-own";

on_both_frameworks! {
    async fn every_case_of_the_callback_table_holds(framework) {
        every_case(framework, SessionKind::Memory, false).await;
    }

    async fn every_case_of_the_callback_table_holds_where_the_application_answers_itself(framework) {
        for kind in [SessionKind::Cookie, SessionKind::Memory, SessionKind::Sqlite] {
            every_case(framework, kind, true).await;
        }
    }
}

async fn every_case(framework: Framework, kind: SessionKind, alone: bool) {
    let way = if alone { TRIP_ALONE } else { SESSION };
    let cases: Vec<Case> = cases(include_str!("../../data/callback.json"));
    let usual = World::with(framework, kind, way).await;
    let mut failures = Vec::new();
    let mut count = 0;
    for case in &cases {
        let (Some(sent), Some(expected)) = (&case.request, &case.expect) else { continue };
        count += 1;
        let special = special_world(case, framework, kind, way).await;
        for broken in run(special.as_ref().unwrap_or(&usual), case, sent, expected, alone).await {
            failures.push(format!("{} {}: {broken}", case.id, case.name));
        }
    }
    assert!(count > 50, "the table is there");
    assert!(failures.is_empty(), "{framework:?} {kind:?}\n{}", failures.join("\n"));
}

/// What cannot be had in the world that the other cases share.
async fn special_world(case: &Case, framework: Framework, kind: SessionKind, way: Way) -> Option<World> {
    match case.setup.as_deref() {
        Some("form_post") => Some(World::with(framework, kind, |builder| way(builder).form_post()).await),
        Some("no_iss") => {
            let world = World::with(framework, kind, way).await;
            let promise = "authorization_response_iss_parameter_supported";
            world.provider.inject_always(Fault::omit(Endpoint::Discovery, &[promise]));
            Some(world)
        }
        _ => None,
    }
}

async fn run(world: &World, case: &Case, sent: &Sent, expected: &Expected, alone: bool) -> Vec<String> {
    let browser = world.other_browser();
    let start = match (&case.return_to, case.setup.as_deref()) {
        (Some(return_to), _) => login_path(return_to),
        (None, Some("silent")) => "/silent".to_owned(),
        (None, _) => crate::support::LANDING.to_owned(),
    };
    let pending = pending_at(&browser, &start).await;
    if case.setup.as_deref() == Some("an_hour_later") {
        world.wait(Duration::from_secs(3600));
    }
    let calls = world.token_calls();
    let answer = send(&browser, sent, &pending).await;
    let calls = world.token_calls() - calls;

    let mut wrong =
        broken_promises(&answer, &[&pending.code, &pending.state, "<script>alert", "evil.example"]);
    let mut check = |holds: bool, what: &str| {
        if !holds {
            wrong.push(format!("{what}: {} {:?} {}", answer.status, answer.headers, answer.body));
        }
    };
    check(status_is(answer.status, &expected.status), "the status");
    check(
        expected.token_calls.split('|').any(|wanted| wanted == calls.to_string()),
        "calls of the token endpoint",
    );
    let is_created = expected.session == "created";
    check(answer.sets_session() == (is_created && !alone), "the session");
    check(answer.header("set-cookie").starts_with(OWN) == (is_created && alone), "the application's own");
    if let Some(location) = &expected.location {
        check(answer.location() == location, "the destination");
    }
    if let Some(text) = &expected.not_in_body {
        check(!answer.body.contains(text), "the page's text");
    }
    let who = whoami(&browser).await;
    check((who == "hello ada") == (is_created && !alone), &format!("who is there, {who:?}"));
    check(cookie_value(&browser, OWN).is_some() == (is_created && alone), "whom the application knows");
    if let Some(fate) = &expected.pending {
        let calls = world.token_calls();
        let again = ask(&browser, Ask::get(pending.callback())).await;
        let sent_again = world.token_calls() - calls;
        let has_begun = if alone { cookie_value(&browser, OWN).is_some() } else { again.sets_session() };
        let finished = has_begun && sent_again == 1;
        check(finished == (fate == "kept"), &format!("the pending login, which answered {}", again.status));
        check(fate == "kept" || sent_again == 0, "a consumed pending login sent a code");
    }
    // Whatever this browser went through, it can still sign in.
    if alone {
        let attempt = pending_at(&browser, "/dashboard/again").await;
        let answer = ask(&browser, Ask::get(attempt.callback())).await;
        if answer.location() != "/dashboard/again" || !answer.header("set-cookie").starts_with(OWN) {
            wrong.push(format!("no other sign-in: {} {:?}", answer.status, answer.headers));
        }
    } else {
        sign_in(&browser).await;
    }
    wrong
}

async fn send(browser: &Browser, sent: &Sent, pending: &Pending) -> Answer {
    let query = fill(&sent.query, pending);
    let target =
        if query.is_empty() { "/auth/callback".to_owned() } else { format!("/auth/callback?{query}") };
    let mut request =
        Ask::new(Method::from_bytes(sent.method.as_bytes()).unwrap(), target).body(fill(&sent.body, pending));
    for (name, value) in &sent.headers {
        request = request.header(name, value);
    }
    request.cookie = sent.cookies.as_deref().map(|which| cookies(which, &jar(browser)));
    let answer = ask(browser, request).await;
    // A response by form comes back by GET, this time with the cookies that Lax withholds from a cross-site POST.
    if sent.method == "POST" && answer.status == 303 && answer.location().starts_with("/auth/callback?") {
        return ask(browser, Ask::get(answer.location())).await;
    }
    answer
}

/// The Cookie header, other than the jar would have it.
fn cookies(which: &str, jar: &str) -> String {
    let flipped = || match jar.split_at(jar.len() - 10) {
        (head, tail) if tail.starts_with('A') => format!("{head}B{}", &tail[1..]),
        (head, tail) => format!("{head}A{}", &tail[1..]),
    };
    match which {
        "none" => String::new(),
        "flipped" => flipped(),
        "forged_first" => format!("{}; {jar}", flipped()),
        other => panic!("no such cookies: {other}"),
    }
}

fn fill(text: &str, pending: &Pending) -> String {
    let swapped: String = pending
        .state
        .chars()
        .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    let text = text
        .replace("$SWAPPED_STATE", &swapped)
        .replace("$SHORT_STATE", &pending.state[..16])
        .replace("$STATE", &pending.state)
        .replace("$CODE", &pending.code);
    repeat(&text)
}

/// `$REPEAT(x,n)` is x n times.
pub(crate) fn repeat(text: &str) -> String {
    let Some((before, rest)) = text.split_once("$REPEAT(") else { return text.to_owned() };
    let (inside, after) = rest.split_once(')').unwrap();
    let (unit, times) = inside.rsplit_once(',').unwrap();
    format!("{before}{}{after}", unit.repeat(times.parse().unwrap()))
}
