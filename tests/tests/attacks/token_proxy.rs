//! Against the token proxy: whoever wants it to reach another place, to lend a token to another site, or to say too
//! much.

use std::time::Duration;

use http::Method;
use landfall::{CredentialScheme, Requirement, TokenProxy, danger};
use landfall_tests::credentials::Asked;
use landfall_tests::wire::{Wire, header, headers};
use landfall_tests::{Answer, BASE_URL, Framework, SessionKind, Upstream, World, on_both_frameworks, until};

use crate::support::{SESSION, cookie_value, sign_in};

async fn forwarding(framework: Framework) -> (World, Upstream) {
    forwarding_with(World::new(framework, SessionKind::Memory).await).await
}

async fn forwarding_with(mut world: World) -> (World, Upstream) {
    let upstream = Upstream::start().await;
    world.forward(TokenProxy::new("/api", &upstream.url("/v1")).unwrap());
    sign_in(&world.browser).await;
    (world, upstream)
}

/// The session as a header line.
fn session(world: &World) -> String {
    format!("cookie: {SESSION}={}\r\n", cookie_value(&world.browser, SESSION).unwrap())
}

/// The session, and that a page of the application's own asks.
fn cookie(world: &World) -> String {
    session(world) + "sec-fetch-site: same-origin\r\n"
}

/// Sends a head of these lines as somebody signed in, from the application's own page unless they say where from, and
/// reads the answer; head and body as text.
async fn ask(world: &World, line: &str, lines: &str) -> (String, String) {
    let mut wire = Wire::open(world.address).await;
    let says_where_from = lines.contains("sec-fetch-site:") || lines.contains("origin:");
    let own = if says_where_from { session(world) } else { cookie(world) };
    wire.send(format!("{line} HTTP/1.1\r\nhost: app.example.com\r\n{own}{lines}\r\n")).await.unwrap();
    let head = wire.head().await.unwrap_or_else(|_| "none".to_owned());
    let body = if line.starts_with("HEAD") { String::new() } else { wire.text().await.unwrap_or_default() };
    (head, body)
}

