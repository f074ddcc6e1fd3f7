//! What the application hears, enough for an audit trail.

use std::sync::{Arc, Mutex};

use landfall::{EndReason, ErrorCode, Event, EventKind, Identity};
use landfall_testkit::Fault;
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks};

use crate::support::at;

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
}
