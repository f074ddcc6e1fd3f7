//! The token proxy: a page's calls go on to an API, with the access token that the page never sees.

use std::time::Duration;

use http::Method;
use landfall::{Requirement, TokenProxy};
use landfall_testkit::{Endpoint, Fault, RawResponse, Target, TestBed};
use landfall_tests::wire::{Sum, Wire, header};
use landfall_tests::{
    Answer, BASE_URL, Framework, Heard, RawProvider, SessionKind, TlsPort, Upstream, World,
    on_both_frameworks, until, wherever_stored,
};
use serde_json::Value;

use crate::support::{at, error_log, fetch, listen_to_errors, raw, session_header};

/// What a browser says of the application's own page.
const OWN_PAGE: (&str, &str) = ("sec-fetch-site", "same-origin");

/// Ada, signed in, with an API below `/api`.
async fn forwarding(framework: Framework, kind: SessionKind) -> (World, Upstream) {
    let scopes = ["openid", "profile", "email", "offline_access"];
    let mut world =
        World::with(
            framework,
            kind,
            |builder| {
                if kind.has_store() { builder.scopes(scopes) } else { builder }
            },
        )
        .await;
    let upstream = Upstream::start().await;
    let proxy = TokenProxy::new("/api", &upstream.url("/v1")).unwrap();
    // So long that no test passes because nothing moved.
    world.forward(proxy.timeouts(Duration::from_secs(5), Duration::from_secs(600)).unwrap());
    world.open("/dashboard").await;
    (world, upstream)
}

/// The head of a request of the application's own page.
pub(crate) fn own(world: &World, line: &str, more: &str) -> String {
    let session = session_header(world);
    format!(
        "{line} HTTP/1.1\r\nhost: app.example.com\r\nsec-fetch-site: same-origin\r\ncookie: {session}\r\n{more}\r\n"
    )
}

fn problem(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(body)))
}

wherever_stored! {
    async fn a_call_below_the_prefix_reaches_the_api_with_the_access_token(framework, kind) {
        let (world, upstream) = forwarding(framework, kind).await;
        let page = fetch(&world, "/api/orders/7?page=2&q=%2e%2e").await;
        assert_eq!((page.status.as_u16(), page.text().as_str()), (200, "from the upstream"));
        let heard = upstream.heard().remove(0);
        assert_eq!(heard.line(), "GET /v1/orders/7?page=2&q=%2e%2e");
        assert_eq!(heard.header("host"), Some(upstream.address.to_string().as_str()));
        assert_eq!(heard.header("accept"), Some("application/json"));
        assert!(heard.token().unwrap().len() > 20);
        assert_eq!((heard.header("content-length"), heard.header("transfer-encoding")), (None, None));
    }

    async fn a_token_that_is_due_is_refreshed_once_and_then_forwarded(framework, kind) {
        let (world, upstream) = forwarding(framework, kind).await;
        fetch(&world, "/api/a").await;
        world.wait(Duration::from_secs(3541));
        for _ in 0..3 {
            assert_eq!(fetch(&world, "/api/b").await.status, 200);
        }
        let heard = upstream.heard();
        let tokens: Vec<_> = heard.iter().map(|heard| heard.token().unwrap()).collect();
        assert_ne!(tokens[0], tokens[1]);
        assert!(tokens[1] == tokens[2] && tokens[2] == tokens[3]);
        assert_eq!(world.token_calls(), 2);
    }
}

