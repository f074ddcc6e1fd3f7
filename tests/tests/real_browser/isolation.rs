//! What the tests of this binary share is one Chromium, and nothing that it keeps.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::HeaderMap;
use axum::response::Html;
use axum::routing::get;
use landfall_tests::real::{Chromium, TlsFront, Viewport::Desktop};
use landfall_tests::run;
use serde_json::{Value, json};

const PAGE: &str = "<!doctype html><title>Something to keep</title><body>Keep this";

/// Puts something of its own into all that a browser keeps for a page.
const KEEP: &str = "
    document.cookie = 'kept=yes; max-age=3600';
    localStorage.setItem('kept', 'yes');
    sessionStorage.setItem('kept', 'yes');
    return Promise.all([
        caches.open('kept').then(cache => cache.put('/kept', new Response('yes'))),
        new Promise(done => { indexedDB.open('kept').onsuccess = done; }),
        fetch('/cached'),
    ]).then(() => null);";

/// What of it is there.
const KEPT: &str = "
    return Promise.all([caches.keys(), indexedDB.databases(), fetch('/cached').then(answer => answer.text())])
        .then(([caches, databases, cached]) => ({
            cookie: document.cookie,
            local: localStorage.length,
            session: sessionStorage.length,
            caches: caches.length,
            databases: databases.length,
            cached: Number(cached),
        }));";

/// Serves a page, a count of how often it was asked for that may be kept, and a cookie that goes everywhere. Gives
/// its address, and the port where TLS is before it.
async fn serve() -> (SocketAddr, u16) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = async move || {
        let count = asked.fetch_add(1, Ordering::SeqCst);
        ([("cache-control", "max-age=3600")], count.to_string())
    };
    let cookie = async || ([("set-cookie", "everywhere=yes; Secure; SameSite=None; Path=/")], Html(PAGE));
    let sent = async |headers: HeaderMap| {
        let cookie = headers.get("cookie").map(|cookie| cookie.to_str().unwrap().to_owned());
        let origin = headers.get("origin").map_or("*", |origin| origin.to_str().unwrap()).to_owned();
        let allowed = [
            ("access-control-allow-origin", origin),
            ("access-control-allow-credentials", "true".to_owned()),
        ];
        (allowed, cookie.unwrap_or_default())
    };
    let pages = Router::new()
        .route("/", get(async || Html(PAGE)))
        .route("/cached", get(count))
        .route("/cookie", get(cookie))
        .route("/sent", get(sent))
        .route("/strict", get(async || ([("content-security-policy", "script-src 'none'")], Html(PAGE))));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, pages).await });
    let front = TlsFront::bind().await;
    let port = front.port();
    front.serve(address);
    (address, port)
}

async fn opened(url: &str) -> Chromium {
    let browser = Chromium::start(Desktop).await;
    browser.open(url).await;
    browser
}

fn nothing(cached: usize) -> Value {
    json!({ "cookie": "", "local": 0, "session": 0, "caches": 0, "databases": 0, "cached": cached })
}

#[test]
fn a_browser_keeps_what_it_is_given_and_shows_it_to_no_other_before_or_after_its_end() {
    run(Box::pin(async {
        // Without TLS: nothing is kept of an answer with a certificate that nobody has signed.
        let url = format!("http://{}/", serve().await.0);
        let mut browser = opened(&url).await;
        let beside = opened(&url).await;
        browser.run(KEEP, &[]).await;
        // Another tab of the same one sees all but what belongs to a tab.
        browser.new_tab().await;
        browser.open(&url).await;
        let kept = json!({ "cookie": "kept=yes", "local": 1, "session": 0, "caches": 1, "databases": 1, "cached": 0 });
        assert_eq!(browser.run(KEPT, &[]).await, kept);

        assert_eq!(beside.run(KEPT, &[]).await, nothing(1));
        assert_eq!(opened(&url).await.run(KEPT, &[]).await, nothing(2));
        drop(browser);
        assert_eq!(opened(&url).await.run(KEPT, &[]).await, nothing(3));
    }));
}

#[test]
fn a_cookie_that_is_meant_for_everywhere_goes_along_from_another_sites_page() {
    run(Box::pin(async {
        // As in an ordinary window: that ours does not go along is its own attributes' doing, and no private window's.
        let (_, port) = serve().await;
        let browser = opened(&format!("https://here.test:{port}/cookie")).await;
        browser.open(&format!("https://there.test:{port}/")).await;
        let sent = format!(
            "return fetch('https://here.test:{port}/sent', {{ credentials: 'include' }}).then(answer => answer.text())"
        );
        assert_eq!(browser.run(&sent, &[]).await, "everywhere=yes");
    }));
}

#[test]
fn what_a_content_security_policy_forbids_is_told() {
    run(Box::pin(async {
        let (_, port) = serve().await;
        let browser = opened(&format!("https://here.test:{port}/")).await;
        let script = "const script = document.createElement('script'); script.text = '1'; document.body.append(script)";
        browser.run(script, &[]).await;
        assert_eq!(browser.policy_violations().await, Vec::<String>::new());
        browser.open(&format!("https://here.test:{port}/strict")).await;
        browser.run(script, &[]).await;
        assert_eq!(browser.policy_violations().await.len(), 1);
        assert_eq!(browser.policy_violations().await, Vec::<String>::new());
    }));
}
