//! Several addresses behind proxies: who is believed about the one that a browser asked for.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response};
use landfall::{ForwardedHeaders, RelyingPartyBuilder, danger};
use landfall_testkit::{Client, TestBed};
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks};

use crate::apps::{self, What};
use crate::support::{at, error_log, listen_to_errors, raw};

const STAGING: &str = "https://staging.example.com/app";
const LOCAL: &str = "http://localhost:3000";

/// An application in production, in staging and on somebody's desk: one binary, three base URLs.
async fn three(
    framework: Framework,
    change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
) -> World {
    let world = World::with(framework, SessionKind::Cookie, |builder| {
        danger::allow_loopback_beside_public(change(builder.base_url(STAGING).base_url(LOCAL)))
    })
    .await;
    let client = Client::new(TestBed::CLIENT_ID).secret(TestBed::CLIENT_SECRET);
    let client = [BASE_URL, STAGING, LOCAL].into_iter().fold(client, |client, base| {
        client.redirect_uri(format!("{base}/auth/callback")).post_logout_redirect_uri(format!("{base}/"))
    });
    world.provider.register(client);
    for origin in ["https://staging.example.com", LOCAL] {
        world.browser.route(origin, world.address).unwrap();
    }
    world
}

/// What a request that starts a sign-in leads to: the redirect URI, or the status in its place.
async fn led_to(world: &World, headers: &[(&str, &str)]) -> String {
    let headers = [&[("accept", "text/html")], headers].concat();
    redirect_uri(&raw(world, Method::GET, "/dashboard", &headers).await)
}

fn redirect_uri(response: &Response<Bytes>) -> String {
    let Some(location) = response.headers().get("location") else { return response.status().to_string() };
    let location = url::Url::parse(location.to_str().unwrap()).unwrap();
    location.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned()
}

fn callback(base: &str) -> String {
    format!("{base}/auth/callback")
}

/// The address every test connects from.
const HERE: &str = "127.0.0.1";
/// A host of nobody's, as a proxy may send one of its own.
const UPSTREAM: (&str, &str) = ("host", "upstream:8080");

