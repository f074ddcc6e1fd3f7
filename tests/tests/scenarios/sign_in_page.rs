//! The application's own sign-in page: who is led there, with what, and what it is told.

use std::time::Duration;

use http::Method;
use landfall::Declined;
use landfall_testkit::{Page, TestBed};
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks};
use serde_json::{Value, json};

use crate::support::{
    SESSION, asked, at, attempt_cookies, client, error_log, fetch, greeting, listen_to_errors, raw,
    set_cookies,
};

const KINDS: [SessionKind; 3] = [SessionKind::Cookie, SessionKind::Memory, SessionKind::Sqlite];
const FAILURE: &str = "__Host-landfall-failure";

async fn world(framework: Framework, kind: SessionKind) -> World {
    World::with(framework, kind, |builder| builder.sign_in_page("/login")).await
}

/// What the page shows.
fn read(page: &Page) -> Value {
    assert_eq!((page.status.as_u16(), page.url.path()), (200, "/login"), "{}", page.text());
    serde_json::from_slice(&page.body).unwrap_or_else(|_| panic!("no JSON: {}", page.text()))
}

/// Where the page's one button leads.
fn button(page: &Page) -> String {
    at(read(page)["providers"][0]["login_url"].as_str().unwrap())
}

/// What failed before, as code, reference and sentence.
fn failure(page: &Page) -> [String; 3] {
    let failure: Option<[String; 3]> = serde_json::from_value(read(page)["failure"].clone()).unwrap();
    failure.unwrap_or_else(|| panic!("no failure: {}", page.text()))
}

fn cookies(world: &World, name: &str) -> usize {
    let cookies = world.browser.cookies_for(BASE_URL).unwrap();
    cookies.iter().filter(|cookie| cookie.name == name).count()
}

