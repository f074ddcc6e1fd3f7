//! A single-page application in front of its backend: its own callback route, the exchange, and who is there.

use std::time::Duration;

use http::{Method, StatusCode};
use landfall::Clock as _;
use landfall_testkit::{Page, TestBed};
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks};
use serde_json::{Value, json};

use crate::support::{SESSION, at, client, link, raw, set_cookies};

/// The application's route, on the backend's own origin and on a sibling's.
const CALLBACK: &str = "https://app.example.com/callback";
const SIBLING: &str = "https://spa.example.com";
const SIBLING_CALLBACK: &str = "https://spa.example.com/callback";
const KINDS: [SessionKind; 3] = [SessionKind::Cookie, SessionKind::Memory, SessionKind::Sqlite];
const CSRF: [(&str, &str); 2] = [("content-type", "application/json"), ("x-csrf", "1")];

async fn world(framework: Framework, kind: SessionKind) -> World {
    let bed = TestBed::new(BASE_URL).unwrap();
    bed.provider.change_client(TestBed::CLIENT_ID, |_| client(&[CALLBACK, SIBLING_CALLBACK]));
    World::around(bed, framework, kind, |builder| {
        builder.spa_callback(CALLBACK).spa_callback(SIBLING_CALLBACK)
    })
    .await
}

/// Goes to the provider and back to the page's route; gives the query that the page finds in its address.
pub(crate) async fn answer(world: &World, return_to: &str, redirect_uri: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", return_to)
        .append_pair("redirect_uri", redirect_uri)
        .finish();
    let mut next = at(&format!("/auth/login?{query}"));
    for _ in 0..5 {
        let page = world.browser.open_without_following(&next).await.unwrap();
        next = page.location().expect("a redirect").to_string();
        if let Some(query) = next.strip_prefix(redirect_uri) {
            return query.to_owned();
        }
    }
    panic!("no answer came: {next}");
}

/// What the page's script posts.
pub(crate) async fn exchange(world: &World, answer: &str, origin: &str) -> Page {
    let body = json!({ "response": answer }).to_string();
    world.browser.fetch(Method::POST, &at("/auth/exchange"), &CSRF, body, origin).await.unwrap()
}

async fn session(world: &World, origin: &str) -> Value {
    let page = world.browser.fetch(Method::GET, &at("/auth/session"), &[], "", origin).await.unwrap();
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(page.header("cache-control"), Some("no-store"));
    read(&page)
}

/// Where a page's next try begins: it comes back to the page as well.
fn login_url(return_to: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    format!(
        "/auth/login?{}",
        query.append_pair("return_to", return_to).append_pair("redirect_uri", CALLBACK).finish()
    )
}

fn read(page: &Page) -> Value {
    serde_json::from_slice(&page.body).unwrap_or_else(|_| panic!("no JSON: {}", page.text()))
}

