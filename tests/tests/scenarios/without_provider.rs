//! An application without a provider: its own page, its own people, and everything else as ever.

use http::{Method, StatusCode};
use landfall::{Identity, SubjectId};
use landfall_testkit::Page;
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks};
use serde_json::{Value, json};

use crate::local_sign_in::post;
use crate::support::{at, fetch, greeting, raw};

const KINDS: [SessionKind; 3] = [SessionKind::Cookie, SessionKind::Memory, SessionKind::Sqlite];

async fn world(framework: Framework, kind: SessionKind) -> World {
    let mut world = World::new(framework, kind).await;
    let builder = world.builder_without_provider("shop");
    world.switch_to(builder.webhook_secret_if(kind)).await;
    world
}

/// A webhook is for an application with a store.
trait WithWebhook {
    fn webhook_secret_if(self, kind: SessionKind) -> Self;
}

impl WithWebhook for landfall::RelyingPartyBuilder {
    fn webhook_secret_if(self, kind: SessionKind) -> Self {
        if kind.has_store() { self.webhook_secret("0123456789abcdef0123456789abcdef") } else { self }
    }
}

fn read(page: &Page) -> Value {
    serde_json::from_slice(&page.body).unwrap_or_else(|_| panic!("no JSON: {}", page.text()))
}

