//! The table `session_guard.json`: cookies, sessions and the guard.

use std::time::Duration;

use http::Method;
use landfall::{CookieKey, Identity, RelyingParty};
use landfall_testkit::Fault;
use landfall_tests::{BASE_URL, SessionKind, World, everywhere, on_both_frameworks, subject};

use crate::support::{
    Answer, Ask, LANDING, SESSION, ask, broken_promises, cookie_value, jar, login_path, parameter, pending,
    pending_at, raw, sign_in, whoami,
};

/// Asks who is there with this Cookie header.
async fn who(world: &World, cookie: impl Into<String>) -> Answer {
    ask(&world.other_browser(), Ask::get("/").cookie(cookie)).await
}

fn is_sign_in_wanted(answer: &Answer) -> bool {
    answer.status == 401
        || (answer.status == 303 && answer.location().starts_with("https://op.example/oauth2/authorize?"))
}

everywhere! {
    async fn every_cookie_has_the_host_prefix_and_its_attributes(world) {
        // TLS ends before the application: it sees plain HTTP, and the base URL says https.
        let start = ask(&world.browser, Ask::get(LANDING)).await;
        assert_eq!(parameter(start.location(), "redirect_uri").unwrap(), "https://app.example.com/auth/callback");
        let attempt = pending(&world.browser).await;
        let end = ask(&world.browser, Ask::get(attempt.callback())).await;
        assert!(start.set_cookies().len() == 1 && end.sets_session());
        for answer in [start, end] {
            assert!(broken_promises(&answer, &[]).is_empty());
        }
    }

    async fn a_cookie_name_in_another_case_is_another_cookie(world) {
        sign_in(&world.browser).await;
        let good = cookie_value(&world.browser, SESSION).unwrap();
        let other = SESSION.replace("__Host", "__hOsT");
        assert_eq!(who(&world, format!("{other}={good}")).await.body, "hello nobody");
        assert_eq!(who(&world, format!("{other}=evil; {SESSION}={good}")).await.body, "hello ada");
    }

    async fn of_two_session_cookies_garbage_is_never_believed(world) {
        sign_in(&world.browser).await;
        let good = cookie_value(&world.browser, SESSION).unwrap();
        for cookie in [
            format!("{SESSION}=garbage; {SESSION}={good}"),
            format!("{SESSION}={good}; {SESSION}=garbage"),
            format!("{SESSION}=; {SESSION}={good}"),
        ] {
            let answer = who(&world, cookie.clone()).await;
            assert_eq!(answer.status, 200);
            assert!(["hello ada", "hello nobody"].contains(&answer.body.as_str()), "{}", answer.body);
        }
        world.provider.sign_in_as("grace");
        let other = world.other_browser();
        other.open(&format!("{BASE_URL}{}", login_path("/"))).await.unwrap();
        let graces = cookie_value(&other, SESSION).unwrap();
        assert_eq!(who(&world, format!("{SESSION}={good}; {SESSION}={graces}")).await.body, "hello ada", "the first counts");
        // Also where only the second is near.
        world.wait(Duration::from_secs(60));
        assert_eq!(who(&world, format!("{SESSION}={graces}")).await.body, "hello grace");
        assert_eq!(who(&world, format!("{SESSION}={good}; {SESSION}={graces}")).await.body, "hello ada", "the first counts");
        // And the second where the store knows no such first one.
        let gone = world.auth.sessions().create(Identity::new("https://op.example", "gone")).await.unwrap();
        let (_, nobodys) = gone.split(';').next().unwrap().split_once('=').unwrap();
        if world.kind.has_store() {
            assert_eq!(world.auth.sessions().end_all_of(&subject(&world.auth, "gone")).await.unwrap(), 1);
        } else {
            // Its own end is over.
            world.wait(Duration::from_secs(9 * 3600));
            let graces = world.auth.sessions().create(Identity::new("https://op.example", "grace")).await.unwrap();
            let graces = graces.split(';').next().unwrap();
            assert_eq!(who(&world, format!("{SESSION}={nobodys}; {graces}")).await.body, "hello grace");
            return;
        }
        assert_eq!(who(&world, format!("{SESSION}={nobodys}; {SESSION}={graces}")).await.body, "hello grace");
    }

    async fn quotes_around_the_session_cookie_swallow_nothing(world) {
        sign_in(&world.browser).await;
        let good = cookie_value(&world.browser, SESSION).unwrap();
        assert_eq!(who(&world, format!("a=\"; {SESSION}={good}; b=\"")).await.body, "hello ada");
        assert_eq!(who(&world, format!("$Version=1; a=\"x; {SESSION}={good}\"")).await.body, "hello nobody");
    }

    async fn bytes_that_are_no_text_hide_no_cookie(world) {
        sign_in(&world.browser).await;
        let good = cookie_value(&world.browser, SESSION).unwrap();
        let request = [
            b"GET / HTTP/1.1\r\nhost: app.example.com\r\nconnection: close\r\ncookie: a=\x80\xff; \xfe\xfd; ".as_slice(),
            &b"n".repeat(8000),
            format!("=1; {SESSION}={good}\r\n\r\n").as_bytes(),
        ]
        .concat();
        let answer = raw(&world, &request).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let nul = raw(&world, b"GET / HTTP/1.1\r\nhost: app.example.com\r\ncookie: a=\0b\r\n\r\n").await;
        assert!(nul.is_empty() || nul.starts_with("HTTP/1.1 400"), "{nul}");
    }

    async fn a_sealed_value_is_no_good_under_another_name(world) {
        pending(&world.browser).await;
        let login = world.browser.cookies_for(BASE_URL).unwrap().pop().unwrap();
        assert_eq!(who(&world, format!("{SESSION}={}", login.value)).await.body, "hello nobody");

        sign_in(&world.other_browser()).await;
        let attempt = pending(&world.browser).await;
        let session = {
            let browser = world.other_browser();
            sign_in(&browser).await;
            cookie_value(&browser, SESSION).unwrap()
        };
        let calls = world.token_calls();
        let names = world.browser.cookies_for(BASE_URL).unwrap();
        let forged: Vec<_> = names.iter().map(|cookie| format!("{}={session}", cookie.name)).collect();
        let answer = ask(&world.browser, Ask::get(attempt.callback()).cookie(forged.join("; "))).await;
        assert_eq!((answer.status.as_u16(), world.token_calls()), (400, calls));
    }

    async fn another_applications_session_is_no_session_here(world) {
        let mine = world.auth.sessions().create(Identity::new("https://op.example", "ada")).await.unwrap();
        assert_eq!(who(&world, mine.split(';').next().unwrap()).await.body, "hello ada");
        let builder = || RelyingParty::builder("https://op.example").base_url(BASE_URL).cookie_keys(world.keys.clone());
        let builders = [
            world.builder().client("other", "secret"),
            world.builder().base_url("https://other.example.com"),
            RelyingParty::builder("https://op-b.example").base_url(BASE_URL).client("app", "s").cookie_keys(world.keys.clone()),
            builder().client("app2", "s"),
        ];
        for (number, other) in builders.into_iter().enumerate() {
            let other = other.clock(std::sync::Arc::new(world.clock.clone()));
            let Ok(other) = other.build() else { continue };
            let theirs = other.sessions().create(Identity::new(other.issuer(), "ada")).await.unwrap();
            // The second base URL of a relying party of the same name seals for the first one.
            if number != 1 {
                assert_eq!(who(&world, theirs.split(';').next().unwrap()).await.body, "hello nobody", "{number}");
            }
        }
    }

    async fn a_session_outlives_a_new_client_id_under_the_applications_own_name_and_no_other_name_opens_it(world) {
        let mut world = world;
        let named = |client: &str, name: &str| world.builder().client(client, "secret").application_name(name);
        let first = named("app", "shop").build().unwrap();
        let session = first.sessions().create(Identity::new("https://op.example", "ada")).await.unwrap();
        let session = session.split(';').next().unwrap().to_owned();
        let other_issuer = RelyingParty::builder("https://op-b.example")
            .client("app", "s")
            .base_url(BASE_URL)
            .cookie_keys(world.keys.clone())
            .clock(std::sync::Arc::new(world.clock.clone()))
            .application_name("shop");
        let builders = [
            (named("app", "shop"), "hello ada"),
            (named("app-2", "shop"), "hello ada"),
            (named("app", "warehouse"), "hello nobody"),
            (world.builder(), "hello nobody"),
            (other_issuer, "hello nobody"),
        ];
        for (number, (builder, greeting)) in builders.into_iter().enumerate() {
            world.switch_to(builder).await;
            assert_eq!(who(&world, session.clone()).await.body, greeting, "{number}");
        }
    }

    async fn a_session_cookie_in_plain_text_is_nobody(world) {
        for value in [
            "{\"sub\":\"ada\"}",
            "eyJzdWIiOiJhZGEifQ",
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.",
            "ada",
            "",
            "AA",
            "%7B%22sub%22%3A%22ada%22%7D",
        ] {
            assert_eq!(who(&world, format!("{SESSION}={value}")).await.body, "hello nobody", "{value}");
        }
    }

    async fn a_session_replayed_after_its_end_is_nobody(world) {
        sign_in(&world.browser).await;
        let cookie = jar(&world.browser);
        world.wait(Duration::from_secs(30 * 24 * 3600));
        assert_eq!(who(&world, cookie).await.body, "hello nobody");
    }

    async fn a_session_id_chosen_by_an_attacker_is_never_used(world) {
        let stranger = world.other_browser();
        sign_in(&stranger).await;
        let chosen = cookie_value(&stranger, SESSION).unwrap();
        for planted in ["chosen", &chosen] {
            let browser = world.other_browser();
            assert!(browser.set_cookie(BASE_URL, &format!("{SESSION}={planted}; Path=/; Secure; HttpOnly")).unwrap());
            let attempt = pending_at(&browser, &login_path("/")).await;
            let answer = ask(&browser, Ask::get(attempt.callback())).await;
            assert!(answer.sets_session());
            assert_ne!(cookie_value(&browser, SESSION).unwrap(), planted);
            assert_eq!(who(&world, format!("{SESSION}=chosen")).await.body, "hello nobody");
        }
        if world.kind.has_store() {
            assert_eq!(who(&world, format!("{SESSION}={chosen}")).await.body, "hello nobody");
        }
    }

    async fn a_session_id_is_no_pattern_path_or_query(world) {
        sign_in(&world.browser).await;
        let good = cookie_value(&world.browser, SESSION).unwrap();
        let long = "A".repeat(30_000);
        let shorter = &good[..good.len() - 1];
        let longer = format!("{good}A");
        for value in ["*", "../x", "a:b", "' OR 1=1 --", "%", "_", &long, shorter, &longer] {
            let answer = who(&world, format!("{SESSION}={value}")).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.body, "hello nobody", "{value}");
        }
    }

    async fn whoever_signs_in_takes_the_place_of_whoever_was_there(world) {
        sign_in(&world.browser).await;
        world.provider.sign_in_as("grace");
        world.provider.forget_sessions();
        let attempt = pending_at(&world.browser, &login_path("/")).await;
        assert_eq!(whoami(&world.browser).await, "hello ada", "the page of the provider signs nobody out");
        ask(&world.browser, Ask::get(attempt.callback())).await;
        assert_eq!(whoami(&world.browser).await, "hello grace");
    }

    async fn a_page_for_nobody_leads_to_the_provider_and_back(world) {
        let answer = ask(&world.browser, Ask::get("/dashboard/x?a=1")).await;
        assert!(is_sign_in_wanted(&answer) && answer.status == 303);
        assert!(broken_promises(&answer, &[]).is_empty());
        let page = world.browser.open(answer.location()).await.unwrap();
        assert_eq!(page.url.as_str(), "https://app.example.com/dashboard/x?a=1");
        assert!(page.header("cache-control").unwrap().contains("private"));
    }

    async fn a_script_for_nobody_gets_a_401_and_no_cookie(world) {
        for (name, value) in [("accept", "application/json"), ("sec-fetch-dest", "empty"), ("x-requested-with", "XMLHttpRequest")] {
            let answer = ask(&world.browser, Ask::get("/dashboard").header(name, value)).await;
            assert_eq!(answer.status, 401, "{name}");
            assert!(answer.set_cookies().is_empty() && answer.location().is_empty());
            assert!(answer.header("cache-control").contains("no-store"));
        }
        let answer = ask(&world.browser, Ask::get("/dashboard").header("accept", "application/json")).await;
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(answer.body.contains("/auth/login?return_to=%2Fdashboard"));
    }

    async fn a_post_for_nobody_is_neither_sent_on_nor_kept(world) {
        for path in ["/echo", "/reports/7", "/dashboard/x"] {
            let answer = ask(&world.browser, Ask::new(Method::POST, path).body("amount=1000")).await;
            assert_eq!(answer.status, 401, "{path}");
            assert!(answer.set_cookies().is_empty() && !answer.body.contains("amount"));
        }
    }

    async fn no_method_gets_around_the_guard(world) {
        for method in ["HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "PROPFIND", "get", "X"] {
            for path in ["/reports", "/reports/7", "/merged"] {
                let ask_for = Ask::new(Method::from_bytes(method.as_bytes()).unwrap(), path)
                    .header("x-http-method-override", "GET");
                let answer = ask(&world.browser, ask_for).await;
                assert!(matches!(answer.status.as_u16(), 401 | 404 | 405), "{method} {path}: {}", answer.status);
                assert!(!answer.body.contains("report of") && !answer.body.contains("all reports"), "{method} {path}: {}", answer.body);
                assert!(answer.set_cookies().is_empty());
            }
        }
    }

    async fn no_spelling_of_a_path_gets_around_the_guard(world) {
        for path in [
            "/reports/", "/reports//7", "//reports/7", "/reports/./7", "/reports/7/.", "/public/../reports/7", "/%72eports/7",
            "/reports%2f7", "/reports;x/7", "/reports/7;x", "/REPORTS/7", "/reports/%2e%2e/reports/7", "/merged/",
            "/reports/7?x=/auth/login", "/reports/7?x=/auth/callback", "/merged?/", "/reports/7%00", "/reports/7%3f",
        ] {
            let answer = ask(&world.browser, Ask::get(path)).await;
            let refused = is_sign_in_wanted(&answer) || matches!(answer.status.as_u16(), 400 | 404);
            assert!(refused && !answer.body.contains("report of"), "{path}: {} {}", answer.status, answer.body);
        }
    }

    async fn no_header_of_the_clients_gets_around_the_guard(world) {
        for (name, value) in [
            ("user-agent", "kube-probe/1.30"), ("user-agent", "ELB-HealthChecker/2.0"), ("x-forwarded-for", "127.0.0.1"),
            ("x-original-url", "/"), ("x-rewrite-url", "/"), ("x-forwarded-user", "ada"), ("authorization", "Bearer x"),
            ("hx-request", "true"), ("upgrade", "websocket"), ("x-forwarded-prefix", "/auth"), ("sec-fetch-site", "same-origin"),
        ] {
            let answer = ask(&world.browser, Ask::get("/reports/7").header(name, value)).await;
            assert!(is_sign_in_wanted(&answer), "{name}: {} {}", answer.status, answer.body);
        }
    }

    async fn a_guard_covers_what_its_router_does_not_know(world) {
        for path in ["/reports/unknown/deeper", "/reports/7", "/stream", "/claims", "/token", "/switch"] {
            let answer = ask(&world.browser, Ask::get(path)).await;
            assert!(is_sign_in_wanted(&answer), "{path}: {}", answer.status);
        }
        sign_in(&world.browser).await;
        let answer = ask(&world.browser, Ask::get("/reports/unknown/deeper")).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (404, "no such report"));
    }

    async fn a_websocket_from_another_site_is_refused(world) {
        let upgrade = |target: &str| Ask::get(target).header("connection", "upgrade").header("upgrade", "websocket");
        sign_in(&world.browser).await;
        for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "null")] {
            let answer = ask(&world.browser, upgrade("/dashboard").header(name, value)).await;
            assert_eq!(answer.status, 403, "{name}: {value}");
        }
        let own = upgrade("/dashboard").header("origin", BASE_URL);
        assert_eq!(ask(&world.browser, own).await.status, 200);
    }

    async fn a_public_answer_carries_no_cookie(world) {
        sign_in(&world.browser).await;
        // Far enough for a renewal, not for the end.
        world.wait(Duration::from_secs(5 * 3600));
        let answer = ask(&world.browser, Ask::get("/cached")).await;
        assert_eq!(answer.header("cache-control"), "public, max-age=60");
        assert!(answer.set_cookies().is_empty());
    }

    async fn a_dead_cookie_is_anonymous_and_harms_nobody(world) {
        assert!(world.browser.set_cookie(BASE_URL, &format!("{SESSION}=dead; Path=/; Secure")).unwrap());
        let page = world.open("/").await;
        assert_eq!((page.status.as_u16(), page.text().as_str()), (200, "hello nobody"));
        sign_in(&world.browser).await;
        assert_eq!(world.open("/").await.text(), "hello ada");
    }

    async fn the_page_a_sign_in_lands_on_knows_no_code(world) {
        let page = world.open(LANDING).await;
        assert!(!page.url.as_str().contains("code=") && !page.url.as_str().contains("state="));
        for hop in &page.hops[..page.hops.len() - 1] {
            let ours = hop.url.host_str() == Some("app.example.com");
            assert!(!ours || hop.headers["referrer-policy"] == "no-referrer", "{}", hop.url);
        }
    }
}

