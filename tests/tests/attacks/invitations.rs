//! What a stranger words into the login address, and what an application's hook names as a destination.

use std::sync::{Arc, Mutex};

use landfall_tests::{Framework, SessionKind, World, on_both_frameworks};
use serde_json::Value;

use crate::support::{Ask, ask, pending_at};

/// A world whose hook notes the invitation, and lands where the parameter `to` says.
async fn world(framework: Framework, kind: SessionKind) -> (World, Arc<Mutex<Vec<Option<String>>>>) {
    let invitations = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&invitations);
    let world = World::with(framework, kind, |builder| {
        builder.login_parameters(["invitation", "to"]).on_sign_in(move |mut sign_in| {
            noted.lock().unwrap().push(sign_in.parameter("invitation").map(str::to_owned));
            assert_eq!(sign_in.app_state::<Value>(), None, "a stranger's word is no app state");
            if let Some(to) = sign_in.parameter("to").map(str::to_owned) {
                sign_in.set_destination(&to);
            }
            async move { Ok(sign_in) }
        })
    })
    .await;
    (world, invitations)
}

on_both_frameworks! {
    async fn a_third_party_that_starts_a_sign_in_brings_no_invitation(framework) {
        for kind in [SessionKind::Cookie, SessionKind::Memory, SessionKind::Sqlite] {
            let (world, invitations) = world(framework, kind).await;
            let iss = "iss=https%3A%2F%2Fop.example";
            for query in [format!("{iss}&invitation=evil"), format!("invitation=evil&{iss}"), format!("{iss}&invitation=evil&to=/dashboard")] {
                let attempt = pending_at(&world.other_browser(), &format!("/auth/login?{query}")).await;
                assert!(!attempt.state.is_empty());
                let page = world.other_browser().follow_link(&format!("https://app.example.com/auth/login?{query}"), "https://evil.example/").await.unwrap();
                assert_eq!((page.status.as_u16(), page.url.path()), (200, "/"), "the sign-in goes on without");
            }
            // Posted, as a third party may.
            let form = [("iss", "https://op.example"), ("invitation", "evil")];
            let page = world.other_browser().post_form("https://app.example.com/auth/login", &form, "https://evil.example").await.unwrap();
            assert_eq!(page.status, 200);
            assert_eq!(*invitations.lock().unwrap(), vec![None; 4]);
        }
    }

    async fn a_foreign_invitation_changes_nothing_by_itself(framework) {
        let (world, invitations) = world(framework, SessionKind::Memory).await;
        // A link in a mail, or on a page of somebody else's: it starts a sign-in, and says what it says.
        let link = "https://app.example.com/auth/login?invitation=mallorys-team&return_to=%2Fdashboard";
        let page = world.browser.follow_link(link, "https://evil.example/").await.unwrap();
        assert_eq!((page.status.as_u16(), page.text().as_str()), (200, "dashboard of ada at /dashboard with no query"));
        assert_eq!(*invitations.lock().unwrap(), [Some("mallorys-team".to_owned())]);
        // It is this attempt's alone, and goes to nobody else.
        world.browser.open("https://app.example.com/auth/login").await.unwrap();
        assert_eq!(invitations.lock().unwrap().last(), Some(&None));
        let asked = world.provider.requests();
        assert!(asked.iter().all(|seen| seen.parameter("invitation").is_none()), "the provider hears nothing of it");
    }

    async fn no_destination_of_the_hooks_is_an_endpoint_of_ours(framework) {
        let (world, _) = world(framework, SessionKind::Cookie).await;
        for own in ["/auth/logout", "/auth/login", "/auth/callback", "/auth/session", "/x/../auth/logout?y"] {
            let browser = world.other_browser();
            let attempt = pending_at(&browser, &format!("/auth/login?return_to=/dashboard&to={own}")).await;
            let answer = ask(&browser, Ask::get(attempt.callback())).await;
            assert_eq!((answer.status.as_u16(), answer.location()), (303, "/"), "{own}");
        }
    }

    async fn no_destination_of_the_hooks_leads_to_another_site(framework) {
        let (world, _) = world(framework, SessionKind::Cookie).await;
        let mut failures = Vec::new();
        let mut count = 0;
        for line in include_str!("../../data/return_to.jsonl").lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let raw = case["raw"].as_str().unwrap();
            // A parameter is short; what is left out there is tried at the other doors.
            if raw.len() > 200 {
                continue;
            }
            count += 1;
            let wanted = match case["expect"].as_str() {
                Some("accept") => case["location"].as_str().unwrap(),
                _ => "/",
            };
            let browser = world.other_browser();
            let attempt = pending_at(&browser, &format!("/auth/login?to={raw}")).await;
            let answer = ask(&browser, Ask::get(attempt.callback())).await;
            if answer.status != 303 || !answer.sets_session() || answer.location() != wanted {
                failures.push(format!("{} {}: {} {}", case["id"], case["name"], answer.status, answer.location()));
            }
            // And a reload, which reads it out of the mark.
            let again = browser.open_without_following(&format!("https://app.example.com{}", attempt.callback())).await.unwrap();
            if again.header("location") != Some(wanted) {
                failures.push(format!("{} again: {:?}", case["id"], again.header("location")));
            }
        }
        assert!(count > 100, "the table is there: {count}");
        assert!(failures.is_empty(), "{framework:?}\n{}", failures.join("\n"));
    }
}
