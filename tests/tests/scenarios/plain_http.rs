//! Where there is no TLS: application and provider by plain http beyond loopback, as `danger` names them.

use bytes::Bytes;
use http::{Method, Request, Response};
use landfall::{Identity, RelyingParty, RelyingPartyBuilder, danger};
use landfall_testkit::{Client, Page, TestBed};
use landfall_tests::{Framework, Port, SessionKind, World, everywhere, on_both_frameworks};

use crate::support::{error_log, listen_to_errors, set_cookies};

const SHOP: &str = "http://shop.lan:3000";
const DESK: &str = "http://desk.lan:3000";
const ID: &str = "http://id.lan:9000";

fn named(builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    danger::plain_http_issuer(danger::plain_http_base_url(builder, SHOP), ID)
}

/// Another world, in which nothing has TLS.
async fn plain(world: &World) -> World {
    plain_with(world.framework, world.kind, named).await
}

async fn plain_with(
    framework: Framework,
    kind: SessionKind,
    change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
) -> World {
    let bed = TestBed::with_provider(SHOP, |provider| provider.issuer(ID)).unwrap();
    World::around(bed, framework, kind, change).await
}

async fn open(world: &World, base: &str, path: &str) -> Page {
    world.browser.open(&format!("{base}{path}")).await.unwrap()
}

async fn send(world: &World, method: Method, url: &str, headers: &[(&str, &str)]) -> Response<Bytes> {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.browser.send(request.body(Bytes::new()).unwrap()).await.unwrap()
}

/// The session's cookie at this base URL: its name, and its value.
fn session(world: &World, base: &str) -> (String, String) {
    let cookies = world.browser.cookies_for(base).unwrap();
    let session = cookies.into_iter().find(|cookie| cookie.name.contains("landfall-session")).unwrap();
    (session.name, session.value)
}

