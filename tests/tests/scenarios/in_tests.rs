//! The testkit as the tests of applications use it: beside any store, on an application's own paths, under the runtimes
//! and with the clients that people have in their tests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use landfall::store::SessionStore;
use landfall::{Declined, MemoryStore, RelyingParty, SystemClock};
use landfall_axum::{AuthLayer, RequireLogin, SignedIn};
use landfall_sqlx::SqliteStore;
use landfall_testkit::{Person, SignInError, TestBed};
use landfall_tests::{BASE_URL, SessionKind, World, everywhere, on_both_frameworks};

use crate::support::{SESSION, at, error_log, greeting, greeting_for, listen_to_errors, session_value};

/// Stores as people make them, who say nothing of a clock.
fn stores() -> [Arc<dyn SessionStore>; 2] {
    [Arc::new(MemoryStore::new()), Arc::new(SqliteStore::in_memory().migrating())]
}

/// A page for administrators.
fn app_on_axum(auth: RelyingParty) -> Router {
    let admin = get(async |user: SignedIn| format!("{} may", user.subject()));
    Router::new().route("/admin", admin).layer(RequireLogin::new().role("admin")).layer(AuthLayer::new(auth))
}

fn admin() -> Person {
    Person::new("ada").claim("roles", ["admin"])
}

/// Serves it on this runtime.
async fn serve_on_axum(auth: RelyingParty) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app_on_axum(auth)).await });
    address
}

on_both_frameworks! {
    async fn a_store_that_nobody_gave_a_clock_goes_by_the_beds(framework) {
        for store in stores() {
            let world = World::with(framework, SessionKind::Cookie, |builder| builder.store(store)).await;
            assert_eq!(world.open("/dashboard/x").await.status, 200);
            assert_eq!(world.token_calls(), 1, "one sign-in");
            world.wait(Duration::from_secs(4 * 3600));
            assert_eq!(greeting(&world).await, "hello ada");
            world.wait(Duration::from_secs(9 * 3600));
            assert_eq!(greeting(&world).await, "hello nobody", "idle for too long, by the bed's clock");
        }
    }

    async fn a_store_that_loses_what_it_just_took_is_told_and_the_cookie_is_not_blamed(framework) {
        listen_to_errors();
        let (told, blamed) = ("the store no longer knows the session that it just made", "the session cookie does not come back");
        let store = MemoryStore::new().with_clock(Arc::new(SystemClock));
        let world = World::with(framework, SessionKind::Cookie, |builder| builder.store(store)).await;
        let before = error_log().lines().filter(|line| line.contains("WARN") && line.contains(told)).count();
        let page = world.open("/dashboard/x").await;
        assert_eq!(page.status, 400, "a page, and no loop");
        let log = error_log();
        assert!(log.contains("the session store goes by another time than the relying party"), "when it is built");
        let warned = log.lines().filter(|line| line.contains("WARN") && line.contains(told)).count();
        assert!(warned > before, "{log}");
        let text = page.text();
        let is_of_this_page = |line: &&str| line.split("reference=").nth(1).is_some_and(|rest| {
            let reference: String = rest.trim_start_matches('"').chars().take(8).collect();
            text.contains(&reference)
        });
        let line = log.lines().find(is_of_this_page).unwrap_or_else(|| panic!("{text}\n{log}"));
        assert!(line.contains(told) && !line.contains(blamed), "{line}");
    }

    async fn an_application_on_paths_of_its_own_is_known_to_the_provider(framework) {
        let bed = TestBed::builder(BASE_URL)
            .callback_path("/signed-in")
            .login_path("/sign-in")
            .logout_path("/sign-out")
            .after_logout("/bye")
            .build()
            .unwrap();
        let world = World::around(bed, framework, SessionKind::Memory, |builder| builder).await;
        let page = world.open("/sign-in?return_to=/dashboard/x").await;
        assert_eq!((page.status.as_u16(), page.url.as_str()), (200, at("/dashboard/x").as_str()));
        assert!(page.hops.iter().any(|hop| hop.url.path() == "/signed-in"));
        let page = world.browser.post_form(&at("/sign-out"), &[], BASE_URL).await.unwrap();
        assert_eq!(page.url.path(), "/bye", "{}", page.text());
        assert!(page.hops.iter().any(|hop| hop.url.host_str() == Some("op.example")));
        assert_eq!(greeting(&world).await, "hello nobody");
    }

    async fn whom_the_application_declines_is_not_signed_in_in_a_line_either(framework) {
        let world = World::with(framework, SessionKind::Memory, |builder| {
            builder.on_sign_in(|sign_in| async move {
                if sign_in.identity().roles().any(|role| role == "admin") {
                    return Ok(sign_in);
                }
                Err(Declined::because("Administrators alone."))
            })
        }).await;
        world.bed().sign_in_person(&world.auth, admin()).await.unwrap();
        let error = world.bed().sign_in(&world.auth, "ada").await.unwrap_err();
        assert!(matches!(&error, SignInError::Refused { status, .. } if *status == 403), "{error}");
        assert!(error.to_string().contains("Administrators alone."), "{error}");
    }
}

