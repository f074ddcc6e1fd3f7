//! What the local provider does by itself reaches an application, so that all of it can be tried without another one.

use landfall_testkit::{AuthLevel, Client, Consent, TestBed, WebhookForm};
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks, wherever_stored};

use crate::support::{asked, at, greeting};

/// A world whose provider knows how to reach the application.
pub(crate) async fn world(
    framework: Framework,
    kind: SessionKind,
    change: impl FnOnce(Client) -> Client,
) -> World {
    let world = World::new(framework, kind).await;
    world.provider.route(BASE_URL, world.address).unwrap();
    world.provider.change_client(TestBed::CLIENT_ID, change);
    world
}

async fn is_signed_in(browser: &landfall_testkit::Browser) -> bool {
    browser.open(&at("/")).await.unwrap().text() != "hello nobody"
}

wherever_stored! {
    async fn a_sign_out_everywhere_is_posted_and_ends_every_session_of_one_person(framework, kind) {
        let world = world(framework, kind, |client| client.backchannel_logout_uri(at("/auth/backchannel-logout"))).await;
        world.open("/dashboard").await;
        let other = world.other_browser();
        other.open(&at("/dashboard")).await.unwrap();
        world.provider.sign_in_as("grace");
        let graces = world.other_browser();
        graces.open(&at("/dashboard")).await.unwrap();
        let deliveries = world.provider.sign_out_everywhere("ada").await;
        assert_eq!(deliveries.len(), 2, "one for each session at the provider");
        assert!(deliveries.iter().all(landfall_testkit::Delivery::is_accepted), "{deliveries:?}");
        assert_eq!(greeting(&world).await, "hello nobody");
        assert!(!is_signed_in(&other).await && is_signed_in(&graces).await);
        world.provider.sign_in_as("ada");
        assert_eq!(world.open("/dashboard").await.status, 200, "and in again");
        assert_eq!(greeting(&world).await, "hello ada");
    }

    async fn a_sign_out_in_one_browser_ends_what_came_of_the_same_session_at_the_provider(framework, kind) {
        let world = world(framework, kind, |client| client.backchannel_logout_uri(at("/auth/backchannel-logout"))).await;
        world.open("/dashboard").await;
        // Another profile that took the provider's session along, and one that has its own.
        let (same, apart) = (world.other_browser(), world.other_browser());
        let authorize = format!("{}/oauth2/authorize", world.provider.issuer());
        for cookie in world.browser.cookies_for(&authorize).unwrap() {
            assert!(same.set_cookie(&authorize, &format!("{}={}; Path=/; Secure", cookie.name, cookie.value)).unwrap());
        }
        for browser in [&same, &apart] {
            assert_eq!(browser.open(&at("/dashboard")).await.unwrap().status, 200);
        }
        assert_eq!(world.provider.sessions().len(), 2, "two of the three share one");
        world.browser.post_form(&at("/auth/logout"), &[], BASE_URL).await.unwrap();
        let deliveries = world.provider.deliveries();
        assert!(deliveries.len() == 1 && deliveries[0].is_accepted(), "{deliveries:?}");
        assert_eq!(greeting(&world).await, "hello nobody");
        assert!(!is_signed_in(&same).await && is_signed_in(&apart).await);
    }

    async fn a_frame_on_the_providers_page_ends_the_session_without_its_cookie(framework, kind) {
        let world = world(framework, kind, |client| client.frontchannel_logout_uri(at("/auth/frontchannel-logout"))).await;
        world.open("/dashboard").await;
        let sid = world.provider.sessions()[0].sid.clone();
        // As another application of the same provider would send this browser.
        let page = world.browser.open(&format!("https://op.example/oauth2/logout?client_id={}", TestBed::CLIENT_ID)).await.unwrap();
        let page = if page.frames().is_empty() { world.browser.submit(&page, "Sign out", &[]).await.unwrap() } else { page };
        let frames = world.browser.open_frames(&page).await.unwrap();
        assert_eq!((frames.len(), frames[0].status.as_u16()), (1, 200), "{}", page.text());
        assert!(frames[0].url.query_pairs().any(|(name, value)| name == "sid" && value == sid), "{}", frames[0].url);
        assert!(!frames[0].hops[0].request_headers.contains_key("cookie"), "a frame of another site");
        assert!(frames[0].header("content-security-policy").unwrap().contains("frame-ancestors https://op.example"));
        assert_eq!(greeting(&world).await, "hello nobody");
    }
}

