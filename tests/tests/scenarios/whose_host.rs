//! Requests under a Host that is none of several base URLs: who passes, as whom, and what a HEAD is told.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response};
use landfall::RelyingPartyBuilder;
use landfall_testkit::{Target, TestBed};
use landfall_tests::wire::{self, Wire};
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks};

use crate::small_app::{self, NEED_SOMEBODY};
use crate::support::{error_log, listen_to_errors, raw, session_header, set_cookies};

const SECOND: &str = "https://app.example.org";
/// A pod's own address, as a health check names it.
const POD: (&str, &str) = ("host", "10.1.2.3:8080");

/// What programs send that are no browser, each beside a method that it uses.
const PROGRAMS: [(&str, &[(&str, &str)]); 8] = [
    ("GET", &[("user-agent", "kube-probe/1.30"), ("accept", "*/*"), ("connection", "close")]),
    ("GET", &[("user-agent", "ELB-HealthChecker/2.0"), ("accept-encoding", "gzip, compressed")]),
    ("GET", &[("user-agent", "curl/8.5.0"), ("accept", "*/*")]),
    (
        "GET",
        &[("accept", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1")],
    ),
    ("HEAD", &[("user-agent", "check_http/v2.3.3 (monitoring-plugins 2.3.3)")]),
    ("POST", &[("content-type", "application/json"), ("authorization", "Bearer of-the-applications-own")]),
    (
        "PROPFIND",
        &[
            ("user-agent", "macOS/14.4 (23E214) dataaccessd/1.0"),
            ("depth", "1"),
            ("accept-language", "en-GB,en;q=0.9"),
        ],
    ),
    ("OPTIONS", &[]),
];

/// What a browser's request may look like, at its barest.
const BROWSERS: [(&str, &[(&str, &str)]); 12] = [
    ("GET", &[("sec-fetch-site", "same-origin")]),
    ("GET", &[("sec-fetch-mode", "cors"), ("accept", "application/json")]),
    ("GET", &[("sec-fetch-dest", "image")]),
    ("GET", &[("accept", "text/html,application/xhtml+xml")]),
    ("GET", &[("accept", "*/*"), ("accept", "text/html")]),
    ("HEAD", &[("accept", "text/html")]),
    ("GET", &[("hx-request", "true")]),
    ("GET", &[("purpose", "prefetch")]),
    ("POST", &[("origin", "null")]),
    ("PROPFIND", &[("origin", "https://stranger.example")]),
    // A rebound name, by plain http: no Fetch Metadata, no Origin, and a script chose what it could.
    ("GET", &[("accept", "*/*"), ("user-agent", "kube-probe/1.30"), ("accept-language", "")]),
    ("HEAD", &[("accept", "application/json"), ("accept-language", "*")]),
];

/// The small application under two base URLs, with somebody signed in under the first.
async fn world(
    framework: Framework,
    kind: SessionKind,
    change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
) -> World {
    listen_to_errors();
    let world = World::with(framework, kind, |builder| change(builder.base_url(SECOND))).await;
    world.open("/dashboard").await;
    let address = small_app::serve(framework, world.auth.clone()).await;
    world.browser.route(BASE_URL, address).unwrap();
    world
}

async fn plain(framework: Framework) -> World {
    world(framework, SessionKind::Cookie, |builder| builder).await
}

async fn ask(world: &World, method: &str, path: &str, headers: &[(&str, &str)]) -> Response<Bytes> {
    raw(world, Method::from_bytes(method.as_bytes()).unwrap(), path, headers).await
}

fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

fn cache_control(response: &Response<Bytes>) -> Option<&str> {
    response.headers().get("cache-control").map(|value| value.to_str().unwrap())
}

/// The status of a request that is sent byte by byte.
async fn status_of(address: SocketAddr, head: &str) -> String {
    let mut wire = Wire::open(address).await;
    wire.send(head).await.unwrap();
    let head = wire.head().await.unwrap();
    head.split(' ').nth(1).unwrap_or_default().to_owned()
}

on_both_frameworks! {
    async fn a_program_under_another_host_passes_as_nobody_whatever_cookies_it_brings(framework) {
        for kind in SessionKind::all() {
            let world = world(framework, kind, |builder| builder).await;
            let cookie = session_header(&world);
            assert_eq!(text(&ask(&world, "GET", "/who", &[("cookie", &cookie)]).await), "hello ada");
            // Past half of its idle span a session is renewed, where there is one.
            world.wait(Duration::from_secs(if kind.has_store() { 5 * 3600 } else { 70 * 60 }));
            for (method, headers) in PROGRAMS {
                let headers = [headers, &[POD, ("cookie", &cookie)]].concat();
                let health = ask(&world, method, "/health", &headers).await;
                assert_eq!(health.status(), 200, "{method} {headers:?}");
                let who = ask(&world, method, "/who", &headers).await;
                assert_eq!(who.status(), 200, "{method} {headers:?}");
                assert_eq!(text(&who), if method == "HEAD" { "" } else { "hello nobody" }, "{method} {headers:?}");
                assert!(set_cookies(who.headers()).is_empty() && set_cookies(health.headers()).is_empty());
                assert_eq!(ask(&world, method, "/no/such", &headers).await.status(), 404);
            }
        }
    }

    async fn a_rebound_name_reads_nothing_that_is_not_named_for_it(framework) {
        let world = world(framework, SessionKind::Cookie, |builder| builder.any_host(["/health"])).await;
        let cookie = session_header(&world);
        for (method, headers) in BROWSERS {
            let headers = [headers, &[("host", "rebound.evil.example"), ("cookie", &cookie)]].concat();
            for path in ["/", "/who", "/public", "/feed", "/guarded", "/healthz", "/no/such", "/auth/session", "/auth/login"] {
                let answer = ask(&world, method, path, &headers).await;
                assert_eq!(answer.status(), 421, "{method} {path} {headers:?}");
                assert!(set_cookies(answer.headers()).is_empty() && !text(&answer).contains("hello"), "{path} {headers:?}");
            }
            for path in ["/health", "/health/ready"] {
                let answer = ask(&world, method, path, &headers).await;
                assert_eq!(answer.status(), 200, "{method} {path} {headers:?}");
                assert!(set_cookies(answer.headers()).is_empty());
            }
        }
    }

    async fn no_spelling_of_a_path_opens_it_to_any_host(framework) {
        let world = world(framework, SessionKind::Cookie, |builder| builder.any_host(["/health"])).await;
        let address = small_app::serve(framework, world.auth.clone()).await;
        let browser = "host: rebound.evil.example\r\nsec-fetch-site: same-origin\r\n";
        for path in [
            "/health/../who", "/health/..", "/health/./../who", "/health/%2e%2e/who", "/health/%2E%2E/who", "/health/.%2e/who",
            "/health/..%2fwho", "/health%2f..%2fwho", "/health/%252e%252e/who", "/health/..;/who", "/health;/../who",
            "/health/..\\who", "/health//../who", "//health", "/health//ready", "/x/../health", "/./health", "/%68ealth",
            "/HEALTH", "/health%00", "/health/%c0%ae%c0%ae/who",
        ] {
            let status = status_of(address, &format!("GET {path} HTTP/1.1\r\n{browser}\r\n")).await;
            // A server may refuse what is no path at all before anybody looks at it.
            assert!(status == "421" || status == "400", "{path}: {status}");
        }
        for path in ["/health", "/health?x=/who", "/health/ready"] {
            assert_eq!(status_of(address, &format!("GET {path} HTTP/1.1\r\n{browser}\r\n")).await, "200", "{path}");
        }
        // One that names no host at all is a program's.
        assert_eq!(status_of(address, "GET /health HTTP/1.0\r\n\r\n").await, "200");
    }

    async fn a_request_that_names_two_hosts_is_a_400_on_every_path(framework) {
        let several = |builder: RelyingPartyBuilder| builder.base_url(SECOND).any_host(["/health"]);
        let worlds = [
            World::new(framework, SessionKind::Cookie).await,
            World::with(framework, SessionKind::Cookie, several).await,
        ];
        for world in worlds {
            let address = small_app::serve(framework, world.auth.clone()).await;
            world.browser.route(BASE_URL, Target::Http2(world.address)).unwrap();
            for path in ["/", "/health", "/who", "/guarded", "/no/such", "/auth/login", "/auth/session", "/auth/callback?code=x"] {
                for (target, hosts) in [
                    ("", "host: app.example.com\r\nhost: evil.example\r\n"),
                    ("", "host: evil.example\r\nhost: app.example.com\r\n"),
                    ("", "host: app.example.com\r\nHost: app.example.com\r\n"),
                    ("https://app.example.com", "host: evil.example\r\n"),
                    ("https://evil.example", "host: app.example.com\r\n"),
                ] {
                    let status = status_of(address, &format!("GET {target}{path} HTTP/1.1\r\n{hosts}\r\n")).await;
                    assert_eq!(status, "400", "{target}{path} {hosts}");
                }
                // Over HTTP/2, beside `:authority`.
                let status = ask(&world, "GET", path, &[("host", "evil.example")]).await.status();
                assert_eq!(status, 400, "{path}");
            }
            for (target, host) in [
                ("", "app.example.com"),
                ("https://app.example.com", "app.example.com"),
                ("https://app.example.com:443", "APP.example.com"),
            ] {
                let status = status_of(address, &format!("GET {target}/health HTTP/1.1\r\nhost: {host}\r\n\r\n")).await;
                assert_eq!(status, "200", "{target} {host}");
            }
            assert_eq!(ask(&world, "GET", "/", &[("host", "app.example.com")]).await.status(), 200);
            assert_eq!(ask(&world, "GET", "/", &[]).await.status(), 200);
        }
    }

    async fn under_another_host_whatever_needs_somebody_and_every_address_of_ours_answers_421(framework) {
        for kind in SessionKind::all() {
            let world = world(framework, kind, |builder| builder.any_host(["/guarded", "/mine", "/api"])).await;
            world.provider.forget_requests();
            let cookie = session_header(&world);
            let own = ["/auth/login", "/auth/callback?code=x&state=y", "/auth/logout", "/auth/session", "/auth/frontchannel-logout", "/auth/backchannel-logout"];
            let exchange = ["/auth/exchange", "/auth/resume"];
            for headers in [&[POD][..], &[POD, ("cookie", &cookie)], &[POD, ("accept", "application/json")]] {
                // Without a store nobody posts logout tokens here, and the path is the application's.
                let own = own.iter().filter(|path| kind.has_store() || !path.contains("backchannel"));
                for path in NEED_SOMEBODY.iter().chain(own) {
                    for method in ["GET", "POST", "HEAD", "DELETE"] {
                        let answer = ask(&world, method, path, headers).await;
                        assert_eq!(answer.status(), 421, "{method} {path}");
                        assert!(set_cookies(answer.headers()).is_empty() && !answer.headers().contains_key("location"), "{path}");
                        assert_eq!(cache_control(&answer), Some("no-store"), "{path}");
                        if method != "HEAD" {
                            let problem: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
                            assert_eq!(problem["code"], "wrong_host", "{method} {path}");
                        }
                    }
                }
                // Not in use, these are the application's own.
                for path in exchange {
                    assert_eq!(ask(&world, "GET", path, headers).await.status(), 404, "{path}");
                }
            }
            // A browser that a named path lets in is told so on a page, and its session is where it was.
            let page = ask(&world, "GET", "/guarded", &[POD, ("accept", "text/html"), ("cookie", &cookie)]).await;
            assert_eq!((page.status().as_u16(), page.headers()["content-type"].to_str().unwrap()), (421, "text/html; charset=utf-8"));
            assert!(!text(&page).contains("app.example"), "{}", text(&page));
            assert_eq!(text(&ask(&world, "GET", "/mine", &[("cookie", &cookie)]).await), "ada");
            assert_eq!(world.provider.requests().len(), 0);
        }
    }

    async fn under_another_host_an_answer_that_asked_who_is_there_is_not_stored(framework) {
        let world = plain(framework).await;
        for (path, control) in [("/who", Some("no-store")), ("/public", Some("no-store")), ("/health", None), ("/feed", None)] {
            assert_eq!(cache_control(&ask(&world, "GET", path, &[POD]).await), control, "{path}");
        }
        assert_eq!(cache_control(&ask(&world, "GET", "/who", &[]).await), Some("private, no-cache"));
    }

    async fn a_visit_knows_the_base_url_it_came_by_and_none_under_another_host(framework) {
        let world = plain(framework).await;
        for (host, answer) in [
            ("app.example.com", "Some(\"https://app.example.com\") https://app.example.com/feed.xml"),
            ("APP.example.org:443", "Some(\"https://app.example.org\") https://app.example.org/feed.xml"),
            (POD.1, "None https://app.example.com/feed.xml"),
            ("evil.example", "None https://app.example.com/feed.xml"),
        ] {
            assert_eq!(text(&ask(&world, "GET", "/feed", &[("host", host)]).await), answer, "{host}");
        }
    }

    async fn a_forwarded_header_that_cannot_be_read_lets_nobody_through(framework) {
        let trusting = |builder: RelyingPartyBuilder| builder.trusted_proxies(["127.0.0.1"]).any_host(["/health"]);
        let world = world(framework, SessionKind::Cookie, trusting).await;
        for bad in [("x-forwarded-proto", "gopher"), ("x-forwarded-host", "a b")] {
            for path in ["/health", "/who", "/guarded", "/auth/session"] {
                assert_eq!(ask(&world, "GET", path, &[POD, bad]).await.status(), 400, "{path} {bad:?}");
            }
        }
        // What a proxy says counts as the Host does.
        let forwarded = ("x-forwarded-host", "calendar.example.net");
        assert_eq!(text(&ask(&world, "GET", "/who", &[forwarded]).await), "hello nobody");
        assert_eq!(ask(&world, "GET", "/who", &[forwarded, ("sec-fetch-site", "none")]).await.status(), 421);
        assert_eq!(ask(&world, "GET", "/guarded", &[POD, ("x-forwarded-host", "app.example.org")]).await.status(), 401);
    }

    async fn with_one_base_url_a_host_of_any_name_is_answered_under_it(framework) {
        let world = World::with(framework, SessionKind::Cookie, |builder| builder.any_host(["/health"])).await;
        world.open("/dashboard").await;
        let address = small_app::serve(framework, world.auth.clone()).await;
        world.browser.route(BASE_URL, address).unwrap();
        let cookie = session_header(&world);
        for path in ["/mine", "/guarded", "/who"] {
            let answer = ask(&world, "GET", path, &[POD, ("cookie", &cookie), ("accept", "text/html")]).await;
            assert_eq!(answer.status(), 200, "{path}");
        }
        assert_eq!(ask(&world, "GET", "/guarded", &[POD]).await.status(), 401);
        assert!(text(&ask(&world, "GET", "/feed", &[POD]).await).starts_with("Some"));
    }

    async fn what_came_under_another_host_is_told_once_a_minute_and_a_named_path_never(framework) {
        let world = world(framework, SessionKind::Cookie, |builder| builder.any_host(["/health"])).await;
        let host = format!("{framework:?}-pod.example.net").to_lowercase();
        let told = || error_log().lines().filter(|line| line.contains(&host) && line.contains("was let through")).count();
        let visit = async |path: &str| assert_eq!(ask(&world, "GET", path, &[("host", &host)]).await.status(), 200);
        visit("/health").await;
        assert_eq!(told(), 0);
        for _ in 0..5 {
            visit("/who").await;
        }
        assert_eq!(told(), 1);
        let log = error_log();
        let line = log.lines().find(|line| line.contains(&host)).unwrap();
        assert!(line.contains(BASE_URL) && line.contains(SECOND) && line.contains("any_host"), "{line}");
        world.wait(Duration::from_secs(59));
        visit("/who").await;
        assert_eq!(told(), 1);
        world.wait(Duration::from_secs(1));
        visit("/who").await;
        assert_eq!(told(), 2);
    }

    async fn on_loopback_a_program_passes_and_a_page_leads_to_the_address_that_was_meant(framework) {
        let bed = TestBed::new("http://localhost:3190").unwrap();
        let auth = bed.relying_party().base_url("http://localhost:3191").build().unwrap();
        let address = small_app::serve(framework, auth).await;
        bed.browser.route(bed.base_url(), address).unwrap();
        let ask = async |accept: &str| {
            let request = http::Request::get("http://localhost:3190/who").header("host", "127.0.0.1:3190");
            bed.browser.send(request.header("accept", accept).body(Bytes::new()).unwrap()).await.unwrap()
        };
        assert_eq!(text(&ask("*/*").await), "hello nobody");
        let page = ask("text/html").await;
        assert_eq!(page.status(), 421);
        assert!(text(&page).contains("href=\"http://localhost:3190/who\""), "{}", text(&page));
    }

    async fn head_is_told_what_get_is_told_and_starts_nothing(framework) {
        let world = plain(framework).await;
        let address = small_app::serve(framework, world.auth.clone()).await;
        let cookie = session_header(&world);
        for (path, cookie, status) in [
            ("/auth/logout", "", "200"),
            ("/auth/session", "", "200"),
            ("/auth/session", cookie.as_str(), "200"),
            ("/health", "", "200"),
            ("/who", cookie.as_str(), "200"),
            ("/mine", cookie.as_str(), "200"),
            ("/guarded", cookie.as_str(), "200"),
            ("/claims", cookie.as_str(), "200"),
        ] {
            let mut answers = Vec::new();
            for method in ["GET", "HEAD"] {
                let mut wire = Wire::open(address).await;
                let ask = format!("{method} {path} HTTP/1.1\r\nhost: app.example.com\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n");
                wire.send(ask).await.unwrap();
                let head = wire.head().await.unwrap();
                let mut lines: Vec<_> = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("date:")).map(str::to_owned).collect();
                lines.sort_unstable();
                // The answer to a HEAD has a length and no body.
                let body = if method == "HEAD" { wire.piece().await.unwrap_or_default() } else { None };
                assert_eq!(body, None, "{path}");
                assert!(wire::header(&head, "content-length").is_some(), "{method} {path}: {head}");
                answers.push(lines);
            }
            assert!(answers[0].iter().any(|line| line.starts_with("HTTP/1.1 ") && line.contains(status)), "{path}: {answers:?}");
            assert_eq!(answers[0], answers[1], "{path}");
        }
        let login = ask(&world, "HEAD", "/auth/login?return_to=%2Fwho", &[("accept", "text/html")]).await;
        let guarded = ask(&world, "HEAD", "/guarded", &[("accept", "text/html")]).await;
        for answer in [login, guarded] {
            assert_eq!(answer.status(), 401);
            assert!(set_cookies(answer.headers()).is_empty() && !answer.headers().contains_key("location"));
        }
        world.provider.forget_requests();
        assert_eq!(ask(&world, "HEAD", "/auth/callback?code=x&state=y", &[]).await.status(), 405);
        assert_eq!(world.provider.requests().len(), 0);
    }
}
