//! Where the application is reached: configured, never believed from a request.

use bytes::Bytes;
use http::{Method, Request, Response, Uri};
use landfall::{CookieKey, HttpClient, HttpError, HttpErrorKind, RelyingParty, TokenProxy};
use landfall_testkit::{Browser, Page, Target, TestBed};
use landfall_tests::{
    BASE_URL, Framework, Port, SessionKind, Upstream, World, everywhere, on_both_frameworks, wherever_stored,
};
use std::sync::Arc;

use crate::apps::{self, What};
use crate::support::{at, attempt_cookies, client, error_log, fetch, listen_to_errors, raw, session_header};

const SECOND: &str = "https://app.example.org";

async fn two_base_urls(framework: Framework) -> World {
    two_base_urls_with(framework, SessionKind::Cookie).await
}

async fn two_base_urls_with(framework: Framework, kind: SessionKind) -> World {
    let world = World::with(framework, kind, |builder| builder.base_url(SECOND)).await;
    world.provider.register(client(&["https://app.example.org/auth/callback"]));
    world.browser.route(SECOND, world.address).unwrap();
    world
}

fn redirect_uri(location: &str) -> String {
    let location = url::Url::parse(location).unwrap();
    location.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned()
}

/// A proxy that takes `/app` away before it passes a request on.
#[derive(Debug)]
struct Stripping(Browser);

#[async_trait::async_trait]
impl HttpClient for Stripping {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (mut parts, body) = request.into_parts();
        let inside =
            parts.uri.to_string().replacen("https://example.com/app", "https://inside.example.com", 1);
        parts.uri = inside.parse::<Uri>().unwrap();
        let sent = self.0.send(Request::from_parts(parts, body)).await;
        sent.map_err(|error| HttpError::new(HttpErrorKind::Unreachable, error.to_string()))
    }
}

async fn under_app(framework: Framework) -> World {
    let bed = TestBed::new("https://example.com/app").unwrap();
    World::around(bed, framework, SessionKind::Cookie, |builder| builder).await
}

