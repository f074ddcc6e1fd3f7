//! Connections that stay open end with the session that they were opened with.

use std::time::Duration;

use landfall::TokenProxy;
use landfall_testkit::Browser;
use landfall_tests::wire::Wire;
use landfall_tests::{
    Answer, BASE_URL, Port, SessionKind, Upstream, World, everywhere, on_both_frameworks, until,
    wherever_stored,
};

use crate::support::{SESSION, at, greeting, session_value};

const HOUR: Duration = Duration::from_secs(3600);
/// How old a copy of a stored session may be.
const STALENESS: Duration = Duration::from_secs(5);

/// A page that stays open, asked for with this browser's session, once its first piece is there.
async fn open(world: &World, browser: &Browser, path: &str, first: &str) -> Wire {
    open_with(world, &session_value(browser).expect("a session"), path, first).await
}

async fn open_with(world: &World, session: &str, path: &str, first: &str) -> Wire {
    let mut wire = Wire::open(world.address).await;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: app.example.com\r\nsec-fetch-site: same-origin\r\ncookie: {SESSION}={session}\r\n\r\n"
    );
    wire.send(request).await.unwrap();
    let head = wire.head().await.unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(piece(&mut wire).await.as_deref(), Some(first));
    wire
}

/// The next piece, as soon as it comes.
async fn piece(wire: &mut Wire) -> Option<String> {
    wire.piece().await.unwrap().map(|piece| String::from_utf8(piece).unwrap())
}

/// The last word of a page that says why the session ended.
async fn why(mut wire: Wire) -> String {
    let why = piece(&mut wire).await.expect("a reason");
    assert_eq!(piece(&mut wire).await, None, "and no more");
    why
}

async fn sign_out(browser: &Browser) {
    browser.post_form(&at("/auth/logout"), &[], BASE_URL).await.unwrap();
}

/// Another browser of Ada's, signed in a second later.
async fn another(world: &World) -> Browser {
    world.wait(Duration::from_secs(1));
    let browser = world.other_browser();
    assert_eq!(browser.open(&at("/dashboard")).await.unwrap().status, 200);
    browser
}

everywhere! {
    async fn an_open_connection_ends_when_its_person_signs_out_and_no_other_does(world) {
        world.open("/dashboard").await;
        let other = another(&world).await;
        let theirs = open(&world, &other, "/live", "waiting").await;
        let (user, visit) = (open(&world, &world.browser, "/live", "waiting").await, open(&world, &world.browser, "/live-visit", "waiting").await);
        sign_out(&world.browser).await;
        assert_eq!((why(user).await.as_str(), why(visit).await.as_str()), ("SignedOut", "SignedOut"));
        sign_out(&other).await;
        assert_eq!(why(theirs).await, "SignedOut");
    }

    async fn an_open_connection_does_not_prolong_its_session_and_ends_when_that_runs_out(world) {
        world.open("/dashboard").await;
        let live = open(&world, &world.browser, "/live", "waiting").await;
        // Nobody asks for anything for as long as a session may be idle, and it could last longer.
        world.wait(if world.kind.has_store() { 8 * HOUR } else { 2 * HOUR });
        assert_eq!(why(live).await, "Expired");
        world.open("/dashboard").await;
        let live = open(&world, &world.browser, "/live", "waiting").await;
        world.wait(24 * 7 * HOUR);
        assert_eq!(why(live).await, "Expired");
    }

    async fn a_session_that_is_renewed_keeps_its_connections_open(world) {
        world.open("/dashboard").await;
        let other = another(&world).await;
        let (live, idle) = (open(&world, &world.browser, "/live", "waiting").await, open(&world, &other, "/live", "waiting").await);
        let half = if world.kind.has_store() { 4 * HOUR } else { HOUR };
        for _ in 0..2 {
            world.wait(half + half / 4);
            assert_eq!(greeting(&world).await, "hello ada");
        }
        // Whoever looked after this one has looked after the other as well.
        assert_eq!(why(idle).await, "Expired");
        sign_out(&world.browser).await;
        assert_eq!(why(live).await, "SignedOut");
    }

    async fn whoever_signs_in_in_somebodys_place_ends_what_that_one_left_open(world) {
        world.open("/dashboard").await;
        let live = open(&world, &world.browser, "/live", "waiting").await;
        world.provider.sign_in_as("grace");
        world.open("/auth/login").await;
        assert_eq!(greeting(&world).await, "hello grace");
        assert_eq!(why(live).await, "Replaced");
    }

    async fn a_guard_ends_event_streams_and_breaks_off_whatever_else_is_under_way(world) {
        world.open("/dashboard").await;
        let mut endless = open(&world, &world.browser, "/endless", "begun").await;
        let mut long = open(&world, &world.browser, "/long", "begun").await;
        let mut export = open(&world, &world.browser, "/export", "begun").await;
        open(&world, &world.browser, "/at-once", "at once").await;
        sign_out(&world.browser).await;
        assert_eq!(piece(&mut endless).await, None);
        assert!(!long.sum().await.whole);
        assert!(!export.sum().await.whole, "a part of an export must not look like all of it");
    }
}

