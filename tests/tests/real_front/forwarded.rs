//! TLS that ends in the proxy, and what the proxy says of the address that was asked for.

use bytes::Bytes;
use http::Request;
use landfall::{ForwardedHeaders, RelyingPartyBuilder};
use landfall_testkit::{Client, TestBed};
use landfall_tests::real::Nginx;
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks};

use crate::{by_way_of, pass};

const HOST: &str = "app.example.com";
const SECOND_HOST: &str = "app.example.org";
const SECOND: &str = "https://app.example.org";

async fn two_base_urls(
    framework: Framework,
    change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
) -> World {
    let world = World::with(framework, SessionKind::Memory, |builder| change(builder.base_url(SECOND))).await;
    let client = Client::new(TestBed::CLIENT_ID).secret(TestBed::CLIENT_SECRET);
    let client = [BASE_URL, SECOND].into_iter().fold(client, |client, base| {
        client.redirect_uri(format!("{base}/auth/callback")).post_logout_redirect_uri(format!("{base}/"))
    });
    world.provider.register(client);
    world
}

/// nginx in front of it for both hosts, told to send these headers.
async fn front(world: &World, headers: &str) -> Nginx {
    let nginx = Nginx::start(&[HOST, SECOND_HOST], &pass(world.address, headers)).await;
    for host in [HOST, SECOND_HOST] {
        by_way_of(&nginx, &world.browser, host).await;
    }
    nginx
}

async fn signs_in_under(world: &World, base: &str) {
    world.browser.forget_cookies();
    world.provider.forget_requests();
    let page = world.browser.open(&format!("{base}/dashboard/x?y=1")).await.unwrap();
    assert_eq!(page.url.as_str(), format!("{base}/dashboard/x?y=1"), "{}", page.text());
    assert_eq!(page.text(), "dashboard of ada at /dashboard/x with y=1");
    let requests = world.provider.requests();
    let uris: Vec<_> = requests.iter().filter_map(|seen| seen.parameter("redirect_uri")).collect();
    assert_eq!(uris, [format!("{base}/auth/callback"), format!("{base}/auth/callback")]);
}

/// The status and the redirect URI that a request with these headers gets.
async fn led_to(world: &World, url: &str, headers: &[(&str, &str)]) -> (u16, Option<String>) {
    let mut request = Request::get(url).header("accept", "text/html");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = world.browser.send(request.body(Bytes::new()).unwrap()).await.unwrap();
    let location =
        answer.headers().get("location").map(|value| url::Url::parse(value.to_str().unwrap()).unwrap());
    let uri = location.and_then(|url| {
        url.query_pairs().find(|(name, _)| name == "redirect_uri").map(|(_, uri)| uri.into_owned())
    });
    (answer.status().as_u16(), uri)
}

const OVERWRITTEN: &str =
    "proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;";
const APPENDED: &str = "proxy_set_header X-Forwarded-Host \"$http_x_forwarded_host, $http_host\";
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;";
const RFC_7239: &str =
    "proxy_set_header Forwarded \"for=$remote_addr;host=\\\"$http_host\\\";proto=$scheme\";";

on_both_frameworks! {
    async fn behind_nginx_where_tls_ends_people_sign_in_with_the_cookies_of_production(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        let nginx = Nginx::start(&[HOST], &pass(world.address, "")).await;
        by_way_of(&nginx, &world.browser, HOST).await;
        signs_in_under(&world, BASE_URL).await;
        let cookies = world.browser.cookies_for(BASE_URL).unwrap();
        assert!(cookies.iter().any(|cookie| cookie.name == "__Host-landfall-session"), "{cookies:?}");
        let page = world.browser.post_form(&format!("{BASE_URL}/reports/7"), &[], BASE_URL).await.unwrap();
        assert_eq!((page.status.as_u16(), page.text().as_str()), (200, "report kept"), "{:?}", page.hops);
        let page = world.browser.post_form(&format!("{BASE_URL}/auth/logout"), &[], BASE_URL).await.unwrap();
        let page = if page.text().contains("Sign out") { world.browser.submit(&page, "Sign out", &[]).await.unwrap() } else { page };
        assert_eq!((page.url.as_str(), page.text().as_str()), ("https://app.example.com/", "hello nobody"));
    }

    async fn behind_nginx_the_forwarded_host_selects_the_base_url(framework) {
        let world = two_base_urls(framework, |builder| builder.trusted_proxies(["127.0.0.1"])).await;
        for headers in [OVERWRITTEN, APPENDED] {
            let _nginx = front(&world, headers).await;
            for base in [BASE_URL, SECOND] {
                signs_in_under(&world, base).await;
            }
            // What a browser sends in its place stands in front of nginx's own word, or is gone.
            for spoof in [
                ("x-forwarded-host", HOST),
                ("x-forwarded-host", "evil.example"),
                ("x-forwarded-for", "127.0.0.1"),
                ("forwarded", "host=app.example.com"),
            ] {
                let own = (303, Some(format!("{SECOND}/auth/callback")));
                assert_eq!(led_to(&world, &format!("{SECOND}/dashboard"), &[spoof]).await, own, "{spoof:?}");
            }
        }
    }

    async fn behind_nginx_that_speaks_rfc_7239_the_same(framework) {
        let forwarded = |builder: RelyingPartyBuilder| {
            builder.trusted_proxies(["127.0.0.1"]).forwarded_headers(ForwardedHeaders::Forwarded)
        };
        let world = two_base_urls(framework, forwarded).await;
        let _nginx = front(&world, RFC_7239).await;
        for base in [SECOND, BASE_URL] {
            signs_in_under(&world, base).await;
        }
        for spoof in [("forwarded", "for=127.0.0.1;host=app.example.com"), ("x-forwarded-host", HOST), ("forwarded", "\"")] {
            let own = (303, Some(format!("{SECOND}/auth/callback")));
            assert_eq!(led_to(&world, &format!("{SECOND}/dashboard"), &[spoof]).await, own, "{spoof:?}");
        }
    }

    async fn behind_nginx_that_nobody_trusts_no_base_url_is_chosen(framework) {
        let world = two_base_urls(framework, |builder| builder.trusted_proxies(["10.0.0.0/8"])).await;
        let _nginx = front(&world, OVERWRITTEN).await;
        for spoof in [&[][..], &[("x-forwarded-for", "10.0.0.1")]] {
            assert_eq!(led_to(&world, &format!("{SECOND}/dashboard"), spoof).await, (421, None));
        }
    }
}
