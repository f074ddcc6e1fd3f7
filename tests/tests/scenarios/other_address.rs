//! An application that is opened under almost its own address: what is said of it, and to whom.

use bytes::Bytes;
use http::{Method, Request};
use landfall::RelyingPartyBuilder;
use landfall_testkit::{Page, TestBed};
use landfall_tests::{Framework, SessionKind, World, on_both_frameworks};

use crate::support::{error_log, link, listen_to_errors, raw};

/// A world on loopback. The log is everybody's: each test has a port of its own.
async fn local(
    framework: Framework,
    port: u16,
    change: impl FnOnce(RelyingPartyBuilder, u16) -> RelyingPartyBuilder,
) -> (World, u16) {
    listen_to_errors();
    let port = port + u16::from(framework == Framework::Actix);
    let bed = TestBed::new(&format!("http://localhost:{port}")).unwrap();
    let world = World::around(bed, framework, SessionKind::Cookie, |builder| change(builder, port)).await;
    for host in ["127.0.0.1", "[::1]"] {
        world.browser.route(&format!("http://{host}:{port}"), world.address).unwrap();
    }
    (world, port)
}

async fn open(world: &World, url: &str) -> Page {
    world.browser.open(url).await.unwrap()
}

fn logged(marks: &[&str]) -> usize {
    error_log().lines().filter(|line| marks.iter().all(|mark| line.contains(mark))).count()
}