on_both_frameworks! {
    async fn a_sign_in_through_a_route_of_the_page_lands_where_it_began_fragment_and_all(framework) {
        for kind in KINDS {
            for (redirect_uri, origin) in [(CALLBACK, BASE_URL), (SIBLING_CALLBACK, SIBLING)] {
                let world = world(framework, kind).await;
                assert_eq!(session(&world, origin).await, json!({ "signed_in": false, "login_url": "/auth/login" }));
                let answer = answer(&world, "/reports?tab=2&q=%26#top", redirect_uri).await;
                let page = exchange(&world, &answer, origin).await;
                assert_eq!((page.status.as_u16(), read(&page)), (200, json!({ "return_to": "/reports?tab=2&q=%26#top" })));
                let there = session(&world, origin).await;
                assert_eq!((&there["signed_in"], &there["subject"], &there["logout_url"]), (&json!(true), &json!("ada"), &json!("/auth/logout")));
                assert!(there["expires_at"].as_u64() >= there["idle_expires_at"].as_u64());
                assert_eq!(world.token_calls(), 1);
            }
        }
    }

    async fn the_redirect_uri_is_the_same_literal_in_both_requests(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let answer = answer(&world, "/", SIBLING_CALLBACK).await;
        exchange(&world, &answer, SIBLING).await;
        let said: Vec<_> = world.provider.requests().iter().filter_map(|seen| seen.parameter("redirect_uri")).collect();
        assert_eq!(said, [SIBLING_CALLBACK, SIBLING_CALLBACK]);
    }

    async fn no_token_is_in_anything_that_the_page_is_told(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let answer = answer(&world, "/", CALLBACK).await;
        let told = exchange(&world, &answer, BASE_URL).await.text() + &session(&world, BASE_URL).await.to_string();
        for word in ["token", "eyJ", "code", "state"] {
            assert!(!told.contains(word), "{word} in {told}");
        }
    }

    async fn the_same_answer_twice_leads_to_the_page_and_another_code_does_not(framework) {
        for kind in KINDS {
            let world = world(framework, kind).await;
            let answer = answer(&world, "/x", CALLBACK).await;
            for _ in 0..3 {
                let page = exchange(&world, &answer, BASE_URL).await;
                assert_eq!(read(&page), json!({ "return_to": "/x" }));
            }
            assert_eq!(world.token_calls(), 1);
            let other = answer.replace("code=", "code=x");
            let page = exchange(&world, &other, BASE_URL).await;
            assert_eq!((page.status.as_u16(), &read(&page)["login_url"]), (400, &json!(login_url("/x"))));
        }
    }

    async fn an_answer_whose_session_is_gone_sends_the_page_on_one_more_trip(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let answer = answer(&world, "/x", SIBLING_CALLBACK).await;
        exchange(&world, &answer, SIBLING).await;
        world.browser.forget_cookie(SESSION);
        world.wait(Duration::from_secs(120));
        let page = exchange(&world, &answer, SIBLING).await;
        let location = read(&page)["location"].as_str().expect("a trip").to_owned();
        assert!(location.starts_with("https://op.example/oauth2/authorize?"), "{location}");
        assert!(location.contains("redirect_uri=https%3A%2F%2Fspa.example.com%2Fcallback"), "{location}");
    }

    async fn a_sign_in_that_was_cancelled_is_told_with_a_way_back(framework) {
        for kind in KINDS {
            let world = world(framework, kind).await;
            let answer = answer(&world, "/x", CALLBACK).await;
            let state = answer.split('&').find(|part| part.contains("state=")).unwrap().trim_start_matches('?').to_owned();
            let page = exchange(&world, &format!("?error=access_denied&{state}&iss=https%3A%2F%2Fop.example"), BASE_URL).await;
            let problem = read(&page);
            assert_eq!((page.status.as_u16(), &problem["code"]), (403, &json!("sign_in_declined")));
            assert_eq!(problem["login_url"], json!(login_url("/x")));
            assert_eq!(problem["reference"].as_str().map(str::len), Some(8));
            assert_eq!(page.header("content-type"), Some("application/problem+json"));
        }
    }

    async fn a_sign_in_that_cannot_start_offers_another_that_comes_back_to_the_page(framework) {
        for kind in KINDS {
            let world = world(framework, kind).await;
            world.provider.set_down(true);
            let page = world.open_once(&login_url("/reports#top")).await;
            assert_eq!(page.status, 503);
            world.provider.set_down(false);
            world.wait(Duration::from_secs(60));
            assert_eq!(link(&page), at(&login_url("/reports#top")));
        }
    }

    async fn a_login_form_of_the_page_names_its_route_too(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let fields = [("return_to", "/x"), ("redirect_uri", CALLBACK)];
        let page = world.browser.post_form(&at("/auth/login"), &fields, BASE_URL).await.unwrap();
        assert!(page.url.as_str().starts_with(CALLBACK), "{}", page.url);
    }

    async fn signing_out_leads_back_to_the_page_that_asked(framework) {
        for kind in KINDS {
            for (from, said, lands) in [
                (BASE_URL, "/bye?x=1", at("/bye?x=1")),
                (SIBLING, "/bye?x=1", format!("{SIBLING}/bye?x=1")),
                (SIBLING, "", format!("{SIBLING}/")),
                (SIBLING, "//evil.example", format!("{SIBLING}/")),
                (SIBLING, "https://evil.example", format!("{SIBLING}/")),
                (SIBLING, ".evil.example", format!("{SIBLING}/")),
                (SIBLING, "@evil.example", format!("{SIBLING}/")),
            ] {
                let world = world(framework, kind).await;
                world.browser.route(SIBLING, world.address).unwrap();
                world.open("/dashboard").await;
                let mut page = world.browser.post_form(&at("/auth/logout"), &[("return_to", said)], from).await.unwrap();
                if kind == SessionKind::Cookie {
                    // Without an ID token the provider asks.
                    page = world.browser.submit(&page, "Sign out", &[]).await.unwrap();
                }
                assert_eq!(page.url.as_str(), lands, "{said}");
                assert_eq!(session(&world, BASE_URL).await["signed_in"], json!(false));
                assert!(world.provider.calls("/oauth2/logout") > 0);
            }
        }
    }

    async fn one_environments_page_does_not_act_in_another(framework) {
        const STAGING: &str = "https://staging.example.com";
        let bed = TestBed::new(BASE_URL).unwrap();
        let world = World::around(bed, framework, SessionKind::Memory, |builder| {
            let builder = builder.base_url(STAGING).spa_callback("https://staging.example.com/callback");
            builder.spa_callback(CALLBACK).spa_callback(SIBLING_CALLBACK)
        })
        .await;
        world.open("/dashboard").await;
        for (origin, status) in [(STAGING, 403), (SIBLING, 200), (BASE_URL, 200)] {
            let page = world.browser.fetch(Method::GET, &at("/auth/session"), &[], "", origin).await.unwrap();
            assert_eq!(page.status, status, "{origin}");
            assert_eq!(page.header("access-control-allow-origin").is_some(), origin == SIBLING);
            let page = world.browser.fetch(Method::POST, &at("/echo"), &[], "x", origin).await.unwrap();
            assert_eq!(page.status, status, "{origin}");
        }
    }

    async fn asking_who_is_there_does_not_let_a_session_live_on(framework) {
        for kind in KINDS {
            let world = world(framework, kind).await;
            world.open("/dashboard").await;
            let idle = session(&world, BASE_URL).await["idle_expires_at"].as_u64().unwrap();
            let left = idle - world.clock.now().secs();
            for _ in 0..4 {
                world.wait(Duration::from_secs(left / 4 - 1));
                // The second time it is still in memory.
                for _ in 0..2 {
                    assert_eq!(session(&world, BASE_URL).await["idle_expires_at"].as_u64(), Some(idle));
                }
            }
            world.wait(Duration::from_secs(10));
            assert_eq!(session(&world, BASE_URL).await["signed_in"], json!(false));
        }
    }

    async fn an_answer_for_the_backends_own_callback_is_not_for_a_page(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let own = world.callback_for("/dashboard").await;
        let page = exchange(&world, own.split_once('?').unwrap().1, BASE_URL).await;
        assert_eq!((page.status.as_u16(), world.token_calls()), (400, 0));
        // And a page's is not for the callback.
        let answer = answer(&world, "/", CALLBACK).await;
        let page = world.browser.open_without_following(&at(&format!("/auth/callback{answer}"))).await.unwrap();
        assert_eq!((page.status.as_u16(), world.token_calls()), (400, 0));
    }

    async fn an_answer_is_taken_from_a_page_of_its_own_origin_alone(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let answer = answer(&world, "/", SIBLING_CALLBACK).await;
        let page = exchange(&world, &answer, BASE_URL).await;
        assert_eq!((page.status.as_u16(), world.token_calls()), (400, 0));
    }

    async fn login_csrf_by_the_exchange_is_refused_from_everywhere_else(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let answer = answer(&world, "/", CALLBACK).await;
        let body = json!({ "response": answer }).to_string();
        let post = async |headers: &[(&str, &str)], origin: &str| {
            world.browser.fetch(Method::POST, &at("/auth/exchange"), headers, body.clone(), origin).await.unwrap()
        };
        for origin in ["https://evil.example", "https://sibling.example.com", "http://app.example.com"] {
            let page = post(&CSRF, origin).await;
            assert_eq!((page.status.as_u16(), page.header("access-control-allow-origin")), (403, None), "{origin}");
        }
        assert_eq!(post(&CSRF[..1], BASE_URL).await.status, 403, "without the header");
        assert_eq!(post(&CSRF[1..], BASE_URL).await.status, 415, "no JSON");
        let form = [("content-type", "application/x-www-form-urlencoded"), ("x-csrf", "1")];
        assert_eq!(post(&form, BASE_URL).await.status, 415, "a form");
        let headers = [("content-type", "application/json"), ("x-csrf", "1")];
        assert_eq!(raw(&world, Method::POST, "/auth/exchange", &headers).await.status(), 403, "without Origin");
        assert_eq!(world.token_calls(), 0);
        assert_eq!(exchange(&world, &answer, BASE_URL).await.status, 200);
    }

    async fn a_body_that_is_none_is_refused_and_the_sign_in_stays_good(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let answer = answer(&world, "/", CALLBACK).await;
        let long = "x".repeat(40_000);
        for (body, status) in [
            ("", 400),
            ("{", 400),
            ("{}", 400),
            ("{\"response\":1}", 400),
            ("{\"response\":\"\"}", 400),
            ("[\"response\"]", 400),
            (&long, 413),
        ] {
            let page = world.browser.fetch(Method::POST, &at("/auth/exchange"), &CSRF, body.to_owned(), BASE_URL).await.unwrap();
            assert_eq!(page.status, status, "{body:.40}");
            assert!(set_cookies(&page.headers).is_empty());
        }
        assert_eq!(exchange(&world, &answer, BASE_URL).await.status, 200);
    }

    async fn other_origins_hear_nothing_and_get_no_leave(framework) {
        let world = world(framework, SessionKind::Memory).await;
        world.open("/dashboard").await;
        for path in ["/auth/session", "/auth/exchange"] {
            for origin in ["https://evil.example", "https://sibling.example.com", "null", "https://spa.example.com.evil.example"] {
                let preflight = [("origin", origin), ("access-control-request-method", "POST")];
                let answer = raw(&world, Method::OPTIONS, path, &preflight).await;
                assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{origin}");
                assert!(!answer.headers().contains_key("access-control-allow-origin"));
            }
            let preflight = [("origin", SIBLING), ("access-control-request-method", "POST")];
            let answer = raw(&world, Method::OPTIONS, path, &preflight).await;
            assert_eq!(answer.status(), StatusCode::NO_CONTENT);
            assert_eq!(answer.headers()["access-control-allow-origin"], SIBLING);
            assert_eq!(answer.headers()["access-control-allow-credentials"], "true");
            assert_eq!(answer.headers()["vary"], "origin");
        }
        let page = world.browser.fetch(Method::GET, &at("/auth/session"), &[], "", "https://sibling.example.com").await.unwrap();
        assert_eq!(page.status, 403, "{}", page.text());
    }

    async fn a_page_beside_the_backend_may_read_that_it_has_to_sign_in_and_other_origins_may_not(framework) {
        let world = world(framework, SessionKind::Memory).await;
        for path in ["/me", "/reports/7"] {
            for (origin, leave) in [(SIBLING, Some(SIBLING)), (BASE_URL, None), ("https://evil.example", None)] {
                let headers = [("origin", origin), ("accept", "application/json")];
                let answer = raw(&world, Method::GET, path, &headers).await;
                assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
                let told = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap());
                assert_eq!(told("access-control-allow-origin"), leave, "{path} {origin}");
                assert_eq!(told("access-control-allow-credentials").is_some(), leave.is_some());
            }
        }
    }

    async fn a_redirect_uri_that_a_stranger_worded_starts_nothing(framework) {
        let world = world(framework, SessionKind::Memory).await;
        for uri in ["https://evil.example/callback", "https://app.example.com/callback/", "/callback", "https://app.example.com/auth/callback"] {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("redirect_uri", uri).finish();
            let page = world.open_once(&format!("/auth/login?{query}")).await;
            assert_eq!((page.status.as_u16(), set_cookies(&page.headers).len()), (400, 0), "{uri}");
        }
        assert_eq!(world.provider.calls("/oauth2/authorize"), 0);
    }

    async fn a_page_that_posts_its_answers_still_gets_them_in_the_address(framework) {
        let bed = TestBed::new(BASE_URL).unwrap();
        bed.provider.change_client(TestBed::CLIENT_ID, |_| client(&[CALLBACK]));
        let world = World::around(bed, framework, SessionKind::Memory, |builder| builder.form_post().spa_callback(CALLBACK)).await;
        let answer = answer(&world, "/x", CALLBACK).await;
        assert_eq!(read(&exchange(&world, &answer, BASE_URL).await), json!({ "return_to": "/x" }));
    }

    async fn a_required_header_keeps_out_what_a_form_of_this_very_site_could_send(framework) {
        for kind in KINDS {
            let world = World::with(framework, kind, |builder| builder.required_header("X-CSRF")).await;
            world.open("/dashboard").await;
            let post = async |headers: &[(&str, &str)]| {
                world.browser.fetch(Method::POST, &at("/echo"), headers, "hello", BASE_URL).await.unwrap().status
            };
            assert_eq!(post(&[]).await, 403);
            assert_eq!(post(&[("x-csrf", "")]).await, 200);
            assert_eq!(world.open("/dashboard").await.status, 200);
            let left = world.browser.post_form(&at("/auth/logout"), &[], BASE_URL).await.unwrap();
            assert!(left.status.is_success());
            assert_eq!(world.open("/").await.text(), "hello nobody");
        }
    }

    async fn a_page_beside_hears_which_header_is_required_and_no_other_will_do(framework) {
        let bed = TestBed::new(BASE_URL).unwrap();
        bed.provider.change_client(TestBed::CLIENT_ID, |_| client(&[SIBLING_CALLBACK]));
        let require = |builder: landfall::RelyingPartyBuilder| {
            builder.spa_callback(SIBLING_CALLBACK).required_header("x-own-page")
        };
        let world = World::around(bed, framework, SessionKind::Memory, require).await;
        let preflight = [("origin", SIBLING), ("access-control-request-method", "POST")];
        let leave = raw(&world, Method::OPTIONS, "/auth/exchange", &preflight).await;
        assert_eq!(leave.headers()["access-control-allow-headers"], "content-type, x-own-page");
        let answer = answer(&world, "/", SIBLING_CALLBACK).await;
        assert_eq!(exchange(&world, &answer, SIBLING).await.status, 403);
        let headers = [CSRF[0], ("x-own-page", "1")];
        let body = json!({ "response": answer }).to_string();
        let page = world.browser.fetch(Method::POST, &at("/auth/exchange"), &headers, body, SIBLING).await.unwrap();
        assert_eq!(page.status, 200, "{}", page.text());
    }

    async fn a_route_that_takes_an_answer_is_not_left_for_a_silent_sign_in(framework) {
        let bed = TestBed::new(BASE_URL).unwrap();
        bed.provider.change_client(TestBed::CLIENT_ID, |_| client(&[CALLBACK]));
        let silently = |builder: landfall::RelyingPartyBuilder| {
            builder.spa_callback(CALLBACK).silent_sign_in(Duration::from_secs(900))
        };
        let world = World::around(bed, framework, SessionKind::Memory, silently).await;
        world.open("/dashboard").await;
        world.browser.forget_cookie(SESSION);
        assert!(world.open_once("/").await.location().is_some());
        world.wait(Duration::from_secs(901));
        assert_eq!(world.open_once("/callback?code=a&state=b").await.location(), None);
    }

    async fn without_a_page_there_is_no_exchange(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        let own = world.callback_for("/dashboard").await;
        let page = exchange(&world, own.split_once('?').unwrap().1, BASE_URL).await;
        assert_eq!((page.status.as_u16(), world.token_calls()), (404, 0));
    }

    async fn a_route_that_cannot_be_one_is_refused_when_it_is_built(framework) {
        let world = world(framework, SessionKind::Memory).await;
        for wrong in [
            "", "/callback", "http://app.example.com/callback", "https://app.example.com/callback#x", "https:/app.example.com/callback",
            "https://app.example.com/callback?x=1", "https://u@app.example.com/callback", "https://app.example.com/auth/callback", CALLBACK,
        ] {
            let error = world.builder().spa_callback(CALLBACK).spa_callback(wrong).build().unwrap_err();
            assert_eq!(error.setting, "spa_callback", "{wrong}");
        }
        for wrong in ["", "x y", "Content-Type", "cookie", "User-Agent", "sec-anything", "upgrade-insecure-requests"] {
            assert_eq!(world.builder().required_header(wrong).build().unwrap_err().setting, "required_header");
        }
        let uris: Vec<_> = world.auth.redirect_uris().collect();
        assert_eq!(uris, [at("/auth/callback").as_str(), CALLBACK, SIBLING_CALLBACK]);
    }
}
