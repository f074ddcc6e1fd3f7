//! Access tokens that are refreshed: once, by whoever asks first, and never at the price of a session.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use landfall::{EndReason, Event, EventKind, MemoryStore};
use landfall_testkit::{Endpoint, Fault, Page, RawResponse};
use landfall_tests::{
    BASE_URL, FlakyStore, Framework, SessionKind, World, on_both_frameworks, wherever_stored,
};
use serde_json::{Value, json};

use crate::support::{at, fetch, greeting};

/// A minute before an access token's hour is over.
const DUE: Duration = Duration::from_secs(3541);
/// When it is over.
const OVER: Duration = Duration::from_secs(60);
/// After a refresh that failed, the provider is left alone for less than this.
const BACK_OFF: Duration = Duration::from_secs(6);
const REVOKED: &str = r#"{"error":"invalid_grant"}"#;

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Event>>>);

impl Heard {
    fn changes(&self) -> Vec<EventKind> {
        let all = self.0.lock().unwrap();
        all.iter().map(|event| event.kind).filter(|kind| *kind != EventKind::SignInStarted).collect()
    }
}

/// Ada, signed in with a refresh token, and what the application heard of it.
async fn signed_in(framework: Framework, kind: SessionKind) -> (World, Heard) {
    let heard = Heard::default();
    let ears = heard.clone();
    let world = World::with(framework, kind, |builder| {
        builder
            .scopes(["openid", "profile", "email", "offline_access"])
            .on_event(move |event| ears.0.lock().unwrap().push(event.clone()))
    })
    .await;
    world.open("/dashboard").await;
    (world, heard)
}

async fn due(framework: Framework, kind: SessionKind) -> (World, Heard) {
    let (world, heard) = signed_in(framework, kind).await;
    world.wait(DUE);
    (world, heard)
}

fn expires_in(page: &Page) -> Value {
    assert_eq!(page.status, 200, "{}", page.text());
    serde_json::from_slice::<Value>(&page.body).unwrap()["expires_in"].clone()
}

/// This many requests for the token at once, from the world's browser.
fn at_once(world: &World, count: usize) -> Vec<tokio::task::JoinHandle<u16>> {
    let ask = |browser: landfall_testkit::Browser| async move {
        let accept = [("accept", "application/json")];
        let page = browser.fetch(http::Method::GET, &at("/token"), &accept, "", BASE_URL).await.unwrap();
        page.status.as_u16()
    };
    (0..count).map(|_| tokio::spawn(ask(world.browser.clone()))).collect()
}

async fn statuses(requests: Vec<tokio::task::JoinHandle<u16>>) -> Vec<u16> {
    let mut all = Vec::new();
    for request in requests {
        all.push(request.await.unwrap());
    }
    all.dedup();
    all
}