on_both_frameworks! {
    async fn a_sign_in_from_127_0_0_1_is_told_why_its_cookie_does_not_come_back_to_localhost(framework) {
        let (world, port) = local(framework, 3100, |builder, _| builder).await;
        let (opened, base) = (format!("http://127.0.0.1:{port}"), format!("http://localhost:{port}"));
        for _ in 0..2 {
            let page = open(&world, &format!("{opened}/dashboard/x?y=1")).await;
            assert_eq!((page.status.as_u16(), page.url.host_str()), (400, Some("localhost")));
            assert!(page.text().contains(&format!("You opened {opened}, but this application is at {base}.")), "{}", page.text());
            let landed = open(&world, &link(&page)).await;
            assert_eq!(landed.url.as_str(), format!("{base}/dashboard/x?y=1"));
            world.browser.forget_cookies();
        }
        let start = ["a sign-in starts under another address", opened.as_str(), base.as_str(), "different hosts to a browser"];
        assert_eq!(logged(&start), 1, "once, however often");
        assert_eq!(logged(&["WARN", "attempt_cookie_missing", opened.as_str(), base.as_str()]), 0, "a visitor's failure is no warning");
    }

    async fn a_cookie_that_is_lost_for_another_reason_is_not_blamed_on_the_address(framework) {
        // A proxy that puts a name of its own in place of the browser's, all the way.
        let (world, port) = local(framework, 3110, |builder, _| builder).await;
        let base = format!("http://localhost:{port}");
        let through = async |url: &str| {
            let request = Request::get(url).header("host", "127.0.0.1:9").header("accept", "text/html");
            world.browser.send(request.body(Bytes::new()).unwrap()).await.unwrap()
        };
        let start = through(&format!("{base}/dashboard")).await;
        let authorize = start.headers()["location"].to_str().unwrap();
        let callback = world.browser.open_without_following(authorize).await.unwrap().location().unwrap().to_string();
        let page = through(&callback).await;
        let page = String::from_utf8(page.into_body().to_vec()).unwrap();
        assert!(page.contains("did not bring back") && !page.contains("You opened"), "{page}");
    }

    async fn of_several_base_urls_on_loopback_the_page_leads_to_the_one_that_was_meant(framework) {
        let two = |builder: RelyingPartyBuilder, port| builder.base_url(format!("http://localhost:{}", port + 1000));
        let (world, port) = local(framework, 3120, two).await;
        let second = format!("http://localhost:{}", port + 1000);
        world.browser.route(&second, world.address).unwrap();
        for (host, base) in [
            (format!("127.0.0.1:{port}"), format!("http://localhost:{port}")),
            (format!("127.0.0.1:{}", port + 1000), second.clone()),
            (format!("localhost.:{port}"), format!("http://localhost:{port}")),
            ("localhost".to_owned(), format!("http://localhost:{port}")),
            ("my-machine.local:80".to_owned(), format!("http://localhost:{port}")),
        ] {
            let request = Request::get(format!("{second}/dashboard/x?y=%22%3E%3Cb%3E&z=1")).header("accept", "text/html");
            let answer = world.browser.send(request.header("host", &host).body(Bytes::new()).unwrap()).await.unwrap();
            assert_eq!(answer.status(), 421, "{host}");
            let page = String::from_utf8(answer.into_body().to_vec()).unwrap();
            assert!(page.contains(&format!("You opened http://{}", host.trim_end_matches(":80"))), "{host}: {page}");
            assert!(page.contains(&format!("href=\"{base}/dashboard/x?y=%22%3E%3Cb%3E&amp;z=1\"")), "{host}: {page}");
        }
        // Nothing that a request brings becomes markup, and an endpoint of ours is no page to go to.
        let hostile = Request::get(format!("{second}/auth/callback?code=x")).header("host", format!("127.0.0.1:{port}"));
        let answer = world.browser.send(hostile.header("accept", "text/html").body(Bytes::new()).unwrap()).await.unwrap();
        let page = String::from_utf8(answer.into_body().to_vec()).unwrap();
        assert!(page.contains(&format!("href=\"http://localhost:{port}/\"")), "{page}");
        assert!(logged(&["wrong_host", &format!("127.0.0.1:{port}"), "different hosts to a browser"]) > 0);
    }

    async fn beyond_loopback_the_log_explains_and_the_page_tells_nothing(framework) {
        listen_to_errors();
        let name = format!("{framework:?}-else.example.com").to_lowercase();
        let more = |builder: RelyingPartyBuilder| builder.base_url(format!("https://{name}")).trusted_proxies(["127.0.0.1"]);
        let world = World::with(framework, SessionKind::Cookie, more).await;
        for (host, why) in [(format!("{name}."), "the dot behind the host"), (format!("{name}:8443"), "the port differs or is missing")] {
            let answer = raw(&world, Method::GET, "/dashboard", &[("host", &host), ("accept", "text/html")]).await;
            assert_eq!(answer.status(), 421, "{host}");
            let page = String::from_utf8(answer.into_body().to_vec()).unwrap();
            assert!(!page.contains("example.com") && !page.contains("href"), "{page}");
            assert_eq!(logged(&["wrong_host", &host, why]), 1, "{host}");
        }
        let http = [("host", name.as_str()), ("accept", "text/html"), ("x-forwarded-proto", "http")];
        for _ in 0..2 {
            assert_eq!(raw(&world, Method::GET, "/dashboard", &http).await.status(), 303);
        }
        assert_eq!(logged(&[&format!("http://{name}"), "keeps no Secure cookie"]), 1);
    }

    async fn beyond_loopback_the_page_says_nothing_of_the_address_that_a_sign_in_was_started_under(framework) {
        let world = World::with(framework, SessionKind::Cookie, |builder| builder).await;
        let start = raw(&world, Method::GET, "/dashboard", &[("host", "inside.example.net"), ("accept", "text/html")]).await;
        let authorize = start.headers()["location"].to_str().unwrap();
        let callback = world.browser.open_without_following(authorize).await.unwrap().location().unwrap();
        let page = world.browser.open(callback.as_str()).await.unwrap();
        assert_eq!(page.status, 400);
        assert!(page.text().contains("did not bring back"), "{}", page.text());
        assert!(!page.text().contains("example"), "{}", page.text());
    }

    async fn a_page_in_front_of_the_application_is_in_its_right_place(framework) {
        let page = |port: u16| format!("http://localhost:{}", port + 500);
        let (world, port) = local(framework, 3140, |builder, port| builder.spa_callback(format!("{}/callback", page(port)))).await;
        let (base, another) = (port, port + 510);
        for (port, told) in [(port + 500, 0), (another, 1)] {
            let host = format!("localhost:{port}");
            let request = Request::get(format!("http://localhost:{base}/dashboard")).header("host", &host).header("accept", "text/html");
            assert_eq!(world.browser.send(request.body(Bytes::new()).unwrap()).await.unwrap().status(), 303);
            assert_eq!(logged(&["a sign-in starts under another address", &host]), told, "{host}");
        }
    }

    async fn a_page_that_comes_by_https_where_the_base_url_says_http_is_told_in_the_log(framework) {
        let (world, port) = local(framework, 3130, |builder, _| builder).await;
        let opened = format!("https://localhost:{port}");
        let headers = [("accept", "text/html"), ("host", opened.strip_prefix("https://").unwrap()), ("referer", &format!("{opened}/"))];
        let request = headers.iter().fold(Request::get(format!("http://localhost:{port}/dashboard")), |request, (name, value)| request.header(*name, *value));
        let answer = world.browser.send(request.body(Bytes::new()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 303);
        assert_eq!(logged(&["a sign-in starts under another address", &opened, "write https there"]), 1);
    }
}