on_both_frameworks! {
    async fn one_application_answers_for_three_base_urls_each_with_its_own_redirect_uri(framework) {
        let world = three(framework, |builder| builder).await;
        let uris: Vec<_> = world.auth.redirect_uris().collect();
        assert_eq!(uris, [BASE_URL, STAGING, LOCAL].map(callback));
        for base in [BASE_URL, STAGING, LOCAL, STAGING, BASE_URL] {
            world.browser.forget_cookies();
            world.provider.forget_requests();
            // The proxy in front of staging takes nothing away here; the application lives at the root.
            let page = world.browser.open(&format!("{base}/auth/login?return_to={}", path_of(base))).await.unwrap();
            assert_eq!(page.url.as_str(), format!("{base}/"));
            let requests = world.provider.requests();
            let sent: Vec<_> = requests.iter().filter_map(|seen| seen.parameter("redirect_uri")).collect();
            assert_eq!(sent, [callback(base), callback(base)], "authorization request and token request");
        }
    }

    async fn a_trusted_proxy_says_which_base_url_was_asked_for(framework) {
        let world = three(framework, |builder| builder.trusted_proxies([HERE])).await;
        assert_eq!(led_to(&world, &[UPSTREAM, ("x-forwarded-host", "staging.example.com")]).await, callback(STAGING));
        assert_eq!(led_to(&world, &[UPSTREAM, ("x-forwarded-host", "localhost:3000")]).await, callback(LOCAL));
        // It says nothing, and hands the browser's own Host on.
        assert_eq!(led_to(&world, &[("host", "staging.example.com")]).await, callback(STAGING));
        assert_eq!(led_to(&world, &[UPSTREAM]).await, "421 Misdirected Request");
    }

    async fn a_trusted_proxy_may_speak_as_rfc_7239_does(framework) {
        let world = three(framework, |builder| {
            builder.trusted_proxies(["127.0.0.0/8"]).forwarded_headers(ForwardedHeaders::Forwarded)
        })
        .await;
        let forwarded = [UPSTREAM, ("forwarded", "for=203.0.113.7;host=staging.example.com;proto=https")];
        assert_eq!(led_to(&world, &forwarded).await, callback(STAGING));
        let quoted = [UPSTREAM, ("forwarded", "for=\"[2001:db8::1]:80\";host=\"localhost:3000\"")];
        assert_eq!(led_to(&world, &quoted).await, callback(LOCAL));
        // The other family comes from outside.
        let both = [("x-forwarded-host", "localhost:3000"), forwarded[1]];
        assert_eq!(led_to(&world, &both).await, callback(STAGING));
        assert_eq!(led_to(&world, &[("x-forwarded-host", "localhost:3000")]).await, callback(BASE_URL));
    }

    async fn a_spoofed_forwarded_host_selects_nothing(framework) {
        let spoofs = [
            ("x-forwarded-host", "staging.example.com"),
            ("forwarded", "host=staging.example.com"),
            ("forwarded", "for=127.0.0.1;host=staging.example.com;proto=https"),
            ("x-original-host", "staging.example.com"),
            ("x-host", "staging.example.com"),
            ("x-forwarded-server", "staging.example.com"),
            ("x-real-ip", "127.0.0.1"),
            ("x-http-host-override", "staging.example.com"),
        ];
        let nobody = three(framework, |builder| builder).await;
        let elsewhere = three(framework, |builder| builder.trusted_proxies(["10.0.0.0/8", "::1"])).await;
        for world in [&nobody, &elsewhere] {
            for spoof in spoofs {
                assert_eq!(led_to(world, &[spoof]).await, callback(BASE_URL), "{spoof:?}");
                // Nor does an address that the request gives itself make it a proxy's.
                let claims = [spoof, ("x-forwarded-for", "10.0.0.1"), UPSTREAM];
                assert_eq!(led_to(world, &claims).await, "421 Misdirected Request", "{spoof:?}");
            }
        }
        // A proxy is believed in one family, and about nothing else.
        let world = three(framework, |builder| builder.trusted_proxies([HERE])).await;
        for spoof in &spoofs[1..] {
            assert_eq!(led_to(&world, &[*spoof]).await, callback(BASE_URL), "{spoof:?}");
        }
    }

    async fn a_forwarded_host_is_selected_from_the_list_and_never_composed(framework) {
        listen_to_errors();
        let world = three(framework, |builder| builder.trusted_proxies([HERE])).await;
        let foreign = format!("{framework:?}-forwarded.evil.example").to_lowercase();
        for host in [
            foreign.as_str(),
            "staging.example.com.",
            "staging.example.com:444",
            "staging.example.com.evil.example",
            "evil.example:443",
            "sub.staging.example.com",
            "localhost",
            "127.0.0.1:3000",
            "[::1]:3000",
        ] {
            assert_eq!(led_to(&world, &[("x-forwarded-host", host)]).await, "421 Misdirected Request", "{host}");
        }
        let log = error_log();
        let line = log.lines().find(|line| line.contains(&foreign)).unwrap();
        assert!(line.contains(BASE_URL) && line.contains(STAGING), "{line}");
    }

    async fn what_stands_left_of_a_trusted_proxys_word_is_an_outsiders(framework) {
        let world = three(framework, |builder| builder.trusted_proxies([HERE, "10.0.0.0/8"])).await;
        let hosts = "localhost:3000, staging.example.com";
        // One trusted hop: the browser sent the first of the two.
        for addresses in ["203.0.113.7", "10.9.9.9, 203.0.113.7", "unknown", "10.1.1.1, garbage"] {
            let headers = [UPSTREAM, ("x-forwarded-for", addresses), ("x-forwarded-host", hosts)];
            assert_eq!(led_to(&world, &headers).await, callback(STAGING), "{addresses}");
        }
        // Two: the outer one wrote the first, and was asked by a stranger.
        let headers = [UPSTREAM, ("x-forwarded-for", "203.0.113.7, 10.0.0.2"), ("x-forwarded-host", hosts)];
        assert_eq!(led_to(&world, &headers).await, callback(LOCAL));
        let headers = [UPSTREAM, ("x-forwarded-for", "203.0.113.7, 10.0.0.2"), ("x-forwarded-host", "staging.example.com")];
        assert_eq!(led_to(&world, &headers).await, callback(STAGING), "the inner one handed it on");

        let world = three(framework, |builder| {
            builder.trusted_proxies([HERE, "10.0.0.0/8"]).forwarded_headers(ForwardedHeaders::Forwarded)
        })
        .await;
        let spoofed = "for=127.0.0.1;host=localhost:3000, for=203.0.113.7;host=staging.example.com";
        // A colon in a host wants quotes.
        assert_eq!(led_to(&world, &[UPSTREAM, ("forwarded", spoofed)]).await, "400 Bad Request");
        let spoofed = spoofed.replace("localhost:3000", "\"localhost:3000\"");
        assert_eq!(led_to(&world, &[UPSTREAM, ("forwarded", &spoofed)]).await, callback(STAGING));
        let two = "for=203.0.113.7;host=\"localhost:3000\", for=10.0.0.2;host=staging.example.com";
        assert_eq!(led_to(&world, &[UPSTREAM, ("forwarded", two)]).await, callback(LOCAL));
    }

    async fn a_forwarded_header_that_cannot_be_read_is_refused_and_the_host_is_not_taken_instead(framework) {
        listen_to_errors();
        let world = three(framework, |builder| builder.trusted_proxies([HERE])).await;
        for bad in [
            ("x-forwarded-host", "staging.example.com/auth"),
            ("x-forwarded-host", "user@staging.example.com"),
            ("x-forwarded-host", "https://staging.example.com"),
            ("x-forwarded-host", "staging example.com"),
            ("x-forwarded-proto", "gopher"),
        ] {
            assert_eq!(led_to(&world, &[bad]).await, "400 Bad Request", "{bad:?}");
        }
        let answer = raw(&world, Method::GET, "/dashboard", &[("x-forwarded-proto", "gopher"), ("accept", "application/json")]).await;
        let problem: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(problem["code"], "forwarded_malformed");
        assert!(error_log().contains("X-Forwarded-Proto cannot be read; the request came from 127.0.0.1"));
    }

    async fn of_one_host_with_tls_and_without_the_forwarded_scheme_selects(framework) {
        let both = |builder: RelyingPartyBuilder| {
            let builder = builder.base_url("http://localhost:80").base_url("https://localhost:443");
            danger::allow_loopback_beside_public(builder.trusted_proxies([HERE]))
        };
        let world = World::with(framework, SessionKind::Cookie, both).await;
        let host = ("x-forwarded-host", "localhost");
        assert_eq!(led_to(&world, &[host, ("x-forwarded-proto", "https")]).await, callback("https://localhost:443"));
        assert_eq!(led_to(&world, &[host, ("x-forwarded-proto", "http")]).await, callback("http://localhost:80"));
    }

    async fn with_one_base_url_a_trusted_proxys_word_changes_nothing(framework) {
        let world = World::with(framework, SessionKind::Cookie, |builder| builder.trusted_proxies([HERE])).await;
        for header in [("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "http"), ("x-forwarded-host", "a b")] {
            assert_eq!(led_to(&world, &[header]).await, at("/auth/callback"), "{header:?}");
        }
    }

    async fn danger_believes_whoever_connects_and_still_composes_nothing(framework) {
        let world = three(framework, danger::trust_any_proxy).await;
        assert_eq!(led_to(&world, &[UPSTREAM, ("x-forwarded-host", "staging.example.com")]).await, callback(STAGING));
        assert_eq!(led_to(&world, &[("x-forwarded-host", "evil.example")]).await, "421 Misdirected Request");
    }
}

/// The base URL's path, where a sign-in that comes from nowhere lands.
fn path_of(base: &str) -> String {
    format!("{}/", url::Url::parse(base).unwrap().path().trim_end_matches('/'))
}

#[tokio::test]
async fn where_nobody_knows_whence_a_request_comes_no_proxy_is_believed_and_the_log_says_so() {
    listen_to_errors();
    let bed = TestBed::new(BASE_URL).unwrap();
    let builder = bed.relying_party().base_url(LOCAL).trusted_proxies([HERE, "::1", "10.0.0.0/8"]);
    let auth = danger::allow_loopback_beside_public(builder).build().unwrap();
    // Its layer was told of no way to find out.
    let address = apps::serve(Framework::Axum, What::Silent, auth).await;
    bed.browser.route(BASE_URL, address).unwrap();
    for _ in 0..2 {
        let request = http::Request::get(at("/auth/login")).header("x-forwarded-host", "localhost:3000");
        let answer = bed.browser.send(request.body(Bytes::new()).unwrap()).await.unwrap();
        assert_eq!(redirect_uri(&answer), at("/auth/callback"));
    }
    assert_eq!(error_log().matches("into_make_service_with_connect_info").count(), 1, "once");
}

#[tokio::test]
async fn an_application_may_say_itself_who_connects_as_behind_a_unix_socket() {
    for (framework, peer) in
        [(Framework::Axum, HERE), (Framework::Actix, HERE), (Framework::Actix, "192.0.2.1")]
    {
        let bed = TestBed::new(BASE_URL).unwrap();
        let builder = bed.relying_party().base_url(LOCAL).trusted_proxies(["127.0.0.0/8"]);
        let auth = danger::allow_loopback_beside_public(builder).build().unwrap();
        let peer: IpAddr = peer.parse().unwrap();
        let address = apps::serve_for(framework, auth, Arc::new(move || Some(peer))).await;
        bed.browser.route(BASE_URL, address).unwrap();
        let request = http::Request::get(at("/auth/login")).header("x-forwarded-host", "localhost:3000");
        let answer = bed.browser.send(request.body(Bytes::new()).unwrap()).await.unwrap();
        let expected = if peer.is_loopback() { callback(LOCAL) } else { at("/auth/callback") };
        assert_eq!(redirect_uri(&answer), expected, "{framework:?} {peer}");
    }
}
