//! What the scenarios share beyond a world.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use landfall_testkit::{Browser, Client, Page, TestBed};
use landfall_tests::described::described;
use landfall_tests::traces::Traces;
use landfall_tests::{BASE_URL, SessionKind, World, within};

/// The session's cookie under an https base URL.
pub(crate) const SESSION: &str = "__Host-landfall-session";

/// An address of the application.
pub(crate) fn at(path: &str) -> String {
    format!("{BASE_URL}{path}")
}

/// What a script on the application's own page fetches.
pub(crate) async fn fetch(world: &World, path: &str) -> Page {
    let accept = [("accept", "application/json")];
    world.browser.fetch(Method::GET, &at(path), &accept, "", BASE_URL).await.unwrap()
}

/// A request with these headers and nothing else.
pub(crate) async fn raw(
    world: &World,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> Response<Bytes> {
    let mut request = Request::builder().method(method.clone()).uri(at(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = world.browser.send(request.body(Bytes::new()).unwrap()).await.unwrap();
    described(&world.auth, &method, path, answer.status());
    answer
}

/// The value of the session's cookie, if the browser holds one.
pub(crate) fn session_value(browser: &Browser) -> Option<String> {
    let cookies = browser.cookies_for(BASE_URL).unwrap();
    cookies.into_iter().find(|cookie| cookie.name == SESSION).map(|cookie| cookie.value)
}

/// The session as a Cookie header.
pub(crate) fn session_header(world: &World) -> String {
    format!("{SESSION}={}", session_value(&world.browser).expect("a session cookie"))
}

/// What `/` says to whoever sends this session cookie and nothing else.
pub(crate) async fn greeting_for(world: &World, session: &str) -> String {
    let response = raw(world, Method::GET, "/", &[("cookie", &format!("{SESSION}={session}"))]).await;
    String::from_utf8(response.into_body().to_vec()).unwrap()
}

/// Who the application's home page greets in this world's browser.
pub(crate) async fn greeting(world: &World) -> String {
    world.open("/").await.text()
}

/// The names of this kind of cookie the browser holds: `login` or `spent`.
pub(crate) fn attempt_cookies(browser: &Browser, kind: &str) -> Vec<String> {
    let prefix = format!("__Host-landfall-{kind}.");
    let cookies = browser.cookies_for(BASE_URL).unwrap();
    cookies.into_iter().map(|cookie| cookie.name).filter(|name| name.starts_with(&prefix)).collect()
}

/// How long the Cookie header of all our cookies is.
pub(crate) fn cookie_header_length(browser: &Browser) -> usize {
    let cookies = browser.cookies_for(BASE_URL).unwrap();
    let ours = cookies.iter().filter(|cookie| cookie.name.starts_with("__Host-landfall-"));
    ours.map(|cookie| cookie.name.len() + 1 + cookie.value.len() + "; ".len()).sum()
}

/// Every Set-Cookie line.
pub(crate) fn set_cookies(headers: &HeaderMap) -> Vec<&str> {
    headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect()
}

/// What every authorization request so far said for this parameter.
pub(crate) fn asked(world: &World, name: &str) -> Vec<Option<String>> {
    let seen = world.provider.requests().into_iter().filter(|seen| seen.path == "/oauth2/authorize");
    seen.map(|seen| seen.parameter(name)).collect()
}

/// Where the page's one link leads.
pub(crate) fn link(page: &Page) -> String {
    let text = page.text();
    let from = text.find("href=\"").unwrap_or_else(|| panic!("no link on {text}")) + "href=\"".len();
    let rest = &text[from..];
    let href = rest[..rest.find('"').unwrap()].replace("&amp;", "&");
    page.url.join(&href).unwrap().to_string()
}

/// A page of ours with a link "Sign in again" that lands on `destination`.
pub(crate) async fn leads_back_to(world: &World, page: &Page, destination: &str) {
    assert!(page.text().contains("Sign in again"), "{}", page.text());
    let landed = world.browser.open(&link(page)).await.unwrap();
    assert_eq!(landed.url.as_str(), at(destination));
    assert_eq!(landed.status, 200, "{}", landed.text());
}

/// The application as the provider knows it, with further redirect URIs.
pub(crate) fn client(more_redirect_uris: &[&str]) -> Client {
    let client = Client::new(TestBed::CLIENT_ID)
        .secret(TestBed::CLIENT_SECRET)
        .redirect_uri(at("/auth/callback"))
        .post_logout_redirect_uri(at("/"));
    more_redirect_uris.iter().fold(client, |client, uri| client.redirect_uri(*uri))
}

/// What was logged as an error, by all scenarios of this process: look for what only one of them writes.
pub(crate) fn error_log() -> String {
    LOG.text()
}

/// Begins to listen.
pub(crate) fn listen_to_errors() {
    LazyLock::force(&LOG);
}

static LOG: LazyLock<Traces> = LazyLock::new(|| {
    let traces = Traces::default();
    let subscriber = tracing_subscriber::fmt()
        // Refusals too, whatever their level: their details are for the operator.
        .with_env_filter("warn,landfall::context::error_reply=info")
        .with_ansi(false)
        .with_writer(traces.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    traces
});

/// Whoever sends this session cookie is nobody now, or as soon as other instances hear of it.
pub(crate) async fn is_nobody_soon(world: &World, session: &str) {
    if world.kind == SessionKind::Sqlite {
        // A file tells nobody: a copy in another process gets as old as it may.
        world.wait(Duration::from_secs(5));
    }
    within(Duration::from_secs(1), "the session ends at every instance", async || {
        (greeting_for(world, session).await == "hello nobody").then_some(())
    })
    .await;
}
