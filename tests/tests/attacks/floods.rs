//! Floods: many requests of strangers, bounded in what they leave behind and in what they make others do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response};
use landfall::{HttpClient, HttpError, MemoryStore, RelyingPartyBuilder};
use landfall_testkit::TestBed;
use landfall_tests::{
    BASE_URL, FlakyStore, Framework, SessionKind, World, on_both_frameworks, until, within,
};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support::{
    Ask, FORM, SESSION, ask, cookie_value, jar, login_path, pending, pending_at, sign_in, whoami,
};

/// A page of another site's.
const EVIL: &str = "https://evil.example/";
/// As many servers take in one line, nginx among them.
const LINE: usize = 8 * 1024;
const PATIENCE: Duration = Duration::from_secs(60);

/// Holds back every request to one path of the provider's, and counts those that are there and were not given up.
#[derive(Debug)]
struct Held {
    provider: Arc<dyn HttpClient>,
    path: &'static str,
    gate: Arc<Semaphore>,
    there: Arc<AtomicUsize>,
}

/// One that is there, for as long as it is.
struct There(Arc<AtomicUsize>);

impl Drop for There {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl HttpClient for Held {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        if request.uri().path() == self.path {
            self.there.fetch_add(1, Ordering::SeqCst);
            let _there = There(Arc::clone(&self.there));
            self.gate.acquire().await.unwrap().forget();
        }
        self.provider.send(request).await
    }
}

/// A world in which requests to this path of the provider's wait at a gate, and how many are there.
async fn held(
    framework: Framework,
    kind: SessionKind,
    path: &'static str,
) -> (World, Arc<Semaphore>, Arc<AtomicUsize>) {
    let bed = TestBed::new(BASE_URL).unwrap();
    let (gate, there) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let held = Held { provider: bed.http_client(), path, gate: Arc::clone(&gate), there: Arc::clone(&there) };
    let world = World::around(bed, framework, kind, |builder| builder.http_client(Arc::new(held))).await;
    (world, gate, there)
}

/// A world whose store can hang, and is waited for.
async fn on_a_flaky_store(framework: Framework) -> (World, FlakyStore) {
    let bed = TestBed::new(BASE_URL).unwrap();
    let store = FlakyStore::new(MemoryStore::new().with_clock(bed.clock()));
    let given = store.clone();
    let world = World::around(bed, framework, SessionKind::Cookie, |builder| {
        builder.store(given).store_timeout(Duration::from_secs(3600))
    })
    .await;
    (world, store)
}

