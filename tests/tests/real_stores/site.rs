//! An application, its engine, and the network between them.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use landfall::RelyingPartyBuilder;
use landfall_testkit::{Browser, TestBed};
use landfall_tests::real::{EngineProcess, Proxy};
use landfall_tests::wire::Wire;
use landfall_tests::{BASE_URL, Engine, Framework, Port, SessionKind, World};

const SESSION: &str = "__Host-landfall-session";

/// An application on an engine of its own, behind a network of its own.
pub(crate) struct Site {
    pub(crate) world: World,
    pub(crate) network: Proxy,
    pub(crate) engine: EngineProcess,
}

impl Site {
    pub(crate) async fn new(
        framework: Framework,
        kind: SessionKind,
        change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
    ) -> Self {
        let engine = EngineProcess::start(kind).await;
        let network = Proxy::to(engine.address()).await;
        let bed = TestBed::new(BASE_URL).unwrap();
        let stores = Engine::at(kind, engine.url(network.address()), bed.clock()).await;
        let world = World::on(stores, bed, framework, change);
        Self { world, network, engine }
    }

    /// Another instance of the application, with a way to the engine of its own.
    pub(crate) async fn instance(
        &self,
        change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
    ) -> (Instance, Proxy) {
        let network = Proxy::to(self.engine.address()).await;
        (Instance::of(&self.world, self.engine.url(network.address()), change).await, network)
    }

    /// The application itself, as an instance.
    pub(crate) fn first(&self) -> Instance {
        Instance::at(self.world.address)
    }

    /// Signs Ada in with a browser of her own.
    pub(crate) async fn sign_in(&self) -> Visitor {
        sign_in(&self.world).await.expect("an engine that is there")
    }
}

/// Signs Ada in with a browser of her own, unless she is told to wait. Nothing else may come.
pub(crate) async fn sign_in(world: &World) -> Option<Visitor> {
    let browser = world.other_browser();
    let page = browser.open(&format!("{BASE_URL}/dashboard")).await.unwrap();
    if page.status == StatusCode::SERVICE_UNAVAILABLE {
        return None;
    }
    assert!(page.text().starts_with("dashboard of ada"), "{} {}", page.status, page.text());
    Some(Visitor::of(&browser))
}

/// Somebody with a session.
#[derive(Clone)]
pub(crate) struct Visitor {
    cookie: String,
}

impl Visitor {
    pub(crate) fn of(browser: &Browser) -> Self {
        let cookies = browser.cookies_for(BASE_URL).unwrap();
        let session = cookies.into_iter().find(|cookie| cookie.name == SESSION).expect("a session");
        Self { cookie: format!("{SESSION}={}", session.value) }
    }
}

/// One of the application's processes, asked directly.
#[derive(Clone)]
pub(crate) struct Instance {
    browser: Browser,
    address: SocketAddr,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
    pub(crate) retry_after: Option<u64>,
    pub(crate) location: Option<String>,
    pub(crate) set_cookies: Vec<String>,
}

impl Instance {
    /// Another instance of a world's application, with this way to its engine.
    pub(crate) async fn of(
        world: &World,
        url: String,
        change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
    ) -> Self {
        let clock = std::sync::Arc::new(world.clock.clone());
        let stores = Engine::at(world.kind, url, clock).await;
        let auth = change(world.builder().store(stores.store().unwrap())).build().unwrap();
        Self::at(Port::bind().serve(world.framework, auth))
    }

    pub(crate) fn at(address: SocketAddr) -> Self {
        let browser = Browser::new();
        browser.route(BASE_URL, address).unwrap();
        Self { browser, address }
    }

    /// Opens a page that stays open, and reads its first piece.
    pub(crate) async fn open(&self, path: &str, visitor: &Visitor) -> Wire {
        let mut wire = Wire::open(self.address).await;
        let cookie = &visitor.cookie;
        let head = format!("GET {path} HTTP/1.1\r\nhost: app.example.com\r\ncookie: {cookie}\r\n\r\n");
        wire.send(head).await.unwrap();
        assert!(wire.head().await.unwrap().starts_with("HTTP/1.1 200"));
        assert_eq!(wire.piece().await.unwrap().as_deref(), Some(&b"waiting"[..]));
        wire
    }

    pub(crate) async fn get(&self, path: &str, visitor: Option<&Visitor>) -> Answer {
        self.ask(Method::GET, path, visitor).await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, visitor: Option<&Visitor>) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("{BASE_URL}{path}"));
        request = request.header("accept", "text/html").header("sec-fetch-site", "same-origin");
        if let Some(visitor) = visitor {
            request = request.header("cookie", &visitor.cookie);
        }
        let response = self.browser.send(request.body(Bytes::new()).unwrap()).await.unwrap();
        let header = |name: &str| Some(response.headers().get(name)?.to_str().unwrap().to_owned());
        let set_cookies = response.headers().get_all("set-cookie").iter();
        Answer {
            status: response.status(),
            retry_after: header("retry-after").map(|value| value.parse().unwrap()),
            location: header("location"),
            set_cookies: set_cookies.map(|line| line.to_str().unwrap().to_owned()).collect(),
            body: String::from_utf8_lossy(response.body()).into_owned(),
        }
    }

    pub(crate) async fn sign_out(&self, visitor: &Visitor) {
        let answer = self.ask(Method::POST, "/auth/logout", Some(visitor)).await;
        assert_eq!(answer.status, 303, "{answer:?}");
    }
}

impl Answer {
    /// Told to wait; nothing said about the session.
    pub(crate) fn is_told_to_wait(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE
            && self.retry_after.is_some_and(|seconds| (1..=60).contains(&seconds))
            && self.location.is_none()
            && self.set_cookies.is_empty()
    }

    pub(crate) fn is_ada(&self) -> bool {
        self.status == StatusCode::OK
            && (self.body == "hello ada" || self.body.starts_with("dashboard of ada"))
    }
}

/// Keeps no copy near: every request asks the store.
pub(crate) fn without_cache(builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    builder.near_cache_staleness(Duration::ZERO)
}
