//! Attacks on people of the application's own: whose account a browser is signed in to, and who is taken for whom.

use std::sync::{Arc, Mutex};

use http::Method;
use landfall::{EndReason, EventKind, Identity, SubjectId};
use landfall_testkit::LocalProvider;
use landfall_tests::{BASE_URL, World, everywhere, wherever_stored};

use crate::support::{Ask, ask, sign_in, whoami};

/// Headers that say: not from a page of this origin.
const FOREIGN: [&[(&str, &str)]; 6] = [
    &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
    &[("sec-fetch-site", "same-site"), ("origin", "https://sibling.example.com")],
    &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("origin", "https://evil.example")],
    &[("origin", "https://evil.example")],
    &[("origin", "null")],
    &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")],
];

everywhere! {
    async fn login_csrf_another_sites_form_with_the_attackers_password_signs_nobody_in(world) {
        for headers in FOREIGN {
            for method in [Method::POST, Method::PUT, Method::PATCH] {
                let request = Ask::new(method.clone(), "/local?attacker");
                let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
                let answer = ask(&world.browser, request).await;
                assert_eq!(answer.status, 403, "{method} {headers:?}");
                assert!(answer.set_cookies().is_empty(), "{headers:?}");
            }
        }
        assert_eq!(whoami(&world.browser).await, "hello nobody");
    }

    async fn login_csrf_over_somebody_who_is_signed_in_leaves_them_signed_in(world) {
        sign_in(&world.browser).await;
        for headers in FOREIGN {
            let request = Ask::new(Method::POST, "/local?attacker");
            let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
            assert_eq!(ask(&world.browser, request).await.status, 403, "{headers:?}");
        }
        assert_eq!(whoami(&world.browser).await, "hello ada");
    }

    async fn a_mailed_link_of_the_attackers_begins_no_session_by_being_opened(world) {
        let person: &[(&str, &str)] = &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate"), ("sec-fetch-user", "?1")];
        let prefetch: &[(&str, &str)] = &[("sec-fetch-site", "same-origin"), ("sec-purpose", "prefetch")];
        for (method, headers) in [
            (Method::GET, &[][..]),
            (Method::GET, person),
            (Method::GET, prefetch),
            (Method::HEAD, &[]),
            (Method::DELETE, person),
        ] {
            let request = Ask::new(method.clone(), "/local?attacker");
            let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
            let answer = ask(&world.browser, request).await;
            assert_eq!(answer.status, 403, "{method} {headers:?}");
            assert!(answer.set_cookies().is_empty(), "{method}");
        }
        assert_eq!(whoami(&world.browser).await, "hello nobody");
    }

    async fn a_providers_subject_is_signed_in_by_no_handler(world) {
        for issuer in ["", "https://op.example", "local", "https://evil.example"] {
            let answer = ask(&world.browser, Ask::new(Method::POST, format!("/local-of-a-provider?{issuer}"))).await;
            assert_eq!(answer.status, 500, "{issuer}");
            assert!(answer.set_cookies().is_empty());
        }
        assert_eq!(whoami(&world.browser).await, "hello nobody");
    }

    async fn a_local_identity_is_made_by_nobody_who_writes_its_issuer(world) {
        let sessions = world.auth.sessions();
        for issuer in ["local", "Local", "local/", ""] {
            let error = sessions.create(Identity::new(issuer, "user-17")).await.unwrap_err();
            assert_eq!(error.code().name(), "misconfigured", "{issuer}");
        }
        let reserved = SubjectId::local("user-17");
        let error = sessions.create(Identity::new(reserved.issuer(), "user-17")).await.unwrap_err();
        assert_eq!(error.code().name(), "misconfigured");
    }

    async fn a_sealed_cookie_of_the_session_before_is_not_renewed_by_the_answer_that_signs_over_it(world) {
        sign_in(&world.browser).await;
        world.wait(std::time::Duration::from_secs(60 * if world.kind.has_store() { 5 * 60 } else { 90 }));
        let answer = ask(&world.browser, Ask::new(Method::POST, "/local?user-17")).await;
        let sessions: Vec<_> = answer.set_cookies().into_iter().filter(|line| line.contains("landfall-session=")).collect();
        assert_eq!(sessions.len(), 1, "{sessions:?}");
        assert_eq!(whoami(&world.browser).await, "hello user-17");
    }

    async fn a_sealed_cookie_of_the_session_before_is_not_renewed_by_the_answer_that_signs_it_out(world) {
        sign_in(&world.browser).await;
        world.wait(std::time::Duration::from_secs(60 * if world.kind.has_store() { 5 * 60 } else { 90 }));
        let answer = ask(&world.browser, Ask::new(Method::POST, "/leave?local")).await;
        let sessions: Vec<_> = answer.set_cookies().into_iter().filter(|line| line.contains("landfall-session=")).collect();
        assert_eq!(sessions.len(), 1, "{sessions:?}");
        assert!(!answer.sets_session());
        assert_eq!(whoami(&world.browser).await, "hello nobody");
    }

    async fn a_cookie_under_an_older_key_that_is_signed_out_stays_gone(world) {
        let mut world = world;
        sign_in(&world.browser).await;
        let keys = [landfall::CookieKey::generate().unwrap(), world.keys[0].clone()];
        world.switch_to(world.builder().cookie_keys(keys)).await;
        let answer = ask(&world.browser, Ask::new(Method::POST, "/leave?local")).await;
        let sessions: Vec<_> = answer.set_cookies().into_iter().filter(|line| line.contains("landfall-session=")).collect();
        assert_eq!(sessions.len(), 1, "{sessions:?}");
        assert!(!answer.sets_session());
        assert_eq!(whoami(&world.browser).await, "hello nobody");
    }

    async fn a_cookie_under_an_older_key_that_is_signed_over_stays_gone(world) {
        let mut world = world;
        sign_in(&world.browser).await;
        let keys = [landfall::CookieKey::generate().unwrap(), world.keys[0].clone()];
        world.switch_to(world.builder().cookie_keys(keys)).await;
        let answer = ask(&world.browser, Ask::new(Method::POST, "/local?user-17")).await;
        let sessions: Vec<_> = answer.set_cookies().into_iter().filter(|line| line.contains("landfall-session=")).collect();
        assert_eq!(sessions.len(), 1, "{sessions:?}");
        assert_eq!(whoami(&world.browser).await, "hello user-17");
    }
}

