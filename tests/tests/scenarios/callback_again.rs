//! The callback comes again, or comes late.

use std::time::Duration;

use landfall_tests::{BASE_URL, everywhere};

use crate::support::{at, greeting, greeting_for, leads_back_to, session_value};

everywhere! {
    async fn reloading_the_callback_lands_again_and_sends_the_code_once(world) {
        let callback = world.callback_for("/dashboard/x?y=1").await;
        world.browser.open(&callback).await.unwrap();
        let session = session_value(&world.browser);
        for _ in 0..3 {
            let page = world.browser.open(&callback).await.unwrap();
            assert_eq!(page.url.as_str(), at("/dashboard/x?y=1"));
            assert_eq!(page.status, 200);
        }
        assert_eq!(world.token_calls(), 1);
        assert_eq!(session_value(&world.browser), session);
        // Minutes later, too.
        world.wait(Duration::from_secs(300));
        assert_eq!(world.browser.open(&callback).await.unwrap().url.as_str(), at("/dashboard/x?y=1"));
        assert_eq!((world.token_calls(), session_value(&world.browser)), (1, session));
    }

    async fn a_double_click_sends_the_code_once_and_both_end_signed_in(world) {
        let callback = world.callback_for("/dashboard/x").await;
        let (one, two) = (world.browser.new_tab(), world.browser.new_tab());
        let (one, two) = tokio::join!(one.open(&callback), two.open(&callback));
        for page in [one.unwrap(), two.unwrap()] {
            assert_eq!(page.url.as_str(), at("/dashboard/x"));
            assert_eq!(page.text(), "dashboard of ada at /dashboard/x with no query");
        }
        assert_eq!(world.token_calls(), 1);
    }

    async fn the_back_button_to_the_providers_page_shows_a_page_and_leaves_the_session_alone(world) {
        world.provider.ask_who_signs_in();
        let sign_in_page = world.open("/dashboard/x").await;
        world.browser.sign_in("ada").await.unwrap();
        let session = session_value(&world.browser);
        // The same request at the provider, which knows Ada by now and answers with another code.
        let page = world.browser.open(sign_in_page.url.as_str()).await.unwrap();
        assert_eq!(page.status, 400);
        assert_eq!(session_value(&world.browser), session);
        assert_eq!(world.token_calls(), 1);
        leads_back_to(&world, &page, "/dashboard/x").await;
    }

    async fn the_back_button_before_signing_in_starts_afresh(world) {
        world.provider.ask_who_signs_in();
        world.open("/dashboard/x").await;
        world.browser.back();
        world.open("/dashboard/x").await;
        let page = world.browser.sign_in("ada").await.unwrap();
        assert_eq!(page.url.as_str(), at("/dashboard/x"));
    }

    async fn a_bookmarked_callback_lands_while_the_session_stands(world) {
        let callback = world.callback_for("/dashboard/x").await;
        world.browser.open(&callback).await.unwrap();
        world.wait(Duration::from_secs(45 * 60));
        let page = world.browser.open(&callback).await.unwrap();
        assert_eq!((page.url.as_str(), page.status.as_u16()), (at("/dashboard/x").as_str(), 200));
        assert_eq!(world.token_calls(), 1);
    }

    async fn a_bookmarked_callback_days_later_is_a_page_that_leads_on(world) {
        let callback = world.callback_for("/dashboard/x").await;
        world.browser.open(&callback).await.unwrap();
        world.wait(Duration::from_secs(9 * 24 * 3600));
        let page = world.browser.open(&callback).await.unwrap();
        assert_eq!(page.status, 400);
        assert_eq!(world.token_calls(), 1);
        leads_back_to(&world, &page, "/dashboard/x").await;
    }

    async fn an_expired_attempt_says_so_and_keeps_its_destination(world) {
        let callback = world.callback_for("/dashboard/x?y=1").await;
        world.wait(Duration::from_secs(15 * 60 + 1));
        let page = world.browser.open(&callback).await.unwrap();
        assert_eq!(page.status, 400);
        assert!(page.text().contains("took too long"), "{}", page.text());
        assert_eq!(world.token_calls(), 0);
        leads_back_to(&world, &page, "/dashboard/x?y=1").await;
    }

    async fn an_expired_attempt_beside_a_session_lands(world) {
        let callback = world.callback_for("/dashboard/x").await;
        world.wait(Duration::from_secs(15 * 60 + 1));
        world.open("/dashboard/y").await;
        let page = world.browser.open(&callback).await.unwrap();
        assert_eq!(page.url.as_str(), at("/dashboard/x"));
        assert_eq!(world.token_calls(), 1);
    }

    async fn another_persons_sign_in_ends_the_session_before(world) {
        world.open("/dashboard").await;
        let before = session_value(&world.browser).unwrap();
        world.provider.sign_in_as("grace");
        let page = world.open("/auth/login?return_to=%2F").await;
        assert_eq!(page.text(), "hello grace");
        assert_ne!(session_value(&world.browser).unwrap(), before);
        // A sealed cookie cannot be called back; a stored session is over.
        if world.kind.has_store() {
            assert_eq!(greeting_for(&world, &before).await, "hello nobody");
        }
    }

    async fn a_handler_can_ask_for_another_account(world) {
        world.open("/dashboard").await;
        world.provider.sign_in_as("grace");
        let page = world.open_once("/switch").await;
        let asked = page.location().unwrap();
        let asked = |name: &str| asked.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        assert_eq!(asked("prompt").as_deref(), Some("select_account"));
        assert_eq!(asked("login_hint").as_deref(), Some("grace"));
    }

    async fn a_callback_in_another_browser_signs_nobody_in(world) {
        let callback = world.callback_for("/dashboard/x").await;
        let other = world.other_browser();
        let page = other.open(&callback).await.unwrap();
        assert_eq!(page.status, 400);
        assert_eq!(world.token_calls(), 0);
        assert!(session_value(&other).is_none());
        // The first browser's attempt is untouched.
        assert_eq!(world.browser.open(&callback).await.unwrap().url.as_str(), at("/dashboard/x"));
    }

    async fn a_callback_out_of_nowhere_changes_nothing(world) {
        world.open("/dashboard").await;
        for query in ["", "?code=x", "?code=x&state=y", "?code=x&state=lf1.y", "?state=lf1.AAAA&error=access_denied"] {
            let page = world.browser.follow_link(&at(&format!("/auth/callback{query}")), "https://evil.example/").await.unwrap();
            assert_eq!(page.status, 400, "{query}");
            assert_eq!(greeting(&world).await, "hello ada", "{query}");
        }
        assert_eq!(world.token_calls(), 1);
    }

    async fn a_fetched_callback_is_answered_in_json(world) {
        let accept = [("accept", "application/json")];
        let page = world.browser.fetch(http::Method::GET, &at("/auth/callback?code=x"), &accept, "", BASE_URL).await.unwrap();
        assert_eq!(page.status, 400);
        assert_eq!(page.header("content-type"), Some("application/problem+json"));
        let problem: serde_json::Value = serde_json::from_slice(&page.body).unwrap();
        assert_eq!(problem["code"], "sign_in_failed");
    }
}
