//! How many sessions one person may have at a time.

use std::sync::{Arc, Mutex};

use landfall::{BeyondLimit, CookieKey, EndReason, EventKind, Identity, RelyingParty, SubjectId};
use landfall_testkit::Browser;
use landfall_tests::{Framework, Port, SessionKind, World, wherever_stored};

use crate::support::at;

async fn limited(framework: Framework, kind: SessionKind, most: usize, beyond: BeyondLimit) -> World {
    World::with(framework, kind, |builder| builder.sessions_per_subject(most, beyond)).await
}

fn ada(world: &World) -> SubjectId {
    SubjectId::new(world.auth.issuer(), "ada")
}

/// Another browser of Ada's, signed in a minute after the last one, and what it was shown.
async fn one_more(world: &World) -> (Browser, u16, String) {
    world.wait(std::time::Duration::from_secs(60));
    let browser = world.other_browser();
    let page = browser.open(&at("/dashboard")).await.unwrap();
    (browser, page.status.as_u16(), page.text())
}

async fn greeting(browser: &Browser) -> String {
    browser.open(&at("/")).await.unwrap().text()
}

wherever_stored! {
    async fn of_one_session_too_many_the_oldest_ends_and_the_application_hears_of_it(framework, kind) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ends = Arc::clone(&heard);
        let world = World::with(framework, kind, move |builder| {
            builder.sessions_per_subject(2, BeyondLimit::EndOldest).on_event(move |event| {
                if let EventKind::Ended(how) = event.kind {
                    ends.lock().unwrap().push(how);
                }
            })
        })
        .await;
        let (first, ..) = one_more(&world).await;
        let (second, ..) = one_more(&world).await;
        assert_eq!(greeting(&first).await, "hello ada");
        let (third, status, _) = one_more(&world).await;
        assert_eq!(status, 200);
        let now: Vec<_> = [greeting(&first).await, greeting(&second).await, greeting(&third).await].into();
        assert_eq!(now, ["hello nobody", "hello ada", "hello ada"]);
        assert_eq!(*heard.lock().unwrap(), [EndReason::TooMany]);
        assert_eq!(world.auth.sessions().list(&ada(&world)).await.unwrap().len(), 2);
    }

    async fn one_session_too_many_is_refused_with_a_page_that_says_so(framework, kind) {
        let world = limited(framework, kind, 2, BeyondLimit::Refuse).await;
        let (first, ..) = one_more(&world).await;
        let (second, ..) = one_more(&world).await;
        let (third, status, text) = one_more(&world).await;
        assert_eq!(status, 403, "{text}");
        assert!(text.contains("signed in in too many places") && text.contains("Sign in again"), "{text}");
        let now: Vec<_> = [greeting(&first).await, greeting(&second).await, greeting(&third).await].into();
        assert_eq!(now, ["hello ada", "hello ada", "hello nobody"]);
        assert_eq!(world.auth.sessions().list(&ada(&world)).await.unwrap().len(), 2);
        // The application's own sessions count as any.
        let refused = world.auth.sessions().create(Identity::new(world.auth.issuer(), "ada")).await;
        assert_eq!(refused.unwrap_err().code().name(), "too_many_sessions");
        first.post_form(&at("/auth/logout"), &[], landfall_tests::BASE_URL).await.unwrap();
        assert_eq!(one_more(&world).await.1, 200);
    }

    async fn a_sign_in_in_a_browser_that_has_a_session_is_none_more(framework, kind) {
        for beyond in [BeyondLimit::EndOldest, BeyondLimit::Refuse] {
            let world = limited(framework, kind, 1, beyond).await;
            for _ in 0..3 {
                assert_eq!(world.open("/auth/login?return_to=%2F").await.text(), "hello ada", "{beyond:?}");
            }
            world.provider.sign_in_as("grace");
            assert_eq!(world.open("/auth/login?return_to=%2F").await.text(), "hello grace", "{beyond:?}");
        }
    }

    async fn sign_ins_at_the_same_moment_on_two_instances_are_never_more_than_the_limit(framework, kind) {
        for beyond in [BeyondLimit::EndOldest, BeyondLimit::Refuse] {
            let world = limited(framework, kind, 2, beyond).await;
            let other = world.builder().sessions_per_subject(2, beyond).build().unwrap();
            let other = Port::bind().serve(framework, other);
            let signing_in: Vec<_> = (0..8)
                .map(|number| {
                    let browser = world.other_browser();
                    if number % 2 == 1 {
                        browser.route(landfall_tests::BASE_URL, other).unwrap();
                    }
                    tokio::spawn(async move { browser.open(&at("/dashboard")).await.unwrap().status.as_u16() })
                })
                .collect();
            for browser in signing_in {
                let status = browser.await.unwrap();
                // Whoever is ended at once signs in again, and after some times finds a page that says so.
                assert!(status < 500, "{beyond:?}: {status}");
            }
            let left = world.auth.sessions().list(&ada(&world)).await.unwrap().len();
            assert!(left <= 2, "{beyond:?}: {left}");
        }
    }
}

#[test]
fn a_limit_that_nobody_could_count_is_refused_by_its_name() {
    let builder = || {
        RelyingParty::builder("https://op.example")
            .client("app", "secret")
            .base_url("https://app.example.com")
            .cookie_keys([CookieKey::generate().unwrap()])
    };
    let sealed = builder().sessions_per_subject(2, BeyondLimit::EndOldest);
    assert_eq!(sealed.build().unwrap_err().setting, "sessions_per_subject");
    for most in [0, 101] {
        let stored = builder().store(landfall::MemoryStore::new());
        let wrong = stored.sessions_per_subject(most, BeyondLimit::Refuse);
        assert_eq!(wrong.build().unwrap_err().setting, "sessions_per_subject", "{most}");
    }
}