everywhere! {
    async fn a_session_that_is_made_in_a_line_is_one_as_a_sign_in_makes(world) {
        world.provider.ask_who_signs_in();
        let grace = world.bed().sign_in(&world.auth, "grace").await.unwrap();
        assert_eq!((grace.name(), grace.header()), (SESSION, format!("{SESSION}={}", grace.value())));
        assert!(!format!("{grace:?}").contains(grace.value()));
        assert_eq!(greeting_for(&world, grace.value()).await, "hello grace");
        assert_eq!(greeting(&world).await, "hello nobody", "the world's browser is another");
        assert!(world.browser.set_cookie(BASE_URL, grace.set_cookie()).unwrap());
        assert_eq!(greeting(&world).await, "hello grace");
        assert_eq!(session_value(&world.browser).as_deref(), Some(grace.value()));
        if world.kind.has_store() {
            assert_eq!(world.open("/token").await.status, 200, "with its tokens");
            assert_eq!(world.provider.sessions().len(), 1, "and the provider's own session");
        }
        let member = Person::new("ada").claim("groups", ["ops", "dev"]);
        let ada = world.bed().sign_in_person(&world.auth, member).await.unwrap();
        assert!(world.browser.set_cookie(BASE_URL, ada.set_cookie()).unwrap());
        if world.kind.has_store() {
            assert_eq!(world.open("/claims").await.text(), "ada in ops+dev");
        }
    }
}

/// A whole sign-in and a session made in a line, by a browser on the test's own runtime.
async fn signs_in_over_http(bed: &TestBed, auth: &RelyingParty, address: SocketAddr) {
    bed.route(address).unwrap();
    let page = bed.browser.open(&at("/admin")).await.unwrap();
    assert_eq!((page.status.as_u16(), page.text().as_str()), (200, "ada may"));
    bed.clock.advance(Duration::from_secs(4 * 3600));
    assert_eq!(bed.browser.open(&at("/admin")).await.unwrap().text(), "ada may");
    let grace = bed.sign_in_person(auth, Person::new("grace").claim("roles", ["admin"])).await.unwrap();
    bed.browser.set_cookie(BASE_URL, grace.set_cookie()).unwrap();
    assert_eq!(bed.browser.open(&at("/admin")).await.unwrap().text(), "grace may");
}

