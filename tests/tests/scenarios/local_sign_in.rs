//! People of the application's own: a handler finds out who it is, and the session is one as any other.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use landfall::{Clock as _, EndReason, EventKind, Identity, SignInOptions, SubjectId};
use landfall_testkit::Page;
use landfall_tests::{
    BASE_URL, Framework, SessionKind, World, everywhere, on_both_frameworks, wherever_stored, within,
};

use crate::events::{Heard, listened};
use crate::support::{at, fetch, greeting, greeting_for, raw, session_header, session_value, set_cookies};

/// Posts to one of the application's own addresses, as its own page does.
pub(crate) async fn post(world: &World, path: &str) -> Page {
    world.browser.post_form(&at(path), &[], BASE_URL).await.unwrap()
}

/// All that the browser would send.
fn jar(world: &World) -> String {
    let cookies = world.browser.cookies_for(BASE_URL).unwrap();
    cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect::<Vec<_>>().join("; ")
}

everywhere! {
    async fn a_handler_signs_in_one_of_the_applications_own_people(world) {
        let since = world.clock.now().secs();
        let page = post(&world, "/local?user-17").await;
        let whole = format!("user-17 of local by pwd at aal1 since {since} as local with kept");
        assert_eq!((page.status.as_u16(), page.text().as_str()), (200, whole.as_str()));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        world.wait(Duration::from_secs(60));
        assert_eq!(world.open("/way").await.text(), whole, "the next request finds the same");
        assert_eq!(world.open("/dashboard").await.text(), "dashboard of user-17 at /dashboard with no query");
        assert_eq!(world.provider.requests().len(), 0, "the provider is asked nothing");
    }

    async fn the_session_before_ends_and_nothing_of_it_is_passed_over(world) {
        world.open("/dashboard").await;
        let adas = session_value(&world.browser).unwrap();
        let page = post(&world, "/local?user-17").await;
        assert_eq!(page.status, 200);
        assert_eq!(greeting(&world).await, "hello user-17");
        let way = world.open("/way").await.text();
        assert!(!way.contains("op.example") && !way.contains("ada"), "{way}");
        assert_ne!(session_value(&world.browser).unwrap(), adas);
        if world.kind.has_store() {
            assert_eq!(greeting_for(&world, &adas).await, "hello nobody");
            assert_eq!(world.provider.calls("/oauth2/revoke"), 1, "the tokens of somebody else are given back");
        }
    }

    async fn the_same_person_who_signs_in_again_has_another_session(world) {
        post(&world, "/local?user-17").await;
        let first = session_value(&world.browser).unwrap();
        post(&world, "/local?user-17").await;
        let second = session_value(&world.browser).unwrap();
        assert_ne!(first, second, "no session is carried over a sign-in");
        if world.kind.has_store() {
            assert_eq!(greeting_for(&world, &first).await, "hello nobody");
        }
        assert_eq!(greeting(&world).await, "hello user-17");
    }

    async fn an_answer_that_calls_itself_public_takes_the_session_along_and_is_stored_by_nobody(world) {
        let page = post(&world, "/local-public").await;
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(greeting(&world).await, "hello user-17");
    }

    async fn a_server_error_signs_nobody_in(world) {
        let page = post(&world, "/local-fails").await;
        assert_eq!(page.status, 500);
        assert!(set_cookies(&page.headers).is_empty());
        assert_eq!(greeting(&world).await, "hello nobody");
    }

    async fn more_that_a_handler_asks_of_a_local_person_is_not_sought_at_the_provider(world) {
        post(&world, "/local?user-17").await;
        for more in ["age", "level", "class"] {
            let page = world.open(&format!("/more-by-hand?{more}")).await;
            assert_eq!((page.status.as_u16(), page.url.path()), (403, "/more-by-hand"), "{more}");
        }
        assert_eq!(world.provider.requests().len(), 0);
        assert_eq!(greeting(&world).await, "hello user-17", "and the session stands");
    }

    async fn what_is_answered_in_pieces_goes_on_with_the_session_that_its_handler_began(world) {
        world.open("/dashboard").await;
        let page = post(&world, "/anew").await;
        assert_eq!((page.status.as_u16(), page.text().as_str()), (200, "first second"));
        assert_eq!(greeting(&world).await, "hello user-17");
    }

    async fn an_attempt_that_begins_leaves_the_renewal_of_the_session_as_it_was(world) {
        world.open("/dashboard").await;
        let idle = if world.kind.has_store() { 5 * 60 } else { 90 };
        for _ in 0..3 {
            world.wait(Duration::from_secs(60 * idle));
            assert_eq!(world.open("/attempt/begin?a-challenge").await.text(), "begun");
        }
        assert_eq!(greeting(&world).await, "hello ada");
    }

    async fn an_attempt_of_somebody_else_is_not_there_for_whoever_signs_in_over_them(world) {
        post(&world, "/local?user-17").await;
        world.open("/attempt/begin?a-challenge").await;
        post(&world, "/local?user-17").await;
        assert_eq!(jar(&world).matches("landfall-kept").count(), 1, "one's own stays");
        post(&world, "/local?user-18").await;
        assert_eq!(post(&world, "/attempt/take").await.text(), "nothing");
        world.open("/attempt/begin?a-challenge").await;
        world.open("/auth/login").await;
        assert_eq!(greeting(&world).await, "hello ada");
        assert_eq!(post(&world, "/attempt/take").await.text(), "nothing");
    }

    async fn an_answer_that_wants_a_sign_in_signs_nobody_in(world) {
        let page = post(&world, "/local-and-wanted").await;
        assert_eq!(page.status, 401);
        assert!(session_value(&world.browser).is_none());
    }

    async fn what_only_a_provider_grants_is_refused_without_a_trip(world) {
        post(&world, "/local?user-17").await;
        for path in ["/more/class", "/more/files", "/more/offline", "/more/by-provider"] {
            let page = world.open(path).await;
            assert_eq!((page.status.as_u16(), page.url.path()), (403, path));
        }
        let page = world.open("/token").await;
        assert_eq!((page.status.as_u16(), page.url.path()), (403, "/token"), "{}", page.text());
        assert_eq!(world.provider.requests().len(), 0);
        assert_eq!(greeting(&world).await, "hello user-17", "and the session stands");
    }

    async fn a_guard_is_met_by_what_the_session_was_given(world) {
        post(&world, "/local?user-17").await;
        for path in ["/more/daily", "/more/recent", "/more/by-us"] {
            assert_eq!(world.open(path).await.status, 200, "{path}");
        }
        assert_eq!(world.open("/more/admin").await.status, 403);
    }

    async fn a_stronger_sign_in_than_the_session_has_is_not_sought_at_the_provider(world) {
        post(&world, "/local?user-17").await;
        let page = world.open("/more/level").await;
        assert_eq!((page.status.as_u16(), page.url.path()), (403, "/more/level"));
        let answer = fetch(&world, "/more/level").await;
        assert_eq!(answer.status, 403);
        assert_eq!(world.provider.requests().len(), 0);
    }

    async fn a_provider_signs_in_over_a_local_session(world) {
        post(&world, "/local?user-17").await;
        world.open("/auth/login").await;
        assert_eq!(greeting(&world).await, "hello ada");
        let way = world.open("/way").await.text();
        assert!(way.starts_with("ada of https://op.example by a provider"), "{way}");
        assert_eq!(world.open("/more/by-us").await.status, 403);
        assert_eq!(world.open("/more/by-provider").await.status, 200);
    }

    async fn a_local_session_lasts_as_long_as_any_other_and_is_renewed(world) {
        post(&world, "/local?user-17").await;
        let idle = if world.kind.has_store() { 5 * 60 } else { 90 };
        for _ in 0..3 {
            world.wait(Duration::from_secs(60 * idle));
            assert_eq!(greeting(&world).await, "hello user-17");
        }
        world.wait(Duration::from_secs(24 * 3600));
        assert_eq!(greeting(&world).await, "hello nobody");
    }

    async fn an_attempt_is_taken_once_in_the_browser_that_began_it(world) {
        assert_eq!(world.open("/attempt/begin?a-challenge").await.text(), "begun");
        let copy = jar(&world);
        let elsewhere = world.other_browser().post_form(&at("/attempt/take"), &[], BASE_URL).await.unwrap();
        assert_eq!(elsewhere.text(), "nothing");
        assert_eq!(post(&world, "/attempt/take").await.text(), "a-challenge");
        assert_eq!(post(&world, "/attempt/take").await.text(), "nothing");
        let again = raw(&world, Method::POST, "/attempt/take", &[("cookie", &copy)]).await;
        assert_eq!(again.body().as_ref(), b"nothing", "nor by a copy of the cookie");
    }

    async fn an_attempt_is_over_after_ten_minutes(world) {
        world.open("/attempt/begin?a-challenge").await;
        let copy = jar(&world);
        world.wait(Duration::from_secs(601));
        let late = raw(&world, Method::POST, "/attempt/take", &[("cookie", &copy)]).await;
        assert_eq!(late.body().as_ref(), b"nothing");
    }
}

