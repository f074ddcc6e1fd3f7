//! The document of our endpoints, held against what they answer. Every other scenario holds its answers against it, too:
//! see `World::open` and `support::raw`. Here every answer that it lists is brought about, but for those of a provider or a
//! store that is away.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bytes::Bytes;
use http::{Method, Request, Response};
use landfall::RelyingPartyBuilder;
use landfall_testkit::{Algorithm, Fault, SigningKey, TestBed};
use landfall_tests::credentials::Asked;
use landfall_tests::described::described;
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks};
use serde_json::{Value, json};

use crate::keeping::kept;
use crate::single_page::{answer, exchange};
use crate::support::{at, client, session_header};

const CALLBACK: &str = "https://app.example.com/callback";
const SECRET: &str = "the-secret-of-the-tenants-hook";
const EVIL: (&str, &str) = ("origin", "https://evil.example");
const OWN: (&str, &str) = ("origin", BASE_URL);
const HTML: (&str, &str) = ("accept", "text/html");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Listed, and brought about elsewhere: a signed logout token (`attacks/logout_token.rs`), two hosts at an endpoint that
/// cannot be asked anything else that is malformed (`attacks/logout_flow.rs` and its neighbours).
const ELSEWHERE: [&str; 3] =
    ["landfall_backchannel_logout 200", "landfall_logout_page 400", "landfall_session 400"];

/// What was answered.
#[derive(Default)]
struct Seen(BTreeSet<String>);

impl Seen {
    /// Notes an answer, and looks whether its body is what the document says.
    fn note(&mut self, world: &World, method: &Method, path: &str, answer: &Response<Bytes>) {
        let status = answer.status();
        let Some((id, listed)) = described(&world.auth, method, path, status) else {
            panic!("{method} {path} is no operation: {status}")
        };
        let kind = answer.headers().get("content-type").map_or("", |kind| kind.to_str().unwrap());
        let kind = kind.split(';').next().unwrap();
        let is_listed = match listed.get("content") {
            Some(content) => content.get(kind).is_some() || answer.headers().contains_key("hx-redirect"),
            None => answer.body().is_empty(),
        };
        assert!(is_listed, "{id} answers {status} with {kind}: {listed}");
        if let Some(schema) = listed["content"][kind]["schema"]["$ref"].as_str() {
            let document = world.auth.openapi();
            let schema = &document["components"]["schemas"][schema.rsplit('/').next().unwrap()];
            let body: Value = serde_json::from_slice(answer.body()).unwrap();
            for name in schema["required"].as_array().unwrap() {
                assert!(body.get(name.as_str().unwrap()).is_some(), "{id}: no {name} in {body}");
            }
            for name in body.as_object().unwrap().keys() {
                assert!(schema["properties"].get(name).is_some(), "{id}: {name} is not described");
            }
        }
        self.0.insert(format!("{id} {}", status.as_u16()));
    }

