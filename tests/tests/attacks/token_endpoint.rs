//! The table `token_endpoint.json`: what the token endpoint or discovery can do wrong, met by a whole sign-in.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use landfall_testkit::{Client, Endpoint, Fault, RawResponse, TestBed};
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::callback::repeat;
use crate::support::{Answer, Ask, ask, broken_promises, cases, pending, sign_in, status_is, whoami};

#[derive(Clone, Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) fault: Option<TokenFault>,
    pub(crate) transport: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) metadata: Option<Map<String, Value>>,
    pub(crate) discovery: Option<TokenFault>,
    pub(crate) expect: Expected,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Expected {
    pub(crate) login: String,
    pub(crate) token_calls: String,
    #[serde(default)]
    pub(crate) status: String,
}

/// Against a correct answer.
#[derive(Clone, Deserialize)]
pub(crate) struct TokenFault {
    status: Option<u16>,
    headers: Option<HashMap<String, String>>,
    #[serde(default)]
    omit: Vec<String>,
    #[serde(default)]
    replace: Map<String, Value>,
    json: Option<Value>,
    body: Option<String>,
    bytes: Option<String>,
}

impl TokenFault {
    fn response(&self) -> RawResponse {
        let mut correct = json!({
            "access_token": "$AT", "token_type": "Bearer", "expires_in": 300,
            "id_token": "$IDT", "refresh_token": "$RT", "scope": "openid",
        });
        let members = correct.as_object_mut().unwrap();
        members.retain(|name, _| !self.omit.contains(name));
        members.extend(self.replace.clone());
        let body = match (&self.json, &self.body, &self.bytes) {
            (Some(json), ..) => repeat(&json.to_string()).into_bytes(),
            (_, Some(text), _) => repeat(text).replace("$JSON", &correct.to_string()).into_bytes(),
            (_, _, Some(text)) => latin(text),
            _ => repeat(&correct.to_string()).into_bytes(),
        };
        let usual = HashMap::from([("content-type".to_owned(), "application/json".to_owned())]);
        let mut response = RawResponse::new(self.status.unwrap_or(200), body);
        for (name, value) in self.headers.as_ref().unwrap_or(&usual) {
            response = response.header(name, value.clone());
        }
        response
    }
}

/// `\xff` is that byte.
fn latin(text: &str) -> Vec<u8> {
    let mut parts = text.split("\\x");
    let mut out = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        out.push(u8::from_str_radix(&part[..2], 16).unwrap());
        out.extend_from_slice(&part.as_bytes()[2..]);
    }
    out
}

pub(crate) fn table() -> Vec<Case> {
    // Rows with a test of their own expect nothing of a runner.
    let rows: Vec<Value> = cases(include_str!("../../data/token_endpoint.json"));
    let rows = rows.into_iter().filter(|row| row.get("test").is_none());
    rows.map(|row| serde_json::from_value(row).unwrap()).collect()
}

/// What is wrong with how a sign-in ended.
pub(crate) fn verdict(case: &Case, answer: &Answer, calls: usize, who: &str) -> Vec<String> {
    let mut wrong =
        broken_promises(answer, &["the-secret-of-a-test", "<html>blocked", "invalid_grant", "evil"]);
    let mut check = |holds: bool, what: &str| {
        if !holds {
            wrong.push(format!("{what}: {} {:?} {} calls, {who}", answer.status, answer.headers, calls));
        }
    };
    let success = answer.status == 303;
    check(answer.sets_session() == success && (who == "hello ada") == success, "the session");
    check(calls.to_string() == case.expect.token_calls, "calls of the token endpoint");
    match case.expect.login.as_str() {
        "success" => check(success, "a sign-in"),
        "failure" => check(status_is(answer.status, &case.expect.status), "the status"),
        _ => check(success || status_is(answer.status, &case.expect.status), "the status"),
    }
    wrong
}