on_both_frameworks! {
    async fn what_is_not_below_the_prefix_is_the_applications(framework) {
        let (world, upstream) = forwarding(framework, SessionKind::Memory).await;
        assert_eq!(world.open("/").await.text(), "hello ada");
        assert_eq!(world.open("/dashboard/api?x=1").await.text(), "dashboard of ada at /dashboard/api with x=1");
        for elsewhere in ["/apis", "/ap", "/x/api", "/x%20y"] {
            assert_eq!(fetch(&world, elsewhere).await.status, 404, "{elsewhere}");
        }
        // Below it to some reader, and so nobody's.
        for doubtful in ["/API", "/%61pi"] {
            assert_eq!(fetch(&world, doubtful).await.status, 400, "{doubtful}");
        }
        let page = world.browser.fetch(Method::POST, &at("/echo"), &[], "echoed", BASE_URL).await.unwrap();
        assert_eq!(page.text(), "echoed");
        assert_eq!(upstream.heads(), 0);
    }

    async fn every_method_goes_with_its_body(framework) {
        let (world, upstream) = forwarding(framework, SessionKind::Memory).await;
        for (n, method) in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"].iter().enumerate() {
            let body = if ["GET", "HEAD", "OPTIONS"].contains(method) { "" } else { "{\"a\":1}" };
            let session = session_header(&world);
            let request = http::Request::builder().method(*method).uri(at("/api")).header("cookie", session);
            let request = request.header("sec-fetch-site", "same-origin");
            let request = request.header("content-type", "application/json").body(body.into()).unwrap();
            let answer = world.browser.send(request).await.unwrap();
            assert_eq!(answer.status(), 200, "{method}");
            let heard = upstream.heard().remove(n);
            assert_eq!(heard.line(), format!("{method} /v1"));
            assert_eq!(heard.body, body.as_bytes(), "{method}");
            assert_eq!(heard.header("content-type"), Some("application/json"));
        }
    }

    async fn a_body_keeps_its_framing(framework) {
        let (world, upstream) = forwarding(framework, SessionKind::Memory).await;
        let mut wire = Wire::open(world.address).await;
        for (framing, body, length, encoding) in [
            ("content-length: 3\r\n", "abc", Some("3"), None),
            ("transfer-encoding: chunked\r\n", "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", None, Some("chunked")),
            ("content-length: 0\r\n", "", Some("0"), None),
        ] {
            wire.send(own(&world, "POST /api/x", framing) + body).await.unwrap();
            assert!(wire.head().await.unwrap().starts_with("HTTP/1.1 200"), "{framing}");
            assert_eq!(wire.text().await.unwrap(), "from the upstream");
            let heard = upstream.heard().pop().unwrap();
            assert_eq!((heard.header("content-length"), heard.header("transfer-encoding")), (length, encoding), "{framing}");
        }
        assert_eq!(upstream.heard()[0].body, upstream.heard()[1].body);
    }

    async fn an_answer_keeps_its_status_headers_and_length(framework) {
        let (world, upstream) = forwarding(framework, SessionKind::Memory).await;
        let coded = "content-encoding: gzip\r\netag: \"7\"\r\nx-one: 1\r\nx-one: 2\r\n";
        upstream.with_headers("/v1/teapot", "418 I'm a teapot", coded);
        let page = raw(&world, Method::GET, "/api/teapot", &[("cookie", &session_header(&world)), OWN_PAGE]).await;
        assert_eq!((page.status().as_u16(), page.body().as_ref()), (418, &b"from the upstream"[..]));
        assert_eq!(page.headers()["content-encoding"], "gzip");
        assert_eq!(page.headers()["content-length"], "17");
        assert_eq!(page.headers().get_all("x-one").iter().count(), 2);
        let empty = |status: &str| Answer::Bytes(format!("HTTP/1.1 {status}\r\n\r\n"));
        upstream.at("/v1/nothing", empty("204 No Content"));
        upstream.at("/v1/same", empty("304 Not Modified\r\netag: \"7\""));
        upstream.at("/v1/same/long", empty("304 Not Modified\r\ncontent-length: 9"));
        upstream.at("/v1/long", Answer::Bytes("HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n".to_owned()));
        let mut wire = Wire::open(world.address).await;
        for (line, status) in [("GET /api/nothing", " 204 "), ("GET /api/same", " 304 "), ("GET /api/same/long", " 304 "), ("HEAD /api/long", " 200 "), ("HEAD /api", " 200 "), ("GET /api", " 200 ")] {
            wire.send(own(&world, line, "")).await.unwrap();
            let head = wire.head().await.unwrap();
            assert!(head.contains(status), "{line}: {head}");
            if line.starts_with("HEAD") {
                let length = if line.ends_with("long") { "1234" } else { "17" };
                assert_eq!(header(&head, "content-length"), Some(length), "{head}");
                // It only says how long the body would be.
                wire = Wire::open(world.address).await;
            } else {
                wire.text().await.unwrap();
            }
        }
    }

    async fn an_answer_is_kept_by_nobody_but_its_person(framework) {
        let (world, upstream) = forwarding(framework, SessionKind::Memory).await;
        upstream.with_headers("/v1/public", "200 OK", "cache-control: public, max-age=60\r\n");
        for (path, cache) in [("/api", "private, no-cache"), ("/api/public", "max-age=60, private")] {
            let page = fetch(&world, path).await;
            assert_eq!(page.header("cache-control"), Some(cache));
            assert_eq!(page.header("vary"), Some("Cookie"));
        }
    }

    async fn nobody_signed_in_is_told_where_to_sign_in_and_nothing_is_forwarded(framework) {
        let (world, upstream) = forwarding(framework, SessionKind::Memory).await;
        world.browser.forget_cookies();
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let page = world.browser.fetch(method, &at("/api/x?y=1"), &[], "", BASE_URL).await.unwrap();
            assert_eq!(page.status, 401);
            let problem = problem(&page.body);
            assert_eq!(problem["code"], "sign_in_required");
            assert!(problem["login_url"].as_str().unwrap().starts_with("/auth/login?return_to="));
        }
        // Back to the page that asked, since what an API answers is none.
        for (referer, back) in [(at("/orders?tab=2"), "%2Forders%3Ftab%3D2"), ("https://evil.example/x".to_owned(), "%2F")] {
            let answer = raw(&world, Method::GET, "/api/x", &[("referer", &referer), OWN_PAGE]).await;
            assert_eq!(problem(answer.body())["login_url"], format!("/auth/login?return_to={back}"));
        }
        let page = world.browser.follow_link(&at("/api/x"), BASE_URL).await.unwrap();
        assert!(page.hops.iter().any(|hop| hop.url.host_str() == Some("op.example")));
        assert_eq!((page.url.path(), upstream.heads()), ("/", 0));
    }

    async fn a_page_that_people_do_not_come_back_to_is_not_asked_for_its_fragment(framework) {
        let keep = landfall::RelyingPartyBuilder::keep_fragments;
        let mut world = World::with(framework, SessionKind::Memory, keep).await;
        world.forward(TokenProxy::new("/api", "http://127.0.0.1:9").unwrap());
        assert_eq!(world.open_once("/dashboard").await.status, 401);
        let navigation = [OWN_PAGE, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"), ("accept", "text/html")];
        let answer = raw(&world, Method::GET, "/api/x", &navigation).await;
        let location = answer.headers().get("location").and_then(|to| to.to_str().ok());
        assert!(location.is_some_and(|to| to.starts_with("https://op.example/")), "{answer:?}");
    }

    async fn a_session_whose_token_cannot_be_had_asks_for_a_sign_in(framework) {
        let (world, upstream) = forwarding(framework, SessionKind::Memory).await;
        world.wait(Duration::from_secs(3601));
        world.provider.inject(Fault::token_response(RawResponse::json(400, &serde_json::json!({"error": "invalid_grant"}))));
        let page = fetch(&world, "/api/x").await;
        assert_eq!((page.status.as_u16(), problem(&page.body)["code"].as_str()), (401, Some("sign_in_required")));
        assert_eq!(upstream.heads(), 0);
    }

    async fn a_provider_that_is_down_is_not_the_api(framework) {
        let (world, upstream) = forwarding(framework, SessionKind::Memory).await;
        world.wait(Duration::from_secs(3601));
        world.provider.inject(Fault::disconnect(Endpoint::Token));
        let page = fetch(&world, "/api/x").await;
        assert_eq!(problem(&page.body)["code"], "temporarily_unavailable");
        assert_eq!(upstream.heads(), 0);
    }

    async fn a_proxy_without_a_store_is_a_500_and_forwards_nothing(framework) {
        let (world, upstream) = forwarding(framework, SessionKind::Cookie).await;
        assert_eq!(fetch(&world, "/api/x").await.status, 500);
        assert_eq!(fetch(&world, "/me").await.status, 200);
        assert_eq!(upstream.heads(), 0);
    }

    async fn a_call_over_http2_is_forwarded_as_well(framework) {
        let (world, upstream) = forwarding(framework, SessionKind::Memory).await;
        world.browser.route(BASE_URL, Target::Http2(world.address)).unwrap();
        assert_eq!(fetch(&world, "/api/x?y").await.text(), "from the upstream");
        let page = world.browser.fetch(Method::POST, &at("/api/z"), &[], "body", BASE_URL).await.unwrap();
        assert_eq!(page.text(), "from the upstream");
        let heard = upstream.heard();
        assert_eq!((heard[0].line(), heard[1].line()), ("GET /v1/x?y", "POST /v1/z"));
        assert_eq!((heard[0].header("transfer-encoding"), heard[1].body.as_slice()), (None, &b"body"[..]));
    }

    async fn under_a_base_path_the_prefix_is_below_it(framework) {
        let bed = TestBed::new("https://example.com/app").unwrap();
        let mut world = World::around(bed, framework, SessionKind::Memory, |builder| builder).await;
        let upstream = Upstream::start().await;
        upstream.with_headers("/v1/go", "303 See Other", "location: /v1/orders/8?x=1\r\n");
        world.forward(TokenProxy::new("/api/", &upstream.url("/v1/")).unwrap());
        let base = "https://example.com/app";
        world.browser.open(&format!("{base}/auth/login")).await.unwrap();
        let jar = world.browser.cookies_for(base).unwrap();
        let session = jar.iter().find(|cookie| cookie.name.contains("-session")).unwrap();
        let session = format!("{}={}", session.name, session.value);
        let request = http::Request::get(format!("{base}/api/go")).header("cookie", &session);
        let request = request.header(OWN_PAGE.0, OWN_PAGE.1).body(bytes::Bytes::new()).unwrap();
        let answer = world.browser.send(request).await.unwrap();
        let location = answer.headers()["location"].to_str().unwrap();
        assert_eq!((answer.status().as_u16(), location), (303, "/app/api/orders/8?x=1"));
        // Where a proxy in front took the base path away, too.
        let mut wire = Wire::open(world.address).await;
        let cookie = format!("cookie: {session}\r\n{}: {}\r\n", OWN_PAGE.0, OWN_PAGE.1);
        wire.send(format!("GET /api/orders HTTP/1.1\r\nhost: inside\r\n{cookie}\r\n")).await.unwrap();
        assert!(wire.head().await.unwrap().starts_with("HTTP/1.1 200"));
        let lines = upstream.heard();
        assert_eq!(lines.iter().map(Heard::line).collect::<Vec<_>>(), ["GET /v1/go", "GET /v1/orders"]);
    }

    async fn who_does_not_meet_what_the_proxy_demands_is_told_as_a_guard_tells_it_and_nothing_is_forwarded(framework) {
        let (mut world, upstream) = forwarding(framework, SessionKind::Memory).await;
        let proxy = || TokenProxy::new("/api", &upstream.url("/v1")).unwrap();
        for (requirement, status, code, challenge) in [
            (Requirement::new().role("nobody-has-it"), 403, "forbidden", ""),
            (Requirement::new().allow_if(|_| false), 403, "forbidden", ""),
            (Requirement::new().acr("urn:stronger"), 401, "insufficient_user_authentication", "acr_values=\"urn:stronger\""),
            (Requirement::new().scope("orders:write"), 403, "insufficient_scope", "scope=\"orders:write\""),
        ] {
            world.forward(proxy().require(requirement));
            let (session, referer) = (session_header(&world), at("/orders"));
            for method in [Method::GET, Method::POST] {
                let headers = [("cookie", session.as_str()), ("referer", &referer), OWN_PAGE];
                let answer = raw(&world, method, "/api/x", &headers).await;
                assert_eq!(answer.status(), status, "{code}");
                let header = answer.headers().get("www-authenticate").map(|header| header.to_str().unwrap());
                let header = header.unwrap_or_default();
                assert!(header.contains(challenge) && header.is_empty() == challenge.is_empty(), "{code}: {header}");
                let body = problem(answer.body());
                assert_eq!(body["code"], code);
                if !challenge.is_empty() {
                    let login_url = body["login_url"].as_str().unwrap();
                    assert!(login_url.contains("return_to=%2Forders"), "back to the page that asked: {login_url}");
                }
            }
        }
        assert_eq!(upstream.heads(), 0);
        world.forward(proxy().require(Requirement::new().allow_if(|visit| visit.signed_in().is_some())));
        assert_eq!(fetch(&world, "/api/x").await.status, 200);
        world.browser.forget_cookies();
        assert_eq!(fetch(&world, "/api/x").await.status, 401);
        assert_eq!(upstream.heads(), 1);
    }

    async fn a_prefix_that_holds_an_address_of_ours_forwards_nothing_and_the_log_names_both(framework) {
        listen_to_errors();
        let (mut world, upstream) = forwarding(framework, SessionKind::Memory).await;
        for prefix in ["/auth", "/auth/logout"] {
            world.forward(TokenProxy::new(prefix, &upstream.url("/v1")).unwrap());
            assert_eq!(fetch(&world, &format!("{prefix}/orders")).await.status, 500, "{prefix}");
        }
        assert!(error_log().contains("the token proxy's prefix /auth/logout holds /auth/logout, the `logout_path`"));
        world.forward(TokenProxy::new("/auth/orders", &upstream.url("/v1")).unwrap());
        assert_eq!(fetch(&world, "/auth/orders/7").await.status, 200);
        assert_eq!(upstream.heads(), 1);
    }

    async fn pieces_of_an_answer_come_as_they_are_sent(framework) {
        let (world, upstream) = forwarding(framework, SessionKind::Memory).await;
        upstream.at("/v1/events", Answer::TwoPieces);
        let mut wire = Wire::open(world.address).await;
        wire.send(own(&world, "GET /api/events", "")).await.unwrap();
        let head = wire.head().await.unwrap();
        assert_eq!(header(&head, "content-type"), Some("text/event-stream"));
        assert_eq!(wire.piece().await.unwrap().unwrap(), b"data: 1");
        upstream.go_on();
        assert_eq!(wire.piece().await.unwrap().unwrap(), b"data: 2");
        assert_eq!(wire.piece().await.unwrap(), None);
    }

    async fn pieces_of_a_body_go_as_they_come(framework) {
        let (world, upstream) = forwarding(framework, SessionKind::Memory).await;
        let mut wire = Wire::open(world.address).await;
        for (n, framing) in ["content-length: 8\r\n", "transfer-encoding: chunked\r\n"].into_iter().enumerate() {
            let chunked = framing.starts_with('t');
            let piece = |text: &str| if chunked { format!("4\r\n{text}\r\n") } else { text.to_owned() };
            let before = upstream.received();
            wire.send(own(&world, "POST /api/upload", framing) + &piece("abcd")).await.unwrap();
            until("the first piece", async || (upstream.received() == before + 4).then_some(())).await;
            assert_eq!(upstream.heard().len(), n);
            wire.send(piece("efgh") + if chunked { "0\r\n\r\n" } else { "" }).await.unwrap();
            assert!(wire.head().await.unwrap().starts_with("HTTP/1.1 200"));
            wire.text().await.unwrap();
            assert_eq!(upstream.heard()[n].body, b"abcdefgh");
        }
    }

    async fn an_answer_that_comes_before_the_body_is_passed_on(framework) {
        let (world, upstream) = forwarding(framework, SessionKind::Memory).await;
        upstream.at("/v1/early", Answer::Early("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig".to_owned()));
        let mut wire = Wire::open(world.address).await;
        wire.send(own(&world, "POST /api/early", "content-length: 1000000\r\n") + "x").await.unwrap();
        assert!(wire.head().await.unwrap().starts_with("HTTP/1.1 413"));
        assert_eq!(wire.text().await.unwrap(), "big");
    }

    async fn what_a_page_asks_an_api_for_is_not_in_the_log(framework) {
        listen_to_errors();
        let (mut world, upstream) = forwarding(framework, SessionKind::Memory).await;
        upstream.at("/v1/close", Answer::Close);
        assert_eq!(fetch(&world, "/api/close?asked=PLANTED-IN-A-QUERY").await.status, 502);
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        world.forward(TokenProxy::new("/api", &format!("http://{nobody}")).unwrap());
        assert_eq!(fetch(&world, "/api/PLANTED-IN-A-PATH").await.status, 502);
        let log = error_log();
        assert!(log.contains("upstream_unreachable") && log.contains("upstream_invalid"), "{log}");
        assert!(!log.contains("PLANTED-IN"), "{log}");
    }

    async fn an_upstream_that_is_down_is_a_502_with_a_reference(framework) {
        let (mut world, upstream) = forwarding(framework, SessionKind::Memory).await;
        upstream.at("/v1/close", Answer::Close);
        let page = fetch(&world, "/api/close").await;
        let body = problem(&page.body);
        assert_eq!((page.status.as_u16(), body["code"].as_str()), (502, Some("upstream_invalid")));
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        world.forward(TokenProxy::new("/api", &format!("http://{nobody}")).unwrap());
        let page = fetch(&world, "/api/x").await;
        let body = problem(&page.body);
        assert_eq!((page.status.as_u16(), body["code"].as_str()), (502, Some("upstream_unreachable")));
        assert_eq!(body["reference"].as_str().unwrap().len(), 8);
        assert_eq!(page.header("content-type"), Some("application/problem+json"));
        assert!(!page.text().contains(&nobody.port().to_string()), "{}", page.text());
    }

    async fn an_upstream_is_who_its_certificate_says_or_is_sent_no_token(framework) {
        let (mut world, _) = forwarding(framework, SessionKind::Memory).await;
        let raw = RawProvider::start().await;
        let (right, wrong) = (TlsPort::start(&raw, "127.0.0.1").await, TlsPort::start(&raw, "elsewhere.example").await);
        let file = tempfile::NamedTempFile::new().unwrap();
        for (port, trusted, status) in [(&right, true, 200), (&right, false, 502), (&wrong, true, 502)] {
            let proxy = TokenProxy::new("/api", &format!("https://{}", port.address)).unwrap();
            std::fs::write(file.path(), &port.authority).unwrap();
            world.forward(if trusted { proxy.ca_file(file.path()).unwrap() } else { proxy });
            let page = fetch(&world, "/api/.well-known/openid-configuration").await;
            assert_eq!(page.status, status, "{}", page.text());
        }
        assert_eq!(raw.calls("/.well-known/openid-configuration"), 1);
        assert_eq!(TokenProxy::new("/api", "https://x.example").unwrap().ca_file("/no/such").unwrap_err().setting, "ca_file");
    }

    async fn an_upstream_that_is_too_slow_is_a_504(framework) {
        let (mut world, upstream) = forwarding(framework, SessionKind::Memory).await;
        upstream.at("/v1/silence", Answer::Silence);
        let proxy = TokenProxy::new("/api", &upstream.url("/v1")).unwrap();
        world.forward(proxy.timeouts(Duration::from_secs(5), Duration::from_millis(300)).unwrap());
        let page = fetch(&world, "/api/silence").await;
        assert_eq!((page.status.as_u16(), problem(&page.body)["code"].as_str()), (504, Some("upstream_timeout")));
        until("the upstream to be left alone", async || (upstream.hung_up() == 1).then_some(())).await;
        // An answer that stops half-way is cut off, not ended.
        upstream.at("/v1/events", Answer::TwoPieces);
        let mut wire = Wire::open(world.address).await;
        wire.send(own(&world, "GET /api/events", "")).await.unwrap();
        wire.head().await.unwrap();
        assert!(!wire.sum().await.whole);
    }

    async fn an_upstream_that_breaks_off_is_not_taken_for_the_end(framework) {
        let (world, upstream) = forwarding(framework, SessionKind::Memory).await;
        for answer in [Answer::HalfOfLength, Answer::HalfOfChunks] {
            upstream.at("/v1/half", answer.clone());
            let mut wire = Wire::open(world.address).await;
            wire.send(own(&world, "GET /api/half", "")).await.unwrap();
            // A server may notice before it has sent the head.
            let whole = wire.head().await.is_ok() && wire.sum().await.whole;
            assert!(!whole, "{answer:?}");
        }
    }

    async fn a_browser_that_goes_away_takes_the_upstreams_request_with_it(framework) {
        let (world, upstream) = forwarding(framework, SessionKind::Memory).await;
        // Before the answer, in its middle, and in the middle of the body.
        upstream.at("/v1/silence", Answer::Silence);
        upstream.at("/v1/events", Answer::TwoPieces);
        let ways = [("GET /api/silence", "", false), ("GET /api/events", "", true), ("POST /api/x", "content-length: 8\r\n", false)];
        for (n, (line, framing, has_head)) in ways.into_iter().enumerate() {
            let mut wire = Wire::open(world.address).await;
            let body = if framing.is_empty() { "" } else { "abcd" };
            wire.send(own(&world, line, framing) + body).await.unwrap();
            until("the request", async || (upstream.heads() == n + 1).then_some(())).await;
            if has_head {
                wire.head().await.unwrap();
                wire.piece().await.unwrap();
            }
            wire.reset();
            until(line, async || (upstream.hung_up() == n + 1).then_some(())).await;
        }
        assert!(!upstream.heard()[2].sum.whole);
    }

    async fn a_browser_that_stays_and_reads_nothing_is_given_up(framework) {
        let (mut world, upstream) = forwarding(framework, SessionKind::Memory).await;
        let proxy = TokenProxy::new("/api", &upstream.url("/v1")).unwrap();
        world.forward(proxy.timeouts(Duration::from_secs(5), Duration::from_millis(300)).unwrap());
        upstream.at("/v1/down", Answer::Filler(64 * 1024 * 1024));
        let mut wire = Wire::open(world.address).await;
        wire.send(own(&world, "GET /api/down", "")).await.unwrap();
        until("the upstream to be left alone", async || (upstream.hung_up() == 1).then_some(())).await;
        assert!(wire.head().await.unwrap().starts_with("HTTP/1.1 200"));
        assert!(!wire.sum().await.whole);
    }

    async fn many_megabytes_go_either_way_and_few_are_ever_held(framework) {
        const MANY: u64 = 64 * 1024 * 1024;
        // What two connections' buffers in the kernel may hold, and then some.
        const HELD: u64 = 32 * 1024 * 1024;
        let (world, upstream) = forwarding(framework, SessionKind::Memory).await;
        upstream.at("/v1/down", Answer::Filler(MANY));
        let mut wire = Wire::open(world.address).await;
        wire.send(own(&world, "GET /api/down", "")).await.unwrap();
        assert_eq!(header(&wire.head().await.unwrap(), "content-length"), Some(MANY.to_string().as_str()));
        let held = stalled(async || upstream.sent()).await;
        assert!(held < HELD, "{held} bytes are held for a browser that does not read");
        assert_eq!(wire.sum().await, Sum::of_filler(MANY));

        upstream.at("/v1/up", Answer::Wait);
        let sent = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
        let mut wire = Wire::open(world.address).await;
        wire.send(own(&world, "PUT /api/up", &format!("content-length: {MANY}\r\n"))).await.unwrap();
        let counted = std::sync::Arc::clone(&sent);
        let sending = tokio::spawn(async move {
            let piece = landfall_tests::wire::filler();
            for _ in 0..MANY / piece.len() as u64 {
                wire.send(&piece).await.unwrap();
                counted.fetch_add(piece.len() as u64, std::sync::atomic::Ordering::Relaxed);
            }
            wire
        });
        let held = stalled(async || sent.load(std::sync::atomic::Ordering::Relaxed)).await;
        assert!(held < HELD, "{held} bytes are held for an upstream that does not read");
        upstream.go_on();
        let mut wire = sending.await.unwrap();
        assert!(wire.head().await.unwrap().starts_with("HTTP/1.1 200"));
        assert_eq!(upstream.heard().pop().unwrap().sum, Sum::of_filler(MANY));
    }
}

#[test]
fn a_proxy_that_the_environment_names_is_lent_no_token_in_plain_http() {
    // Nobody listens there: whatever went there would fail. A process of its own, since the environment is everybody's.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let scenario =
        "token_proxy::a_call_below_the_prefix_reaches_the_api_with_the_access_token::axum_with_memory";
    let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
    alone.args(["--exact", scenario]).env_remove("NO_PROXY").env_remove("no_proxy");
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        alone.env(name, format!("http://{nobody}"));
    }
    let played = alone.output().unwrap();
    let said = String::from_utf8_lossy(&played.stdout);
    assert!(played.status.success() && said.contains("1 passed"), "{said}");
}

/// What a count has come to when it stays as it is.
async fn stalled(count: impl AsyncFn() -> u64) -> u64 {
    let (mut last, mut same) = (0, 0);
    until("a count to stay as it is", async || {
        let now = count().await;
        same = if now == last && now > 0 { same + 1 } else { 0 };
        last = now;
        (same == 20).then_some(now)
    })
    .await
}
