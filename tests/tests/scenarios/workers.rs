//! Slow things that must not hold others up.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::{App, HttpServer, web};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use landfall::{CookieKey, HttpClient, HttpError, RelyingParty};
use landfall_actix::{AuthMiddleware, SignedIn};
use landfall_testkit::{Browser, LocalProvider, TestBed};
use landfall_tests::{BASE_URL, Engine, SessionKind, World, on_both_frameworks};
use tokio::sync::Semaphore;

use crate::support::{at, client};

/// Holds token requests back until there is a permit.
#[derive(Debug)]
struct SlowTokenEndpoint {
    provider: Arc<dyn HttpClient>,
    gate: Arc<Semaphore>,
    arrived: Arc<Semaphore>,
}

#[async_trait]
impl HttpClient for SlowTokenEndpoint {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        if request.uri().path() == "/oauth2/token" {
            self.arrived.add_permits(1);
            self.gate.acquire().await.unwrap().forget();
        }
        self.provider.send(request).await
    }
}

on_both_frameworks! {
    async fn a_slow_token_endpoint_holds_up_nobody_who_is_signed_in(framework) {
        for kind in SessionKind::all() {
            let bed = TestBed::new(BASE_URL).unwrap();
            let (gate, arrived) = (Arc::new(Semaphore::new(1)), Arc::new(Semaphore::new(0)));
            let slow = SlowTokenEndpoint {
                provider: bed.http_client(),
                gate: Arc::clone(&gate),
                arrived: Arc::clone(&arrived),
            };
            let world = World::around(bed, framework, kind, |builder| builder.http_client(Arc::new(slow))).await;
            world.open("/dashboard").await;
            arrived.acquire().await.unwrap().forget();
            let waiting = world.other_browser();
            let waiting = tokio::spawn(async move { waiting.open(&at("/dashboard/late")).await.unwrap() });
            arrived.acquire().await.unwrap().forget();
            for path in ["/", "/dashboard", "/reports/7"] {
                assert_eq!(world.open(path).await.status, 200);
            }
            // Others can start a sign-in, too.
            assert_eq!(world.other_browser().open_without_following(&at("/dashboard")).await.unwrap().status, 303);
            assert!(!waiting.is_finished());
            gate.add_permits(1);
            assert_eq!(waiting.await.unwrap().url.as_str(), at("/dashboard/late"));
        }
    }

    async fn a_visitor_who_leaves_while_the_code_is_exchanged_is_signed_in_all_the_same(framework) {
        let bed = TestBed::new(BASE_URL).unwrap();
        let (gate, arrived) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let slow = SlowTokenEndpoint {
            provider: bed.http_client(),
            gate: Arc::clone(&gate),
            arrived: Arc::clone(&arrived),
        };
        let world = World::around(bed, framework, SessionKind::Cookie, |builder| builder.http_client(Arc::new(slow))).await;
        let callback = world.callback_for("/dashboard/x").await;
        let (tab, address) = (world.browser.new_tab(), callback.clone());
        let leaving = tokio::spawn(async move { tab.open(&address).await });
        arrived.acquire().await.unwrap().forget();
        leaving.abort();
        assert!(leaving.await.unwrap_err().is_cancelled());
        gate.add_permits(1);
        // The reload finds the answer of the first call, which went on.
        let page = world.browser.open(&callback).await.unwrap();
        assert_eq!(page.url.as_str(), at("/dashboard/x"));
        assert_eq!(world.token_calls(), 1);
    }
}

