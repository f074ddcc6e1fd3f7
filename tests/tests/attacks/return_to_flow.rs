//! The table `return_to.jsonl` through every door a destination comes in by.

use http::Method;
use landfall_tests::{Framework, SessionKind, World, on_both_frameworks};
use serde_json::Value;

use crate::support::{Ask, ask, pending_at};

fn table() -> Vec<Value> {
    include_str!("../../data/return_to.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Where a case must land.
fn wanted(case: &Value) -> &str {
    match case["expect"].as_str() {
        Some("accept") => case["location"].as_str().unwrap(),
        _ => "/",
    }
}

fn report(framework: Framework, failures: &[String]) {
    assert!(failures.is_empty(), "{framework:?}\n{}", failures.join("\n"));
}

on_both_frameworks! {
    async fn no_return_to_leads_to_another_site(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        let mut failures = Vec::new();
        for case in table() {
            let browser = world.other_browser();
            let attempt = pending_at(&browser, &format!("/auth/login?return_to={}", case["raw"].as_str().unwrap())).await;
            let answer = ask(&browser, Ask::get(attempt.callback())).await;
            if answer.status != 303 || !answer.sets_session() || answer.location() != wanted(&case) {
                failures.push(format!("{} {}: {} {}", case["id"], case["name"], answer.status, answer.location()));
            }
        }
        report(framework, &failures);
    }

    async fn no_sign_out_leads_to_another_site(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        let mut failures = Vec::new();
        for case in table() {
            let raw = case["raw"].as_str().unwrap();
            let by_query = Ask::new(Method::POST, format!("/auth/logout?return_to={raw}"));
            let by_form = Ask::new(Method::POST, "/auth/logout")
                .header("content-type", crate::support::FORM)
                .body(format!("return_to={raw}"));
            for (how, request) in [("query", by_query), ("form", by_form)] {
                let answer = ask(&world.browser, request).await;
                if answer.status != 303 || answer.location() != wanted(&case) {
                    failures.push(format!("{} by {how}: {} {}", case["id"], answer.status, answer.location()));
                }
            }
        }
        report(framework, &failures);
    }

    async fn a_guarded_page_is_landed_on_as_it_was_asked_for(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        let mut failures = Vec::new();
        let mut count = 0;
        for case in table() {
            let Some(location) = case["location"].as_str().filter(|location| !location.contains('#') && !location.trim_start_matches('/').is_empty()) else { continue };
            count += 1;
            let asked = format!("/reports{location}");
            let browser = world.other_browser();
            let attempt = pending_at(&browser, &asked).await;
            let answer = ask(&browser, Ask::get(attempt.callback())).await;
            if answer.location() != asked {
                failures.push(format!("{} {asked}: {} {}", case["id"], answer.status, answer.location()));
            }
        }
        assert!(count > 50);
        report(framework, &failures);
    }

    async fn no_guarded_path_of_an_attackers_making_leads_to_another_site(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        for path in ["//evil.example/..%2f/dashboard/x", "/%2f%2fevil.example", "/dashboard//evil.example", "/dashboard/%5cevil.example"] {
            let answer = ask(&world.browser, Ask::get(path)).await;
            if answer.status != 303 {
                continue;
            }
            let page = world.browser.open(answer.location()).await.unwrap();
            assert_eq!(page.url.host_str(), Some("app.example.com"), "{path}");
            assert!(page.hops.iter().all(|hop| hop.url.host_str() != Some("evil.example")));
            world.browser.forget_cookies();
        }
    }
}