    async fn ask(
        &mut self,
        world: &World,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) {
        let mut request = Request::builder().method(method.clone()).uri(at(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = world.browser.send(request.body(body.into()).unwrap()).await.unwrap();
        self.note(world, &method, path, &answer);
    }

    async fn get(&mut self, world: &World, path: &str, headers: &[(&str, &str)]) {
        self.ask(world, Method::GET, path, headers, "").await;
    }

    async fn post(&mut self, world: &World, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) {
        self.ask(world, Method::POST, path, headers, body).await;
    }
}

/// Every cookie of this world's browser.
fn cookies(world: &World) -> String {
    let cookies = world.browser.cookies_for(BASE_URL).unwrap();
    cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect::<Vec<_>>().join("; ")
}

/// The callback's path and query, at the end of a trip that this fault meets.
async fn callback(world: &World, fault: Option<Fault>) -> String {
    if let Some(fault) = fault {
        world.provider.inject(fault);
    }
    let url = world.callback_for("/dashboard").await;
    url.strip_prefix(BASE_URL).unwrap().to_owned()
}

/// Everything that can be switched on beside each other; two paths are the application's own choice.
async fn full(framework: Framework) -> World {
    let bed = TestBed::new(BASE_URL).unwrap();
    bed.provider.change_client(TestBed::CLIENT_ID, |_| client(&[CALLBACK]));
    World::around(bed, framework, SessionKind::Memory, |builder| {
        let builder = Asked::default().all(builder).webhook_secret(SECRET).spa_callback(CALLBACK);
        builder.keep_posted_forms("/echo").logout_path("/bye").session_path("/who")
    })
    .await
}

fn signature(body: &str) -> String {
    let tag = SigningKey::hmac(SECRET.as_bytes()).sign(Algorithm::Hs256, body.as_bytes()).unwrap();
    tag.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

async fn signing_in(world: &World, seen: &mut Seen) {
    let large = "x".repeat(9 * 1024);
    seen.get(world, "/auth/login", &[HTML]).await;
    seen.get(world, "/auth/login", &[("sec-fetch-mode", "cors")]).await;
    seen.get(world, "/auth/login", &[("hx-request", "true")]).await;
    seen.get(world, "/auth/login?redirect_uri=https://evil.example/", &[HTML]).await;
    seen.post(world, "/auth/login", &[FORM, HTML], "iss=https%3A%2F%2Fop.example").await;
    seen.post(world, "/auth/login", &[FORM, HTML], "iss=https%3A%2F%2Fevil.example").await;
    seen.post(world, "/auth/login", &[FORM, HTML], large).await;
    seen.post(world, "/auth/login", &[("content-type", "application/json")], "{}").await;
    seen.get(world, "/auth/callback?code=x&state=y", &[HTML]).await;
    let declined = callback(world, Some(Fault::authorize_error("access_denied"))).await;
    seen.get(world, &declined, &[HTML, ("cookie", &cookies(world))]).await;
    let good = callback(world, None).await;
    seen.get(world, &good, &[HTML, ("cookie", &cookies(world))]).await;
}

async fn from_a_page(world: &World, seen: &mut Seen) {
    let csrf = [OWN, ("content-type", "application/json"), ("x-csrf", "1")];
    let query = answer(world, "/reports", CALLBACK).await;
    let page = exchange(world, &query, BASE_URL).await;
    let mut answered = Response::new(page.body.clone());
    *answered.status_mut() = page.status;
    *answered.headers_mut() = page.headers.clone();
    seen.note(world, &Method::POST, "/auth/exchange", &answered);
    seen.post(world, "/auth/exchange", &csrf, json!({ "response": "code=x&state=y" }).to_string()).await;
    seen.post(world, "/auth/exchange", &csrf[..2], "{}").await;
    seen.post(world, "/auth/exchange", &csrf, "x".repeat(40 * 1024)).await;
    seen.post(world, "/auth/exchange", &[OWN, ("x-csrf", "1")], "{}").await;
    seen.get(world, "/who", &[]).await;
    seen.get(world, "/who", &[("cookie", &session_header(world))]).await;
    seen.get(world, "/who", &[EVIL]).await;
    seen.get(world, "/who", &[("authorization", "Bearer bad")]).await;
}

async fn kept_forms(world: &World, seen: &mut Seen) {
    let (cookie, page) = kept(world, "short").await;
    let both = format!("{}; {cookie}", session_header(world));
    seen.get(world, &page, &[HTML, ("cookie", &both)]).await;
    seen.get(world, "/auth/resume?form=x", &[HTML, ("cookie", &session_header(world))]).await;
    seen.get(world, "/auth/resume?form=x", &[HTML]).await;
    seen.get(world, "/auth/resume?form=x", &[("sec-fetch-mode", "cors")]).await;
    seen.get(world, "/auth/resume?form=x", &[("authorization", "Bearer bad")]).await;
    seen.get(world, "/auth/resume?form=x", &[("authorization", "Bearer robot")]).await;
}

async fn signing_out(world: &World, seen: &mut Seen) {
    seen.get(world, "/bye", &[HTML]).await;
    world.open("/dashboard").await;
    let link = world.open("/sign-out-link").await.text();
    let out = world.browser.follow_link(&at(&link), &at("/")).await.unwrap();
    let hop = out.hops.first().unwrap();
    assert_eq!((hop.url.path(), hop.status.as_u16()), ("/bye", 303));
    seen.0.insert("landfall_logout_page 303".to_owned());
    seen.post(world, "/bye", &[OWN], "").await;
    seen.post(world, "/bye", &[OWN, ("hx-request", "true")], "").await;
    seen.post(world, "/bye", &[EVIL], "").await;
    seen.post(world, "/bye", &[OWN, FORM], "x".repeat(9 * 1024)).await;
    seen.post(world, "/bye", &[OWN, FORM], Bytes::from_static(b"\xff")).await;
    seen.get(world, "/auth/frontchannel-logout?iss=https%3A%2F%2Fop.example&sid=s", &[]).await;
    seen.get(world, "/auth/frontchannel-logout", &[]).await;
    seen.post(world, "/auth/backchannel-logout", &[FORM], "logout_token=x").await;
    let event = json!({ "event_id": "evt", "event_type": "another", "occurred_at": landfall::Clock::now(&world.clock).secs(), "data": {} }).to_string();
    let time = landfall::Clock::now(&world.clock).secs().to_string();
    for (body, signature) in
        [(event.as_str(), signature(&event)), ("x", signature("x")), ("x", "00".to_owned())]
    {
        let headers =
            [("x-intelliauth-signature", signature.as_str()), ("x-intelliauth-timestamp", time.as_str())];
        seen.post(world, "/auth/webhook", &headers, body.to_owned()).await;
    }
    seen.post(world, "/auth/webhook", &[], "x".repeat(300 * 1024)).await;
}

/// An application whose provider posts its answer, with a strict cookie, under two base URLs, and with its own page.
async fn other(framework: Framework, seen: &mut Seen) -> World {
    let world = World::with(framework, SessionKind::Cookie, |builder: RelyingPartyBuilder| {
        builder.form_post().same_site_strict().base_url("https://staging.example.com").sign_in_page("/login")
    })
    .await;
    let callback = "/auth/callback";
    seen.get(
        &world,
        &format!("{callback}?code=x&state=y"),
        &[HTML, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
    )
    .await;
    for (path, headers, body) in [
        ("?a=b", &[FORM][..], "code=x&state=y".to_owned()),
        ("", &[], "code=x&state=y".to_owned()),
        ("", &[FORM], "x".repeat(300 * 1024)),
    ] {
        seen.post(&world, &format!("{callback}{path}"), &[headers, &[HTML]].concat(), body).await;
    }
    seen.get(&world, "/auth/login", &[HTML, ("host", "other.example.com")]).await;
    seen.get(&world, "/auth/providers", &[]).await;
    seen.get(&world, "/auth/providers", &[EVIL]).await;
    world
}

/// The operations of a document, with every status but those of what is away.
fn listed(world: &World) -> BTreeSet<String> {
    let document = world.auth.openapi();
    let mut all = BTreeSet::new();
    for operation in
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values())
    {
        let id = operation["operationId"].as_str().unwrap();
        all.extend(operation["responses"].as_object().unwrap().keys().map(|status| format!("{id} {status}")));
    }
    all.retain(|row| !["500", "502", "503", "504", "421"].iter().any(|away| row.ends_with(away)));
    all
}

on_both_frameworks! {
    async fn every_answer_is_in_the_document_and_the_document_lists_no_other(framework) {
        let (world, mut seen) = (full(framework).await, Seen::default());
        signing_in(&world, &mut seen).await;
        from_a_page(&world, &mut seen).await;
        kept_forms(&world, &mut seen).await;
        signing_out(&world, &mut seen).await;
        let other = other(framework, &mut seen).await;
        let page = World::with(framework, SessionKind::Cookie, |builder| builder.sign_in_page("/login").spa_callback(CALLBACK)).await;
        seen.get(&page, "/auth/providers?redirect_uri=https://evil.example/", &[]).await;
        // The answer that the provider posts, on its way to the GET.
        let to = other.open_once("/auth/login").await.location().unwrap();
        let state = to.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        let form = url::form_urlencoded::Serializer::new("code=x".to_owned()).append_pair("state", &state).finish();
        seen.post(&other, "/auth/callback", &[FORM, HTML], form).await;
        assert!(seen.0.contains("landfall_login 421"), "{:?}", seen.0);
        let mut missing: BTreeSet<_> = listed(&world).into_iter().chain(listed(&other)).collect();
        missing.retain(|row| !seen.0.contains(row) && !ELSEWHERE.contains(&row.as_str()));
        assert_eq!(missing, BTreeSet::new(), "listed, and never answered");
    }

    async fn where_a_hook_may_answer_the_document_says_that_any_status_may_come(framework) {
        let with = World::with(framework, SessionKind::Cookie, |builder| builder.on_sign_in(async |sign_in| Ok(sign_in))).await;
        let without = World::new(framework, SessionKind::Cookie).await;
        for (world, expected) in [(with, true), (without, false)] {
            let document = world.auth.openapi();
            let has = |path: &str, method: &str| document["paths"][path][method]["responses"].get("default").is_some();
            assert_eq!(has("/auth/callback", "get"), expected);
            assert!(!has("/auth/login", "get") && !has("/auth/logout", "post"));
        }
    }

    async fn the_document_has_the_paths_as_configured_and_leaves_out_what_is_not_in_use(framework) {
        let ids = |world: &World| -> BTreeSet<String> { listed(world).iter().map(|row| row.split(' ').next().unwrap().to_owned()).collect() };
        let world = full(framework).await;
        let document = world.auth.openapi();
        assert_eq!(document["openapi"], "3.1.0");
        assert!(document["paths"].get("/bye").is_some() && document["paths"].get("/auth/logout").is_none());
        assert!(document["paths"].get("/auth/providers").is_none(), "no page that would ask");
        let ours = |name: &String| name.starts_with("Landfall");
        assert!(document["components"]["schemas"].as_object().unwrap().keys().all(ours));
        let plain = World::new(framework, SessionKind::Cookie).await;
        let expected = ["callback", "frontchannel_logout", "login", "login_by_third_party", "logout", "logout_page", "session"];
        assert_eq!(ids(&plain), expected.iter().map(|id| format!("landfall_{id}")).collect());
        let mut alone = World::new(framework, SessionKind::Memory).await;
        alone.switch_to(alone.builder_without_provider("shop")).await;
        let expected = ["login", "login_by_third_party", "logout", "logout_page", "providers", "session"];
        assert_eq!(ids(&alone), expected.iter().map(|id| format!("landfall_{id}")).collect());
        let nothing = landfall::RelyingParty::not_set_up().openapi();
        assert_eq!(nothing["paths"], json!({}));
    }
}