on_both_frameworks! {
    async fn without_a_provider_guards_lead_to_the_page_and_sessions_are_what_they_are_with_one(framework) {
        for kind in KINDS {
            let world = world(framework, kind).await;
            let page = world.open("/dashboard/x?y=1").await;
            assert_eq!((page.url.path(), page.url.query()), ("/login", Some("return_to=%2Fdashboard%2Fx%3Fy%3D1")));
            assert_eq!((&read(&page)["providers"], &read(&page)["who"]), (&json!([]), &json!("hello nobody")));
            let told: Value = read(&fetch(&world, "/dashboard/x").await);
            assert_eq!(told["login_url"], "/login?return_to=%2Fdashboard%2Fx");
            assert_eq!(read(&fetch(&world, "/auth/providers").await), json!({ "providers": [] }));
            let signed_in = post(&world, "/local?user-17").await;
            assert_eq!(signed_in.status, 200, "{}", signed_in.text());
            assert_eq!(world.open("/dashboard/x").await.text(), "dashboard of user-17 at /dashboard/x with no query");
            let session: Value = read(&fetch(&world, "/auth/session").await);
            assert_eq!((&session["signed_in"], &session["subject"], &session["login_url"]), (&json!(true), &json!("user-17"), &json!("/login")));
            if kind.has_store() {
                assert_eq!(world.auth.sessions().list(&SubjectId::local("user-17")).await.unwrap().len(), 1);
            }
            let asks = world.open("/auth/logout").await;
            let out = world.browser.submit(&asks, "Sign out", &[]).await.unwrap();
            assert_eq!((out.url.as_str(), out.text().as_str()), (at("/").as_str(), "hello nobody"));
            assert_eq!(world.provider.requests().len(), 0, "nobody is asked");
        }
    }

    async fn without_a_provider_what_is_for_one_is_not_there_and_says_so(framework) {
        for kind in KINDS {
            let world = world(framework, kind).await;
            let form = [("content-type", "application/x-www-form-urlencoded")];
            let mut of_a_provider = vec![
                (Method::GET, "/auth/callback?state=lf1.x&code=y", &[][..]),
                (Method::POST, "/auth/callback", &form[..]),
                (Method::GET, "/auth/frontchannel-logout?iss=https://op.example&sid=s", &[]),
            ];
            if kind.has_store() {
                of_a_provider.push((Method::POST, "/auth/backchannel-logout", &form[..]));
                of_a_provider.push((Method::POST, "/auth/webhook", &[]));
            }
            for (method, path, headers) in of_a_provider {
                let answer = raw(&world, method, path, headers).await;
                assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
                assert_eq!(serde_json::from_slice::<Value>(answer.body()).unwrap()["code"], "no_provider", "{path}");
            }
            let shown = world.open("/auth/callback?state=lf1.x&code=y").await;
            assert!(shown.status == 404 && shown.text().contains("no sign-in service"), "{}", shown.text());
            // Old links to the login address still lead where people sign in.
            let page = world.open("/auth/login?return_to=%2Fdashboard").await;
            assert_eq!((page.url.path(), page.url.query()), ("/login", Some("return_to=%2Fdashboard")));
            assert_eq!(world.open("/auth/login?iss=https%3A%2F%2Fop.example").await.status, 400);
            post(&world, "/local?user-17").await;
            assert_eq!(fetch(&world, "/token").await.status, 403);
            let created = world.auth.sessions().create(Identity::new("https://op.example", "ada")).await;
            assert!(created.is_err() && world.auth.sessions().create(Identity::local("ada")).await.is_ok());
        }
    }

    async fn a_silent_sign_in_and_a_way_past_the_page_need_a_provider(framework) {
        for kind in KINDS {
            let mut world = World::new(framework, kind).await;
            world.open("/dashboard").await;
            let builder = world.builder_without_provider("shop").sign_in_page_auto();
            world.switch_to(builder.silent_sign_in(std::time::Duration::from_secs(60))).await;
            world.browser.set_cookie(BASE_URL, "__Host-landfall-returning=0; Path=/; Secure").unwrap();
            assert_eq!(world.open("/").await.hops.len(), 1);
            assert_eq!(world.open("/silent").await.url.path(), "/login");
            assert_eq!(world.open("/dashboard").await.url.path(), "/login");
        }
    }

    async fn one_name_keeps_the_applications_own_people_whatever_becomes_of_its_provider(framework) {
        for kind in KINDS {
            let mut world = World::with(framework, kind, |builder| builder.application_name("shop").sign_in_page("/login")).await;
            let ada = world.other_browser();
            ada.open(&at("/auth/login")).await.unwrap();
            post(&world, "/local?ada").await;
            let greeted = async |world: &World, browser: &landfall_testkit::Browser| {
                browser.route(BASE_URL, world.address).unwrap();
                browser.open(&at("/way")).await.unwrap().text().split(" by ").next().unwrap_or_default().to_owned()
            };
            assert_eq!((greeting(&world).await.as_str(), greeted(&world, &ada).await.as_str()), ("hello ada", "ada of https://op.example"));
            let exchanged = world.builder_at_another_provider("shop");
            let off = world.builder_without_provider("shop");
            for builder in [off, exchanged] {
                world.switch_to(builder).await;
                assert_eq!(greeted(&world, &world.browser.clone()).await, "ada of local");
                ada.route(BASE_URL, world.address).unwrap();
                assert_eq!(ada.open(&at("/")).await.unwrap().text(), "hello nobody", "its sessions end with it");
                let led = ada.open(&at("/dashboard")).await.unwrap();
                assert_eq!(led.url.path(), "/login");
            }
            // The same provider again: nobody is somebody else, and its people are local to nobody.
            let on = world.builder().application_name("shop").sign_in_page("/login");
            world.switch_to(on).await;
            assert_eq!(greeted(&world, &world.browser.clone()).await, "ada of local");
            assert_eq!(greeted(&world, &ada).await, "ada of https://op.example");
            if kind.has_store() {
                let sessions = world.auth.sessions();
                assert_eq!(sessions.end_all_of(&SubjectId::local("ada")).await.unwrap(), 1);
                assert_eq!(greeted(&world, &ada).await, "ada of https://op.example");
            }
        }
    }

    async fn another_name_is_another_application(framework) {
        for kind in KINDS {
            let mut world = world(framework, kind).await;
            post(&world, "/local?user-17").await;
            assert_eq!(greeting(&world).await, "hello user-17");
            let builder = world.builder_without_provider("stall");
            world.switch_to(builder).await;
            assert_eq!(greeting(&world).await, "hello nobody");
        }
    }
}