wherever_stored! {
    async fn the_tokens_of_a_providers_person_are_given_back_when_the_local_one_of_that_name_signs_in(framework, kind) {
        let world = World::new(framework, kind).await;
        sign_in(&world.browser).await;
        assert_eq!(ask(&world.browser, Ask::new(Method::POST, "/local?ada")).await.status, 200);
        assert_eq!(world.provider.calls("/oauth2/revoke"), 1, "they are two people");
    }

    async fn a_step_up_of_one_ada_is_none_of_the_other(framework, kind) {
        let heard = Arc::<Mutex<Vec<EventKind>>>::default();
        let ears = Arc::clone(&heard);
        let world = World::with(framework, kind, |builder| {
            builder.on_event(move |event| ears.lock().unwrap().push(event.kind))
        })
        .await;
        ask(&world.browser, Ask::new(Method::POST, "/local?ada")).await;
        // Out of a wish for more, and back as the provider's.
        let provided = world.other_browser();
        provided.open(&format!("{BASE_URL}/dashboard")).await.unwrap();
        let link = provided.fetch(Method::GET, &format!("{BASE_URL}/more/level"), &[], "", BASE_URL).await.unwrap();
        let link = serde_json::from_str::<serde_json::Value>(&link.text()).unwrap()["login_url"].as_str().unwrap().to_owned();
        heard.lock().unwrap().clear();
        world.browser.open(&format!("{BASE_URL}{link}")).await.unwrap();
        let kinds = heard.lock().unwrap().clone();
        assert!(kinds.contains(&EventKind::SignedIn) && !kinds.contains(&EventKind::SteppedUp), "{kinds:?}");
        assert!(kinds.contains(&EventKind::Ended(EndReason::Replaced)), "{kinds:?}");
        // And over the provider's, which has a weaker level.
        heard.lock().unwrap().clear();
        ask(&world.browser, Ask::new(Method::POST, "/local?ada")).await;
        let kinds = heard.lock().unwrap().clone();
        assert!(kinds.contains(&EventKind::SignedIn) && !kinds.contains(&EventKind::SteppedUp), "{kinds:?}");
    }

    async fn a_logout_token_for_the_providers_subject_leaves_the_local_one_of_that_name_alone(framework, kind) {
        let world = World::new(framework, kind).await;
        let local = world.other_browser();
        local.post_form(&format!("{BASE_URL}/local?ada"), &[], BASE_URL).await.unwrap();
        sign_in(&world.browser).await;
        assert_eq!((whoami(&world.browser).await, whoami(&local).await), ("hello ada".into(), "hello ada".into()));
        let provider: &LocalProvider = &world.provider;
        let token = provider.logout_token("app").unwrap().claim("sub", "ada").signed();
        let body = format!("logout_token={token}");
        let post = Ask::new(Method::POST, "/auth/backchannel-logout").cookie("").header("content-type", crate::support::FORM).body(body);
        assert!(ask(&world.browser, post).await.status.is_success());
        assert_eq!((whoami(&world.browser).await, whoami(&local).await), ("hello nobody".into(), "hello ada".into()));
        world.auth.sessions().end_all_of(&SubjectId::local("ada")).await.unwrap();
        assert_eq!(whoami(&local).await, "hello nobody");
    }
}