on_both_frameworks! {
    async fn whoever_has_to_sign_in_is_led_to_the_page_and_from_there_to_where_they_were_going(framework) {
        for kind in KINDS {
            let world = world(framework, kind).await;
            for path in ["/dashboard/x?y=1&z=%26", "/reports/7", "/merged"] {
                let page = world.open(path).await;
                assert_eq!((page.hops.len(), read(&page)["failure"].clone()), (2, Value::Null));
                assert_eq!(page.url.query_pairs().find(|(name, _)| name == "return_to").unwrap().1, path);
                assert!(world.browser.cookies_for(BASE_URL).unwrap().is_empty(), "nothing is begun yet");
                assert_eq!(world.provider.requests().len(), 0);
                let offered = &read(&page)["providers"][0];
                assert_eq!((&offered["id"], &offered["name"], &offered["kind"]), (&json!("default"), &json!("op.example"), &json!("oidc")));
                let landed = world.browser.open(&button(&page)).await.unwrap();
                assert_eq!((landed.status.as_u16(), landed.url.as_str()), (200, at(path).as_str()));
                world.browser.forget_cookies();
                world.provider.forget_requests();
            }
        }
    }

    async fn what_a_guard_asks_for_goes_along_and_reaches_the_provider(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let page = world.open("/more/level").await;
        let landed = world.browser.open(&button(&page)).await.unwrap();
        assert_eq!(landed.url.as_str(), at("/more/level"), "{}", landed.text());
        assert_eq!(asked(&world, "acr_values"), [Some("aal2".to_owned())]);
        // As it is: the page hands its own query to the login address.
        world.browser.forget_cookies();
        let page = world.open("/more/level").await;
        let landed = world.browser.open(&at(&format!("/auth/login?{}", page.url.query().unwrap()))).await.unwrap();
        assert_eq!(landed.url.as_str(), at("/more/level"));
        assert_eq!(asked(&world, "acr_values"), [Some("aal2".to_owned()), Some("aal2".to_owned())]);
    }

    async fn a_session_that_is_over_leads_there_too(framework) {
        for kind in KINDS {
            let world = world(framework, kind).await;
            let page = world.open("/dashboard").await;
            world.browser.open(&button(&page)).await.unwrap();
            assert_eq!(greeting(&world).await, "hello ada");
            world.wait(Duration::from_secs(9 * 3600));
            let page = world.open("/dashboard/x").await;
            assert_eq!(read(&page)["who"], "hello nobody");
            assert!(page.url.query().unwrap().contains("return_to=%2Fdashboard%2Fx"));
        }
    }

    async fn scripts_and_htmx_are_told_of_the_page_and_public_pages_link_to_it(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let told: Value = serde_json::from_slice(&fetch(&world, "/dashboard/x").await.body).unwrap();
        assert_eq!((&told["code"], &told["login_url"]), (&json!("sign_in_required"), &json!("/login?return_to=%2Fdashboard%2Fx")));
        let session: Value = serde_json::from_slice(&fetch(&world, "/auth/session").await.body).unwrap();
        assert_eq!(session, json!({ "signed_in": false, "login_url": "/login" }));
        let part = raw(&world, Method::GET, "/dashboard", &[("hx-request", "true"), ("hx-current-url", &at("/form"))]).await;
        assert_eq!((part.status().as_u16(), part.headers()["hx-redirect"].to_str().unwrap()), (401, "/login?return_to=%2Fform"));
        assert!(world.open("/links").await.text().starts_with("/login?return_to=%2Flinks&wish="));
        let frame = world.browser.open_frame(&at("/dashboard"), &at("/")).await.unwrap();
        assert!(frame.status == 401 && frame.text().contains("href=\"/login?return_to=%2Fdashboard\""), "{}", frame.text());
        // Whoever asks for the login address has chosen the provider.
        let head = raw(&world, Method::HEAD, "/auth/login?return_to=/x", &[]).await;
        assert_eq!(head.status(), 401);
    }

    async fn on_the_page_itself_the_link_keeps_where_the_person_was_going(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let page = world.open("/dashboard/x").await;
        assert_eq!(read(&page)["login_url"], "/login?return_to=%2Fdashboard%2Fx");
        assert_eq!(read(&world.open("/login").await)["login_url"], "/login?return_to=%2F");
    }

    async fn a_sign_in_that_was_declined_comes_back_to_the_page_with_a_failure_that_nobody_can_read_on_the_way(framework) {
        listen_to_errors();
        for kind in KINDS {
            let world = world(framework, kind).await;
            world.provider.ask_who_signs_in();
            let page = world.open("/dashboard/x?y=1").await;
            let page = world.browser.open(&button(&page)).await.unwrap();
            let page = world.browser.submit(&page, "deny", &[]).await.unwrap();
            let [code, reference, sentence] = failure(&page);
            assert_eq!((code.as_str(), sentence.as_str()), ("sign_in_declined", "The sign-in was cancelled or not allowed."));
            assert!(error_log().contains(&format!("reference=\"{reference}\"")), "{reference}");
            let address = page.url.as_str();
            for word in ["declined", "cancelled", &reference] {
                assert!(!address.contains(word), "{word} in {address}");
            }
            assert!(address.contains("return_to=%2Fdashboard%2Fx%3Fy%3D1"), "{address}");
            assert_eq!((page.header("cache-control"), attempt_cookies(&world.browser, "login").len()), (Some("private, no-cache"), 0));
            // Told again after a reload, and to a script of the page.
            assert_eq!(failure(&world.browser.reload().await.unwrap())[1], reference);
            let told = fetch(&world, &format!("/auth/providers?{}", page.url.query().unwrap())).await;
            let told: Value = serde_json::from_slice(&told.body).unwrap();
            assert_eq!(told["failure"], json!({ "code": code, "reference": reference, "sentence": sentence }));
            assert_eq!(told["providers"], read(&page)["providers"]);
            // Not for ever.
            world.wait(Duration::from_secs(601));
            assert_eq!(read(&world.browser.reload().await.unwrap())["failure"], Value::Null);
            world.provider.sign_in_as("ada");
            let landed = world.browser.open(&button(&page)).await.unwrap();
            assert_eq!((landed.status.as_u16(), landed.url.as_str()), (200, at("/dashboard/x?y=1").as_str()));
        }
    }

    async fn a_page_that_tells_a_failure_is_kept_by_no_shared_cache_whatever_it_says_of_itself(framework) {
        let world = world(framework, SessionKind::Cookie).await;
        let page = world.open("/auth/callback?state=x&code=y").await;
        let told = world.open(&format!("/told-in-public?{}", page.url.query().unwrap())).await;
        assert_eq!((told.text(), told.header("cache-control")), (failure(&page)[2].clone(), Some("max-age=60, private")));
        let nothing = world.open("/told-in-public").await;
        assert_eq!((nothing.text().as_str(), nothing.header("cache-control")), ("nothing failed", Some("public, max-age=60")));
    }

    async fn what_the_application_says_to_somebody_it_turns_away_is_told_on_its_page(framework) {
        for kind in KINDS {
            let world = World::with(framework, kind, |builder| {
                builder.sign_in_page("/login").on_sign_in(|_| async { Err(Declined::because("Closed <b>today</b>.")) })
            }).await;
            let page = world.open("/dashboard").await;
            let page = world.browser.open(&button(&page)).await.unwrap();
            let [code, _, sentence] = failure(&page);
            assert_eq!((code.as_str(), sentence.as_str()), ("sign_in_rejected", "Closed <b>today</b>."));
            world.provider.forget_requests();
            world.browser.open(&button(&page)).await.unwrap();
            assert_eq!(asked(&world, "prompt"), [Some("select_account".to_owned())], "another account may do");
        }
    }

    async fn a_provider_that_is_down_leads_back_to_the_page(framework) {
        let world = world(framework, SessionKind::Memory).await;
        world.provider.set_down(true);
        let page = world.open("/dashboard/x").await;
        let page = world.browser.open(&button(&page)).await.unwrap();
        assert_eq!(failure(&page)[0], "temporarily_unavailable");
        world.provider.set_down(false);
        world.wait(Duration::from_secs(60));
        assert_eq!(world.browser.open(&button(&page)).await.unwrap().url.as_str(), at("/dashboard/x"));
    }

    async fn a_callback_that_comes_again_without_its_session_leads_to_the_page(framework) {
        for kind in KINDS {
            let world = world(framework, kind).await;
            let callback = world.callback_for("/auth/login?return_to=%2Fdashboard%2Fx").await;
            world.browser.open(&callback).await.unwrap();
            world.browser.forget_cookie(SESSION);
            world.wait(Duration::from_secs(120));
            world.provider.forget_requests();
            let page = world.browser.open(&callback).await.unwrap();
            assert_eq!(read(&page)["failure"], Value::Null);
            assert_eq!((page.url.query(), world.provider.requests().len()), (Some("return_to=%2Fdashboard%2Fx"), 0));
        }
    }

    async fn a_wish_to_ask_nobody_goes_past_the_page_until_somebody_is_needed(framework) {
        let world = world(framework, SessionKind::Memory).await;
        assert_eq!(world.open("/strong").await.url.host_str(), Some("app.example.com"));
        assert_eq!(asked(&world, "prompt").first(), Some(&Some("none".to_owned())));
        world.browser.forget_cookies();
        world.provider.forget_sessions();
        world.provider.ask_who_signs_in();
        let page = world.open("/silent").await;
        assert!(page.url.query().unwrap().contains("return_to=%2Fsilent"), "{}", page.url);
        assert_eq!((read(&page)["who"].clone(), read(&page)["failure"].clone()), (json!("hello nobody"), Value::Null));
    }

    async fn a_form_that_is_kept_waits_behind_the_page_and_one_posted_to_the_page_is_never_kept(framework) {
        for kind in KINDS {
            let world = World::with(framework, kind, |builder| builder.sign_in_page("/login").keep_posted_forms("/")).await;
            let page = world.browser.post_form(&at("/echo"), &[("text", "one")], BASE_URL).await.unwrap();
            let resumed = world.browser.open(&button(&page)).await.unwrap();
            assert!(resumed.text().contains("You are signed in as Ada"), "{}", resumed.text());
            let sent = world.browser.submit(&resumed, "Send it now", &[]).await.unwrap();
            assert_eq!(sent.text(), "text=one");
            world.browser.forget_cookies();
            for path in ["/login", "/login?return_to=%2Fdashboard"] {
                let posted = world.browser.post_form(&at(path), &[("password", "s3cr3t")], BASE_URL).await.unwrap();
                assert_eq!((posted.status.as_u16(), posted.text().as_str()), (200, "posted password=s3cr3t"));
                assert!(posted.hops[0].status == 200 && world.browser.cookies_for(BASE_URL).unwrap().is_empty());
            }
        }
    }

    async fn a_guard_before_the_page_is_named_in_the_log_and_leads_nowhere(framework) {
        listen_to_errors();
        for (page, auto) in [("/merged", false), ("/dashboard", false), ("/merged", true)] {
            let world = World::with(framework, SessionKind::Memory, |builder| {
                let builder = builder.sign_in_page(page);
                if auto { builder.sign_in_page_auto() } else { builder }
            }).await;
            let refused = world.open(page).await;
            assert_eq!((refused.status.as_u16(), refused.hops.len(), refused.location()), (500, 1, None));
            assert_eq!(fetch(&world, page).await.status, 500);
            if !auto {
                let led = world.open("/reports/7").await;
                assert_eq!((led.status.as_u16(), led.hops.len(), led.url.path()), (500, 2, page));
            }
            let log = error_log();
            assert!(log.contains("stands before the `sign_in_page` ") || log.contains(&format!("sign_in_page {page}")), "{log}");
            assert!(log.contains(&format!("RequireLogin::except([\\\"{page}\\\"])")), "{log}");
        }
    }

    async fn with_one_way_in_people_are_led_past_the_page_but_a_failure_leads_to_it(framework) {
        for kind in KINDS {
            let world = World::with(framework, kind, |builder| builder.sign_in_page("/login").sign_in_page_auto()).await;
            assert_eq!(world.open("/dashboard/x").await.text(), "dashboard of ada at /dashboard/x with no query");
            world.browser.forget_cookies();
            let told: Value = serde_json::from_slice(&fetch(&world, "/dashboard/x").await.body).unwrap();
            assert_eq!(told["login_url"], "/auth/login?return_to=%2Fdashboard%2Fx");
            world.provider.ask_who_signs_in();
            world.provider.forget_sessions();
            let page = world.open("/dashboard/x").await;
            let page = world.browser.submit(&page, "deny", &[]).await.unwrap();
            assert_eq!(failure(&page)[0], "sign_in_declined");
            world.provider.set_down(true);
            world.wait(Duration::from_secs(2 * 86_400));
            assert_eq!(failure(&world.open("/dashboard/x").await)[0], "temporarily_unavailable");
        }
    }

    async fn a_silent_sign_in_never_takes_the_page_away(framework) {
        for kind in KINDS {
            let world = World::with(framework, kind, |builder| builder.sign_in_page("/login").silent_sign_in(Duration::from_secs(900))).await;
            let page = world.open("/dashboard").await;
            world.browser.open(&button(&page)).await.unwrap();
            world.browser.forget_cookie(SESSION);
            let page = world.open("/login?return_to=%2Fform").await;
            assert_eq!((page.hops.len(), read(&page)["who"].clone()), (1, json!("hello nobody")));
            assert_eq!(greeting(&world).await, "hello ada", "on every other page it is tried");
        }
    }

    async fn the_list_for_scripts_is_read_by_our_own_pages_and_stored_by_nobody(framework) {
        const SIBLING: &str = "https://spa.example.com";
        let bed = TestBed::new(BASE_URL).unwrap();
        bed.provider.change_client(TestBed::CLIENT_ID, |_| client(&["https://spa.example.com/callback"]));
        let world = World::around(bed, framework, SessionKind::Memory, |builder| {
            builder.sign_in_page("/login").provider_name("Acme & Co").spa_callback("https://spa.example.com/callback")
        }).await;
        for origin in [BASE_URL, SIBLING] {
            let list = world.browser.fetch(Method::GET, &at("/auth/providers?return_to=/x&redirect_uri=https%3A%2F%2Fspa.example.com%2Fcallback&y=1"), &[], "", origin).await.unwrap();
            assert_eq!((list.status.as_u16(), list.header("cache-control")), (200, Some("no-store")));
            let told: Value = serde_json::from_slice(&list.body).unwrap();
            let login_url = "/auth/login?return_to=%2Fx&redirect_uri=https%3A%2F%2Fspa.example.com%2Fcallback";
            assert_eq!(told, json!({ "providers": [{ "id": "default", "name": "Acme & Co", "kind": "oidc", "login_url": login_url }] }));
            let cors = (origin == SIBLING).then_some(SIBLING);
            assert_eq!(list.header("access-control-allow-origin"), cors);
        }
        let bare: Value = serde_json::from_slice(&fetch(&world, "/auth/providers").await.body).unwrap();
        assert_eq!(bare["providers"][0]["login_url"], "/auth/login?return_to=%2F");
        let preflight = [("origin", SIBLING), ("access-control-request-method", "GET")];
        assert_eq!(raw(&world, Method::OPTIONS, "/auth/providers", &preflight).await.headers()["access-control-allow-methods"], "GET");
        assert_eq!(raw(&world, Method::POST, "/auth/providers", &[]).await.status(), 405);
        assert_eq!(raw(&world, Method::GET, "/auth/providers?redirect_uri=https://evil.example/", &[]).await.status(), 400);
    }

    async fn without_the_setting_nothing_is_taken_from_the_application(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        assert_eq!(world.open("/auth/providers").await.status, 404);
        let landed = world.open("/auth/login?return_to=%2Flogin").await;
        assert_eq!(read(&landed)["who"], "hello ada", "an ordinary page of the application's");
        world.browser.forget_cookies();
        world.provider.forget_sessions();
        world.provider.ask_who_signs_in();
        let page = world.open("/dashboard").await;
        let page = world.browser.submit(&page, "deny", &[]).await.unwrap();
        assert_eq!((page.status.as_u16(), page.url.path(), cookies(&world, FAILURE)), (403, "/auth/callback", 0));
    }

    async fn a_failure_takes_one_cookie_however_often_it_fails_and_a_sign_out_takes_it_away(framework) {
        let world = world(framework, SessionKind::Memory).await;
        for _ in 0..3 {
            let page = world.open("/auth/callback?state=lf1.x&code=y").await;
            assert_eq!((failure(&page)[0].as_str(), cookies(&world, FAILURE)), ("sign_in_failed", 1));
        }
        let line = raw(&world, Method::GET, "/auth/callback?state=x&code=y", &[("accept", "text/html")]).await;
        let line = set_cookies(line.headers())[0].to_owned();
        for part in [FAILURE, "; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure", "; Max-Age=600"] {
            assert!(line.contains(part), "{part} in {line}");
        }
        let form = world.open("/auth/logout").await;
        world.browser.submit(&form, "Sign out", &[]).await.unwrap();
        assert_eq!(cookies(&world, FAILURE), 0);
    }
}
