//! The trip alone: the application answers a sign-in itself, with a session of its own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, Response};
use landfall::{
    EndReason, EventKind, NewSignIn, ProviderLogout, ProviderTokens, RelyingPartyBuilder, TokensRefreshError,
};
use landfall_testkit::{Endpoint, Fault, Page, TestBed};
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks, until};
use serde_json::json;
use tokio::sync::Notify;

use crate::support::{at, attempt_cookies, client, session_value, set_cookies};

const KINDS: [SessionKind; 3] = [SessionKind::Cookie, SessionKind::Memory, SessionKind::Sqlite];
const OWN: &str = "own";

/// How often the hook was asked, and what the application kept.
#[derive(Clone, Debug, Default)]
struct App {
    asked: Arc<AtomicUsize>,
    kept: Arc<Mutex<Vec<ProviderTokens>>>,
}

impl App {
    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn answer(&self, sign_in: NewSignIn) -> NewSignIn {
        let count = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        self.kept.lock().unwrap().push(sign_in.tokens().clone());
        let body = format!("own answer {count} for {}", sign_in.identity().subject());
        let cookie = format!("{OWN}=session-{count}; Path=/; Secure; HttpOnly");
        let answer = Response::builder().header("set-cookie", cookie).header("cache-control", "public");
        sign_in.answer(answer.body(body).unwrap())
    }
}

async fn world_with(
    framework: Framework,
    kind: SessionKind,
    change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
) -> (World, App) {
    let app = App::default();
    let hook = app.clone();
    let world = World::with(framework, kind, |builder| {
        change(builder).on_sign_in(move |sign_in| {
            let answered = hook.answer(sign_in);
            async move { Ok(answered) }
        })
    })
    .await;
    (world, app)
}

async fn world(framework: Framework, kind: SessionKind) -> (World, App) {
    world_with(framework, kind, |builder| builder).await
}

/// What the browser holds of the application's own.
fn own(world: &World) -> Option<String> {
    let cookies = world.browser.cookies_for(BASE_URL).unwrap();
    cookies.into_iter().find(|cookie| cookie.name == OWN).map(|cookie| cookie.value)
}

/// It leads to the destination, and repeats nothing.
fn leads_on(page: &Page, destination: &str) {
    assert_eq!((page.status.as_u16(), page.header("location")), (303, Some(destination)), "{}", page.text());
    assert!(!page.text().contains("own answer"), "{}", page.text());
    assert!(set_cookies(&page.headers).iter().all(|line| !line.starts_with(OWN)), "{:?}", page.headers);
}

