//! A process that is about to end: what was begun is finished, what would be lost is left to others.

use std::time::Duration;

use http::Method;
use landfall::{EventKind, MemoryStore, RelyingParty, Unfinished};
use landfall_actix::AuthMiddleware;
use landfall_axum::AuthLayer;
use landfall_testkit::{Browser, Endpoint, Page, TestBed};
use landfall_tests::{
    BASE_URL, FlakyStore, Framework, SessionKind, World, everywhere, on_both_frameworks, until,
    wherever_stored,
};
use tokio::task::JoinHandle;

use crate::support::{
    at, error_log, fetch, greeting, greeting_for, listen_to_errors, raw, session_header, session_value,
};

/// When an access token's hour is over.
const HOUR: Duration = Duration::from_secs(3600);
/// Longer than a scenario may take.
const LONG: Duration = Duration::from_secs(600);

/// As an application does that holds the layer of its framework alone.
async fn drain(framework: Framework, auth: RelyingParty, deadline: Duration) -> Unfinished {
    match framework {
        Framework::Axum => AuthLayer::new(auth).drain(deadline).await,
        Framework::Actix => AuthMiddleware::new(auth).drain(deadline).await,
    }
}

/// The application's process is told to end. Returns when it begins nothing any more.
async fn told_to_end(world: &World) -> JoinHandle<Unfinished> {
    let ending = tokio::spawn(drain(world.framework, world.auth.clone(), LONG));
    until("no sign-in is finished any more", async || {
        let callback = raw(world, Method::GET, "/auth/callback?code=x&state=y", &[]).await;
        (callback.status() == 503).then_some(())
    })
    .await;
    ending
}

async fn with_tokens(framework: Framework, kind: SessionKind) -> World {
    let world =
        World::with(framework, kind, |builder| builder.scopes(["openid", "email", "offline_access"])).await;
    world.open("/dashboard").await;
    world
}

/// Another instance in the place of this one.
async fn replaced(world: World) -> World {
    let mut world = world;
    let other = world.builder().scopes(["openid", "email", "offline_access"]);
    world.switch_to(other).await;
    world
}

fn ask_for_the_token(world: &World) -> JoinHandle<Page> {
    let browser = world.browser.clone();
    tokio::spawn(async move { ask(&browser, "/token").await })
}

async fn ask(browser: &Browser, path: &str) -> Page {
    browser.fetch(Method::GET, &at(path), &[("accept", "application/json")], "", BASE_URL).await.unwrap()
}

wherever_stored! {
    async fn a_refresh_that_is_under_way_when_the_process_is_to_end_is_finished_and_its_tokens_are_kept(framework, kind) {
        let world = with_tokens(framework, kind).await;
        world.wait(HOUR);
        let mut hold = world.provider.hold(Endpoint::Token);
        let asked = ask_for_the_token(&world);
        hold.reached(1).await;
        // The browser hangs up: nobody but the drain waits for it now.
        asked.abort();
        assert!(asked.await.is_err());
        let ending = told_to_end(&world).await;
        assert!(!ending.is_finished());
        hold.release();
        assert!(ending.await.unwrap().is_empty());
        let world = replaced(world).await;
        assert_eq!(fetch(&world, "/token").await.status, 200);
        assert_eq!(world.token_calls(), 2, "the tokens that the first instance fetched are there");
        world.wait(HOUR);
        assert_eq!(fetch(&world, "/token").await.status, 200, "and can be refreshed");
    }

    async fn a_sign_out_that_is_under_way_when_the_process_is_to_end_revokes_what_it_should(framework, kind) {
        let world = with_tokens(framework, kind).await;
        let mut hold = world.provider.hold(Endpoint::Revoke);
        let (browser, cookie) = (world.browser.clone(), session_header(&world));
        let sign_out = tokio::spawn(async move {
            let request = http::Request::post(at("/auth/logout")).header("cookie", cookie);
            browser.send(request.body(bytes::Bytes::new()).unwrap()).await.map(|answer| answer.status())
        });
        hold.reached(1).await;
        sign_out.abort();
        let ending = told_to_end(&world).await;
        assert!(!ending.is_finished());
        hold.release();
        assert!(ending.await.unwrap().is_empty());
        assert_eq!(world.provider.calls("/oauth2/revoke"), 1);
        assert_eq!(world.engine.stored().await.len(), 0);
    }

    async fn a_refresh_that_is_not_begun_any_more_costs_no_session(framework, kind) {
        let world = with_tokens(framework, kind).await;
        assert!(drain(framework, world.auth.clone(), LONG).await.is_empty());
        // In its last minute the old one will do.
        world.wait(HOUR.saturating_sub(Duration::from_secs(30)));
        assert_eq!(fetch(&world, "/token").await.status, 200);
        world.wait(Duration::from_secs(30));
        let page = fetch(&world, "/token").await;
        assert_eq!((page.status.as_u16(), page.header("retry-after")), (503, Some("1")), "{}", page.text());
        assert_eq!(world.token_calls(), 1);
        let world = replaced(world).await;
        assert_eq!((fetch(&world, "/token").await.status.as_u16(), world.token_calls()), (200, 2));
    }
}