/// Sends a request as a program would, and gives what it can hang up with.
async fn asked(world: &World, target: &str, cookie: &str) -> TcpStream {
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let head = format!(
        "GET {target} HTTP/1.1\r\nhost: app.example.com\r\naccept: text/html\r\ncookie: {cookie}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// Hangs up at once. A connection that is only closed for writing looks to actix-web as if somebody still listened.
fn hang_up(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
    drop(stream);
}

async fn are(there: &AtomicUsize, count: usize, what: &str) {
    until(what, async || (there.load(Ordering::SeqCst) == count).then_some(())).await;
}

on_both_frameworks! {
    async fn forms_of_another_site_posted_to_the_callback_leave_nothing_in_the_browser(framework) {
        for kind in SessionKind::all() {
            let world = World::with(framework, kind, RelyingPartyBuilder::form_post).await;
            sign_in(&world.browser).await;
            let before = jar(&world.browser);
            let code = "c".repeat(2400);
            for number in 0..12 {
                let attempt = pending_at(&world.other_browser(), &login_path("/")).await;
                let form = [("code", code.as_str()), ("state", &attempt.state)];
                let callback = format!("{BASE_URL}/auth/callback");
                world.browser.post_form(&callback, &form, EVIL).await.unwrap();
                let now = jar(&world.browser);
                assert!(now.len() <= before.len(), "{kind:?}: {} bytes after {number}", now.len());
            }
            assert_eq!(whoami(&world.browser).await, "hello ada");
        }
    }

    // pr-111
    async fn forms_of_another_site_that_tell_long_errors_leave_the_cookies_small_and_the_pages_there(framework) {
        for kind in SessionKind::all() {
            let world = World::with(framework, kind, RelyingPartyBuilder::form_post).await;
            sign_in(&world.browser).await;
            let long = "e".repeat(4096);
            for number in 0..12 {
                // By turns of an attempt of the other site's own, and of one that it has this browser begin.
                let stranger = world.other_browser();
                let begins = if number % 2 == 0 { &stranger } else { &world.browser };
                let state = pending_at(begins, &login_path("/")).await.state;
                let form = [("error", "access_denied"), ("error_description", &long), ("state", &state)];
                world.browser.post_form(&format!("{BASE_URL}/auth/callback"), &form, EVIL).await.unwrap();
                let sent = jar(&world.browser).len();
                assert!(sent < LINE, "{kind:?}: {sent} bytes after {number}");
                assert_eq!(whoami(&world.browser).await, "hello ada", "{kind:?}, after {number}");
            }
            assert!(world.open("/dashboard").await.text().starts_with("dashboard of ada"), "{kind:?}");
        }
    }

    async fn a_posted_answer_is_sent_on_in_an_address_that_servers_take_or_refused(framework) {
        let world = World::with(framework, SessionKind::Cookie, RelyingPartyBuilder::form_post).await;
        let mut refused = 0;
        for length in [100, 1_000, 2_400, 3_500, 6_000, 12_000, 60_000] {
            let attempt = pending(&world.browser).await;
            let body = format!("code={}&state={}", "c".repeat(length), attempt.state);
            let answer = ask(&world.browser, Ask::new(Method::POST, "/auth/callback").header("content-type", FORM).body(body)).await;
            let address = answer.headers.get("location").map_or(0, HeaderValue::len);
            match answer.status.as_u16() {
                303 => assert!(address < LINE - 1024, "{length}: {address} bytes of address"),
                400 => refused += 1,
                status => panic!("{length}: {status}"),
            }
        }
        assert!((1..6).contains(&refused), "{refused}");
    }

    async fn a_posted_answer_in_the_address_is_of_no_use_for_another_attempt_or_changed(framework) {
        let world = World::with(framework, SessionKind::Cookie, RelyingPartyBuilder::form_post).await;
        let (first, second) = (pending(&world.browser).await, pending(&world.browser).await);
        let form: String = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("code", &first.code), ("state", &first.state)])
            .append_pair("iss", "https://op.example")
            .finish();
        let post = Ask::new(Method::POST, "/auth/callback").header("content-type", FORM).cookie("");
        let bounced = ask(&world.browser, post.body(form)).await;
        assert_eq!(bounced.status, 303);
        let address = bounced.location().to_owned();
        assert!(!address.contains(&first.code) && bounced.set_cookies().is_empty());
        let (_, sealed) = address.split_once("&posted=").unwrap();
        let changed = if sealed.ends_with('A') { "B" } else { "A" };
        for wrong in [
            format!("/auth/callback?state={}&posted={sealed}", second.state),
            format!("/auth/callback?state={}&posted={}{changed}", first.state, &sealed[..sealed.len() - 1]),
        ] {
            let answer = ask(&world.browser, Ask::get(wrong)).await;
            assert!(answer.status.is_client_error() && !answer.sets_session(), "{}", answer.status);
        }
        // The first attempt is over by the second of these; another's answer opens nothing either.
        assert_eq!(world.token_calls(), 0);
    }

    async fn all_of_our_cookies_together_stay_within_what_servers_take(framework) {
        let keep = |builder: RelyingPartyBuilder| builder.keep_posted_forms("/echo");
        for kind in SessionKind::all() {
            let world = World::with(framework, kind, keep).await;
            for _ in 0..9 {
                let attempt = pending_at(&world.browser, &login_path("/")).await;
                ask(&world.browser, Ask::get(attempt.callback())).await;
            }
            let session = cookie_value(&world.browser, SESSION).unwrap();
            let long = "x".repeat(400);
            for number in 0..16 {
                let form = Ask::new(Method::POST, "/echo")
                    .header("content-type", FORM)
                    .header("origin", BASE_URL)
                    .body(format!("text={number}{}", "y".repeat(1250)));
                let others = jar(&world.browser).replace(&format!("{SESSION}={session}"), "a=b");
                ask(&world.browser, form.cookie(others)).await;
                ask(&world.browser, Ask::get(login_path(&format!("/dashboard/{number}?{long}")))).await;
                let sent = jar(&world.browser).len();
                assert!(sent < LINE, "{kind:?}: {sent} bytes after {number}");
            }
            assert!(jar(&world.browser).contains("-form."), "forms are among them");
            assert_eq!(whoami(&world.browser).await, "hello ada");
        }
    }

    async fn codes_that_strangers_make_up_take_turns_and_one_too_many_is_told_to_come_again(framework) {
        let (world, gate, there) = held(framework, SessionKind::Cookie, "/oauth2/token").await;
        let mut waiting = JoinSet::new();
        let come = |waiting: &mut JoinSet<_>| {
            let browser = world.other_browser();
            waiting.spawn(async move {
                let callback = pending(&browser).await.callback();
                let answer = ask(&browser, Ask::get(callback.clone())).await;
                (browser, callback, answer)
            });
        };
        for _ in 0..32 {
            come(&mut waiting);
        }
        are(&there, 32, "as many codes are sent as there are slots").await;
        for _ in 0..257 {
            come(&mut waiting);
        }
        let told = within(PATIENCE, "one is told", async || waiting.try_join_next()).await;
        let (browser, callback, answer) = told.unwrap();
        assert_eq!((answer.status.as_u16(), there.load(Ordering::SeqCst)), (503, 32));
        assert!(!answer.header("retry-after").is_empty() && !answer.sets_session());
        // Others are served meanwhile.
        assert_eq!(ask(&world.browser, Ask::get("/")).await.body, "hello nobody");
        gate.add_permits(1000);
        while let Some(done) = waiting.join_next().await {
            assert!(done.unwrap().2.sets_session());
        }
        // Its code was not sent: it still signs in.
        assert!(ask(&browser, Ask::get(callback)).await.sets_session());
    }

    async fn a_stranger_who_leaves_before_a_sign_in_starts_leaves_no_work_behind(framework) {
        let (world, gate, there) = held(framework, SessionKind::Cookie, "/.well-known/openid-configuration").await;
        let stranger = asked(&world, "/auth/login", "a=b").await;
        are(&there, 1, "the metadata are asked for").await;
        hang_up(stranger);
        are(&there, 0, "nobody asks for them any more").await;
        gate.add_permits(1000);
        sign_in(&world.browser).await;
    }

    async fn a_stranger_who_leaves_before_a_code_is_sent_leaves_no_work_behind(framework) {
        let (world, gate, there) = held(framework, SessionKind::Cookie, "/.well-known/jwks.json").await;
        let attempt = pending(&world.browser).await;
        let stranger = asked(&world, &attempt.callback(), &jar(&world.browser)).await;
        are(&there, 1, "the keys are asked for").await;
        hang_up(stranger);
        are(&there, 0, "nobody asks for them any more").await;
        assert_eq!(world.token_calls(), 0);
        // The code is as good as before.
        gate.add_permits(1000);
        assert!(ask(&world.browser, Ask::get(attempt.callback())).await.sets_session());
    }

    async fn a_code_that_was_sent_goes_on_to_its_end_whoever_leaves(framework) {
        let (world, gate, there) = held(framework, SessionKind::Cookie, "/oauth2/token").await;
        let attempt = pending(&world.browser).await;
        let leaving = asked(&world, &attempt.callback(), &jar(&world.browser)).await;
        are(&there, 1, "the code is sent").await;
        hang_up(leaving);
        gate.add_permits(1);
        // The reload finds the answer of the first call, which went on.
        assert!(ask(&world.browser, Ask::get(attempt.callback())).await.sets_session());
        assert_eq!(world.token_calls(), 1);
    }

    async fn a_flood_of_logouts_through_the_browser_takes_turns(framework) {
        let (world, store) = on_a_flaky_store(framework).await;
        store.set_hanging(true);
        let target = "/auth/frontchannel-logout?iss=https%3A%2F%2Fop.example&sid=made-up";
        let mut waiting = JoinSet::new();
        let come = |waiting: &mut JoinSet<_>| {
            let browser = world.other_browser();
            waiting.spawn(async move { ask(&browser, Ask::get(target)).await });
        };
        for _ in 0..32 {
            come(&mut waiting);
        }
        let at_once = async || (store.hanging_calls() == 32).then_some(());
        until("as many ask the store as there are slots", at_once).await;
        for _ in 0..257 {
            come(&mut waiting);
        }
        let told = within(PATIENCE, "one is told", async || waiting.try_join_next()).await.unwrap();
        assert_eq!((told.status.as_u16(), store.hanging_calls()), (503, 32));
        assert!(!told.header("retry-after").is_empty());
    }

    async fn a_look_into_the_store_ends_with_whoever_left(framework) {
        let (world, store) = on_a_flaky_store(framework).await;
        sign_in(&world.browser).await;
        world.wait(Duration::from_secs(60));
        store.set_hanging(true);
        let looking = asked(&world, "/", &jar(&world.browser)).await;
        until("the store is asked", async || (store.hanging_calls() == 1).then_some(())).await;
        hang_up(looking);
        until("nobody asks it any more", async || (store.hanging_calls() == 0).then_some(())).await;
        store.set_hanging(false);
        assert_eq!(whoami(&world.browser).await, "hello ada");
    }
}