wherever_stored! {
    async fn a_token_that_is_about_to_expire_is_refreshed(framework, kind) {
        let (world, heard) = due(framework, kind).await;
        for round in 2..5 {
            assert_eq!(expires_in(&fetch(&world, "/token").await), 3600);
            assert_eq!(world.token_calls(), round);
            // And then it is fresh.
            assert_eq!(expires_in(&fetch(&world, "/token").await), 3600);
            assert_eq!(world.token_calls(), round);
            world.wait(DUE);
        }
        let refreshed = EventKind::Refreshed;
        assert_eq!(heard.changes(), [EventKind::SignedIn, refreshed, refreshed, refreshed]);
    }

    async fn pages_that_need_no_token_refresh_none(framework, kind) {
        let (world, _) = due(framework, kind).await;
        world.wait(OVER);
        for path in ["/", "/dashboard", "/claims", "/dashboard/x"] {
            assert_eq!(fetch(&world, path).await.status, 200);
        }
        assert_eq!(world.token_calls(), 1);
    }

    async fn fifty_requests_at_once_are_one_refresh(framework, kind) {
        let (world, heard) = due(framework, kind).await;
        let mut hold = world.provider.hold(Endpoint::Token);
        world.wait(OVER);
        let requests = at_once(&world, 50);
        hold.reached(1).await;
        hold.release();
        assert_eq!(statuses(requests).await, [200]);
        assert_eq!(world.token_calls(), 2);
        assert_eq!(heard.changes(), [EventKind::SignedIn, EventKind::Refreshed]);
    }

    async fn two_instances_are_one_refresh(framework, kind) {
        let (mut world, _) = due(framework, kind).await;
        world.wait(OVER);
        let mut hold = world.provider.hold(Endpoint::Token);
        let mut requests = at_once(&world, 25);
        hold.reached(1).await;
        let second = world.builder().scopes(["openid", "offline_access"]);
        world.switch_to(second).await;
        requests.extend(at_once(&world, 25));
        // Time enough for the second instance to come to the lease, and not past it.
        for _ in 0..20 {
            assert_eq!(fetch(&world, "/dashboard").await.status, 200);
        }
        assert_eq!(world.token_calls(), 2);
        hold.release();
        assert_eq!(statuses(requests).await, [200]);
        assert_eq!(world.token_calls(), 2);
    }

    async fn a_provider_that_does_not_rotate_is_asked_with_the_same_token_again(framework, kind) {
        let (world, _) = due(framework, kind).await;
        // It takes the same one twice: an answer of its own, the second time.
        world.provider.inject(Fault::omit(Endpoint::Token, &["refresh_token"]));
        assert_eq!(expires_in(&fetch(&world, "/token").await), 3600);
        world.wait(DUE);
        world.provider.inject(Fault::token_response(RawResponse::json(200, &json!({
            "access_token": "another-access-token", "token_type": "Bearer", "expires_in": 1800,
        }))));
        assert_eq!(expires_in(&fetch(&world, "/token").await), 1800);
        let sent: Vec<_> = world.provider.requests().into_iter().filter(|seen| seen.path.ends_with("/token")).collect();
        let token = |at: usize| {
            let form: std::collections::HashMap<String, String> = form_urlencoded::parse(&sent[at].body).into_owned().collect();
            form["refresh_token"].clone()
        };
        assert_eq!((sent.len(), token(1)), (3, token(2)));
    }

    async fn invalid_grant_ends_the_session_once_and_a_sign_in_follows(framework, kind) {
        let (world, heard) = due(framework, kind).await;
        world.provider.inject_always(Fault::token_response(RawResponse::json(400, &serde_json::from_str(REVOKED).unwrap())));
        assert_eq!(statuses(at_once(&world, 10)).await, [401]);
        assert_eq!(world.token_calls(), 2);
        assert_eq!(greeting(&world).await, "hello nobody");
        world.provider.clear();
        let page = world.open("/token").await;
        assert_eq!((page.url.as_str(), page.status.as_u16()), (at("/token").as_str(), 200));
        let ended = EventKind::Ended(EndReason::RefreshRefused);
        assert_eq!(heard.changes(), [EventKind::SignedIn, ended, EventKind::SignedIn]);
    }

    async fn a_provider_in_trouble_costs_nobody_their_session(framework, kind) {
        let (world, heard) = due(framework, kind).await;
        let unwell = RawResponse::new(503, REVOKED).header("content-type", "application/json");
        for fault in [
            Fault::token_response(unwell),
            Fault::hang(Endpoint::Token),
            Fault::token_response(RawResponse::new(200, "<html>")),
        ] {
            let (world, _) = due(framework, kind).await;
            world.provider.inject_always(fault.clone());
            // Good for another 59 seconds, and the provider is not asked with every request.
            assert_eq!(expires_in(&fetch(&world, "/token").await), 59, "{fault:?}");
            assert_eq!(expires_in(&fetch(&world, "/token").await), 59, "{fault:?}");
            assert_eq!(world.token_calls(), 2, "{fault:?}");
            world.wait(OVER);
            let page = fetch(&world, "/token").await;
            assert!(matches!(page.status.as_u16(), 502..=504), "{fault:?}: {}", page.status);
            assert_eq!(fetch(&world, "/dashboard").await.status, 200, "{fault:?}");
        }
        world.provider.inject(Fault::disconnect(Endpoint::Token));
        assert_eq!(expires_in(&fetch(&world, "/token").await), 59);
        world.wait(BACK_OFF);
        assert_eq!(expires_in(&fetch(&world, "/token").await), 3600);
        assert_eq!(heard.changes(), [EventKind::SignedIn, EventKind::Refreshed]);
    }

    async fn an_answer_that_is_lost_or_incomplete_ends_in_a_clean_sign_in(framework, kind) {
        for fault in [Fault::lose_answer(Endpoint::Token), Fault::omit(Endpoint::Token, &["access_token"])] {
            let (world, _) = due(framework, kind).await;
            world.provider.inject(fault);
            assert_eq!(expires_in(&fetch(&world, "/token").await), 59);
            world.wait(BACK_OFF);
            // The provider has rotated and takes the old token for a stolen one.
            assert_eq!(fetch(&world, "/token").await.status, 401);
            let page = world.open("/token").await;
            assert_eq!((page.url.as_str(), page.status.as_u16()), (at("/token").as_str(), 200));
            assert_eq!(world.token_calls(), 4);
        }
    }

    async fn keys_that_cannot_be_had_just_now_cost_nobody_their_session(framework, kind) {
        let (world, _) = due(framework, kind).await;
        world.provider.rotate_keys().unwrap();
        world.provider.inject_always(Fault::disconnect(Endpoint::Jwks));
        assert_eq!(expires_in(&fetch(&world, "/token").await), 3600);
        assert_eq!(greeting(&world).await, "hello ada");
    }

    async fn a_provider_that_wants_to_see_the_person_is_shown_them_and_the_session_stands(framework, kind) {
        let (world, _) = due(framework, kind).await;
        world.wait(OVER);
        world.provider.inject_always(Fault::token_response(RawResponse::json(400, &json!({"error": "interaction_required"}))));
        assert_eq!(fetch(&world, "/token").await.status, 401);
        assert_eq!(fetch(&world, "/dashboard").await.status, 200);
    }

    async fn a_browser_that_hangs_up_does_not_lose_the_tokens(framework, kind) {
        let (world, _) = due(framework, kind).await;
        world.wait(OVER);
        let mut hold = world.provider.hold(Endpoint::Token);
        let requests = at_once(&world, 5);
        hold.reached(1).await;
        for request in requests {
            request.abort();
            assert!(request.await.is_err());
        }
        hold.release();
        assert_eq!(expires_in(&fetch(&world, "/token").await), 3600);
        assert_eq!(world.token_calls(), 2);
    }

    async fn a_sign_out_during_a_refresh_stands_and_what_comes_late_is_revoked(framework, kind) {
        let (world, heard) = due(framework, kind).await;
        world.wait(OVER);
        let mut hold = world.provider.hold(Endpoint::Token);
        let late = at_once(&world, 1);
        hold.reached(1).await;
        let cookie = crate::support::session_header(&world);
        // Else the provider would refuse the refresh by itself.
        world.provider.inject(Fault::Respond(Endpoint::Revoke, RawResponse::new(503, "")));
        let out = crate::support::raw(&world, http::Method::POST, "/auth/logout", &[("cookie", &cookie)]).await;
        assert_eq!(out.status(), 303);
        hold.release();
        assert_eq!(statuses(late).await, [401]);
        assert_eq!(greeting(&world).await, "hello nobody");
        assert_eq!(heard.changes(), [EventKind::SignedIn, EventKind::Ended(EndReason::SignedOut)]);
        let requests = world.provider.requests();
        let tokens: std::collections::BTreeSet<_> = requests.iter().filter(|seen| seen.path.ends_with("/revoke")).map(|seen| seen.body.clone()).collect();
        assert_eq!(tokens.len(), 3, "the old refresh token at the sign-out, its access token as that failed, and then the new one");
    }

    async fn a_narrowed_scope_is_honoured_and_a_widened_one_is_not(framework, kind) {
        let (world, _) = due(framework, kind).await;
        let scope = |scope: &str| Fault::replace(Endpoint::Token, serde_json::Map::from_iter([("scope".to_owned(), scope.into())]));
        world.provider.inject(scope("openid email admin"));
        assert_eq!(fetch(&world, "/token").await.status, 200);
        let me: Value = serde_json::from_slice(&fetch(&world, "/me").await.body).unwrap();
        assert_eq!(me["scope"], "openid email");
        let sent = world.provider.requests();
        let body = &sent.iter().rfind(|seen| seen.path.ends_with("/token")).unwrap().body;
        assert!(form_urlencoded::parse(body).all(|(name, _)| name != "scope"));
    }

    async fn tokens_that_are_always_over_are_not_asked_for_with_every_request(framework, kind) {
        let (world, _) = due(framework, kind).await;
        let over = serde_json::Map::from_iter([("expires_in".to_owned(), 0.into())]);
        world.provider.inject_always(Fault::replace(Endpoint::Token, over));
        assert_eq!(statuses(at_once(&world, 20)).await, [200]);
        assert_eq!(world.token_calls(), 2);
        world.wait(Duration::from_secs(11));
        assert_eq!(fetch(&world, "/token").await.status, 200);
        assert_eq!(world.token_calls(), 3);
    }

    async fn a_refresh_never_outlives_the_sessions_own_end(framework, kind) {
        let (world, _) = signed_in(framework, kind).await;
        for _ in 0..180 {
            world.wait(DUE);
            if fetch(&world, "/token").await.status != 200 {
                break;
            }
        }
        // Seven days are 170 refreshes.
        assert!((165..175).contains(&world.token_calls()), "{}", world.token_calls());
        assert_eq!(greeting(&world).await, "hello nobody");
    }

    async fn two_peoples_refreshes_at_once_are_not_mixed_up(framework, kind) {
        let (world, _) = signed_in(framework, kind).await;
        world.provider.sign_in_as("grace");
        let other = world.other_browser();
        other.open(&at("/dashboard")).await.unwrap();
        world.wait(DUE + OVER);
        let mut hold = world.provider.hold(Endpoint::Token);
        let mine = at_once(&world, 1);
        hold.reached(1).await;
        let theirs = tokio::spawn(async move {
            let accept = [("accept", "application/json")];
            let page = other.fetch(http::Method::GET, &at("/token"), &accept, "", BASE_URL).await.unwrap();
            (page.status.as_u16(), other.open(&at("/me")).await.unwrap().text())
        });
        hold.reached(2).await;
        hold.release();
        assert_eq!(statuses(mine).await, [200]);
        let (status, me) = theirs.await.unwrap();
        assert!(status == 200 && me.contains("grace"), "{status} {me}");
        assert!(fetch(&world, "/me").await.text().contains("ada"));
    }

    async fn sessions_that_come_due_together_do_not_all_ask_at_once(framework, kind) {
        let (world, _) = signed_in(framework, kind).await;
        let mut browsers = Vec::new();
        for _ in 0..40 {
            let browser = world.other_browser();
            browser.open(&at("/dashboard")).await.unwrap();
            browsers.push(browser);
        }
        let before = world.token_calls();
        world.wait(DUE + OVER);
        let mut hold = world.provider.hold(Endpoint::Token);
        let asked: Vec<_> = browsers
            .into_iter()
            .map(|browser| tokio::spawn(async move { browser.open(&at("/token")).await.unwrap().status.as_u16() }))
            .collect();
        hold.reached(32).await;
        // Every request is on its way; those beyond the limit wait here, not at the provider.
        assert_eq!(fetch(&world, "/dashboard").await.status, 200);
        assert_eq!(world.token_calls() - before, 32);
        hold.release();
        assert_eq!(statuses(asked).await, [200]);
        assert_eq!(world.token_calls() - before, 40);
    }
}