everywhere! {
    async fn a_callback_that_is_under_way_when_the_process_is_to_end_begins_its_session(world) {
        let callback = world.callback_for("/dashboard/x").await;
        let mut hold = world.provider.hold(Endpoint::Token);
        let browser = world.browser.clone();
        let landing = tokio::spawn(async move { browser.open_without_following(&callback).await.unwrap().status });
        hold.reached(1).await;
        let ending = told_to_end(&world).await;
        assert!(!ending.is_finished());
        hold.release();
        assert!(ending.await.unwrap().is_empty());
        assert_eq!(landing.await.unwrap(), 303);
        let mut world = world;
        world.switch_to(world.builder()).await;
        assert_eq!(greeting(&world).await, "hello ada");
    }

    async fn a_callback_that_comes_after_that_is_finished_by_another_instance(world) {
        let callback = world.callback_for("/dashboard/x").await;
        assert!(drain(world.framework, world.auth.clone(), LONG).await.is_empty());
        let page = world.browser.open(&callback).await.unwrap();
        assert_eq!((page.status.as_u16(), page.header("retry-after")), (503, Some("1")), "{}", page.text());
        assert!(page.text().contains("This application is being restarted."), "{}", page.text());
        assert_eq!(world.token_calls(), 0, "the code was not sent");
        let mut world = world;
        world.switch_to(world.builder()).await;
        let page = world.browser.reload().await.unwrap();
        assert_eq!((page.status.as_u16(), page.url.as_str()), (200, at("/dashboard/x").as_str()));
    }

    async fn pages_and_sign_outs_are_served_to_the_last_moment(world) {
        world.open("/dashboard").await;
        let session = session_value(&world.browser).unwrap();
        assert!(drain(world.framework, world.auth.clone(), LONG).await.is_empty());
        assert_eq!(world.open("/dashboard").await.status, 200);
        let guarded = world.other_browser().open_without_following(&at("/dashboard")).await.unwrap();
        assert_eq!(guarded.status, 303, "the way to the provider");
        let out = raw(&world, Method::POST, "/auth/logout", &[("cookie", &session_header(&world))]).await;
        assert_eq!(out.status(), 303);
        if world.kind.has_store() {
            assert_eq!(greeting_for(&world, &session).await, "hello nobody");
        }
    }
}

on_both_frameworks! {
    async fn what_a_deadline_leaves_is_told_and_logged(framework) {
        listen_to_errors();
        let world = with_tokens(framework, SessionKind::Memory).await;
        world.wait(HOUR);
        let mut hold = world.provider.hold(Endpoint::Token);
        let asked = ask_for_the_token(&world);
        hold.reached(1).await;
        let other = world.other_browser();
        let login = tokio::spawn(async move { other.open(&at("/dashboard")).await.map(|page| page.status) });
        hold.reached(2).await;
        let left = drain(framework, world.auth.clone(), Duration::from_millis(50)).await;
        assert_eq!((left.sign_ins(), left.refreshes(), left.sign_outs(), left.saves()), (1, 1, 0, 0));
        // The request that waits for the token.
        assert_eq!(left.others(), 1);
        let told = "work is not: 1 sign-in, 1 refresh, 1 other call";
        assert!(error_log().contains(told), "{}", error_log());
        // Whoever has more time after all finds it finished.
        hold.release();
        assert!(drain(framework, world.auth.clone(), LONG).await.is_empty());
        assert_eq!(asked.await.unwrap().status, 200);
        assert_eq!(login.await.unwrap().unwrap(), 200);
    }

    async fn refreshed_tokens_that_wait_for_a_store_are_waited_for(framework) {
        let bed = TestBed::new(BASE_URL).unwrap();
        let flaky = FlakyStore::new(MemoryStore::new().with_clock(bed.clock()));
        let (told, mut kept) = tokio::sync::mpsc::unbounded_channel();
        let world = World::around(bed, framework, SessionKind::Memory, |builder| {
            let told = move |event: &landfall::Event| {
                let _ = told.send(event.kind);
            };
            builder.scopes(["openid", "offline_access"]).store(flaky.clone()).on_event(told)
        }).await;
        world.open("/dashboard").await;
        world.wait(HOUR);
        flaky.fail_updates(usize::MAX);
        let asked = ask_for_the_token(&world);
        until("the provider gave new tokens", async || (world.token_calls() == 2).then_some(())).await;
        asked.abort();
        let left = drain(framework, world.auth.clone(), Duration::from_millis(50)).await;
        assert_eq!(left.refreshes(), 1, "{left}");
        flaky.fail_updates(0);
        assert!(drain(framework, world.auth.clone(), LONG).await.is_empty());
        let mut changes = Vec::new();
        while let Ok(kind) = kept.try_recv() {
            changes.push(kind);
        }
        assert_eq!(changes.last(), Some(&EventKind::Refreshed));
    }

    async fn a_process_with_nothing_under_way_ends_at_once(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        world.open("/dashboard").await;
        assert!(tokio::time::timeout(Duration::from_secs(60), drain(framework, world.auth.clone(), LONG)).await.unwrap().is_empty());
        assert!(RelyingParty::not_set_up().drain(LONG).await.is_empty());
    }
}