on_both_frameworks! {
    async fn of_two_base_urls_the_host_selects_one(framework) {
        let world = two_base_urls(framework).await;
        for base in [BASE_URL, SECOND, BASE_URL] {
            let page = world.browser.open(&format!("{base}/dashboard/x?y=1")).await.unwrap();
            assert_eq!(page.url.as_str(), format!("{base}/dashboard/x?y=1"));
            assert_eq!(page.status, 200);
        }
        // One session for each: a cookie of one host is none of the other's.
        assert_eq!(world.token_calls(), 2);
    }

    async fn a_session_of_one_base_url_is_none_under_another(framework) {
        for kind in SessionKind::all() {
            let world = two_base_urls_with(framework, kind).await;
            world.open("/dashboard").await;
            let cookie = crate::support::session_header(&world);
            for (base, greeting) in [(SECOND, "hello nobody"), (BASE_URL, "hello ada"), (SECOND, "hello nobody")] {
                let request = Request::get(format!("{base}/")).header("cookie", &cookie);
                let answer = world.browser.send(request.body(Bytes::new()).unwrap()).await.unwrap();
                assert_eq!(answer.body(), greeting, "{kind:?} at {base}");
            }
        }
    }

    async fn two_applications_on_two_tls_ports_of_one_host_sign_nobody_out_of_each_other(framework) {
        const BESIDE: &str = "https://app.example.com:8443";
        let world = World::new(framework, SessionKind::Cookie).await;
        world.provider.register(client(&["https://app.example.com:8443/auth/callback"]));
        let beside = RelyingParty::builder(world.auth.issuer())
            .client(TestBed::CLIENT_ID, TestBed::CLIENT_SECRET)
            .base_url(BESIDE)
            .cookie_keys([CookieKey::generate().unwrap()])
            .http_client(world.provider.http_client())
            .clock(world.bed().clock())
            .build()
            .unwrap();
        world.browser.route(BESIDE, Port::bind().serve(framework, beside)).unwrap();
        let open = async |url: String| world.browser.open(&url).await.unwrap();
        for base in [BASE_URL, BESIDE] {
            let page = open(format!("{base}/dashboard/x?y=1")).await;
            assert_eq!((page.url.as_str(), page.status.as_u16()), (&*format!("{base}/dashboard/x?y=1"), 200));
        }
        // The browser sends each the cookies of both.
        assert_eq!(open(format!("{BASE_URL}/")).await.text(), "hello ada");
        world.browser.post_form(&format!("{BESIDE}/auth/logout"), &[], BESIDE).await.unwrap();
        assert_eq!(open(format!("{BESIDE}/")).await.text(), "hello nobody");
        assert_eq!(open(format!("{BASE_URL}/")).await.text(), "hello ada");
    }

    async fn a_host_that_is_no_base_url_is_misdirected_and_the_log_names_both(framework) {
        listen_to_errors();
        let world = two_base_urls(framework).await;
        let foreign = format!("{framework:?}.evil.example").to_lowercase();
        world.browser.route(&format!("https://{foreign}"), world.address).unwrap();
        for path in ["/", "/dashboard", "/auth/login", "/auth/callback?code=x"] {
            let page = world.browser.open(&format!("https://{foreign}{path}")).await.unwrap();
            assert_eq!(page.status, 421, "{path}");
            assert!(page.header("content-type").unwrap().starts_with("text/html"), "{path}");
            assert!(!page.text().contains("app.example"), "{path}");
        }
        let url = format!("https://{foreign}/");
        let page = world.browser.fetch(Method::GET, &url, &[("accept", "application/json")], "", &url).await.unwrap();
        assert_eq!((page.status.as_u16(), page.header("content-type")), (421, Some("application/problem+json")));
        let log = error_log();
        let line = log.lines().find(|line| line.contains(&foreign)).unwrap();
        assert!(line.contains(BASE_URL) && line.contains(SECOND), "{line}");
    }

    async fn of_two_base_urls_forwarded_headers_select_none(framework) {
        let world = two_base_urls(framework).await;
        let headers = [("accept", "text/html"), ("x-forwarded-host", "app.example.org"), ("forwarded", "host=app.example.org")];
        let response = raw(&world, Method::GET, "/dashboard", &headers).await;
        assert_eq!(redirect_uri(response.headers()["location"].to_str().unwrap()), at("/auth/callback"));
    }

    async fn a_base_url_with_a_path_works_where_the_application_is_mounted_there(framework) {
        let bed = apps::bed(framework, What::UnderApp, "https://example.com/app").await;
        let page = bed.browser.open("https://example.com/app/reports/7?y=1").await.unwrap();
        assert_eq!(page.url.as_str(), "https://example.com/app/reports/7?y=1");
        assert_eq!(page.text(), "ada at /app/reports/7?y=1");
        let page = bed.browser.open("https://example.com/app/auth/login").await.unwrap();
        assert_eq!((page.url.as_str(), page.text().as_str()), ("https://example.com/app/", "root"));
        let page = bed.browser.fetch(Method::GET, "https://example.com/app/dashboard", &[], "", "https://other.example.com/").await.unwrap();
        assert_eq!(page.status, 200);
    }

    async fn a_base_url_with_a_path_works_behind_a_proxy_that_strips_it(framework) {
        let world = under_app(framework).await;
        let behind = Browser::new();
        behind.route("https://inside.example.com", world.address).unwrap();
        let proxy: Arc<dyn HttpClient> = Arc::new(Stripping(behind));
        world.browser.route("https://example.com", Target::from(proxy)).unwrap();
        let page = world.browser.open("https://example.com/app/dashboard/x?y=1").await.unwrap();
        assert_eq!(page.url.as_str(), "https://example.com/app/dashboard/x?y=1");
        assert_eq!(page.text(), "dashboard of ada at /dashboard/x with y=1");
        world.browser.forget_cookies();
        let fetched = world.browser.fetch(Method::GET, "https://example.com/app/dashboard", &[], "", "https://example.com").await.unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&fetched.body).unwrap();
        assert_eq!(problem["login_url"], "/app/auth/login?return_to=%2Fapp%2Fdashboard");
        let page = world.browser.open("https://example.com/app/auth/login").await.unwrap();
        assert_eq!((page.url.as_str(), page.text().as_str()), ("https://example.com/app/", "hello ada"));
        let page: Page = world.browser.post_form("https://example.com/app/auth/logout", &[], "https://example.com").await.unwrap();
        let page = world.browser.submit(&page, "Sign out", &[]).await.unwrap();
        assert_eq!((page.url.as_str(), page.text().as_str()), ("https://example.com/app/", "hello nobody"));
    }

    async fn a_callback_at_the_root_knows_its_own_answer_from_the_applications_code(framework) {
        let world = World::with(framework, SessionKind::Cookie, |builder| builder.callback_path("/")).await;
        world.provider.register(client(&["https://app.example.com/"]));
        for own in ["/?code=voucher", "/?code=voucher&state=open", "/?state=CA", "/?error=none"] {
            assert_eq!(world.open(own).await.text(), "hello nobody", "{own}");
        }
        let page = world.open("/dashboard/x?y=1").await;
        assert_eq!(page.url.as_str(), at("/dashboard/x?y=1"));
        assert!(page.hops.iter().any(|hop| hop.url.path() == "/" && hop.url.host_str() == Some("app.example.com")));
        for own in ["/?code=voucher", "/?code=voucher&state=open"] {
            assert_eq!(world.open(own).await.text(), "hello ada", "{own}");
        }
        world.browser.forget_cookies();
        assert_eq!(world.open("/auth/login").await.text(), "hello ada");
    }

    async fn an_answer_by_form_post_comes_without_cookies_and_lands(framework) {
        for kind in SessionKind::all() {
            let world = World::with(framework, kind, landfall::RelyingPartyBuilder::form_post).await;
            let page = world.open("/dashboard/x?y=1").await;
            assert_eq!(page.url.as_str(), at("/dashboard/x?y=1"));
            let posted = page.hops.iter().find(|hop| hop.method == Method::POST).unwrap();
            assert_eq!((posted.url.path(), posted.status.as_u16()), ("/auth/callback", 303));
            assert!(!posted.request_headers.contains_key("cookie"));
            assert_eq!(posted.request_headers["sec-fetch-site"], "cross-site");
            assert_eq!(attempt_cookies(&world.browser, "post").len(), 0);
            assert_eq!(attempt_cookies(&world.browser, "login").len(), 0);
            assert_eq!(world.token_calls(), 1);
        }
    }

    async fn a_denied_consent_by_form_post_is_a_page(framework) {
        let world = World::with(framework, SessionKind::Cookie, landfall::RelyingPartyBuilder::form_post).await;
        world.provider.inject(landfall_testkit::Fault::authorize_error("access_denied"));
        let page = world.open("/dashboard/x").await;
        assert_eq!(page.status, 403);
        crate::support::leads_back_to(&world, &page, "/dashboard/x").await;
    }
}

