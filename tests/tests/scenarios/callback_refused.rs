//! The provider says no, or not what was asked.

use std::time::Duration;

use landfall_testkit::{Endpoint, Fault, RawResponse};
use landfall_tests::{BASE_URL, SessionKind, World, everywhere, on_both_frameworks};
use serde_json::json;

use crate::apps::{self, What};
use crate::support::{at, attempt_cookies, leads_back_to, session_value};

everywhere! {
    async fn a_denied_consent_is_a_page_with_a_way_back(world) {
        world.provider.ask_who_signs_in();
        let page = world.open("/dashboard/x?y=1").await;
        let page = world.browser.submit(&page, "deny", &[]).await.unwrap();
        assert_eq!(page.status, 403);
        assert_eq!(page.url.path(), "/auth/callback");
        assert_eq!(world.token_calls(), 0);
        assert!(session_value(&world.browser).is_none());
        assert_eq!(attempt_cookies(&world.browser, "login").len(), 0);
        world.provider.sign_in_as("ada");
        leads_back_to(&world, &page, "/dashboard/x?y=1").await;
    }

    async fn errors_of_the_provider_are_pages_and_never_loops(world) {
        for (error, status) in [
            ("invalid_request", 400),
            ("unauthorized_client", 400),
            ("invalid_scope", 403),
            ("interaction_required", 400),
            ("unsupported_response_type", 400),
            ("server_error", 503),
            ("temporarily_unavailable", 503),
            ("something_new", 400),
        ] {
            world.provider.inject(Fault::authorize_error(error));
            let page = world.open("/dashboard/x").await;
            assert_eq!(page.status.as_u16(), status, "{error}");
            assert_eq!(page.header("retry-after").is_some(), status == 503, "{error}");
            assert!(!page.text().contains(error), "{error}");
            assert_eq!(world.token_calls(), 0, "{error}");
            assert_eq!(world.provider.faults().len(), 0, "{error}");
        }
        assert_eq!(world.open("/dashboard/x").await.url.as_str(), at("/dashboard/x"));
    }

    async fn a_provider_that_needs_the_person_is_asked_once_more_in_its_way_and_then_a_page_says_so(world) {
        for (error, prompt) in [
            ("login_required", "login"),
            ("consent_required", "consent"),
            ("account_selection_required", "select_account"),
        ] {
            world.provider.forget_requests();
            world.provider.inject(Fault::authorize_error(error));
            world.provider.inject(Fault::authorize_error(error));
            let page = world.open("/dashboard/x").await;
            assert_eq!((page.status.as_u16(), page.url.path()), (400, "/auth/callback"), "{error}");
            let prompts: Vec<_> =
                world.provider.requests().iter().filter(|seen| seen.path == "/oauth2/authorize").map(|seen| seen.parameter("prompt")).collect();
            assert_eq!(prompts, [None, Some(prompt.to_owned())], "{error}");
            leads_back_to(&world, &page, "/dashboard/x").await;
            world.browser.forget_cookies();
        }
    }

    async fn markup_in_a_providers_error_never_reaches_the_page(world) {
        world.provider.inject(Fault::AuthorizeError {
            error: "<script>alert(1)</script>".into(),
            description: Some("<script>alert(2)</script>".into()),
        });
        let page = world.open("/dashboard").await;
        assert_eq!(page.status, 400);
        assert!(!page.text().contains("<script"));
    }

    async fn a_refused_code_is_a_page_that_leads_on(world) {
        let refusal = RawResponse::json(400, &json!({ "error": "invalid_grant" }));
        world.provider.inject(Fault::token_response(refusal));
        let page = world.open("/dashboard/x").await;
        assert_eq!(page.status, 400);
        assert!(session_value(&world.browser).is_none());
        leads_back_to(&world, &page, "/dashboard/x").await;
    }

    async fn a_token_endpoint_that_never_answers_is_a_504_and_its_code_is_not_sent_again(world) {
        world.provider.inject(Fault::hang(Endpoint::Token));
        let page = world.open("/dashboard/x").await;
        assert_eq!(page.status, 504);
        let again = world.browser.reload().await.unwrap();
        // The mark says that the code was sent: one clean restart, which lands.
        assert_eq!(again.url.as_str(), at("/dashboard/x"));
        assert_eq!(world.token_calls(), 2);
    }
}

on_both_frameworks! {
    async fn an_old_authentication_is_asked_for_anew_once_and_then_refused(framework) {
        let minute = Duration::from_secs(60);
        let world = World::with(framework, SessionKind::Cookie, |builder| builder.max_age(minute)).await;
        world.provider.inject_always(Fault::id_token_claim("auth_time", 1_767_000_000));
        let page = world.open("/dashboard/x").await;
        assert_eq!(page.status, 403);
        assert!(session_value(&world.browser).is_none());
        let asked: Vec<_> = world.provider.requests().into_iter().filter(|seen| seen.path == "/oauth2/authorize").collect();
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[0].parameter("prompt"), None);
        assert_eq!(asked[1].parameter("prompt").as_deref(), Some("login"));
        assert!(asked.iter().all(|seen| seen.parameter("max_age").as_deref() == Some("60")));
    }

    async fn a_recent_authentication_the_second_time_lands(framework) {
        let minute = Duration::from_secs(60);
        let world = World::with(framework, SessionKind::Memory, |builder| builder.max_age(minute)).await;
        world.provider.inject(Fault::id_token_claim("auth_time", 1_767_000_000));
        assert_eq!(world.open("/dashboard/x").await.url.as_str(), at("/dashboard/x"));
        assert_eq!(world.token_calls(), 2);
    }

    async fn a_silent_sign_in_that_needs_a_person_starts_over_once_with_one(framework) {
        let bed = apps::bed(framework, What::Silent, BASE_URL).await;
        bed.provider.ask_who_signs_in();
        let page = bed.browser.open(&at("/silent")).await.unwrap();
        assert_eq!(page.url.host_str(), Some("op.example"));
        let page = bed.browser.sign_in("ada").await.unwrap();
        assert_eq!((page.url.as_str(), page.text().as_str()), (at("/silent").as_str(), "hello ada"));
        let prompts: Vec<_> = bed
            .provider
            .requests()
            .into_iter()
            .filter(|seen| seen.path == "/oauth2/authorize")
            .map(|seen| seen.parameter("prompt"))
            .collect();
        assert_eq!(prompts, [Some("none".to_owned()), None]);
    }

    async fn a_silent_sign_in_refused_again_and_again_ends_in_a_page(framework) {
        let bed = apps::bed(framework, What::Silent, BASE_URL).await;
        bed.provider.inject_always(Fault::authorize_error("login_required"));
        let page = bed.browser.open(&at("/silent")).await.unwrap();
        assert_eq!(page.status, 400);
        assert!(bed.provider.calls("/oauth2/authorize") <= 3);
    }
}