/// How many sessions somebody has.
async fn count(world: &World, who: &str) -> usize {
    world.auth.sessions().list(&SubjectId::local(who)).await.unwrap().len()
}

wherever_stored! {
    async fn of_two_sign_ins_at_once_one_session_is_left_and_it_is_the_browsers(framework, kind) {
        let world = World::new(framework, kind).await;
        world.open("/dashboard").await;
        assert_eq!(post(&world, "/local-twice").await.text(), "both");
        let left = [count(&world, "one").await, count(&world, "other").await];
        assert_eq!(left.iter().sum::<usize>(), 1, "{left:?}");
        let mine = if left[0] == 1 { "hello one" } else { "hello other" };
        assert_eq!(greeting(&world).await, mine);
    }

    async fn a_session_that_the_answer_does_not_take_along_ends_again(framework, kind) {
        let (world, heard) = listened(framework, kind).await;
        for path in ["/local-fails", "/local-and-wanted"] {
            post(&world, path).await;
            within(Duration::from_secs(10), path, async || (count(&world, "user-17").await == 0).then_some(())).await;
            assert_eq!(greeting(&world).await, "hello nobody");
        }
        let ended = EventKind::Ended(EndReason::Application);
        let told = heard.lock().unwrap().iter().filter(|event| event.kind == ended).count();
        assert_eq!(told, 2, "whoever listens hears of both");
    }

    async fn a_local_session_is_listed_ended_and_told_of_under_its_own_issuer(framework, kind) {
        let (world, heard) = listened(framework, kind).await;
        post(&world, "/local?17").await;
        let (local, provided) = (SubjectId::local("17"), SubjectId::new("https://op.example", "17"));
        let sessions = world.auth.sessions();
        let listed = sessions.list(&local).await.unwrap();
        assert_eq!(listed.iter().map(|info| info.label.as_deref()).collect::<Vec<_>>(), [Some("a test")]);
        assert!(sessions.list(&provided).await.unwrap().is_empty());
        assert_eq!(sessions.end_all_of(&provided).await.unwrap(), 0);
        assert_eq!(greeting(&world).await, "hello 17");
        // Several identities of one account, at once.
        sessions.create(Identity::new("https://op.example", "17")).await.unwrap();
        assert_eq!(sessions.end_all_of(&[local.clone(), provided]).await.unwrap(), 2);
        assert_eq!(greeting(&world).await, "hello nobody");
        let told = heard.lock().unwrap().clone();
        let told: Vec<_> = told.into_iter().filter(|event| event.subject.as_ref() == Some(&local)).map(|event| event.kind).collect();
        assert_eq!(told, [EventKind::SignedIn, EventKind::Ended(EndReason::Application)]);
    }

    async fn a_script_begins_a_session_with_options_under_a_base_url(framework, kind) {
        let world = World::new(framework, kind).await;
        let options = || SignInOptions::new().method("otp").role("ops").label("a script");
        let sessions = world.auth.sessions();
        let line = sessions.create_with(Identity::local("17"), options(), Some(BASE_URL)).await.unwrap();
        let cookie = line.split(';').next().unwrap().to_owned();
        let answer = raw(&world, Method::GET, "/way", &[("cookie", &cookie)]).await;
        let text = String::from_utf8(answer.into_body().to_vec()).unwrap();
        assert!(text.starts_with("17 of local by otp") && text.contains("as ops"), "{text}");
        let elsewhere = sessions.create_with(Identity::local("17"), options(), Some("https://other.example"));
        assert_eq!(elsewhere.await.unwrap_err().code().name(), "misconfigured");
    }
}

