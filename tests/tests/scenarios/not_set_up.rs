//! An application that is run without a provider: nobody is there, and nothing that needs somebody is open.

use bytes::Bytes;
use http::{Request, Response};
use landfall_testkit::Browser;
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks};

use crate::small_app::{self, NEED_SOMEBODY};
use crate::support::{SESSION, at, error_log, listen_to_errors, session_value, set_cookies};

/// A browser that reaches the small application, to which no relying party was given.
async fn without_provider(framework: Framework) -> Browser {
    listen_to_errors();
    let browser = Browser::new();
    browser.route(BASE_URL, small_app::serve(framework, None).await).unwrap();
    browser
}

async fn ask(browser: &Browser, method: &str, path: &str, headers: &[(&str, &str)]) -> Response<Bytes> {
    let request = Request::builder().method(method).uri(at(path));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    browser.send(request.body(Bytes::new()).unwrap()).await.unwrap()
}

fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

on_both_frameworks! {
    async fn where_sign_in_is_not_set_up_nothing_that_needs_somebody_is_open(framework) {
        // Somebody was signed in while it was.
        let world = World::new(framework, SessionKind::Cookie).await;
        world.open("/dashboard").await;
        let session = format!("{SESSION}={}", session_value(&world.browser).unwrap());
        let browser = without_provider(framework).await;
        for path in NEED_SOMEBODY {
            for method in ["GET", "POST", "DELETE", "OPTIONS", "PROPFIND"] {
                for headers in [
                    &[][..],
                    &[("accept", "text/html"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
                    &[("hx-request", "true")],
                    &[("cookie", &session)],
                    &[("authorization", "Bearer x"), ("x-http-method-override", "GET")],
                    &[("host", "10.1.2.3:8080")],
                ] {
                    let answer = ask(&browser, method, path, headers).await;
                    assert_eq!(answer.status(), 503, "{method} {path} {headers:?}");
                    assert!(text(&answer).contains("sign-in is not set up"), "{method} {path}: {}", text(&answer));
                    assert!(set_cookies(answer.headers()).is_empty() && !answer.headers().contains_key("location"));
                    assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
                }
            }
            let answer = ask(&browser, "HEAD", path, &[]).await;
            assert_eq!((answer.status().as_u16(), text(&answer)), (503, ""), "{path}");
        }
        let problem: serde_json::Value = serde_json::from_slice(ask(&browser, "GET", "/mine", &[]).await.body()).unwrap();
        assert_eq!((&problem["code"], &problem["status"]), (&"not_set_up".into(), &503.into()));
        let page = ask(&browser, "GET", "/mine", &[("accept", "text/html")]).await;
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    }

    async fn where_sign_in_is_not_set_up_every_visit_is_nobodys_and_every_path_the_applications(framework) {
        let browser = without_provider(framework).await;
        for (path, answer) in [("/who", "hello nobody"), ("/public", "hello nobody"), ("/health", "fine"), ("/feed", "None nowhere/feed.xml")] {
            for host in ["app.example.com", "10.1.2.3"] {
                let page = ask(&browser, "GET", path, &[("host", host), ("accept", "text/html")]).await;
                assert_eq!((page.status().as_u16(), text(&page)), (200, answer), "{path} {host}");
                assert!(set_cookies(page.headers()).is_empty());
            }
        }
        for path in ["/auth/login", "/auth/callback?code=x&state=y", "/auth/logout", "/auth/session", "/no/such", "/apis"] {
            assert_eq!(ask(&browser, "GET", path, &[]).await.status(), 404, "{path}");
        }
    }

    async fn that_sign_in_is_not_set_up_is_told_once_a_minute_at_most(framework) {
        let browser = without_provider(framework).await;
        let told = || error_log().lines().filter(|line| line.contains("not_set_up")).count();
        let before = told();
        for _ in 0..20 {
            for path in NEED_SOMEBODY {
                ask(&browser, "GET", path, &[]).await;
            }
        }
        // The log is everybody's, and so is the minute.
        assert!(told() > 0 && told() <= before + 2, "{before} {}", told());
        let log = error_log();
        let line = log.lines().find(|line| line.contains("not_set_up")).unwrap();
        assert!(line.contains("WARN") && line.contains("sign-in is not set up"), "{line}");
    }

    async fn an_optional_relying_party_that_is_there_signs_people_in(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        world.browser.route(BASE_URL, small_app::serve(framework, Some(world.auth.clone())).await).unwrap();
        for path in ["/mine", "/guarded", "/claims"] {
            let page = world.open(path).await;
            assert_eq!((page.status.as_u16(), page.url.as_str()), (200, at(path).as_str()));
        }
    }
}