on_both_frameworks! {
    async fn webhooks_in_both_documented_forms_end_sessions(framework) {
        for form in [WebhookForm::Nested, WebhookForm::Flat] {
            let bed = TestBed::with_provider(BASE_URL, |provider| {
                provider.webhook(at("/auth/webhook"), "a-webhook-secret").webhook_form(form)
            }).unwrap();
            let world = World::around(bed, framework, SessionKind::Memory, |builder| builder.webhook_secret("a-webhook-secret")).await;
            world.provider.route(BASE_URL, world.address).unwrap();
            world.open("/dashboard").await;
            let sid = world.provider.sessions()[0].sid.clone();
            let other = world.other_browser();
            other.open(&at("/dashboard")).await.unwrap();
            let deliveries = world.provider.end_session(&sid, landfall_testkit::SignOutReason::AdminRevoked).await;
            assert!(deliveries.len() == 1 && deliveries[0].is_accepted(), "{form:?} {deliveries:?}");
            assert_eq!(greeting(&world).await, "hello nobody", "{form:?}");
            assert!(is_signed_in(&other).await, "{form:?}: that session alone");
            world.wait(std::time::Duration::from_secs(2));
            world.open("/dashboard").await;
            assert!(world.provider.disable("ada").await.iter().all(landfall_testkit::Delivery::is_accepted));
            assert_eq!(greeting(&world).await, "hello nobody", "{form:?}");
            assert!(!is_signed_in(&other).await, "{form:?}");
            assert_eq!(world.open("/dashboard").await.status, 403, "a disabled person is turned away");
        }
    }

    async fn a_scope_that_the_client_may_not_have_is_refused_or_left_out(framework) {
        let few = ["openid", "profile", "email"];
        for (narrows, trips) in [(false, 3), (true, 2)] {
            let world = world(framework, SessionKind::Memory, |client| {
                let client = client.allowed_scopes(few);
                if narrows { client.grants_what_it_may() } else { client }
            }).await;
            world.open("/dashboard").await;
            for _ in 0..2 {
                assert_eq!(world.open("/more/files").await.status, 403, "{narrows}");
            }
            // What was refused at once may be allowed by now; what was left out was asked for and not given.
            assert_eq!((asked(&world, "scope").len(), greeting(&world).await.as_str()), (trips, "hello ada"), "{narrows}");
        }
    }

    async fn consent_is_asked_for_what_is_new_and_may_be_refused(framework) {
        let world = world(framework, SessionKind::Memory, |client| client.consent(Consent::Remembered)).await;
        world.open("/dashboard").await;
        world.provider.refuse_consent(true);
        assert_eq!(world.open("/more/files").await.status, 403);
        assert_eq!(greeting(&world).await, "hello ada");
        world.provider.refuse_consent(false);
        assert_eq!(world.open("/more/files").await.status, 200);
    }

    async fn a_person_who_is_asked_for_consent_may_decline_and_think_better_of_it(framework) {
        let world = world(framework, SessionKind::Memory, |client| client.consent(Consent::Remembered)).await;
        world.open("/dashboard").await;
        world.provider.ask_who_signs_in();
        let page = world.open("/more/files").await;
        assert!(page.url.host_str() == Some("op.example") && page.text().contains("files:read"), "{}", page.text());
        let page = world.browser.submit(&page, "Decline", &[]).await.unwrap();
        assert_eq!((page.status.as_u16(), page.url.path()), (403, "/auth/callback"));
        assert_eq!(greeting(&world).await, "hello ada");
        let page = world.open("/more/files?page=2").await;
        let page = world.browser.submit(&page, "Allow", &[]).await.unwrap();
        assert_eq!((page.status.as_u16(), page.url.as_str()), (200, at("/more/files?page=2").as_str()));
    }

    async fn a_level_that_the_provider_cannot_reach_ends_in_a_page(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        world.provider.set_highest_level(AuthLevel::Aal1);
        world.open("/dashboard").await;
        let page = world.open("/more/level").await;
        assert_eq!((page.status.as_u16(), asked(&world, "acr_values").len(), greeting(&world).await.as_str()), (403, 2, "hello ada"));
        world.provider.set_highest_level(AuthLevel::Aal3);
        assert_eq!(world.open("/more/level").await.status, 200);
    }
}