fn bed() -> TestBed {
    TestBed::with_provider(BASE_URL, |provider| provider.person(admin())).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_runtime_whose_time_is_paused_signs_people_in() {
    for store in stores() {
        let bed = bed();
        let auth = bed.relying_party().store(store).build().unwrap();
        let address = serve_on_axum(auth.clone()).await;
        signs_in_over_http(&bed, &auth, address).await;
        tokio::time::advance(Duration::from_hours(24)).await;
        assert_eq!(
            bed.browser.open(&at("/admin")).await.unwrap().text(),
            "grace may",
            "the bed's clock alone counts"
        );
    }
}

mod on_actix {
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, HttpServer, web};
    use landfall_actix::{AuthMiddleware, RequireLogin, SignedIn};

    use super::*;

    fn routes(config: &mut web::ServiceConfig) {
        let page = async |user: SignedIn| format!("{} may", user.subject());
        config.service(
            web::resource("/admin").wrap(RequireLogin::new().role("admin")).route(web::get().to(page)),
        );
    }

    #[actix_web::test]
    async fn a_service_that_is_called_in_the_process_takes_a_session_that_was_made_in_a_line() {
        for store in stores() {
            let bed = bed();
            let auth = bed.relying_party().store(store).build().unwrap();
            let app = App::new().configure(routes).wrap(AuthMiddleware::new(auth.clone()));
            let app = init_service(app).await;
            let ada = bed.sign_in(&auth, "ada").await.unwrap();
            let request = TestRequest::get().uri("/admin").insert_header(("cookie", ada.header()));
            let response = call_service(&app, request.to_request()).await;
            assert_eq!(response.status(), 200);
            assert_eq!(read_body(response).await, "ada may");
            let stranger = TestRequest::get().uri("/admin").to_request();
            assert_eq!(call_service(&app, stranger).await.status(), 401);
        }
    }

    #[actix_web::test]
    async fn a_server_of_the_tests_own_signs_people_in() {
        let bed = bed();
        let auth = bed.relying_party().store(MemoryStore::new()).build().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let inner = auth.clone();
        let server =
            HttpServer::new(move || App::new().configure(routes).wrap(AuthMiddleware::new(inner.clone())));
        let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        signs_in_over_http(&bed, &auth, address).await;
        handle.stop(false).await;
    }
}

#[tokio::test]
async fn axum_test_sends_a_session_that_was_made_in_a_line() {
    for store in stores() {
        let bed = bed();
        let auth = bed.relying_party().store(store).build().unwrap();
        let ada = bed.sign_in(&auth, "ada").await.unwrap();
        for server in [
            axum_test::TestServer::builder().mock_transport().build(app_on_axum(auth.clone())),
            axum_test::TestServer::builder().http_transport().build(app_on_axum(auth.clone())),
        ] {
            let page = server.get("/admin").add_header("cookie", ada.header()).await;
            page.assert_status_ok();
            page.assert_text("ada may");
            assert_eq!(server.get("/admin").await.status_code(), 401);
            let page = server.get("/admin").add_header("sec-fetch-mode", "navigate").await;
            assert_eq!(page.status_code(), 303);
            let location = page.header("location").to_str().unwrap().to_owned();
            assert!(location.starts_with("https://op.example/oauth2/authorize?"), "{location}");
        }
    }
}

/// What follows redirects over the network, with a jar that knows names and values.
#[tokio::test]
async fn reqwest_signs_in_at_a_provider_that_listens() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let bed = TestBed::builder(&base_url)
        .provider(|provider| provider.person(admin()))
        .listening()
        .build()
        .unwrap();
    let auth = bed.relying_party().store(MemoryStore::new()).build().unwrap();
    let app = app_on_axum(auth.clone());
    tokio::spawn(async { axum::serve(listener, app).await });
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();

    let mut jar = std::collections::BTreeMap::new();
    let mut next = format!("{base_url}/admin");
    let page = loop {
        let ours = if next.starts_with(&base_url) { &jar } else { &std::collections::BTreeMap::new() };
        let pairs: Vec<String> = ours.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request =
            client.get(&next).header("sec-fetch-mode", "navigate").header("cookie", pairs.join("; "));
        let response = request.send().await.unwrap();
        if next.starts_with(&base_url) {
            for line in response.headers().get_all("set-cookie") {
                let line = line.to_str().unwrap();
                assert!(!line.contains("Secure"), "{line}");
                let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
        let Some(location) = response.headers().get("location") else { break response };
        next = response.url().join(location.to_str().unwrap()).unwrap().to_string();
    };
    assert_eq!((page.status().as_u16(), page.url().path()), (200, "/admin"));
    assert_eq!(page.text().await.unwrap(), "ada may");
    assert_eq!(bed.provider.calls("/oauth2/token"), 1);

    let ada = bed.sign_in(&auth, "ada").await.unwrap();
    let page = client.get(format!("{base_url}/admin")).header("cookie", ada.header()).send().await.unwrap();
    assert_eq!(page.text().await.unwrap(), "ada may");
}