everywhere! {
    async fn where_there_is_no_tls_somebody_signs_in_and_out(world) {
        let world = plain(&world).await;
        let page = open(&world, SHOP, "/dashboard/x?y=1").await;
        assert_eq!((page.url.as_str(), page.status.as_u16()), (&*format!("{SHOP}/dashboard/x?y=1"), 200));
        assert_eq!(page.text(), "dashboard of ada at /dashboard/x with y=1");
        assert!(page.hops.iter().any(|hop| hop.url.as_str().starts_with(&format!("{ID}/oauth2/authorize"))));
        assert!(page.hops.iter().all(|hop| !hop.request_headers.contains_key("sec-fetch-site")), "as browsers do");
        let at_shop = page.hops.iter().filter(|hop| hop.url.as_str().starts_with(SHOP));
        let lines: Vec<_> = at_shop.flat_map(|hop| hop.set_cookies()).collect();
        assert!(lines.iter().any(|line| line.starts_with("landfall-session-")), "{lines:?}");
        for line in lines {
            let has = |part: &str| line.to_ascii_lowercase().contains(part);
            assert!(line.starts_with("landfall-") && !has("secure") && !has("domain"), "{line}");
            assert!(has("; httponly") && has("; samesite=lax") && has("; path=/"), "{line}");
        }
        // A form of its own page.
        let posted = world.browser.post_form(&format!("{SHOP}/reports/7"), &[], SHOP).await.unwrap();
        assert_eq!((posted.status.as_u16(), posted.text().as_str()), (200, "report kept"));
        // A link of anybody's asks, and the page that asks is this site's by its Origin.
        let asks = world.browser.follow_link(&format!("{SHOP}/auth/logout"), "http://evil.lan/").await.unwrap();
        assert_eq!(asks.status, 200);
        assert_eq!(open(&world, SHOP, "/").await.text(), "hello ada");
        let mut out = world.browser.submit(&asks, "Sign out", &[]).await.unwrap();
        assert_eq!(out.hops[0].request_headers["origin"], SHOP);
        if out.url.as_str().starts_with(ID) {
            // Without a store there is no ID token to hint with, and the provider asks as well.
            out = world.browser.submit(&out, "Sign out", &[]).await.unwrap();
        }
        assert_eq!((out.url.as_str(), out.text().as_str()), (&*format!("{SHOP}/"), "hello nobody"));
        assert!(world.browser.cookies_for(SHOP).unwrap().is_empty(), "nothing of the sign-in is left");
    }

    async fn where_there_is_no_tls_an_answer_that_is_posted_lands_and_a_form_that_came_too_late_is_sent(world) {
        let change = |builder: RelyingPartyBuilder| named(builder).form_post().keep_posted_forms("/echo");
        let world = plain_with(world.framework, world.kind, change).await;
        let page = world.browser.post_form(&format!("{SHOP}/echo"), &[("text", "one")], SHOP).await.unwrap();
        let posted = page.hops.iter().find(|hop| hop.url.path() == "/auth/callback" && hop.method == Method::POST).unwrap();
        assert_eq!(posted.request_headers["origin"], "null", "the provider's page lets nothing be told of itself");
        assert!(page.text().contains("You are signed in as Ada"), "{}", page.text());
        let sent = world.browser.submit(&page, "Send it now", &[]).await.unwrap();
        assert_eq!((sent.status.as_u16(), sent.text().as_str()), (200, "text=one"));
    }

    async fn where_there_is_no_tls_what_other_pages_send_is_refused_by_its_origin_alone(world) {
        let world = plain(&world).await;
        open(&world, SHOP, "/dashboard").await;
        let (name, value) = session(&world, SHOP);
        let cookie = format!("{name}={value}");
        let handshake = [("connection", "Upgrade"), ("upgrade", "websocket")];
        for origin in [
            "null",
            "http://shop.lan",
            "http://shop.lan:8080",
            "https://shop.lan:3000",
            "https://shop.lan",
            "http://www.shop.lan:3000",
            "http://other.lan:3000",
            "http://shop.lan:3000.evil.example",
            "http://SHOP.lan:3000",
            "http://id.lan:9000",
        ] {
            for (method, path, more) in [
                (Method::POST, "/reports/7", &[][..]),
                (Method::DELETE, "/reports/7", &[]),
                (Method::GET, "/stream", &handshake),
                (Method::POST, "/auth/logout", &[]),
                (Method::GET, "/auth/session", &[]),
            ] {
                let headers = [&[("cookie", cookie.as_str()), ("origin", origin)], more].concat();
                let answer = send(&world, method.clone(), &format!("{SHOP}{path}"), &headers).await;
                assert_eq!(answer.status(), 403, "{method} {path} from {origin}");
            }
        }
        // Another service on that host is the same site: its form brings the cookie along.
        let neighbour = "http://shop.lan:8080/";
        for path in ["/reports/7", "/auth/logout"] {
            let page = world.browser.post_form(&format!("{SHOP}{path}"), &[], neighbour).await.unwrap();
            assert!(page.hops[0].request_headers["cookie"].to_str().unwrap().contains(&cookie));
            assert_eq!(page.status, 403, "{path}");
        }
        // A page of TLS tells no origin to where there is none.
        let page = world.browser.post_form(&format!("{SHOP}/auth/logout"), &[], "https://shop.lan/").await.unwrap();
        assert_eq!((page.hops[0].request_headers["origin"].to_str().unwrap(), page.status.as_u16()), ("null", 403));
        assert_eq!(open(&world, SHOP, "/").await.text(), "hello ada");
    }

    async fn a_session_that_began_under_one_plain_base_url_is_nobodys_under_another(world) {
        let two = |builder| danger::plain_http_base_url(named(builder), DESK);
        let world = plain_with(world.framework, world.kind, two).await;
        let client = Client::new(TestBed::CLIENT_ID).secret(TestBed::CLIENT_SECRET);
        world.provider.register(client.redirect_uri(format!("{SHOP}/auth/callback")).redirect_uri(format!("{DESK}/auth/callback")));
        world.browser.route(DESK, world.address).unwrap();
        for base in [SHOP, DESK] {
            let page = open(&world, base, "/dashboard").await;
            assert_eq!((page.url.as_str(), page.status.as_u16()), (&*format!("{base}/dashboard"), 200));
        }
        let ((at_shop, shops), (at_desk, desks)) = (session(&world, SHOP), session(&world, DESK));
        let greeting = async |base: &str, name: &str, value: &str| {
            let cookie = format!("{name}={value}");
            let answer = send(&world, Method::GET, &format!("{base}/"), &[("cookie", &cookie)]).await;
            String::from_utf8(answer.into_body().to_vec()).unwrap()
        };
        assert_ne!(at_shop, at_desk);
        let calls = world.engine.calls();
        for name in [&at_shop, &at_desk] {
            assert_eq!(greeting(DESK, name, &shops).await, "hello nobody");
            assert_eq!(greeting(SHOP, name, &desks).await, "hello nobody");
        }
        assert_eq!(world.engine.calls(), calls, "nothing was asked of the store");
        assert_eq!(greeting(SHOP, &at_shop, &shops).await, "hello ada");
        assert_eq!(greeting(DESK, &at_desk, &desks).await, "hello ada");
    }

    async fn an_application_with_tls_takes_no_cookie_of_the_one_without(world) {
        const SECURE: [&str; 2] = ["https://shop.lan", "https://shop.lan:3000"];
        let world = plain(&world).await;
        open(&world, SHOP, "/dashboard").await;
        let (name, value) = session(&world, SHOP);
        for base in SECURE {
            // With the same keys, name and store: the same application, once it has a certificate.
            let builder = RelyingParty::builder(ID)
                .client(TestBed::CLIENT_ID, TestBed::CLIENT_SECRET)
                .base_url(base)
                .cookie_keys(world.keys.clone())
                .http_client(world.provider.http_client())
                .clock(world.bed().clock());
            let builder = match world.engine.store() {
                Some(store) => builder.store(store),
                None => builder,
            };
            let auth = danger::plain_http_issuer(builder, ID).build().unwrap();
            let line = auth.sessions().create(Identity::new(ID, "grace")).await.unwrap();
            world.browser.route(base, Port::bind().serve(world.framework, auth)).unwrap();
            let greets = async |cookie: &str| {
                let answer = send(&world, Method::GET, &format!("{base}/"), &[("cookie", cookie)]).await;
                assert!(set_cookies(answer.headers()).is_empty());
                String::from_utf8(answer.into_body().to_vec()).unwrap()
            };
            let (own, rest) = line.split_once('=').unwrap();
            assert!(own.starts_with("__Host-") && rest.contains("; Secure"), "{line}");
            let graces = rest.split(';').next().unwrap();
            // What whoever is on the way has read, or planted.
            for cookie in [format!("{name}={value}"), format!("{own}={value}"), format!("{name}={graces}")] {
                assert_eq!(greets(&cookie).await, "hello nobody", "{cookie}");
            }
            assert_eq!(greets(&format!("{name}={value}; {own}={graces}")).await, "hello grace");
            // A browser sends them by itself, as they are not Secure.
            assert_eq!(open(&world, base, "/").await.text(), "hello nobody");
            let sent = world.browser.current().unwrap().hops[0].request_headers["cookie"].clone();
            assert!(sent.to_str().unwrap().contains(&name));
        }
        assert_eq!(open(&world, SHOP, "/").await.text(), "hello ada");
    }
}

