//! What handlers take and what they return: the same words on both frameworks, from one file that is compiled twice
//! (`tests/src/handlers.rs`).

use http::Method;
use landfall_tests::{BASE_URL, Framework, SessionKind, World, everywhere, on_both_frameworks};

use crate::support::{at, error_log, fetch, listen_to_errors, set_cookies};

everywhere! {
    async fn an_option_is_somebody_or_nobody(world) {
        for path in ["/maybe", "/maybe-visit"] {
            let page = world.open_once(path).await;
            assert_eq!((page.status.as_u16(), page.text().as_str()), (200, "hello nobody"), "{path}");
        }
        assert_eq!(world.open_once("/maybe-claims").await.text(), "nobody");
        assert_eq!(world.open_once("/claims-by-hand").await.text(), "nobody");
        assert_eq!(world.open_once("/maybe-token").await.text(), "no token");
        world.open("/dashboard").await;
        for path in ["/maybe", "/maybe-visit", "/own-words"] {
            let page = world.open_once(path).await;
            assert_eq!((page.status.as_u16(), page.text().as_str()), (200, "hello ada"), "{path}");
            assert_eq!(page.header("cache-control"), Some("private, no-cache"), "{path}");
        }
        assert_eq!(world.open_once("/maybe-claims").await.text(), "ada in ");
        assert_eq!(world.open_once("/claims-by-hand").await.text(), "ada in ");
        if world.kind.has_store() {
            assert_eq!(world.open_once("/maybe-token").await.text(), "a token");
        }
    }

    async fn a_result_leaves_it_to_the_handler_what_becomes_of_nobody(world) {
        let page = world.open_once("/own-words").await;
        assert_eq!((page.status.as_u16(), page.text().as_str()), (200, "please sign in"));
    }

    async fn the_question_mark_takes_what_fails_to_whoever_asked(world) {
        world.open("/dashboard").await;
        let page = world.open("/browsers").await;
        if world.kind.has_store() {
            assert!(page.text().starts_with("since ") && page.text().ends_with(" here"), "{}", page.text());
            return;
        }
        // Without a store there is no list: to a person a page, to a script a problem document.
        assert_eq!(page.status, 500);
        assert!(page.header("content-type").unwrap().starts_with("text/html"));
        assert!(page.text().contains("Reference: <code>"), "{}", page.text());
        let problem = fetch(&world, "/browsers").await;
        assert_eq!(problem.status, 500);
        assert_eq!(problem.header("content-type"), Some("application/problem+json"));
        let problem: serde_json::Value = serde_json::from_str(&problem.text()).unwrap();
        assert_eq!(problem["code"], "misconfigured");
        assert_eq!(world.open("/end-others-or-not").await.text(), "no sessions to end");
    }

    async fn a_wish_of_the_handlers_own_lands_where_it_says(world) {
        assert_eq!(world.open("/onwards").await.url.as_str(), at("/"));
    }
}

on_both_frameworks! {
    async fn what_failed_by_the_question_mark_is_in_the_log_once_under_the_reference_that_is_shown(framework) {
        listen_to_errors();
        let world = World::new(framework, SessionKind::Cookie).await;
        world.open("/dashboard").await;
        for page in [world.open("/browsers").await, fetch(&world, "/browsers").await] {
            let text = page.text();
            let marks = [("<code>", "</code>"), ("\"reference\":\"", "\"")];
            let reference = marks.iter().find_map(|(before, after)| {
                Some(text.split_once(before)?.1.split_once(after)?.0.to_owned())
            });
            let reference = reference.unwrap_or_else(|| panic!("no reference: {text}"));
            assert_eq!(error_log().matches(&reference).count(), 1, "{reference}");
        }
    }

    async fn an_answer_to_the_question_mark_is_kept_nowhere_and_sets_what_is_owed(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        world.open("/dashboard").await;
        // Half of the session's idle time is over: this request owes a renewal.
        world.wait(std::time::Duration::from_secs(61 * 60));
        let page = world.open_once("/browsers").await;
        assert_eq!((page.status.as_u16(), page.header("cache-control")), (500, Some("no-store")));
        let plain = world.open_once("/maybe").await;
        assert_eq!(set_cookies(&page.headers).len(), 1);
        assert_eq!(set_cookies(&plain.headers).len(), 0, "renewed by the answer before");
    }

    async fn claims_that_do_not_fit_are_a_500_and_nobody_is_sent_to_sign_in_for_them(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        assert_eq!(world.open_once("/no-claims").await.status, 303);
        world.open("/dashboard").await;
        assert_eq!(world.open_once("/no-claims").await.status, 500);
        let script = world.browser.fetch(Method::GET, &at("/no-claims"), &[], "", BASE_URL).await.unwrap();
        assert_eq!(script.status, 500);
    }

    /// axum leaves the choice to the extractor; actix-web's own `Option` is `None` for every error.
    async fn an_option_of_a_token_that_cannot_be_had_is_refused_where_the_framework_lets_us(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        world.open("/dashboard").await;
        let page = world.open_once("/maybe-token").await;
        match framework {
            Framework::Axum => assert_eq!(page.status, 500),
            Framework::Actix => assert_eq!(page.text(), "no token"),
        }
    }
}