/// What a browser says of a page of another base URL: with Fetch Metadata, without, and both.
fn from_another(origin: &'static str) -> [Vec<(&'static str, &'static str)>; 3] {
    let (site, origin) = (("sec-fetch-site", "same-site"), ("origin", origin));
    [vec![origin], vec![site], vec![site, origin]]
}

wherever_stored! {
    async fn a_page_of_one_base_url_acts_in_no_other(framework, kind) {
        const STAGING: &str = "https://staging.example.com";
        const OTHER_PORT: &str = "https://app.example.com:8443";
        listen_to_errors();
        let environments = |builder: landfall::RelyingPartyBuilder| {
            let builder = builder.base_url(STAGING).base_url(OTHER_PORT).keep_posted_forms("/echo");
            builder.spa_callback(at("/callback")).spa_callback(format!("{STAGING}/callback"))
        };
        let mut world = World::with(framework, kind, environments).await;
        let upstream = Upstream::start().await;
        world.forward(TokenProxy::new("/api", &upstream.url("/v1")).unwrap());
        world.open("/dashboard").await;
        let cookie = ("cookie", session_header(&world));
        let cookie = (cookie.0, cookie.1.as_str());
        let handshake = [("connection", "Upgrade"), ("upgrade", "websocket")];
        let json = [("content-type", "application/json"), ("x-csrf", "1")];
        for from in [STAGING, OTHER_PORT].iter().flat_map(|other| from_another(other)) {
            for (method, path, more) in [
                (Method::POST, "/reports/7", &[][..]),
                (Method::DELETE, "/reports/7", &[]),
                (Method::GET, "/stream", &handshake),
                (Method::POST, "/auth/logout", &[]),
                (Method::GET, "/auth/session", &[]),
                (Method::POST, "/auth/exchange", &json),
                (Method::GET, "/api/orders", &[]),
                (Method::POST, "/api/orders", &[]),
            ] {
                let headers = [&[cookie], more, &from[..]].concat();
                let answer = raw(&world, method.clone(), path, &headers).await;
                assert_eq!(answer.status(), 403, "{method} {path} {from:?}");
            }
            // With nobody signed in its form is kept for nobody.
            let form = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")];
            let answer = raw(&world, Method::POST, "/echo", &[&form, &from[..]].concat()).await;
            assert_eq!(answer.status(), 401, "{from:?}");
        }
        assert_eq!(upstream.heads(), 0);
        let line = "Origin is https://staging.example.com, another base URL's";
        assert!(error_log().contains(line));
        // Its own page does, and nobody was signed out meanwhile.
        for own in [("origin", BASE_URL), ("sec-fetch-site", "same-origin")] {
            assert_eq!(raw(&world, Method::POST, "/reports/7", &[cookie, own]).await.status(), 200);
            assert_eq!(raw(&world, Method::POST, "/api/orders", &[cookie, own]).await.status(), 200);
        }
    }
}

everywhere! {
    async fn with_one_base_url_a_poisoned_host_changes_nothing(world) {
        for (name, value) in [
            ("host", "evil.example"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "http"),
            ("forwarded", "host=evil.example;proto=http"),
            ("x-original-url", "/auth/logout"),
            ("x-forwarded-prefix", "/evil"),
        ] {
            let response = raw(&world, Method::GET, "/dashboard", &[("accept", "text/html"), (name, value)]).await;
            assert_eq!(response.status(), 303, "{name}");
            let location = response.headers()["location"].to_str().unwrap();
            assert_eq!(redirect_uri(location), at("/auth/callback"), "{name}");
            assert!(!location.contains("evil"), "{name}");
        }
    }

    async fn without_form_post_a_posted_callback_is_refused(world) {
        let page = world.browser.post_form(&at("/auth/callback"), &[("code", "x"), ("state", "y")], "https://op.example").await.unwrap();
        assert_eq!((page.status.as_u16(), page.header("allow")), (405, Some("GET")));
        assert_eq!(fetch(&world, "/").await.text(), "hello nobody");
    }
}