/// A worker as actix-web has them: one thread with a runtime of its own. `/block` stops it.
async fn worker(auth: RelyingParty, blocked: Sender<()>, release: Receiver<()>) -> SocketAddr {
    let (told, address) = channel();
    let release = Arc::new(Mutex::new(release));
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = HttpServer::new(move || {
                let (blocked, release) = (blocked.clone(), Arc::clone(&release));
                let block = move || {
                    let (blocked, release) = (blocked.clone(), Arc::clone(&release));
                    async move {
                        blocked.send(()).unwrap();
                        release.lock().unwrap().recv().unwrap();
                        "released"
                    }
                };
                App::new()
                    .route("/block", web::get().to(block))
                    .route("/dashboard", web::get().to(async |user: SignedIn| user.subject().to_owned()))
                    .wrap(AuthMiddleware::new(auth.clone()))
            })
            .workers(1)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .unwrap();
            told.send(server.addrs()[0]).unwrap();
            server.run().await
        })
    });
    tokio::task::spawn_blocking(move || address.recv().unwrap()).await.unwrap()
}

#[tokio::test]
async fn one_blocked_actix_worker_does_not_stall_anothers_sign_in() {
    // A provider on a port, so that there are connections to be kept and shared.
    let provider = LocalProvider::builder().client(client(&[])).auto_sign_in("ada").start().await.unwrap();
    let auth = RelyingParty::builder(provider.issuer())
        .client(TestBed::CLIENT_ID, TestBed::CLIENT_SECRET)
        .base_url(BASE_URL)
        .cookie_keys([CookieKey::generate().unwrap()])
        .build()
        .unwrap();
    let (blocked, is_blocked) = channel();
    let (release, released) = channel();
    let first = worker(auth.clone(), blocked.clone(), released).await;
    let second = worker(auth, blocked, channel().1).await;

    // The first worker signs somebody in, and so is the one that opened the connections.
    let browser = Browser::new();
    browser.route(BASE_URL, first).unwrap();
    assert_eq!(browser.open(&at("/dashboard")).await.unwrap().text(), "ada");
    let blocking = tokio::spawn(async move { browser.open(&at("/block")).await.unwrap().text() });
    tokio::task::spawn_blocking(move || is_blocked.recv().unwrap()).await.unwrap();

    let browser = Browser::new();
    browser.route(BASE_URL, second).unwrap();
    assert_eq!(browser.open(&at("/dashboard")).await.unwrap().text(), "ada");
    assert!(!blocking.is_finished());
    release.send(()).unwrap();
    assert_eq!(blocking.await.unwrap(), "released");
}

#[tokio::test]
async fn one_blocked_actix_worker_does_not_stall_anothers_stored_sessions() {
    for kind in SessionKind::stores() {
        let bed = TestBed::new(BASE_URL).unwrap();
        let engine = Engine::open(kind, bed.clock()).await;
        let builder = bed.relying_party().cookie_keys([CookieKey::generate().unwrap()]);
        // Every request asks the store.
        let builder = builder.store(engine.store().unwrap()).near_cache_staleness(Duration::ZERO);
        let auth = builder.build().unwrap();
        let (blocked, is_blocked) = channel();
        let (release, released) = channel();
        let first = worker(auth.clone(), blocked.clone(), released).await;
        let second = worker(auth, blocked, channel().1).await;

        // The first worker is the one that opened the connections to the store, and has looks under way.
        bed.browser.route(BASE_URL, first).unwrap();
        assert_eq!(bed.browser.open(&at("/dashboard")).await.unwrap().text(), "ada");
        let (here, there) = (bed.browser.new_tab(), bed.browser.clone());
        let blocking = tokio::spawn(async move { here.open(&at("/block")).await.unwrap().text() });
        let waiting: Vec<_> = (0..20)
            .map(|_| {
                let tab = bed.browser.new_tab();
                tokio::spawn(async move { tab.open(&at("/dashboard")).await.unwrap().text() })
            })
            .collect();
        tokio::task::spawn_blocking(move || is_blocked.recv().unwrap()).await.unwrap();

        there.route(BASE_URL, second).unwrap();
        for _ in 0..20 {
            assert_eq!(there.open(&at("/dashboard")).await.unwrap().text(), "ada", "{kind:?}");
        }
        assert!(!blocking.is_finished());
        release.send(()).unwrap();
        assert_eq!(blocking.await.unwrap(), "released");
        for page in waiting {
            assert_eq!(page.await.unwrap(), "ada");
        }
    }
}