wherever_stored! {
    async fn the_providers_back_channel_ends_what_is_open(framework, kind) {
        let uri = at("/auth/backchannel-logout");
        let world = crate::local_provider::world(framework, kind, |client| client.backchannel_logout_uri(uri)).await;
        world.open("/dashboard").await;
        let live = open(&world, &world.browser, "/live", "waiting").await;
        let deliveries = world.provider.sign_out_everywhere("ada").await;
        assert!(deliveries.iter().all(landfall_testkit::Delivery::is_accepted), "{deliveries:?}");
        assert_eq!(why(live).await, "BackChannel");
    }

    async fn the_application_ends_what_is_open_with_the_session(framework, kind) {
        let world = World::new(framework, kind).await;
        world.open("/dashboard").await;
        let other = another(&world).await;
        let live = open(&world, &world.browser, "/live", "waiting").await;
        assert_eq!(other.open(&at("/end-others")).await.unwrap().text(), "1");
        assert_eq!(why(live).await, "Application");
        let live = open(&world, &other, "/live", "waiting").await;
        let ada = landfall_tests::subject(&world.auth, "ada");
        let sessions = world.auth.sessions();
        let handle = sessions.list(&ada).await.unwrap()[0].handle;
        assert!(sessions.end(&ada, handle).await.unwrap());
        assert_eq!(why(live).await, "Application");
    }

    async fn a_session_that_ended_elsewhere_unheard_ends_what_is_open_within_the_staleness_bound(framework, kind) {
        let mut world = World::new(framework, kind).await;
        world.open("/dashboard").await;
        let elsewhere = world.address;
        world.switch_to(world.builder()).await;
        assert_eq!(greeting(&world).await, "hello ada");
        let live = open(&world, &world.browser, "/live", "waiting").await;
        world.browser.route(BASE_URL, elsewhere).unwrap();
        sign_out(&world.browser).await;
        world.wait(STALENESS);
        assert_eq!(why(live).await, "Elsewhere");
    }
}

on_both_frameworks! {
    async fn what_the_token_proxy_streams_ends_with_the_session_and_so_does_the_upstreams_request(framework) {
        let mut world = World::new(framework, SessionKind::Memory).await;
        let upstream = Upstream::start().await;
        upstream.at("/v1/events", Answer::TwoPieces);
        upstream.at("/v1/half", Answer::Bytes("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n0123456789".to_owned()));
        upstream.at("/v1/export", Answer::Bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n".to_owned()));
        let proxy = TokenProxy::new("/api", &upstream.url("/v1")).unwrap();
        world.forward(proxy.timeouts(Duration::from_secs(5), Duration::from_secs(600)).unwrap());
        world.open("/dashboard").await;
        let mut events = open(&world, &world.browser, "/api/events", "data: 1").await;
        let mut half = open(&world, &world.browser, "/api/half", "0123456789").await;
        let mut export = open(&world, &world.browser, "/api/export", "0123456789").await;
        sign_out(&world.browser).await;
        assert_eq!(piece(&mut events).await, None);
        assert!(!half.sum().await.whole);
        assert!(!export.sum().await.whole, "a part of an export must not look like all of it");
        until("the upstream to be left alone", async || (upstream.hung_up() >= 1).then_some(())).await;
    }

    async fn a_cookie_from_before_its_sign_out_keeps_nothing_open(framework) {
        let world = World::new(framework, SessionKind::Cookie).await;
        world.open("/dashboard").await;
        let session = session_value(&world.browser).unwrap();
        sign_out(&world.browser).await;
        let mut live = open_with(&world, &session, "/live", "SignedOut").await;
        assert_eq!(piece(&mut live).await, None);
    }

    async fn an_open_connection_goes_on_where_the_runtime_under_another_one_ended(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        world.open("/dashboard").await;
        let auth = world.auth.clone();
        let session = session_value(&world.browser).unwrap();
        // Waits on a runtime of its own, so that whoever looks after everybody is there, and takes both along.
        let (began, waiting) = tokio::sync::oneshot::channel();
        let (end, ends) = tokio::sync::oneshot::channel();
        let first = std::thread::spawn(move || {
            landfall_tests::run(Box::pin(async move {
                let address = Port::bind().serve(framework, auth);
                let mut wire = Wire::open(address).await;
                wire.send(format!("GET /live HTTP/1.1\r\nhost: app.example.com\r\ncookie: {SESSION}={session}\r\n\r\n")).await.unwrap();
                wire.head().await.unwrap();
                assert_eq!(piece(&mut wire).await.as_deref(), Some("waiting"));
                began.send(()).unwrap();
                ends.await.unwrap();
            }));
        });
        waiting.await.unwrap();
        let live = open(&world, &world.browser, "/live", "waiting").await;
        end.send(()).unwrap();
        tokio::task::spawn_blocking(move || first.join().unwrap()).await.unwrap();
        sign_out(&world.browser).await;
        assert_eq!(why(live).await, "SignedOut");
    }
}
