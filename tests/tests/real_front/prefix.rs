//! A base URL with a path, behind a proxy that takes the path away and behind one that leaves it.

use bytes::Bytes;
use http::{Method, Request};
use landfall_testkit::TestBed;
use landfall_tests::real::Nginx;
use landfall_tests::{Framework, SessionKind, World, on_both_frameworks};

use crate::by_way_of;

const BASE: &str = "https://example.com/app";

async fn world(framework: Framework) -> World {
    let bed = TestBed::new(BASE).unwrap();
    World::around(bed, framework, SessionKind::Memory, |builder| builder).await
}

async fn front(world: &World, to: &str) -> Nginx {
    let location = format!("location /app/ {{ proxy_pass http://{}{to}; }}", world.address);
    let nginx = Nginx::start(&["example.com"], &location).await;
    by_way_of(&nginx, &world.browser, "example.com").await;
    nginx
}

fn at(path: &str) -> String {
    format!("{BASE}{path}")
}

on_both_frameworks! {
    async fn behind_nginx_that_strips_the_prefix_everything_stays_below_it(framework) {
        let world = world(framework).await;
        let _nginx = front(&world, "/").await;
        let page = world.browser.open(&at("/dashboard/x?y=1")).await.unwrap();
        assert_eq!((page.url.as_str(), page.text().as_str()), (at("/dashboard/x?y=1").as_str(), "dashboard of ada at /dashboard/x with y=1"));
        // Every answer of ours sets its cookies for the whole host, under names of this base URL alone.
        for line in page.hops.iter().flat_map(|hop| hop.headers.get_all("set-cookie")) {
            let line = line.to_str().unwrap();
            assert!(!line.starts_with("__Host-landfall") || line.contains("; Path=/;") || line.ends_with("; Path=/"), "{line}");
        }
        let session = world.browser.fetch(Method::GET, &at("/auth/session"), &[], "", &at("/")).await.unwrap();
        let session: serde_json::Value = serde_json::from_slice(&session.body).unwrap();
        assert_eq!((&session["login_url"], &session["logout_url"]), (&"/app/auth/login".into(), &"/app/auth/logout".into()));

        // The error page of a callback that is none, and the page before a sign-out, lead below the prefix too.
        let page = world.browser.open(&at("/auth/callback?code=x&state=y")).await.unwrap();
        assert!(page.status == 400 && page.text().contains("href=\"/app/auth/login?return_to=%2Fapp%2F\""), "{}", page.text());
        let page = world.browser.open(&at("/auth/logout")).await.unwrap();
        assert!(page.text().contains("action=\"/app/auth/logout\""), "{}", page.text());
        let mut page = world.browser.submit(&page, "Sign out", &[]).await.unwrap();
        if page.text().contains("Sign out") {
            page = world.browser.submit(&page, "Sign out", &[]).await.unwrap();
        }
        assert_eq!((page.url.as_str(), page.text().as_str()), (at("/").as_str(), "hello nobody"));

        let script = world.browser.fetch(Method::GET, &at("/dashboard?a=1"), &[], "", &at("/")).await.unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&script.body).unwrap();
        assert_eq!(problem["login_url"], "/app/auth/login?return_to=%2Fapp%2Fdashboard%3Fa%3D1");
        // Beside the prefix somebody else may live.
        let outside = at("/auth/login?return_to=%2Fother%2Fx");
        assert_eq!(world.browser.open(&outside).await.unwrap().url.as_str(), at("/"));
    }

    async fn behind_nginx_that_leaves_the_prefix_the_endpoints_are_found_all_the_same(framework) {
        let world = world(framework).await;
        let _nginx = front(&world, "").await;
        // The application of these tests has nothing below /app: the way there is what counts.
        let page = world.browser.open(&at("/auth/login?return_to=%2Fapp%2Fdashboard%3Fa%3D1")).await.unwrap();
        assert_eq!((page.url.as_str(), page.status.as_u16()), (at("/dashboard?a=1").as_str(), 404));
        let request = Request::get(at("/auth/session")).header("accept", "application/json");
        let anonymous = world.browser.send(request.body(Bytes::new()).unwrap()).await.unwrap();
        let anonymous: serde_json::Value = serde_json::from_slice(anonymous.body()).unwrap();
        assert_eq!(anonymous["login_url"], "/app/auth/login");
        let session = world.browser.fetch(Method::GET, &at("/auth/session"), &[], "", &at("/")).await.unwrap();
        let session: serde_json::Value = serde_json::from_slice(&session.body).unwrap();
        assert_eq!(session["signed_in"], true);
    }
}