on_both_frameworks! {
    async fn plain_http_beyond_loopback_is_refused_and_on_loopback_the_prefix_goes(framework) {
        let mut world = World::new(framework, SessionKind::Cookie).await;
        let build = |url: &str| RelyingParty::builder("https://op.example").client("app", "s").base_url(url).cookie_keys(world.keys.clone()).build();
        for url in ["http://app.example.com", "http://192.168.0.1", "http://127.0.0.1.evil.example", "http://localhost.evil.example"] {
            assert!(build(url).is_err(), "{url}");
        }
        let builder = RelyingParty::builder("https://op.example")
            .client("app", "s")
            .base_url("http://localhost:3000")
            .cookie_keys(world.keys.clone())
            .http_client(world.provider.http_client());
        world.switch_to(builder).await;
        let answer = ask(&world.browser, Ask::get("/dashboard").header("host", "localhost:3000")).await;
        let cookie = answer.set_cookies()[0].to_owned();
        assert!(cookie.starts_with("landfall-login-") && cookie.contains("HttpOnly") && !cookie.contains("Secure"), "{cookie}");
    }

    async fn claims_too_large_for_a_cookie_are_an_error_and_no_loop(framework) {
        let keep = |builder: landfall::RelyingPartyBuilder| builder.keep_claims(["groups"]);
        let world = World::with(framework, SessionKind::Cookie, keep).await;
        world.provider.inject_always(Fault::id_token_claim("groups", "g".repeat(5000)));
        let page = world.open(LANDING).await;
        assert_eq!(page.status, 500);
        assert!(cookie_value(&world.browser, SESSION).is_none());
        assert!(!page.text().contains("/auth/login"), "another try would end the same way");
    }

    async fn twenty_pending_logins_stay_within_a_request_header(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        sign_in(&world.browser).await;
        for number in 0..20 {
            let long = format!("/reports/{number}?{}", "q".repeat(number * 30));
            ask(&world.browser, Ask::get(login_path(&long))).await;
            let sent = jar(&world.browser).len();
            assert!(sent <= 8 * 1024, "{sent} bytes of cookies after {number}");
        }
        assert_eq!(whoami(&world.browser).await, "hello ada");
    }

    async fn a_session_under_an_old_key_is_sealed_anew(framework) {
        let mut world = World::new(framework, SessionKind::Cookie).await;
        sign_in(&world.browser).await;
        let old = cookie_value(&world.browser, SESSION).unwrap();
        let new = CookieKey::generate().unwrap();
        let both = world.builder().cookie_keys([new.clone(), world.keys[0].clone()]);
        world.switch_to(both).await;
        assert_eq!(whoami(&world.browser).await, "hello ada");
        assert_ne!(cookie_value(&world.browser, SESSION).unwrap(), old, "sealed with the new key");
        let only_new = world.builder().cookie_keys([new]);
        world.switch_to(only_new).await;
        assert_eq!(whoami(&world.browser).await, "hello ada");
        assert_eq!(who(&world, format!("{SESSION}={old}")).await.body, "hello nobody");
    }

    async fn sessions_end_when_idle_and_at_the_latest_when_their_time_is_over(framework) {
        for kind in SessionKind::all() {
            let limits = |builder: landfall::RelyingPartyBuilder| {
                builder.session_lifetime(Duration::from_secs(4 * 3600)).idle_lifetime(Duration::from_secs(3600))
            };
            let world = World::with(framework, kind, limits).await;
            sign_in(&world.browser).await;
            world.wait(Duration::from_secs(3601));
            assert_eq!(whoami(&world.browser).await, "hello nobody", "{kind:?}, idle");

            sign_in(&world.browser).await;
            for _ in 0..7 {
                world.wait(Duration::from_secs(2000));
                assert_eq!(whoami(&world.browser).await, "hello ada", "{kind:?}, active");
            }
            world.wait(Duration::from_secs(500));
            assert_eq!(whoami(&world.browser).await, "hello nobody", "{kind:?}, over");
        }
    }

    async fn a_lifetime_of_ten_years_is_capped_in_the_cookie(framework) {
        let spans = [Duration::from_secs(10 * 365 * 24 * 3600), Duration::MAX];
        for (span, kind) in spans.into_iter().flat_map(|span| SessionKind::stores().map(move |kind| (span, kind))) {
            let long = |builder: landfall::RelyingPartyBuilder| builder.session_lifetime(span).idle_lifetime(span);
            let world = World::with(framework, kind, long).await;
            let attempt = pending(&world.browser).await;
            let answer = ask(&world.browser, Ask::get(attempt.callback())).await;
            let session = answer.set_cookies().into_iter().find(|line| line.starts_with(SESSION)).unwrap();
            let age: u64 = session.split("Max-Age=").nth(1).unwrap().split(';').next().unwrap().parse().unwrap();
            assert!(age <= 34_560_000, "{session}");
        }
    }
}
