//! Sessions as objects: listed, ended from outside, heard of; and moved from the cookie to a store.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use landfall::{CookieKey, EndReason, ErrorCode, Event, EventKind, Identity};
use landfall_testkit::Browser;
use landfall_tests::{Framework, SessionKind, World, on_both_frameworks, subject, wherever_stored};

use crate::support::{at, fetch, greeting, greeting_for, session_value};

const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";

type Heard = Arc<Mutex<Vec<Event>>>;

/// Ada, signed in with two browsers and on a third machine; the newest last.
async fn three(framework: Framework, kind: SessionKind) -> (World, [Browser; 2], Heard) {
    let heard = Heard::default();
    let ears = Arc::clone(&heard);
    let world = World::with(framework, kind, |builder| {
        builder.on_event(move |event| {
            if event.kind != EventKind::SignInStarted {
                ears.lock().unwrap().push(event.clone());
            }
        })
    })
    .await;
    world.open("/dashboard").await;
    let others = [world.other_browser(), world.other_browser()];
    for other in &others {
        world.wait(Duration::from_secs(60));
        other.open(&at("/dashboard")).await.unwrap();
    }
    (world, others, heard)
}

async fn is_signed_in(browser: &Browser) -> bool {
    browser.open(&at("/")).await.unwrap().text() == "hello ada"
}

