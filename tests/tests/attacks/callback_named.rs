//! Attacks on the callback and the login address that take more than one request.

use std::fmt::Write as _;

use http::Method;
use landfall_testkit::{Endpoint, Fault};
use landfall_tests::{SessionKind, World, everywhere, on_both_frameworks};
use tokio::io::AsyncWriteExt as _;

use crate::support::{
    Ask, FORM, LANDING, SESSION, ask, broken_promises, cookie_value, jar, login_path, parameter, pending,
    raw, sign_in, whoami,
};

everywhere! {
    async fn a_code_is_decoded_exactly_once_and_encoded_again_for_the_provider(world) {
        let (browser, attempt) = (world.other_browser(), pending(&world.browser).await);
        let encoded = attempt.code.bytes().fold(String::new(), |mut out, byte| {
            let _ = write!(out, "%{byte:02X}");
            out
        });
        let query = attempt.query().replace(&attempt.code, &encoded);
        let answer = ask(&world.browser, Ask::get(format!("/auth/callback?{query}"))).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, LANDING));

        let attempt = pending(&browser).await;
        let query = attempt.query().replace(&attempt.code, "a%2Fb%2Bc%3D%20d%2525");
        ask(&browser, Ask::get(format!("/auth/callback?{query}"))).await;
        let seen = world.provider.requests().into_iter().rfind(|seen| seen.path == "/oauth2/token").unwrap();
        assert_eq!(seen.parameter("code").unwrap(), "a/b+c= d%25");
        assert!(!String::from_utf8_lossy(&seen.body).contains("a/b+c= d"), "it is encoded on the wire");
    }

    async fn an_old_session_ends_when_a_new_sign_in_replaces_it(world) {
        sign_in(&world.browser).await;
        let before = cookie_value(&world.browser, SESSION).unwrap();
        world.provider.sign_in_as("grace");
        world.provider.forget_sessions();
        let login = login_path(LANDING);
        let attempt = crate::support::pending_at(&world.browser, &login).await;
        let answer = ask(&world.browser, Ask::get(attempt.callback())).await;
        assert!(answer.sets_session());
        assert_eq!(whoami(&world.browser).await, "hello grace");
        assert_ne!(cookie_value(&world.browser, SESSION).unwrap(), before);
        if world.kind.has_store() {
            let old = Ask::get("/").cookie(format!("{SESSION}={before}"));
            assert_eq!(ask(&world.browser, old).await.body, "hello nobody");
            assert_eq!(world.engine.stored().await.len(), 1);
        }
    }

    async fn a_mix_up_that_leaves_out_the_issuer_that_was_promised_sends_no_code(world) {
        let calls = world.token_calls();
        // An error is a provider's word as much as a code is.
        for said in ["code=", "error=access_denied&left_out="] {
            let query = pending(&world.browser).await.query().replace("code=", said);
            let without = query.strip_suffix("&iss=https%3A%2F%2Fop.example").unwrap();
            let answer = ask(&world.browser, Ask::get(format!("/auth/callback?{without}"))).await;
            assert_eq!(answer.status, 400, "{said}");
            assert!(!answer.sets_session());
        }
        assert_eq!(world.token_calls(), calls);
    }

    async fn an_attackers_state_and_code_sign_no_victim_in(world) {
        let (attacker, victim) = (world.other_browser(), world.other_browser());
        let theirs = pending(&attacker).await;
        let own = pending(&victim).await;
        let calls = world.token_calls();
        let answer = ask(&victim, Ask::get(theirs.callback())).await;
        assert_eq!(answer.status, 400);
        assert!(broken_promises(&answer, &[&theirs.code, &theirs.state]).is_empty());
        assert_eq!(world.token_calls(), calls, "the attacker's code is not even sent");
        assert_eq!(whoami(&victim).await, "hello nobody");
        assert!(ask(&victim, Ask::get(own.callback())).await.sets_session(), "the victim's own sign-in goes on");
    }

    async fn a_finished_callback_that_comes_again_changes_nothing(world) {
        let attempt = pending(&world.browser).await;
        ask(&world.browser, Ask::get(attempt.callback())).await;
        let (calls, session) = (world.token_calls(), cookie_value(&world.browser, SESSION));
        for _ in 0..3 {
            let answer = ask(&world.browser, Ask::get(attempt.callback())).await;
            assert_eq!((answer.status.as_u16(), answer.location()), (303, LANDING));
            assert!(!answer.sets_session());
        }
        assert_eq!((world.token_calls(), cookie_value(&world.browser, SESSION)), (calls, session));
    }

    async fn a_spent_state_with_another_code_is_refused(world) {
        let attempt = pending(&world.browser).await;
        ask(&world.browser, Ask::get(attempt.callback())).await;
        let (calls, session) = (world.token_calls(), cookie_value(&world.browser, SESSION));
        let query = attempt.query().replace(&attempt.code, "another-code");
        let answer = ask(&world.browser, Ask::get(format!("/auth/callback?{query}"))).await;
        assert_eq!(answer.status, 400);
        assert_eq!((world.token_calls(), cookie_value(&world.browser, SESSION)), (calls, session));
    }

    async fn a_spent_pending_login_that_was_saved_and_restored_sends_no_second_code(world) {
        let attempt = pending(&world.browser).await;
        let saved = jar(&world.browser);
        ask(&world.browser, Ask::get(attempt.callback())).await;
        let calls = world.token_calls();
        let query = attempt.query().replace(&attempt.code, "another-code");
        let answer = ask(&world.other_browser(), Ask::get(format!("/auth/callback?{query}")).cookie(saved)).await;
        assert_eq!(answer.status, 400);
        assert!(!answer.sets_session());
        assert_eq!(world.token_calls(), calls);
    }

    async fn a_callback_sent_twice_at_once_sends_its_code_once(world) {
        let attempt = pending(&world.browser).await;
        let cookie = jar(&world.browser);
        let once = || ask(&world.browser, Ask::get(attempt.callback()).cookie(cookie.clone()));
        let (first, second) = tokio::join!(once(), once());
        assert_eq!((first.status.as_u16(), second.status.as_u16()), (303, 303));
        assert_eq!(world.token_calls(), 1);
        assert_eq!(whoami(&world.browser).await, "hello ada");
        if world.kind.has_store() {
            assert_eq!(world.engine.stored().await.len(), 1);
        }
    }

    async fn a_stolen_code_injected_into_ones_own_sign_in_fails_at_pkce(world) {
        let stolen = pending(&world.other_browser()).await;
        let own = pending(&world.browser).await;
        let query = own.query().replace(&own.code, &stolen.code);
        let answer = ask(&world.browser, Ask::get(format!("/auth/callback?{query}"))).await;
        assert_eq!(answer.status, 400);
        assert_eq!(world.token_calls(), 1, "it is the provider that finds out");
        assert_eq!(whoami(&world.browser).await, "hello nobody");
    }

    async fn a_stolen_code_fails_at_the_nonce_where_the_provider_ignores_pkce(world) {
        // What a provider without PKCE would answer: a good ID token, made for the victim's sign-in.
        let own = pending(&world.browser).await;
        world.provider.inject(Fault::id_token_claim("nonce", "the-nonce-of-the-victims-sign-in"));
        let answer = ask(&world.browser, Ask::get(own.callback())).await;
        assert_eq!(answer.status, 400);
        assert!(!answer.sets_session());
        let again = ask(&world.browser, Ask::get(own.callback())).await;
        assert!(!again.sets_session());
        assert_eq!(world.token_calls(), 1);
        assert_eq!(whoami(&world.browser).await, "hello nobody");
    }
}