on_both_frameworks! {
    async fn every_fault_of_the_token_endpoint_ends_a_sign_in_cleanly(framework) {
        let scopes = ["openid", "profile", "email", "offline_access"];
        let world = World::with(framework, SessionKind::Memory, |builder| builder.scopes(scopes)).await;
        let mut failures = Vec::new();
        for case in table() {
            let Some(fault) = &case.fault else { continue };
            let browser = world.other_browser();
            let attempt = pending(&browser).await;
            world.provider.inject(Fault::token_response(fault.response()));
            let calls = world.token_calls();
            let answer = ask(&browser, Ask::get(attempt.callback())).await;
            let wrong = verdict(&case, &answer, world.token_calls() - calls, &whoami(&browser).await);
            failures.extend(wrong.into_iter().map(|wrong| format!("{} {}: {wrong}", case.id, case.name)));
            world.provider.clear();
            sign_in(&world.other_browser()).await;
        }
        assert!(failures.is_empty(), "{framework:?}\n{}", failures.join("\n"));
    }

    async fn a_provider_with_wrong_metadata_signs_nobody_in_and_is_asked_again_later(framework) {
        let mut failures = Vec::new();
        let mut count = 0;
        for case in table() {
            let fault = match (&case.metadata, &case.discovery) {
                (Some(changes), _) => wrong_metadata(changes.clone()),
                (_, Some(answer)) => Fault::Respond(Endpoint::Discovery, answer.response()),
                _ => continue,
            };
            count += 1;
            failures.extend(met(framework, &case, fault).await);
        }
        assert!(count >= 7);
        assert!(failures.is_empty(), "{framework:?}\n{}", failures.join("\n"));
    }

    async fn client_id_and_secret_are_form_encoded_before_basic(framework) {
        let (id, secret) = ("web:col on", "a:b%c+d e\u{e9}/=&");
        let world = World::with(framework, SessionKind::Cookie, |builder| builder.client(id, secret)).await;
        let client = Client::new(id).secret(secret).redirect_uri(format!("{BASE_URL}/auth/callback"));
        world.provider.register(client);
        sign_in(&world.browser).await;
        let seen = world.provider.requests().into_iter().find(|seen| seen.path == "/oauth2/token").unwrap();
        let basic = seen.header("authorization").unwrap().strip_prefix("Basic ").unwrap();
        let pair = base64::engine::general_purpose::STANDARD.decode(basic).unwrap();
        assert_eq!(pair, b"web%3Acol+on:a%3Ab%25c%2Bd+e%C3%A9%2F%3D%26");
        assert!(seen.parameter("client_secret").is_none(), "one way of authenticating, not two");
    }

    async fn the_secret_stands_in_no_url(framework) {
        let world = World::with(framework, SessionKind::Memory, |builder| {
            builder.client_auth(landfall::ClientAuth::ClientSecretPost)
        })
        .await;
        sign_in(&world.browser).await;
        let logout = Ask::new(http::Method::POST, "/auth/logout");
        let location = ask(&world.browser, logout).await.location().to_owned();
        assert!(!location.contains(TestBed::CLIENT_SECRET));
        for seen in world.provider.requests() {
            assert!(!seen.query.contains(TestBed::CLIENT_SECRET) && !seen.path.contains(TestBed::CLIENT_SECRET));
            assert!(seen.path != "/oauth2/token" || seen.query.is_empty());
        }
    }

    async fn the_code_is_posted_as_a_form(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        sign_in(&world.browser).await;
        let seen = world.provider.requests().into_iter().find(|seen| seen.path == "/oauth2/token").unwrap();
        assert_eq!(seen.method, http::Method::POST);
        assert_eq!(seen.header("content-type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(seen.header("accept"), Some("application/json"));
    }
}

fn wrong_metadata(changes: Map<String, Value>) -> Fault {
    Fault::json(Endpoint::Discovery, move |document| {
        for (name, value) in &changes {
            match value {
                Value::Null => drop(document.remove(name)),
                value => drop(document.insert(name.clone(), value.clone())),
            }
        }
    })
}

async fn met(framework: Framework, case: &Case, fault: Fault) -> Vec<String> {
    let world = World::new(framework, SessionKind::Cookie).await;
    world.provider.inject_always(fault);
    let browser = world.other_browser();
    let answer = ask(&browser, Ask::get("/dashboard")).await;
    let who = whoami(&browser).await;
    let mut wrong = verdict(case, &answer, world.token_calls(), &who);
    if !answer.set_cookies().is_empty() {
        wrong.push("a pending login that leads nowhere".to_owned());
    }
    world.provider.clear();
    world.wait(Duration::from_secs(120));
    sign_in(&browser).await;
    wrong.into_iter().map(|wrong| format!("{} {}: {wrong}", case.id, case.name)).collect()
}