on_both_frameworks! {
    async fn a_local_person_is_held_to_the_limit_of_sessions(framework) {
        let world = World::with(framework, SessionKind::Memory, |builder| {
            builder.sessions_per_subject(1, landfall::BeyondLimit::EndOldest)
        })
        .await;
        post(&world, "/local?17").await;
        let first = session_header(&world);
        let other = world.other_browser();
        other.post_form(&at("/local?17"), &[], BASE_URL).await.unwrap();
        let answer = raw(&world, Method::GET, "/", &[("cookie", &first)]).await;
        assert_eq!(answer.body().as_ref(), b"hello nobody");
    }
}

/// With a sign-in page of the application's own.
async fn with_page(framework: Framework, kind: SessionKind) -> (World, Heard) {
    let heard = Heard::default();
    let ears = Arc::clone(&heard);
    let world = World::with(framework, kind, |builder| {
        builder.sign_in_page("/login").on_event(move |event| ears.lock().unwrap().push(event.clone()))
    })
    .await;
    (world, heard)
}

/// Posts what the page was opened with.
async fn from_page(world: &World, page: &Page, path: &str) -> Page {
    assert_eq!(page.url.path(), "/login", "{}", page.text());
    post(world, &format!("{path}?{}", page.url.query().unwrap_or_default())).await
}