wherever_stored! {
    async fn a_persons_sessions_are_listed_with_when_and_where(framework, kind) {
        let (world, _, _) = three(framework, kind).await;
        world.provider.sign_in_as("grace");
        world.other_browser().open(&at("/dashboard")).await.unwrap();
        let listed = world.auth.sessions().list(&subject(&world.auth, "ada")).await.unwrap();
        let times: Vec<_> = listed.iter().map(|session| session.created_at).collect();
        assert_eq!(times.len(), 3);
        assert!(times.is_sorted_by(|a, b| a > b), "the newest first: {times:?}");
        let first = &listed[2];
        assert_eq!(first.last_seen, first.created_at);
        assert!(first.idle_expires_at < first.expires_at);
        // Seen again, past half of its idle life.
        world.wait(Duration::from_secs(5 * 3600));
        assert_eq!(greeting(&world).await, "hello ada");
        let listed = world.auth.sessions().list(&subject(&world.auth, "ada")).await.unwrap();
        let seen = listed.iter().find(|session| session.handle == first.handle).unwrap();
        assert!(seen.last_seen > first.last_seen && seen.created_at == first.created_at);
        assert_eq!(world.auth.sessions().list(&subject(&world.auth, "nobody")).await.unwrap(), []);
    }

    async fn a_session_is_called_by_its_browsers_name_and_stays_so(framework, kind) {
        let world = World::new(framework, kind).await;
        let callback = world.callback_for("/dashboard").await;
        let cookies = world.browser.cookies_for(&callback).unwrap();
        let cookie: Vec<_> = cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        let path = callback.strip_prefix(landfall_tests::BASE_URL).unwrap();
        let headers = [("cookie", cookie.join("; ")), ("user-agent", FIREFOX.to_owned())];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let landed = crate::support::raw(&world, Method::GET, path, &headers).await;
        assert_eq!(landed.status(), 303);
        let label = async || world.auth.sessions().list(&subject(&world.auth, "ada")).await.unwrap()[0].label.clone();
        assert_eq!(label().await.as_deref(), Some("Firefox on Windows"));
        let cookie = landed.headers().get_all("set-cookie").iter().find_map(|line| line.to_str().unwrap().strip_prefix("__Host-landfall-session=")).unwrap();
        world.wait(Duration::from_secs(5 * 3600));
        assert_eq!(greeting_for(&world, cookie.split(';').next().unwrap()).await, "hello ada");
        assert_eq!(label().await.as_deref(), Some("Firefox on Windows"));
    }

    async fn one_session_is_ended_and_the_others_stand(framework, kind) {
        let (world, others, heard) = three(framework, kind).await;
        let listed = world.auth.sessions().list(&subject(&world.auth, "ada")).await.unwrap();
        // As it comes back from a form.
        let handle = listed[1].handle.to_string().parse().unwrap();
        assert!(world.auth.sessions().end(&subject(&world.auth, "ada"), handle).await.unwrap());
        assert!(!is_signed_in(&others[0]).await);
        assert!(is_signed_in(&others[1]).await && greeting(&world).await == "hello ada");
        assert!(!world.auth.sessions().end(&subject(&world.auth, "ada"), handle).await.unwrap(), "it was there once");
        assert_eq!(world.auth.sessions().list(&subject(&world.auth, "ada")).await.unwrap().len(), 2);
        let last = heard.lock().unwrap().last().cloned().unwrap();
        assert_eq!((last.kind, last.subject.clone(), last.session), (EventKind::Ended(EndReason::Application), Some(subject(&world.auth, "ada")), Some(handle)));
    }

    async fn nobody_ends_a_session_of_somebody_elses(framework, kind) {
        let (world, _, _) = three(framework, kind).await;
        let listed = world.auth.sessions().list(&subject(&world.auth, "ada")).await.unwrap();
        assert!(!world.auth.sessions().end(&subject(&world.auth, "grace"), listed[0].handle).await.unwrap());
        assert_eq!(world.auth.sessions().list(&subject(&world.auth, "ada")).await.unwrap().len(), 3);
    }

    async fn all_others_are_ended_and_this_one_stands(framework, kind) {
        let (world, others, heard) = three(framework, kind).await;
        // The application's page "sign out everywhere else".
        let page = fetch(&world, "/end-others").await;
        assert_eq!((page.status.as_u16(), page.text().as_str()), (200, "2"));
        assert_eq!(greeting(&world).await, "hello ada");
        for other in &others {
            assert!(!is_signed_in(other).await);
        }
        let ended = EventKind::Ended(EndReason::Application);
        assert_eq!(heard.lock().unwrap().iter().filter(|event| event.kind == ended).count(), 2);
    }

    async fn all_sessions_of_somebody_are_ended(framework, kind) {
        let (world, others, _) = three(framework, kind).await;
        assert_eq!(world.auth.sessions().end_all_of(&subject(&world.auth, "ada")).await.unwrap(), 3);
        assert_eq!(greeting(&world).await, "hello nobody");
        for other in &others {
            assert!(!is_signed_in(other).await);
        }
        // And signing in again is possible.
        assert_eq!(world.open("/dashboard").await.status, 200);
    }

    async fn the_application_hears_of_every_session(framework, kind) {
        let (world, others, heard) = three(framework, kind).await;
        // The same browser signs in again, and then out.
        world.open("/auth/login?return_to=/dashboard").await;
        let cookie = crate::support::session_header(&world);
        crate::support::raw(&world, Method::POST, "/auth/logout", &[("cookie", &cookie)]).await;
        drop(others);
        let (created, ended) = (EventKind::SignedIn, EventKind::Ended);
        let heard: Vec<_> = heard.lock().unwrap().iter().map(|event| (event.kind, event.subject.clone(), event.session)).collect();
        let changes: Vec<_> = heard.iter().map(|(change, _, _)| *change).collect();
        assert_eq!(changes, [created, created, created, created, ended(EndReason::Replaced), ended(EndReason::SignedOut)]);
        assert!(heard.iter().all(|(_, who, session)| *who == Some(subject(&world.auth, "ada")) && session.is_some()));
        assert_eq!((heard[4].2, heard[5].2), (heard[0].2, heard[3].2));
    }

    async fn a_listener_that_panics_costs_nobody_their_sign_in(framework, kind) {
        let world = World::with(framework, kind, |builder| builder.on_event(|_| panic!("not now"))).await;
        assert_eq!(world.open("/dashboard").await.status, 200);
    }

    async fn sessions_sealed_into_cookies_go_on_when_a_store_is_given(framework, kind) {
        let mut world = World::new(framework, kind).await;
        // As it was before: no store.
        let keys = world.keys.clone();
        let before = world.without_store();
        world.switch_to(before.cookie_keys(keys)).await;
        world.open("/dashboard").await;
        let sealed = session_value(&world.browser).unwrap();
        assert!(sealed.len() > 100);
        let after = world.builder();
        world.switch_to(after).await;
        assert_eq!(greeting(&world).await, "hello ada");
        // Nothing is known of tokens; asking for one leads through a sign-in, after which there are some.
        assert_eq!(fetch(&world, "/token").await.status, 401);
        assert_eq!(world.open("/token").await.status, 200);
        assert_eq!(session_value(&world.browser).unwrap().len(), 64);
        // An instance that was not updated yet, and one that was, serve the same browser.
        assert_eq!(greeting_for(&world, &sealed).await, "hello ada");
        // It is renewed past half of its life and ends when it always would have.
        world.wait(Duration::from_secs(8 * 3600));
        assert_eq!(greeting_for(&world, &sealed).await, "hello nobody");
    }

    async fn sessions_survive_a_rotation_of_the_cookie_keys_and_are_found_under_both(framework, kind) {
        let (mut world, _, _) = three(framework, kind).await;
        let new = CookieKey::generate().unwrap();
        let both = [new.clone(), world.keys[0].clone()];
        let rotated = world.builder().cookie_keys(both);
        world.switch_to(rotated).await;
        assert_eq!(greeting(&world).await, "hello ada");
        world.other_browser().open(&at("/dashboard")).await.unwrap();
        assert_eq!(world.auth.sessions().list(&subject(&world.auth, "ada")).await.unwrap().len(), 4);
        assert_eq!(world.auth.sessions().end_all_of(&subject(&world.auth, "ada")).await.unwrap(), 4);
        assert_eq!(greeting(&world).await, "hello nobody");
    }
}

on_both_frameworks! {
    async fn what_needs_a_store_says_so_without_one(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        world.auth.sessions().create(Identity::new("https://op.example", "ada")).await.unwrap();
        for code in [
            world.auth.sessions().list(&subject(&world.auth, "ada")).await.unwrap_err().code(),
            world.auth.sessions().end_all_of(&subject(&world.auth, "ada")).await.unwrap_err().code(),
        ] {
            assert_eq!(code, ErrorCode::Misconfigured);
        }
    }
}
