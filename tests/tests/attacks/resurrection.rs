//! A session that ended while a handler was at work, in every kind of session: the handler's late answer brings it back
//! to nobody. Each of these requests wants to renew the session that it came with.

use std::time::Duration;

use http::Method;
use landfall::{CookieKey, SubjectId};
use landfall_testkit::Fault;
use landfall_tests::{BASE_URL, Gate, SessionKind, World, everywhere, on_both_frameworks};
use tokio::task::JoinHandle;

use crate::support::{Answer, Ask, ask, jar, login_path, sign_in, whoami};

/// Past half of the idle life of a session, and well before its end.
fn past_half_life(world: &World) -> Duration {
    Duration::from_secs(60 * if world.kind.has_store() { 5 * 60 } else { 90 })
}

/// A request whose handler is at work; its answer goes into the browser's jar as any other.
async fn slow_request(world: &World, gate: &Gate) -> JoinHandle<Answer> {
    let (browser, path) = (world.browser.clone(), gate.path());
    let answer = tokio::spawn(async move { ask(&browser, Ask::get(path)).await });
    gate.came().await;
    answer
}

/// Ada is signed in, and a request of hers is under way that wants to renew her session.
async fn ada_and_a_slow_request(world: &World, gate: &Gate) -> JoinHandle<Answer> {
    sign_in(&world.browser).await;
    world.wait(past_half_life(world));
    slow_request(world, gate).await
}

/// The answer, let go now; it must bring no session.
async fn nothing_comes_late(gate: &Gate, late: JoinHandle<Answer>) {
    gate.answer();
    let late = late.await.unwrap();
    assert_eq!((late.status.as_u16(), late.body.as_str()), (200, "hello ada"), "it was hers when it came");
    assert!(late.set_cookies().is_empty(), "{:?}", late.set_cookies());
}

everywhere! {
    async fn a_sign_out_while_a_handler_is_at_work_is_not_undone_by_its_late_answer(world) {
        let gate = Gate::new();
        let late = ada_and_a_slow_request(&world, &gate).await;
        let cookie = jar(&world.browser);
        let out = ask(&world.browser, Ask::new(Method::POST, "/auth/logout")).await;
        assert_eq!(out.status, 303);
        nothing_comes_late(&gate, late).await;
        assert_eq!(whoami(&world.browser).await, "hello nobody");
        // Nor does a request that was sent before the sign-out and comes after it.
        let belated = ask(&world.browser, Ask::get("/").cookie(cookie)).await;
        assert!(!belated.sets_session(), "{:?}", belated.set_cookies());
        assert_eq!(whoami(&world.browser).await, "hello nobody");
    }

    async fn another_persons_sign_in_while_a_handler_is_at_work_stays_theirs(world) {
        let gate = Gate::new();
        let late = ada_and_a_slow_request(&world, &gate).await;
        world.provider.sign_in_as("grace");
        world.browser.open(&format!("{BASE_URL}{}", login_path("/"))).await.unwrap();
        assert_eq!(whoami(&world.browser).await, "hello grace");
        nothing_comes_late(&gate, late).await;
        assert_eq!(whoami(&world.browser).await, "hello grace");
    }

    async fn another_persons_sign_in_stays_theirs_while_cookies_move_to_another_key(world) {
        let (mut world, gate) = (world, Gate::new());
        sign_in(&world.browser).await;
        let keys = [CookieKey::generate().unwrap(), world.keys[0].clone()];
        world.switch_to(world.builder().cookie_keys(keys)).await;
        let late = slow_request(&world, &gate).await;
        world.provider.sign_in_as("grace");
        world.browser.open(&format!("{BASE_URL}{}", login_path("/"))).await.unwrap();
        assert_eq!(whoami(&world.browser).await, "hello grace");
        nothing_comes_late(&gate, late).await;
        assert_eq!(whoami(&world.browser).await, "hello grace");
    }

    async fn a_step_up_while_a_handler_is_at_work_keeps_its_level(world) {
        let gate = Gate::new();
        let late = ada_and_a_slow_request(&world, &gate).await;
        let up = world.open("/more/level").await;
        assert_eq!(up.text(), "more for ada with aal2 as ");
        nothing_comes_late(&gate, late).await;
        assert_eq!(world.open_once("/more/level").await.text(), "more for ada with aal2 as ");
    }

    async fn a_sign_out_everywhere_while_a_handler_is_at_work_stands(world) {
        let gate = Gate::new();
        let late = ada_and_a_slow_request(&world, &gate).await;
        let ada = SubjectId::new(world.auth.issuer(), "ada");
        let ended = world.auth.sessions().end_all_of(&ada).await;
        if !world.kind.has_store() {
            // Nothing is kept that could be ended; the browser's own sign-out is all there is.
            assert!(ended.is_err());
            ask(&world.browser, Ask::new(Method::POST, "/auth/logout")).await;
        }
        nothing_comes_late(&gate, late).await;
        assert_eq!(whoami(&world.browser).await, "hello nobody");
    }

    async fn a_sign_out_in_a_frame_of_the_providers_while_a_handler_is_at_work_stands(world) {
        let gate = Gate::new();
        world.provider.inject(Fault::id_token_claim("sid", "sess-1"));
        let late = ada_and_a_slow_request(&world, &gate).await;
        let frame = Ask::get("/auth/frontchannel-logout?iss=https://op.example&sid=sess-1")
            .header("sec-fetch-dest", "iframe")
            .header("sec-fetch-site", "cross-site");
        assert_eq!(ask(&world.browser, frame).await.status, 200);
        nothing_comes_late(&gate, late).await;
        assert_eq!(whoami(&world.browser).await, "hello nobody");
    }

    async fn a_sign_out_at_another_instance_while_a_handler_is_at_work_stands(world) {
        let gate = Gate::new();
        let late = ada_and_a_slow_request(&world, &gate).await;
        let mut world = world;
        world.switch_to(world.builder()).await;
        ask(&world.browser, Ask::new(Method::POST, "/auth/logout")).await;
        // A moment is all that the first instance, which cannot know of it, may have.
        world.wait(Duration::from_secs(6));
        nothing_comes_late(&gate, late).await;
        assert_eq!(whoami(&world.browser).await, "hello nobody");
    }

    async fn a_handler_that_sets_a_session_of_its_own_is_not_undone_by_the_renewal_of_the_one_before(world) {
        sign_in(&world.browser).await;
        world.wait(past_half_life(&world));
        let answer = ask(&world.browser, Ask::get("/become")).await;
        assert_eq!(answer.set_cookies().len(), 1, "{:?}", answer.set_cookies());
        assert_eq!(whoami(&world.browser).await, "hello grace");
    }
}

on_both_frameworks! {
    async fn a_session_whose_handlers_are_slow_lives_on_all_the_same(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        let gate = Gate::new();
        // Within a moment it is renewed with the slow answer; later, with the next one that is not slow.
        for (moment, renewed) in [(5, true), (6, false)] {
            world.browser.forget_cookies();
            let late = ada_and_a_slow_request(&world, &gate).await;
            world.wait(Duration::from_secs(moment));
            gate.answer();
            assert_eq!(late.await.unwrap().sets_session(), renewed, "{moment}");
            assert_eq!(ask(&world.browser, Ask::get("/")).await.sets_session(), !renewed, "{moment}");
        }
    }
}