on_both_frameworks! {
    async fn the_page_signs_in_and_lands_where_the_person_was_going(framework) {
        for kind in [SessionKind::Cookie, SessionKind::Memory, SessionKind::Sqlite] {
            let (world, _) = with_page(framework, kind).await;
            let page = world.open("/dashboard/x?tab=2").await;
            assert_eq!(from_page(&world, &page, "/by-page").await.text(), "anybody /dashboard/x?tab=2");
            assert_eq!(world.open("/dashboard").await.text(), "dashboard of user-17 at /dashboard with no query");
        }
    }

    async fn a_step_up_of_a_local_session_leads_to_the_page_which_is_told_what_is_lacking(framework) {
        for kind in [SessionKind::Cookie, SessionKind::Memory, SessionKind::Sqlite] {
            let (world, heard) = with_page(framework, kind).await;
            post(&world, "/local?user-17").await;
            let script = fetch(&world, "/more/level").await;
            assert_eq!(script.status, 401);
            assert!(script.text().contains("/login?return_to="), "{}", script.text());
            let page = world.open("/more/level").await;
            heard.lock().unwrap().clear();
            assert_eq!(from_page(&world, &page, "/by-page").await.text(), "more /more/level");
            let told = heard.lock().unwrap().first().map(|event| event.kind);
            assert_eq!(told, Some(EventKind::SteppedUp));
            assert_eq!(world.open("/more/level").await.status, 200);
            assert_eq!(world.provider.requests().len(), 0);
        }
    }

    async fn a_page_that_does_not_deliver_ends_in_a_page_about_loops(framework) {
        let (world, _) = with_page(framework, SessionKind::Memory).await;
        post(&world, "/local?user-17").await;
        for _ in 0..3 {
            let page = world.open("/more/level").await;
            from_page(&world, &page, "/by-page-weakly").await;
        }
        let page = world.open("/more/level").await;
        assert_eq!((page.status.as_u16(), page.url.path()), (400, "/more/level"), "{}", page.text());
    }

    async fn a_destination_or_a_wish_that_a_stranger_worded_is_none(framework) {
        let (world, _) = with_page(framework, SessionKind::Memory).await;
        for query in ["return_to=https%3A%2F%2Fevil.example", "return_to=%2F%2Fevil.example", "return_to=%2Flogin", "return_to=%2Fauth%2Flogout"] {
            assert_eq!(post(&world, &format!("/by-page?{query}&wish=AQAA")).await.text(), "anybody /", "{query}");
        }
    }
}