on_both_frameworks! {
    async fn ten_megabytes_posted_to_the_callback_are_not_read(framework) {
        let world = World::with(framework, SessionKind::Cookie, landfall::RelyingPartyBuilder::form_post).await;
        let attempt = pending(&world.browser).await;
        let head = format!(
            "POST /auth/callback HTTP/1.1\r\nhost: app.example.com\r\ncontent-type: {FORM}\r\ncontent-length: 10485760\r\n\r\ncode="
        );
        // The rest never comes: an answer that waited for it would not come either.
        let answer = raw(&world, &[head.as_bytes(), &b"A".repeat(70_000)].concat()).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        let post = Ask::new(Method::POST, "/auth/callback").header("content-type", FORM);
        let bounced = ask(&world.browser, post.body(attempt.query()).cookie("")).await;
        assert!(ask(&world.browser, Ask::get(bounced.location())).await.sets_session());
    }

    async fn raw_bytes_in_the_query_are_refused(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        let attempt = pending(&world.browser).await;
        for query in [&b"code=\xff\xfe&state=\x80"[..], b"code=a\x00b&state=x", b"code=a b&state=x"] {
            let request = [b"GET /auth/callback?", query, b" HTTP/1.1\r\nhost: app.example.com\r\n\r\n"].concat();
            let answer = raw(&world, &request).await;
            assert!(answer.starts_with("HTTP/1.1 400") || answer.is_empty(), "{answer}");
            assert!(!answer.contains("set-cookie"));
        }
        assert_eq!(world.token_calls(), 0);
        assert!(ask(&world.browser, Ask::get(attempt.callback())).await.sets_session());
    }

    async fn two_hosts_and_an_absolute_request_target_choose_no_other_destination(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        for (target, hosts) in [
            ("https://evil.example", "host: app.example.com\r\n"),
            ("", "host: app.example.com\r\nhost: evil.example\r\n"),
            ("", "host: evil.example\r\nhost: app.example.com\r\n"),
        ] {
            let browser = world.other_browser();
            let attempt = pending(&browser).await;
            let request = format!(
                "GET {target}{} HTTP/1.1\r\n{hosts}cookie: {}\r\naccept: text/html\r\n\r\n",
                attempt.callback(),
                jar(&browser)
            );
            let answer = raw(&world, request.as_bytes()).await.to_ascii_lowercase();
            assert!(answer.starts_with("http/1.1 303") || answer.starts_with("http/1.1 400"), "{answer}");
            assert!(!answer.contains("evil.example"), "{answer}");
            if answer.starts_with("http/1.1 303") {
                assert!(answer.contains(&format!("location: {LANDING}\r\n").to_ascii_lowercase()), "{answer}");
            }
        }
    }

    async fn a_browser_that_hangs_up_leaves_the_application_sound(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        for _ in 0..20 {
            let browser = world.other_browser();
            let attempt = pending(&browser).await;
            let request = format!(
                "GET {} HTTP/1.1\r\nhost: app.example.com\r\ncookie: {}\r\n\r\n",
                attempt.callback(),
                jar(&browser)
            );
            let mut stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            drop(stream);
        }
        sign_in(&world.browser).await;
        assert_eq!(whoami(&world.browser).await, "hello ada");
    }

    async fn a_return_to_of_garbage_starts_a_sign_in_to_the_default_page(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        for value in ["%00%ff%zz", "%", "%2", "%ff%fe", "", "%0d%0aSet-Cookie:%20a=b", "a=b=c&return_to=/x"] {
            let browser = world.other_browser();
            let answer = ask(&browser, Ask::get(format!("/auth/login?return_to={value}"))).await;
            assert_eq!(answer.status, 303, "{value}");
            assert!(broken_promises(&answer, &[]).is_empty());
            let page = browser.open(answer.location()).await.unwrap();
            assert_eq!(page.url.as_str(), "https://app.example.com/", "{value}");
        }
    }

    async fn a_return_to_adds_nothing_to_the_authorization_request(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        let usual = ask(&world.browser, Ask::get("/auth/login")).await.location().to_owned();
        let hostile = "/auth/login?return_to=%2Fx%26scope%3Dadmin%26prompt%3Dnone&scope=admin&prompt=none&redirect_uri=https://evil.example";
        let answer = ask(&world.browser, Ask::get(hostile)).await;
        let names = |url: &str| -> Vec<String> {
            url::Url::parse(url).unwrap().query_pairs().map(|(name, _)| name.into_owned()).collect()
        };
        assert_eq!(names(answer.location()), names(&usual));
        assert_eq!(parameter(answer.location(), "scope").unwrap(), "openid profile email");
        assert!(!answer.location().contains("admin") && !answer.location().contains("evil"));
        let page = world.browser.open(answer.location()).await.unwrap();
        assert_eq!(page.url.as_str(), "https://app.example.com/x&scope=admin&prompt=none");
    }

    async fn a_thousand_started_sign_ins_leave_nothing_behind_on_the_server(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        ask(&world.browser, Ask::get("/auth/login")).await;
        let asked = world.provider.requests().len();
        for _ in 0..1000 {
            let answer = raw(&world, b"GET /auth/login HTTP/1.1\r\nhost: app.example.com\r\n\r\n").await;
            assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
        }
        assert!(world.engine.stored().await.is_empty(), "a pending login lives in its browser alone");
        assert_eq!(world.provider.requests().len(), asked, "and the provider is not asked either");
    }

    async fn a_sign_in_started_for_another_issuer_asks_nobody_anything(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        for iss in ["http%3A%2F%2F169.254.169.254%2F", "https%3A%2F%2Fop.example%2F", "https%3A%2F%2Fevil.example"] {
            let answer = ask(&world.browser, Ask::get(format!("/auth/login?iss={iss}"))).await;
            assert_eq!(answer.status, 400);
            assert!(answer.set_cookies().is_empty());
            assert!(broken_promises(&answer, &["169.254.169.254", "evil.example"]).is_empty());
        }
        assert!(world.provider.requests().is_empty());
        let answer = ask(&world.browser, Ask::get("/auth/login?iss=https%3A%2F%2Fop.example")).await;
        assert_eq!(answer.status, 303);
        assert_eq!(world.provider.calls(Endpoint::Discovery.path()), 1);
    }
}
