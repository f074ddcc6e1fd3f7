//! The whole callback: from the request to the redirect home, with the token endpoint asked in between.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{self, StatusCode};
use cpu_time::ThreadTime;
use landfall::{CookieKey, RelyingParty, Userinfo};
use landfall_axum::AuthLayer;
use landfall_requests::{Request, axum_request as request, pair};
use landfall_testkit::{Browser, Client, LocalProvider};
use tower::ServiceExt;

use crate::bench::Bench;

/// What a callback may cost on our side.
pub const BUDGET: Duration = Duration::from_micros(120);

const BASE_URL: &str = "http://127.0.0.1:3000";
const WARM_UP: usize = 20;

/// The CPU times of so many callbacks on the calling side, RS256, without userinfo, sorted.
///
/// The provider has a thread of its own and is asked over loopback by the stock client, whose work is done on
/// this thread and so is counted, as are the system calls.
pub fn measure(bench: &Bench, count: usize) -> Vec<Duration> {
    let client = Client::new("app").secret("secret").redirect_uri(format!("{BASE_URL}/auth/callback"));
    let provider = LocalProvider::builder()
        .port(0)
        .client(client)
        .auto_sign_in("ada")
        .start_blocking()
        .expect("a free port");
    bench.block_on(async {
        let auth = RelyingParty::builder(provider.issuer())
            .client("app", "secret")
            .base_url(BASE_URL)
            .cookie_keys([CookieKey::generate().expect("the system has randomness")])
            .userinfo(Userinfo::Never)
            .runtime(tokio::runtime::Handle::current())
            .build()
            .expect("sound settings");
        let app = Router::new().layer(AuthLayer::new(auth));
        let browser = Browser::new();
        let mut times = Vec::new();
        for number in 0..count + WARM_UP {
            let callback = sign_in(&app, &browser).await;
            let started = ThreadTime::now();
            let answer = app.clone().oneshot(callback).await.expect("an answer");
            let time = started.elapsed();
            assert_eq!(answer.status(), StatusCode::SEE_OTHER);
            let signed_in = answer.headers().get_all("set-cookie").iter();
            assert!(
                signed_in.filter_map(|line| line.to_str().ok()).any(|line| line.contains("landfall-session")),
                "no session"
            );
            if number >= WARM_UP {
                times.push(time);
            }
        }
        times.sort();
        times
    })
}

/// Everything up to the callback, which it gives.
async fn sign_in(app: &Router, browser: &Browser) -> http::Request<Body> {
    let login = request(&Request::open("/auth/login?return_to=%2Fdashboard"), "");
    let login = app.clone().oneshot(login).await;
    let login = login.expect("an answer");
    let header = |name| login.headers().get(name).and_then(|value| value.to_str().ok()).expect("a redirect");
    let answer = browser.open_without_following(header("location")).await.expect("the provider's answer");
    let callback = answer.location().expect("a callback");
    let target = format!("{}?{}", callback.path(), callback.query().unwrap_or_default());
    request(&Request::open(&target), &pair(header("set-cookie")))
}