on_both_frameworks! {
    async fn a_refresh_that_comes_back_after_a_step_up_of_the_same_person_revokes_nothing(framework) {
        let bed = landfall_testkit::TestBed::new(BASE_URL).unwrap();
        let flaky = FlakyStore::new(MemoryStore::new().with_clock(bed.clock()));
        let world = World::around(bed, framework, SessionKind::Memory, |builder| {
            builder.scopes(["openid", "profile", "email", "offline_access"]).store(flaky.clone())
        }).await;
        world.open("/dashboard").await;
        world.wait(DUE + OVER);
        // The provider has answered; what it gave is about to be kept.
        flaky.hold_one_update();
        let cookie = crate::support::session_header(&world);
        let (browser, header) = (world.other_browser(), cookie.clone());
        let refresh = tokio::spawn(async move {
            let request = http::Request::get(at("/token")).header("cookie", header).header("accept", "application/json");
            browser.send(request.body(bytes::Bytes::new()).unwrap()).await.unwrap().status().as_u16()
        });
        flaky.somebody_updates().await;
        assert_eq!(world.token_calls(), 2);
        assert_eq!(world.open("/more/level").await.status, 200);
        assert_eq!(crate::support::greeting_for(&world, cookie.split_once('=').unwrap().1).await, "hello nobody");
        flaky.hold_updates(false);
        assert_eq!(refresh.await.unwrap(), 401, "its session was replaced");
        assert_eq!(world.provider.calls("/oauth2/revoke"), 0, "the new session may be of the same grant");
        world.wait(DUE + OVER);
        assert_eq!(fetch(&world, "/token").await.status, 200);
    }

    async fn logout_racing_a_refresh_gives_back_the_tokens_that_were_kept_last(framework) {
        let clock = landfall_testkit::TestBed::new(BASE_URL).unwrap();
        let memory = MemoryStore::new().with_clock(clock.clock());
        let flaky = FlakyStore::new(memory.clone());
        let world = World::around(clock, framework, SessionKind::Memory, |builder| {
            builder.scopes(["openid", "offline_access"]).store(flaky.clone())
        }).await;
        world.open("/dashboard").await;
        world.wait(DUE + OVER);
        // The sign-out has read the session and is about to take its tokens.
        flaky.hold_updates(true);
        let cookie = crate::support::session_header(&world);
        let (browser, header) = (world.other_browser(), cookie.clone());
        let out = tokio::spawn(async move {
            let request = http::Request::post(at("/auth/logout")).header("cookie", header);
            browser.send(request.body(bytes::Bytes::new()).unwrap()).await.unwrap().status().as_u16()
        });
        flaky.somebody_updates().await;
        // Another instance refreshes them.
        let mut other = world;
        let keys = other.keys.clone();
        let second = other.without_store().cookie_keys(keys).scopes(["openid", "offline_access"]).store(memory);
        other.switch_to(second).await;
        let token = crate::support::raw(&other, http::Method::GET, "/token", &[("cookie", &cookie)]).await;
        assert_eq!((token.status().as_u16(), other.token_calls()), (200, 2));
        flaky.hold_updates(false);
        assert_eq!(out.await.unwrap(), 303);
        let requests = other.provider.requests();
        let sent = |path: &str, name: &str| requests.iter().rfind(|seen| seen.path.ends_with(path)).and_then(|seen| seen.parameter(name)).unwrap();
        assert_ne!(sent("/revoke", "token"), sent("/token", "refresh_token"), "the spent one is no use to revoke");
        assert_eq!(sent("/revoke", "token_type_hint"), "refresh_token");
    }

    async fn refreshes_whose_tokens_cannot_be_kept_hold_up_nobody_elses(framework) {
        let bed = landfall_testkit::TestBed::new(BASE_URL).unwrap();
        let flaky = FlakyStore::new(MemoryStore::new().with_clock(bed.clock()));
        let world = World::around(bed, framework, SessionKind::Memory, |builder| {
            builder.scopes(["openid", "offline_access"]).store(flaky.clone())
        }).await;
        // More than ask the provider at once.
        let people: Vec<_> = (0..33).map(|_| world.other_browser()).collect();
        for person in &people {
            assert_eq!(person.open(&at("/dashboard")).await.unwrap().status, 200);
        }
        world.wait(DUE + OVER);
        flaky.hold_updates(true);
        let before = world.token_calls();
        let ask = |browser: landfall_testkit::Browser| async move {
            let accept = [("accept", "application/json")];
            browser.fetch(http::Method::GET, &at("/token"), &accept, "", BASE_URL).await.unwrap().status.as_u16()
        };
        let asked: Vec<_> = people.into_iter().map(|person| tokio::spawn(ask(person))).collect();
        landfall_tests::within(Duration::from_secs(8), "everybody's refresh reaches the provider", async || {
            (world.token_calls() - before == 33).then_some(())
        }).await;
        flaky.hold_updates(false);
        assert_eq!(statuses(asked).await, [200]);
        assert_eq!(world.token_calls() - before, 33, "no token was sent twice");
    }
}
