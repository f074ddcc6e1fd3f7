//! What the application hears, enough for an audit trail.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use landfall::{Declined, EndReason, ErrorCode, Event, EventKind, Identity, SubjectId, WayIn};
use landfall_testkit::Fault;
use landfall_tests::credentials::Asked;
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks};

use crate::support::{at, raw};

pub(crate) type Heard = Arc<Mutex<Vec<Event>>>;

pub(crate) async fn listened(framework: Framework, kind: SessionKind) -> (World, Heard) {
    let heard = Heard::default();
    let ears = Arc::clone(&heard);
    let world = World::with(framework, kind, |builder| {
        builder.on_event(move |event| ears.lock().unwrap().push(event.clone()))
    })
    .await;
    (world, heard)
}

fn kinds(heard: &Heard) -> Vec<EventKind> {
    heard.lock().unwrap().drain(..).map(|event| event.kind).collect()
}

on_both_frameworks! {
    async fn a_sign_in_is_told_from_its_start_to_its_end(framework) {
        for kind in [SessionKind::Cookie, SessionKind::Memory] {
            let (world, heard) = listened(framework, kind).await;
            world.open("/dashboard").await;
            assert_eq!(kinds(&heard), [EventKind::SignInStarted, EventKind::SignedIn]);
            world.browser.post_form(&at("/auth/logout"), &[], BASE_URL).await.unwrap();
            assert_eq!(kinds(&heard), [EventKind::Ended(EndReason::SignedOut)]);
            world.auth.sessions().create(Identity::new("https://op.example", "guest")).await.unwrap();
            assert_eq!(kinds(&heard), [EventKind::Created]);
        }
    }

    async fn a_sign_in_that_fails_is_told_with_the_reference_that_the_person_reads(framework) {
        let (world, heard) = listened(framework, SessionKind::Memory).await;
        world.provider.inject(Fault::authorize_error("access_denied"));
        let page = world.open("/dashboard").await;
        let failed = heard.lock().unwrap().last().cloned().unwrap();
        assert_eq!(failed.kind, EventKind::SignInFailed(ErrorCode::SignInDeclined));
        assert!(page.text().contains(&failed.reference.unwrap()));
        world.provider.inject(Fault::id_token_claim("nonce", "another"));
        world.open("/dashboard").await;
        assert_eq!(*kinds(&heard).last().unwrap(), EventKind::SignInFailed(ErrorCode::IdTokenRejected));
    }

    async fn whoever_the_application_turns_away_is_told_with_who_from_where_and_by_which_provider(framework) {
        for (kind, forwarded) in [(SessionKind::Cookie, false), (SessionKind::Memory, true)] {
            let heard = Heard::default();
            let ears = Arc::clone(&heard);
            let world = World::with(framework, kind, |builder| {
                let builder = if forwarded { builder.trusted_proxies(["127.0.0.1"]) } else { builder };
                builder
                    .on_event(move |event| ears.lock().unwrap().push(event.clone()))
                    .on_sign_in(async |_| Err(Declined::because("Closed.")))
            })
            .await;
            let callback = world.callback_for("/dashboard").await;
            let cookie = cookies(&world);
            let agent = format!("Agent/1 {}", "x".repeat(1_000));
            let headers = [("cookie", cookie.as_str()), ("accept", "text/html"), ("user-agent", &agent), ("x-forwarded-for", "203.0.113.7")];
            let page = raw(&world, Method::GET, callback.strip_prefix(BASE_URL).unwrap(), &headers).await;
            assert_eq!(page.status(), 403);
            let failed = heard.lock().unwrap().last().cloned().unwrap();
            assert_eq!(failed.kind, EventKind::SignInFailed(ErrorCode::SignInRejected));
            assert_eq!(failed.subject.unwrap(), SubjectId::new("https://op.example", "ada"));
            assert_eq!((failed.way, failed.provider.as_deref()), (Some(WayIn::Provider), Some("https://op.example")));
            let origin = failed.origin.unwrap();
            let address = if forwarded { "203.0.113.7" } else { "127.0.0.1" };
            assert_eq!(origin.address().unwrap().to_string(), address);
            assert_eq!(origin.user_agent().unwrap(), &agent[..256]);
            let page = String::from_utf8_lossy(page.body()).into_owned();
            assert!(page.contains(&failed.reference.unwrap()), "{page}");
        }
    }

    async fn refused_credentials_are_told_by_their_scheme_and_hold_nothing_of_what_came(framework) {
        let (asked, heard) = (Asked::default(), Heard::default());
        let ears = Arc::clone(&heard);
        let world = World::with(framework, SessionKind::Memory, |builder| {
            let builder = builder.on_event(move |event| ears.lock().unwrap().push(event.clone()));
            asked.all(builder).keep_posted_forms("/kept")
        })
        .await;
        let basic = "Basic UExBTlRFRDpQTEFOVEVE"; // PLANTED:PLANTED
        for path in ["/", "/auth/session", "/auth/resume?form=x"] {
            for (header, scheme) in [("Bearer PLANTED", "bearer"), (basic, "basic")] {
                let headers = [("authorization", header), ("user-agent", "git/2")];
                let answer = raw(&world, Method::GET, path, &headers).await;
                assert_eq!(answer.status(), 401, "{path}");
                let told = heard.lock().unwrap().drain(..).collect::<Vec<_>>();
                let [told] = told.as_slice() else { panic!("{path}: {told:?}") };
                assert_eq!(told.kind, EventKind::CredentialsRefused(ErrorCode::CredentialsRefused), "{path}");
                assert_eq!(told.way, Some(WayIn::Credentials(scheme.into())));
                let origin = told.origin.as_ref().unwrap();
                assert_eq!((origin.address().unwrap().to_string().as_str(), origin.user_agent()), ("127.0.0.1", Some("git/2")));
                let text = String::from_utf8_lossy(answer.body()).into_owned();
                assert!(text.contains(told.reference.as_deref().unwrap()), "{text}");
                let shown = format!("{told:?}");
                assert!(!shown.contains("PLANTED") && !shown.contains("UExB") && told.subject.is_none(), "{shown}");
            }
        }
        // There twice: refused before anybody is asked.
        let twice = [("authorization", "Bearer robot"), ("authorization", "Bearer robot")];
        assert_eq!(raw(&world, Method::GET, "/", &twice).await.status(), 401);
        assert_eq!(kinds(&heard), [EventKind::CredentialsRefused(ErrorCode::CredentialsRefused)]);
        // Taken, away or from another site: no refusal of credentials.
        for token in ["Bearer robot", "Bearer away"] {
            raw(&world, Method::GET, "/", &[("authorization", token)]).await;
        }
        assert!(kinds(&heard).is_empty());
    }

    async fn strangers_do_not_flood_the_listener_nor_push_out_whoever_is_verified(framework) {
        let (asked, heard) = (Asked::default(), Heard::default());
        let ears = Arc::clone(&heard);
        let world = World::with(framework, SessionKind::Cookie, |builder| {
            let builder = builder.on_event(move |event| ears.lock().unwrap().push(event.clone()));
            asked.all(builder).on_sign_in(async |_| Err(Declined::because("Closed.")))
        })
        .await;
        for n in 0..120 {
            let token = format!("Bearer bad-{n}");
            raw(&world, Method::GET, "/", &[("authorization", &token)]).await;
            raw(&world, Method::GET, "/auth/callback?code=x&state=y", &[("accept", "text/html")]).await;
        }
        let told = heard.lock().unwrap().drain(..).collect::<Vec<_>>();
        assert_eq!(told.len(), 100);
        world.open("/dashboard").await;
        let told = heard.lock().unwrap().drain(..).collect::<Vec<_>>();
        let [_, declined] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!((declined.kind, declined.left_out), (EventKind::SignInFailed(ErrorCode::SignInRejected), 140));
        assert!(declined.subject.is_some());
        world.wait(Duration::from_secs(1));
        raw(&world, Method::GET, "/auth/callback?code=x&state=y", &[]).await;
        assert_eq!(kinds(&heard), [EventKind::SignInFailed(ErrorCode::StateMismatch)], "after a while it hears again");
    }
}

/// Every cookie of this world's browser.
fn cookies(world: &World) -> String {
    let cookies = world.browser.cookies_for(BASE_URL).unwrap();
    cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect::<Vec<_>>().join("; ")
}