on_both_frameworks! {
    async fn the_answer_is_sent_once_and_a_reload_leads_to_the_destination(framework) {
        for kind in KINDS {
            let (world, app) = world(framework, kind).await;
            let callback = world.callback_for("/dashboard/x?y=1").await;
            let page = world.browser.open_without_following(&callback).await.unwrap();
            assert_eq!((page.status.as_u16(), page.text().as_str()), (200, "own answer 1 for ada"));
            assert_eq!((page.header("cache-control"), page.header("referrer-policy")), (Some("no-store"), Some("no-referrer")));
            assert_eq!(attempt_cookies(&world.browser, "login").len(), 0);
            assert_eq!((session_value(&world.browser), own(&world).as_deref()), (None, Some("session-1")));
            if kind.has_store() {
                assert_eq!(world.engine.stored().await.len(), 0, "no session of ours");
            }
            for wait in [0, 10, 40, 300] {
                world.wait(Duration::from_secs(wait));
                leads_on(&world.browser.open_without_following(&callback).await.unwrap(), "/dashboard/x?y=1");
            }
            assert_eq!((app.asked(), world.token_calls()), (1, 1));
        }
    }

    async fn two_at_once_are_one_call_and_one_answer(framework) {
        for kind in KINDS {
            let (world, app) = world(framework, kind).await;
            let callback = world.callback_for("/dashboard").await;
            let tabs = [(); 3].map(|()| world.browser.new_tab());
            let mut hold = world.provider.hold(Endpoint::Token);
            let (one, two, three, ()) = tokio::join!(
                tabs[0].open_without_following(&callback),
                tabs[1].open_without_following(&callback),
                tabs[2].open_without_following(&callback),
                async {
                    hold.reached(1).await;
                    hold.release();
                }
            );
            let pages = [one.unwrap(), two.unwrap(), three.unwrap()];
            let (answers, others): (Vec<_>, Vec<_>) = pages.iter().partition(|page| page.status == 200);
            assert_eq!((answers.len(), others.len()), (1, 2));
            assert_eq!(answers[0].text(), "own answer 1 for ada");
            for other in others {
                leads_on(other, "/dashboard");
            }
            assert_eq!((app.asked(), world.token_calls()), (1, 1));
        }
    }

    async fn another_code_and_another_browser_get_neither_answer_nor_destination(framework) {
        for kind in KINDS {
            let (world, app) = world(framework, kind).await;
            let callback = world.callback_for("/dashboard").await;
            let mut url = url::Url::parse(&callback).unwrap();
            let pairs: Vec<_> = url.query_pairs().into_owned().map(|(name, value)| {
                let value = if name == "code" { "another".to_owned() } else { value };
                (name, value)
            }).collect();
            url.query_pairs_mut().clear().extend_pairs(pairs);
            let page = world.other_browser().open_without_following(&callback).await.unwrap();
            assert_eq!(page.status, 400);
            world.browser.open_without_following(&callback).await.unwrap();
            for page in [
                world.browser.open_without_following(url.as_str()).await.unwrap(),
                world.other_browser().open_without_following(&callback).await.unwrap(),
                world.other_browser().open_without_following(url.as_str()).await.unwrap(),
            ] {
                assert_eq!((page.status.as_u16(), page.text().contains("own answer")), (400, false));
            }
            assert_eq!((app.asked(), world.token_calls()), (1, 1));
            leads_on(&world.browser.open_without_following(&callback).await.unwrap(), "/dashboard");
        }
    }

    async fn sign_ins_that_the_application_answers_are_no_loop_of_ours(framework) {
        let (world, app) = world(framework, SessionKind::Memory).await;
        for count in 1..=6 {
            assert_eq!(world.open("/dashboard").await.text(), format!("own answer {count} for ada"));
        }
        assert_eq!(app.asked(), 6);
    }

    async fn a_session_of_ours_ends_where_the_application_answers(framework) {
        for kind in KINDS {
            let ends = Arc::new(Mutex::new(Vec::new()));
            let heard = Arc::clone(&ends);
            let (world, _) = world_with(framework, kind, |builder| builder.on_event(move |event| {
                if let EventKind::Ended(why) = event.kind { heard.lock().unwrap().push(why); }
            })).await;
            let cookie = world.auth.sessions().create(landfall::Identity::new("https://op.example", "grace")).await.unwrap();
            world.browser.set_cookie(BASE_URL, &cookie).unwrap();
            assert_eq!(world.open("/").await.text(), "hello grace");
            let before = session_value(&world.browser).unwrap();
            world.open("/auth/login").await;
            assert_eq!((session_value(&world.browser), own(&world).as_deref()), (None, Some("session-1")));
            assert_eq!(world.open("/").await.text(), "hello nobody");
            if kind.has_store() {
                assert_eq!(crate::support::greeting_for(&world, &before).await, "hello nobody");
                assert_eq!(*ends.lock().unwrap(), [EndReason::Replaced]);
            }
        }
    }

    async fn a_browser_that_hangs_up_leaves_the_applications_half_whole(framework) {
        for kind in KINDS {
            let (entered, go, app) = (Arc::new(Notify::new()), Arc::new(Notify::new()), App::default());
            let hooked = (Arc::clone(&entered), Arc::clone(&go), app.clone());
            let world = World::with(framework, kind, |builder| builder.on_sign_in(move |sign_in| {
                let (entered, go, app) = hooked.clone();
                async move {
                    entered.notify_one();
                    go.notified().await;
                    Ok(app.answer(sign_in))
                }
            })).await;
            let callback = world.callback_for("/dashboard").await;
            let (tab, address) = (world.browser.new_tab(), callback.clone());
            let asked = tokio::spawn(async move { tab.open_without_following(&address).await.map(|page| page.status) });
            entered.notified().await;
            asked.abort();
            assert!(asked.await.is_err());
            assert_eq!(app.asked(), 0);
            go.notify_one();
            until("the hook has done its half", async || (app.asked() == 1).then_some(())).await;
            // What was answered is gone with the browser that hung up; it comes again.
            leads_on(&world.browser.open_without_following(&callback).await.unwrap(), "/dashboard");
            assert_eq!((app.asked(), world.token_calls()), (1, 1));
        }
    }

    async fn an_answer_with_a_cookie_of_ours_fails_and_the_tokens_are_given_back(framework) {
        for kind in KINDS {
            for line in ["__Host-landfall-session=x; Path=/; Secure", "__host-Landfall-login.x=y", "=__Host-landfall-session=x"] {
                let world = World::with(framework, kind, |builder| builder.on_sign_in(move |sign_in| async move {
                    Ok(sign_in.answer(Response::builder().header("set-cookie", line).body("own answer")?))
                })).await;
                let callback = world.callback_for("/dashboard").await;
                let page = world.browser.open_without_following(&callback).await.unwrap();
                assert_eq!((page.status.as_u16(), page.text().contains("own answer")), (500, false), "{line}");
                assert!(!set_cookies(&page.headers).contains(&line));
                assert_eq!(world.provider.calls("/oauth2/revoke"), 1, "{line}");
                // The code is spent, and the attempt is over.
                assert!(!world.browser.open_without_following(&callback).await.unwrap().text().contains("own answer"));
                assert_eq!(world.token_calls(), 1);
            }
        }
    }

    async fn an_answer_that_ends_no_request_fails(framework) {
        let world = World::with(framework, SessionKind::Cookie, |builder| builder.on_sign_in(|sign_in| async move {
            Ok(sign_in.answer(Response::builder().status(101).body("")?))
        })).await;
        assert_eq!(world.open("/dashboard").await.status, 500);
        assert_eq!(world.provider.calls("/oauth2/revoke"), 1);
    }

    async fn a_fault_before_the_hook_asks_nobody_and_answers_nothing(framework) {
        for kind in KINDS {
            for fault in [Fault::id_token_claim("nonce", "another"), Fault::id_token_claim("aud", "another"), Fault::id_token_claim("iss", "https://evil.example")] {
                let (world, app) = world(framework, kind).await;
                let callback = world.callback_for("/dashboard").await;
                world.provider.inject(fault);
                let page = world.browser.open_without_following(&callback).await.unwrap();
                assert!(page.status.as_u16() >= 400 && own(&world).is_none(), "{}", page.text());
                assert_eq!((app.asked(), world.token_calls()), (0, 1));
                assert_eq!(world.open("/dashboard").await.text(), "own answer 1 for ada", "the next one is answered");
            }
        }
    }

    async fn a_page_that_exchanges_its_code_gets_the_answer_as_json_once(framework) {
        const CALLBACK: &str = "https://app.example.com/callback";
        for kind in KINDS {
            let bed = TestBed::new(BASE_URL).unwrap();
            bed.provider.change_client(TestBed::CLIENT_ID, |_| client(&[CALLBACK]));
            let world = World::around(bed, framework, kind, |builder| builder.spa_callback(CALLBACK).on_sign_in(|sign_in| async move {
                let body = json!({ "token": "the application's own" }).to_string();
                Ok(sign_in.answer(Response::builder().header("content-type", "application/json").body(body)?))
            })).await;
            let mut next = at(&format!("/auth/login?return_to=/cart&redirect_uri={CALLBACK}"));
            while !next.starts_with(CALLBACK) {
                next = world.browser.open_without_following(&next).await.unwrap().location().unwrap().to_string();
            }
            let body = json!({ "response": next.strip_prefix(CALLBACK).unwrap() }).to_string();
            let headers = [("content-type", "application/json"), ("x-csrf", "1")];
            let exchange = at("/auth/exchange");
            let post = || world.browser.fetch(Method::POST, &exchange, &headers, body.clone(), BASE_URL);
            let first: serde_json::Value = serde_json::from_str(&post().await.unwrap().text()).unwrap();
            assert_eq!(first, json!({ "token": "the application's own" }));
            let again: serde_json::Value = serde_json::from_str(&post().await.unwrap().text()).unwrap();
            assert_eq!(again, json!({ "return_to": "/cart" }));
            assert_eq!(world.token_calls(), 1);
        }
    }

    async fn what_the_provider_ends_meanwhile_is_not_answered(framework) {
        let (entered, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let gates = (Arc::clone(&entered), Arc::clone(&go));
        let world = World::with(framework, SessionKind::Cookie, |builder| builder
            .on_provider_logout(|_| async { Ok::<(), std::io::Error>(()) })
            .on_sign_in(move |sign_in| {
                let (entered, go) = gates.clone();
                async move {
                    entered.notify_one();
                    go.notified().await;
                    Ok(sign_in.answer(Response::new("own answer")))
                }
            })).await;
        let ending = async {
            entered.notified().await;
            world.wait(Duration::from_secs(2));
            let token = world.provider.logout_token(TestBed::CLIENT_ID).unwrap().claim("sub", "ada");
            assert_eq!(logout(&world, &token.signed()).await, 200);
            go.notify_one();
        };
        let (page, ()) = tokio::join!(world.open("/dashboard"), ending);
        assert_eq!((page.status.as_u16(), page.text().contains("own answer")), (400, false));
        assert_eq!(world.provider.calls("/oauth2/revoke"), 1);
    }

    async fn verified_logout_tokens_reach_the_application_with_a_store_and_without(framework) {
        for kind in KINDS {
            let (heard, fails) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(1)));
            let (told, failing) = (Arc::clone(&heard), Arc::clone(&fails));
            let (world, _) = world_with(framework, kind, |builder| builder.on_provider_logout(move |logout: ProviderLogout| {
                let (told, failing) = (Arc::clone(&told), Arc::clone(&failing));
                async move {
                    if failing.swap(0, Ordering::SeqCst) > 0 {
                        return Err(std::io::Error::other("the database is away"));
                    }
                    told.lock().unwrap().push((logout.subject().unwrap().subject().to_owned(), logout.sid().map(str::to_owned), logout.issued_at()));
                    Ok(())
                }
            })).await;
            let now = landfall::Clock::now(&world.clock).secs();
            let token = world.provider.logout_token(TestBed::CLIENT_ID).unwrap().claim("sub", "ada").claim("sid", "s-1").signed();
            assert_eq!(logout(&world, &token).await, 503, "the provider comes again");
            assert_eq!(logout(&world, &token).await, 200);
            assert_eq!(logout(&world, &token).await, 400, "it was seen");
            let forged = format!("{}x", &token[..token.len() - 1]);
            assert_eq!(logout(&world, &forged).await, 400);
            let told = heard.lock().unwrap().clone();
            assert!(!told.is_empty() && told.len() <= 2, "{told:?}");
            assert_eq!((told[0].0.as_str(), told[0].1.as_deref(), told[0].2.secs()), ("ada", Some("s-1"), now));
        }
    }

    async fn tokens_that_the_application_keeps_are_refreshed_and_name_the_session_at_the_provider(framework) {
        for kind in KINDS {
            // Without a store none of ours would be asked for.
            if !kind.has_store() {
                continue;
            }
            let (world, app) = world_with(framework, kind, |builder| builder.scopes(["openid", "offline_access"])).await;
            world.open("/dashboard").await;
            let first = app.kept.lock().unwrap()[0].clone();
            assert!(first.access_token().is_some() && first.access_token_expires_at().is_some());
            // As out of a table of its own.
            let kept = ProviderTokens::kept(first.id_token(), first.refresh_token().map(str::to_owned));
            let newer = world.auth.refresh(&kept).await.unwrap();
            assert_ne!(newer.access_token(), first.access_token());
            assert_eq!((newer.id_token(), world.token_calls()), (first.id_token(), 2));
            let newest = world.auth.refresh(&newer).await.unwrap();
            let refused = world.auth.refresh(&kept).await;
            assert!(matches!(refused, Err(TokensRefreshError::Ended(_))), "{refused:?}");
            let none = ProviderTokens::kept(newest.id_token(), None);
            assert!(matches!(world.auth.refresh(&none).await, Err(TokensRefreshError::NoRefreshToken)));
            let url = world.auth.provider_sign_out_url(&newest).await.unwrap().unwrap();
            let page = world.browser.open(&url).await.unwrap();
            assert_eq!((page.url.as_str(), page.text().as_str()), (at("/").as_str(), "hello nobody"));
            assert!(world.auth.provider_sign_out_url(&ProviderTokens::kept("e30.e30.x", None)).await.is_err());
        }
    }
}

/// Posts a logout token as the provider does.
async fn logout(world: &World, token: &str) -> u16 {
    let request = http::Request::post(at("/auth/backchannel-logout"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("logout_token={token}").into());
    world.browser.send(request.unwrap()).await.unwrap().status().as_u16()
}