on_both_frameworks! {
    async fn an_application_or_a_provider_without_tls_is_refused_unless_it_is_named_and_is_told_at_each_start(framework) {
        listen_to_errors();
        let world = World::new(framework, SessionKind::Memory).await;
        let host = |what: &str| format!("http://{what}.{framework:?}.lan:3000").to_lowercase();
        let (shop, id) = (host("shop"), host("id"));
        let told = |address: &str, by: &str| {
            let log = error_log();
            let told = |line: &&str| line.contains("WARN") && line.contains(address) && line.contains(by);
            log.lines().filter(told).count()
        };
        let (base_url, issuer) = ("danger::plain_http_base_url", "danger::plain_http_issuer");
        let builder = |id: &str| {
            let builder = RelyingParty::builder(id).client("app", "secret").cookie_keys(world.keys.clone());
            builder.http_client(world.provider.http_client())
        };
        let refused = builder(&id).base_url(&shop).build().unwrap_err();
        assert!(refused.setting == "issuer" && refused.remedy.contains(issuer), "{refused}");
        let refused = danger::plain_http_issuer(builder(&id), &id).base_url(&shop).build().unwrap_err();
        assert!(refused.setting == "base_url" && refused.remedy.contains(base_url), "{refused}");
        assert_eq!(told(&shop, base_url), 0);
        let before = told(&id, issuer);
        for start in 1..=2 {
            let named = danger::plain_http_issuer(danger::plain_http_base_url(builder(&id), &shop), &id);
            let debug = format!("{named:?}");
            assert!(debug.contains(&format!("plain_base_urls: [\"{shop}\"]")), "{debug}");
            assert!(debug.contains(&format!("plain_issuer: Some(\"{id}\")")), "{debug}");
            named.build().unwrap();
            assert_eq!((told(&shop, base_url), told(&id, issuer)), (start, before + start));
        }
    }
}