fn status(head: &str) -> u16 {
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

on_both_frameworks! {
    async fn no_path_trick_reaches_beside_the_upstreams_path(framework) {
        let (world, upstream) = forwarding(framework).await;
        for rest in [
            "/../admin", "/..", "/./x", "/x/../../admin", "/%2e%2e/admin", "/.%2E/admin", "/%252e%252e/admin", "/%25252e%25252e/admin",
            "/..%2fadmin", "/..%252fadmin", "/..;/admin", "/..;x=1/admin", "/%2e%2e%3b/admin", "/..%5cadmin", "/..\\admin", "/\\evil.example",
            "//evil.example", "/%2f%2fevil.example", "/%2fevil.example", "/x%00", "/x%0d%0aX-Injected:%201", "/x%0a", "/%c0%ae%c0%ae/admin",
            "/%EF%BC%8E%EF%BC%8E/admin", "/x%zz", "/x%", "/..%20/admin",
        ] {
            let (head, body) = ask(&world, &format!("GET /api{rest}"), "").await;
            assert_eq!(status(&head), 400, "{rest}: {head}");
            // A backslash is refused by the server itself, which says less.
            assert!(body.contains("forward_refused") || rest.contains('\\'), "{rest}: {body}");
        }
        let long = "x".repeat(9000);
        let (head, _) = ask(&world, &format!("GET /api/{long}"), "").await;
        assert!(matches!(status(&head), 400 | 414), "{head}");
        // What begins elsewhere is the application's, whatever it would come to.
        for elsewhere in ["/x/../api/orders", "/%61pi/orders", "//api/orders", "/./api/orders", "/api%2forders", "/API/orders"] {
            let (head, _) = ask(&world, &format!("GET {elsewhere}"), "").await;
            assert!(matches!(status(&head), 400 | 404), "{elsewhere}: {head}");
        }
        assert_eq!(upstream.heads(), 0);
    }

    async fn no_spelling_of_a_path_leads_round_what_a_proxy_demands_to_another_with_the_same_upstream(framework) {
        let (mut world, upstream) = forwarding(framework).await;
        let orders = TokenProxy::new("/api/orders", &upstream.url("/v1/orders")).unwrap();
        let orders = orders.require(Requirement::new().role("editor"));
        world.forward_by(&[orders, TokenProxy::new("/api", &upstream.url("/v1")).unwrap()]);
        assert_eq!(status(&ask(&world, "GET /api/orders/7", "").await.0), 403);
        for spelling in [
            "/api/%6frders/7", "/api/%256frders", "/api/Orders/7", "/api/ORDERS", "/api/orders;v=1/7", "/api/orders%2f7", "/api/orders%3fx",
            "/api//orders/7", "/api/ord%EF%BD%85rs", "/api/orders%20/7", "/api/./orders", "/api/x/../orders", "/api/%2e/orders", "//api/orders",
        ] {
            let (head, _) = ask(&world, &format!("GET {spelling}"), "").await;
            assert!(matches!(status(&head), 400 | 404), "{spelling}: {head}");
        }
        assert_eq!(upstream.heads(), 0);
        for other in ["/api/others/7", "/api/ordersx", "/api/x%20y", "/api/x/orders"] {
            assert_eq!(status(&ask(&world, &format!("GET {other}"), "").await.0), 200, "{other}");
        }
    }

    async fn an_absolute_form_target_is_refused_and_names_no_other_host(framework) {
        let (world, upstream) = forwarding(framework).await;
        for target in ["http://evil.example/api/x", "https://app.example.com/api/x", "http://127.0.0.1:9/api/../x"] {
            let (head, body) = ask(&world, &format!("GET {target}"), "").await;
            assert_eq!(status(&head), 400, "{target}: {head}");
            let code = if target.contains("app.example.com") { "forward_refused" } else { "two_hosts" };
            assert!(body.contains(code), "{target}: {body}");
        }
        assert_eq!(upstream.heads(), 0);
    }

    async fn crlf_in_path_query_or_headers_makes_no_second_header(framework) {
        let (world, upstream) = forwarding(framework).await;
        for line in ["GET /api/x?q=%0d%0aX-Injected:%201", "GET /api/x?q=%250d%250aX-Injected:%201"] {
            assert_eq!(status(&ask(&world, line, "").await.0), 200, "{line}");
        }
        // A bare line feed or carriage return in a header is the server's to refuse, or to read as two headers.
        for lines in ["x-a: 1\rx-injected: 1\r\n", "x-a: 1\x00\r\n", "x-a : 1\r\n", " x-injected: 1\r\n", "x-a: 1\r\n x-injected: 1\r\n"] {
            let (head, _) = ask(&world, "GET /api/y", lines).await;
            assert_ne!(status(&head), 0, "{lines:?}");
        }
        for heard in upstream.heard() {
            assert_eq!(heard.header("x-injected"), None, "{}", heard.head);
            assert_eq!(heard.head.matches("GET ").count(), 1);
        }
    }

    async fn no_second_request_is_smuggled_in_a_body(framework) {
        let (world, upstream) = forwarding(framework).await;
        let smuggled = "GET /v1/smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
        let chunked = format!("{:x}\r\n{smuggled}\r\n0\r\n\r\n", smuggled.len());
        let length = smuggled.len();
        for (lines, body) in [
            (format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n"), chunked.clone()),
            (format!("transfer-encoding: chunked\r\ncontent-length: {length}\r\n"), chunked.clone()),
            (format!("content-length: {length}\r\ncontent-length: 0\r\n"), smuggled.to_owned()),
            (format!("content-length: {length}\r\ncontent-length: {length}\r\n"), smuggled.to_owned()),
            (format!("content-length: +{length}\r\n"), smuggled.to_owned()),
            ("content-length: 0, 0\r\n".to_owned(), smuggled.to_owned()),
            (format!("content-length: {length}\r\n"), smuggled.to_owned()),
            ("transfer-encoding: chunked\r\n".to_owned(), chunked.clone()),
            ("transfer-encoding: xchunked\r\n".to_owned(), chunked.clone()),
            ("transfer-encoding: chunked, identity\r\n".to_owned(), chunked.clone()),
            ("transfer-encoding:\x0bchunked\r\n".to_owned(), chunked.clone()),
            (format!("connection: content-length\r\ncontent-length: {length}\r\n"), smuggled.to_owned()),
            ("connection: transfer-encoding\r\ntransfer-encoding: chunked\r\n".to_owned(), chunked.clone()),
            (format!("content_length: 0\r\ncontent-length: {length}\r\n"), smuggled.to_owned()),
        ] {
            let mut wire = Wire::open(world.address).await;
            let own = cookie(&world);
            let head = format!("POST /api/x HTTP/1.1\r\nhost: app.example.com\r\nconnection: close\r\n{own}{lines}\r\n");
            wire.send(head + &body).await.unwrap();
            let answer = wire.head().await.unwrap_or_default();
            assert!(matches!(status(&answer), 200 | 400 | 0), "{lines}: {answer}");
            wire.hung_up().await;
        }
        for heard in upstream.heard() {
            assert_eq!(heard.line(), "POST /v1/x");
            let framings = ["content-length", "content_length", "transfer-encoding"];
            let framing: Vec<_> = headers(&heard.head).filter(|(name, _)| framings.contains(name)).collect();
            assert!(framing.len() == 1 && (framing[0].1 == "chunked" || framing[0].1 == length.to_string()), "{}", heard.head);
            assert_eq!(heard.body, smuggled.as_bytes(), "{}", heard.head);
        }
        assert!(upstream.heads() >= 2);
    }

    async fn a_body_that_breaks_off_is_not_taken_for_a_whole_one(framework) {
        let (world, upstream) = forwarding(framework).await;
        let own = cookie(&world);
        let head = format!("POST /api/x HTTP/1.1\r\nhost: app.example.com\r\ntransfer-encoding: chunked\r\n{own}\r\n");
        for (n, rest) in ["nonsense\r\n", "4\r\nab"].into_iter().enumerate() {
            let mut wire = Wire::open(world.address).await;
            wire.send(format!("{head}4\r\nabcd\r\n")).await.unwrap();
            until("the first piece", async || (upstream.received() == 4 * (n as u64 + 1)).then_some(())).await;
            wire.send(rest).await.unwrap();
            if n == 1 {
                wire.reset();
            } else {
                wire.hung_up().await;
            }
            until("its end", async || (upstream.heard().len() == n + 1).then_some(())).await;
            assert!(!upstream.heard()[n].sum.whole, "{rest:?}");
        }
    }

    async fn what_the_browser_says_of_itself_stays_here(framework) {
        let (world, upstream) = forwarding(framework).await;
        let lines = "authorization: Bearer forged\r\ncookie: other=1\r\nconnection: close, x-hop\r\nx-hop: 1\r\nkeep-alive: 1\r\n\
            te: trailers\r\ntrailer: x\r\nproxy-authorization: Basic x\r\nproxy-connection: close\r\nforwarded: for=1.2.3.4;host=evil\r\n\
            x-forwarded-for: 1.2.3.4\r\nX_Forwarded_For: 1.2.3.4\r\nx-forwarded-host: evil.example\r\nx-real-ip: 1.2.3.4\r\n\
            x-original-url: /admin\r\nx-rewrite-url: /admin\r\norigin: https://app.example.com\r\n\
            referer: https://app.example.com/secret\r\nsec-fetch-site: same-origin\r\nsec-fetch-mode: cors\r\nx-csrf: 1\r\n\
            via: 1.1 x\r\nexpect: 100-continue\r\nx-kept: 1\r\n";
        let (head, _) = ask(&world, "GET /api/x", lines).await;
        assert!(head.starts_with("HTTP/1.1 100") || status(&head) == 200, "{head}");
        until("the request", async || (!upstream.heard().is_empty()).then_some(())).await;
        let heard = upstream.heard().remove(0);
        let mut names: Vec<_> = headers(&heard.head).map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort();
        assert_eq!(names, ["accept", "authorization", "host", "x-kept"], "{}", heard.head);
        assert!(heard.token().is_some_and(|token| token != "forged"));
        // Nor can the Connection header take away what is ours to add.
        ask(&world, "GET /api/x", "connection: authorization, host, close\r\n").await;
        assert!(upstream.heard()[1].token().is_some());
        assert_eq!(upstream.heard()[1].header("host"), Some(upstream.address.to_string().as_str()));
    }

    async fn a_call_from_another_site_or_a_sibling_is_refused_whatever_its_method(framework) {
        // Neither serves a page of another origin: that it may act elsewhere says nothing here.
        let lift = |builder| {
            danger::allow_cross_site(builder, "/api/x").spa_callback("https://spa.example.com/callback")
        };
        let (world, upstream) = forwarding_with(World::with(framework, SessionKind::Memory, lift).await).await;
        for method in ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"] {
            for from in [
                "sec-fetch-site: cross-site\r\n", "sec-fetch-site: same-site\r\n", "sec-fetch-site: nonsense\r\n",
                "origin: https://evil.example\r\n", "origin: https://other.example.com\r\n", "origin: null\r\n",
                "sec-fetch-site: cross-site\r\norigin: https://app.example.com\r\n",
                "origin: https://spa.example.com\r\n", "sec-fetch-site: same-site\r\norigin: https://spa.example.com\r\n",
            ] {
                let (head, _) = ask(&world, &format!("{method} /api/x"), from).await;
                assert_eq!(status(&head), 403, "{method} {from}");
                assert_eq!(header(&head, "access-control-allow-origin"), None);
            }
        }
        let page = world.browser.follow_link(&format!("{BASE_URL}/api/x"), "https://evil.example/").await.unwrap();
        assert_eq!(page.status, 403, "{}", page.text());
        assert_eq!(upstream.heads(), 0);
    }

    async fn what_no_page_of_the_application_sends_is_refused_and_a_program_is_told_what_to_send(framework) {
        let (world, upstream) = forwarding(framework).await;
        let address = world.address;
        let send = async |method: &str, lines: &str| {
            let mut wire = Wire::open(address).await;
            let own = session(&world);
            wire.send(format!("{method} /api/x HTTP/1.1\r\nhost: app.example.com\r\n{own}{lines}\r\n")).await.unwrap();
            let head = wire.head().await.unwrap();
            let body = if method == "HEAD" { String::new() } else { wire.text().await.unwrap() };
            (status(&head), body)
        };
        for method in ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PROPFIND"] {
            for from in [
                "", "sec-fetch-site: none\r\n", "sec-fetch-site: none\r\norigin: https://app.example.com\r\n",
                "sec-fetch-site: none\r\nreferer: https://app.example.com/\r\n", "referer: https://evil.example/\r\n",
                "referer: https://app.example.com.evil.example/\r\n", "referer: https://app.example.com:444/\r\n",
                "referer: http://app.example.com/\r\n", "referer: https://app.example.com@evil.example/\r\n",
            ] {
                let (status, body) = send(method, from).await;
                assert_eq!(status, 403, "{method} {from}");
                assert!(method == "HEAD" || body.contains("Origin header"), "{body}");
            }
        }
        assert_eq!(upstream.heads(), 0);
        // A browser that knows no Fetch Metadata says where a GET comes from by its Referer alone.
        for from in [
            "sec-fetch-site: same-origin\r\n", "origin: https://app.example.com\r\n", "referer: https://app.example.com/orders?page=2\r\n",
            "referer: https://app.example.com\r\n",
        ] {
            assert_eq!(send("GET", from).await.0, 200, "{from}");
        }
    }

    async fn a_header_that_is_required_is_required_of_every_call(framework) {
        let require = |builder: landfall::RelyingPartyBuilder| builder.required_header("x-own-page");
        let (world, upstream) = forwarding_with(World::with(framework, SessionKind::Memory, require).await).await;
        for method in ["GET", "HEAD", "POST"] {
            assert_eq!(status(&ask(&world, &format!("{method} /api/x"), "").await.0), 403, "{method}");
            let (head, _) = ask(&world, &format!("{method} /api/x"), "x-own-page: 1\r\n").await;
            assert_eq!(status(&head), 200, "{method}");
        }
        assert_eq!(upstream.heard().len(), 3);
        // Of a browser that says nothing of where a request comes from it is proof enough; what was typed has none.
        for (from, expected) in [("", 200), ("sec-fetch-site: none\r\n", 403), ("origin: https://evil.example\r\n", 403)] {
            let mut wire = Wire::open(world.address).await;
            let own = session(&world);
            let head = format!("GET /api/x HTTP/1.1\r\nhost: app.example.com\r\n{own}x-own-page: 1\r\n{from}\r\n");
            wire.send(head).await.unwrap();
            assert_eq!(status(&wire.head().await.unwrap()), expected, "{from}");
        }
        assert!(upstream.heard().iter().all(|heard| heard.header("x-own-page").is_none()));
    }

    async fn no_websocket_and_no_other_protocol_gets_through(framework) {
        let (world, upstream) = forwarding(framework).await;
        let handshake = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\norigin: https://app.example.com\r\n";
        let (head, body) = ask(&world, "GET /api/socket", handshake).await;
        assert_eq!(status(&head), 501, "{head}");
        assert!(body.contains("upgrade_refused"), "{body}");
        let (head, _) = ask(&world, "GET /api/x", "connection: upgrade\r\nupgrade: anything/2\r\n").await;
        assert_eq!(status(&head), 501, "{head}");
        let (head, _) = ask(&world, "TRACE /api/x", "").await;
        assert_eq!(status(&head), 405, "{head}");
        let (head, _) = ask(&world, "CONNECT api.example.com:443", "").await;
        assert!(matches!(status(&head), 400 | 404 | 405 | 501 | 0), "{head}");
        assert_eq!(upstream.heads(), 0);
    }

    async fn a_redirect_is_not_followed_and_never_names_the_upstream(framework) {
        let (world, upstream) = forwarding(framework).await;
        let inner = upstream.url("");
        for (location, told) in [
            ("/v1/orders/8".to_owned(), Some("/api/orders/8")),
            (format!("{inner}/v1/orders/8"), Some("/api/orders/8")),
            (format!("{inner}/v1/../v1/x"), Some("/api/x")),
            ("https://files.example/a?b".to_owned(), Some("https://files.example/a?b")),
            (format!("{inner}/admin"), None),
            ("/".to_owned(), None),
            ("../../admin".to_owned(), None),
            ("http://127.0.0.1:1/".to_owned(), None),
            (format!("https://{}/x", upstream.address), None),
            ("http://files.example/".to_owned(), None),
            ("javascript:alert(1)".to_owned(), None),
        ] {
            for status_line in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
                upstream.with_headers("/v1/go", status_line, &format!("location: {location}\r\n"));
                let (head, body) = ask(&world, "GET /api/go", "").await;
                let expected = if told.is_some() { status_line[..3].parse().unwrap() } else { 502 };
                assert_eq!(status(&head), expected, "{location}: {head}");
                assert_eq!(header(&head, "location"), told, "{location}");
                let port = upstream.address.port().to_string();
                assert!(!head.contains(&port) && !body.contains(&port), "{location}: {head}{body}");
            }
        }
        assert!(upstream.heard().iter().all(|heard| heard.line() == "GET /v1/go"));
    }

    async fn an_answer_sets_no_cookie_and_speaks_for_no_origin(framework) {
        let (world, upstream) = forwarding(framework).await;
        upstream.with_headers("/v1/x", "200 OK", &format!(
            "set-cookie: {SESSION}=stolen\r\nset-cookie: a=1\r\naccess-control-allow-origin: https://evil.example\r\n\
            access-control-allow-credentials: true\r\nclear-site-data: \"*\"\r\nstrict-transport-security: max-age=0\r\n\
            www-authenticate: Basic realm=x\r\nrefresh: 0;url=https://evil.example\r\nx-accel-redirect: /etc/passwd\r\n\
            connection: x-inner\r\nx-inner: 1\r\nvia: 1.1 inner-host\r\ncontent-type: text/html\r\n"
        ));
        let (head, _) = ask(&world, "GET /api/x", "").await;
        let mut names: Vec<_> = headers(&head).map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort();
        let expected = ["cache-control", "content-length", "content-security-policy", "content-type", "date", "vary", "x-content-type-options"];
        assert_eq!(names, expected, "{head}");
        assert_eq!(header(&head, "content-security-policy"), Some("sandbox"));
    }

    async fn an_answer_acts_on_no_origin_by_a_header_of_a_browser_to_come(framework) {
        let (mut world, upstream) = forwarding(framework).await;
        upstream.with_headers("/v1/x", "200 OK",
            "sec-session-registration: (ES256);path=\"x\"\r\nsecure-session-registration: (ES256);path=\"x\"\r\n\
            set-login: logged-out\r\nspeculation-rules: \"/rules.json\"\r\nuse-as-dictionary: match=\"/*\"\r\n\
            service-worker-allowed: /\r\nno-vary-search: params\r\norigin-trial: x\r\npermissions-policy: camera=*\r\n\
            a-header-of-next-year: act\r\nserver: inner/1\r\nserver-timing: db;dur=1\r\n\
            etag: \"7\"\r\nx-total-count: 7\r\nratelimit-remaining: 7\r\n");
        let names = |head: &str| {
            let mut names: Vec<_> = headers(head).map(|(name, _)| name.to_ascii_lowercase()).collect();
            names.sort();
            names
        };
        let (head, _) = ask(&world, "GET /api/x", "").await;
        let expected = [
            "cache-control", "content-length", "content-security-policy", "date", "etag", "ratelimit-remaining", "vary",
            "x-content-type-options", "x-total-count",
        ];
        assert_eq!(names(&head), expected, "{head}");
        // What the application names, and nothing else of them.
        let proxy = TokenProxy::new("/api", &upstream.url("/v1")).unwrap();
        for bad in ["set-login", "Sec-Session-Registration", "set-cookie", "access-control-allow-origin"] {
            assert!(proxy.clone().pass_response_header(bad).is_err(), "{bad}");
        }
        world.forward(proxy.pass_response_header("Server-Timing").unwrap());
        let (head, _) = ask(&world, "GET /api/x", "").await;
        assert_eq!((names(&head).len(), header(&head, "server-timing")), (expected.len() + 1, Some("db;dur=1")));
    }

    async fn nobody_says_who_they_are_by_a_gateways_header(framework) {
        let (world, upstream) = forwarding(framework).await;
        let lines = "x-forwarded-user: root\r\nX-Forwarded-Email: root@example.com\r\nx-forwarded-groups: admin\r\n\
            x-auth-request-user: root\r\nremote-user: root\r\nRemote_User: root\r\nx-remote-user: root\r\nx-user: root\r\n\
            x-webauth-user: root\r\nx-amzn-oidc-data: x\r\ncf-access-jwt-assertion: x\r\nx-goog-iap-jwt-assertion: x\r\n\
            x-goog-authenticated-user-email: root\r\nx-ms-client-principal: x\r\nx-authenticated-userid: root\r\n\
            ssl-client-s-dn: CN=root\r\nx-ssl-client-verify: SUCCESS\r\nx-client-cert: x\r\nclient-cert: x\r\n\
            x-forwarded-client-cert: x\r\nx-consumer-username: root\r\nimpersonate-user: root\r\nx-http-method-override: DELETE\r\n\
            x-kept: 1\r\nx-request-id: 7\r\n";
        assert_eq!(status(&ask(&world, "GET /api/x", lines).await.0), 200);
        let heard = upstream.heard().remove(0);
        let mut names: Vec<_> = headers(&heard.head).map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort();
        assert_eq!(names, ["accept", "authorization", "host", "x-kept", "x-request-id"], "{}", heard.head);
    }

    async fn a_key_that_the_application_takes_itself_is_not_passed_on(framework) {
        let asked = Asked::default();
        let mut world = World::new(framework, SessionKind::Memory).await;
        let builder = asked.by(world.builder(), ["Bearer".into(), CredentialScheme::secret_header("X-Api-Key")]);
        world.switch_to(builder).await;
        let (world, upstream) = forwarding_with(world).await;
        // It is nobody's, so the session counts.
        for key in ["", "none of ours"] {
            let (head, _) = ask(&world, "GET /api/notes", &format!("x-api-key: {key}\r\nx-other: passes\r\n")).await;
            assert!(head.contains(" 200 "), "{head}");
        }
        for heard in upstream.heard() {
            assert_eq!((heard.header("x-api-key"), heard.header("x-other")), (None, Some("passes")));
        }
        assert_eq!(upstream.heard().len(), 2);
    }

    async fn a_gateways_header_passes_where_it_is_named_and_takes_no_other_along(framework) {
        let (mut world, upstream) = forwarding(framework).await;
        let proxy = TokenProxy::new("/api", &upstream.url("/v1")).unwrap();
        for bad in ["Authorization", "cookie", "Host", "Connection", "TE", "Sec-Fetch-Site", "x-http-method-override"] {
            assert!(proxy.clone().pass_request_header(bad).is_err(), "{bad}");
        }
        let passes = |proxy: TokenProxy, name| proxy.pass_request_header(name).unwrap();
        world.forward(passes(passes(proxy, "X-Group-By"), "X-Role-Filter"));
        let lines = "X-Group-By: team\r\nx_group_by: root\r\nx-group: root\r\nx-group-by-2: root\r\nx-forwarded-user: root\r\n\
            authorization: Bearer root\r\nconnection: x-role-filter\r\nx-role-filter: root\r\nx-csrf: 1\r\n";
        assert_eq!(status(&ask(&world, "GET /api/x", lines).await.0), 200);
        let heard = upstream.heard().remove(0);
        let mut names: Vec<_> = headers(&heard.head).map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort();
        assert_eq!(names, ["accept", "authorization", "host", "x-group-by"], "{}", heard.head);
        assert_eq!(heard.header("x-group-by"), Some("team"));
        assert!(heard.token().is_some_and(|token| token != "root"));
    }

    async fn a_401_of_the_upstream_is_not_taken_for_ours(framework) {
        let (world, upstream) = forwarding(framework).await;
        upstream.with_headers("/v1/x", "401 Unauthorized", "www-authenticate: Bearer error=\"invalid_token\"\r\n");
        upstream.with_headers("/v1/y", "403 Forbidden", "www-authenticate: Bearer error=\"insufficient_scope\"\r\n");
        upstream.with_headers("/v1/z", "407 Proxy", "proxy-authenticate: Basic realm=x\r\n");
        let (head, body) = ask(&world, "GET /api/x", "").await;
        assert_eq!((status(&head), header(&head, "www-authenticate")), (502, None));
        assert!(body.contains("upstream_refused_token") && !body.contains("from the upstream"), "{body}");
        let (head, body) = ask(&world, "GET /api/y", "").await;
        assert_eq!((status(&head), body.as_str()), (403, "from the upstream"));
        assert_eq!(header(&head, "www-authenticate"), None);
        assert_eq!(status(&ask(&world, "GET /api/z", "").await.0), 502);
        // Nobody was signed out by it.
        assert_eq!(status(&ask(&world, "GET /api", "").await.0), 200);
    }

    async fn a_hostile_upstream_makes_no_second_answer(framework) {
        let (world, upstream) = forwarding(framework).await;
        let second = "HTTP/1.1 200 OK\r\nset-cookie: stolen=1\r\ncontent-length: 0\r\n\r\n";
        for answer in [
            format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n{second}"),
            format!("HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{second}"),
            format!("HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc{second}"),
            format!("HTTP/1.1 204 No Content\r\ncontent-length: {}\r\n\r\n{second}", second.len()),
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n".to_owned(),
            "HTTP/1.1 200 OK\r\nx-a: 1\rset-cookie: stolen=1\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "nothing that is HTTP\r\n\r\n".to_owned(),
            format!("HTTP/1.1 200 OK\r\nx-long: {}\r\n\r\n", "x".repeat(2 * 1024 * 1024)),
            "HTTP/1.1 99 Odd\r\n\r\n".to_owned(),
            "HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n".to_owned(),
        ] {
            upstream.at("/v1/x", Answer::Bytes(answer.clone()));
            let mut wire = Wire::open(world.address).await;
            let own = cookie(&world);
            let request = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: app.example.com\r\n{own}\r\n");
            wire.send(request("/api/x")).await.unwrap();
            let Ok(head) = wire.head().await else { continue };
            assert!(matches!(status(&head), 200 | 204 | 502 | 999), "{answer:.80}: {head}");
            assert_eq!(header(&head, "set-cookie"), None, "{answer:.80}: {head}");
            if !wire.sum().await.whole {
                continue;
            }
            // The next answer on this connection is to the next request.
            if wire.send(request("/")).await.is_ok() && let Ok(head) = wire.head().await {
                assert_eq!(wire.text().await.unwrap(), "hello ada", "{answer:.80}: {head}");
            }
        }
    }

    async fn an_endless_upload_is_given_up_when_nothing_moves(framework) {
        let (mut world, upstream) = forwarding(framework).await;
        let proxy = TokenProxy::new("/api", &upstream.url("/v1")).unwrap();
        world.forward(proxy.timeouts(Duration::from_secs(5), Duration::from_millis(300)).unwrap());
        for lines in ["content-length: 100\r\n", "transfer-encoding: chunked\r\n"] {
            let (head, _) = ask(&world, "POST /api/x", lines).await;
            assert!(matches!(status(&head), 400 | 504), "{lines}: {head}");
        }
        assert!(upstream.heard().iter().all(|heard| !heard.sum.whole));
    }

    async fn a_stranger_learns_nothing_of_the_upstream(framework) {
        let (mut world, upstream) = forwarding(framework).await;
        world.browser = world.other_browser();
        for (method, path) in [(Method::GET, "/api/x"), (Method::POST, "/api/x"), (Method::GET, "/api")] {
            let page = world.browser.fetch(method, &format!("{BASE_URL}{path}"), &[], "", BASE_URL).await.unwrap();
            assert_eq!(page.status, 401);
        }
        assert_eq!(upstream.heads(), 0);
    }
}
