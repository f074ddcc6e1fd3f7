//! Somebody signs in through a stack, and a stranger is challenged.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{OnceLock, mpsc};

use actix_web::dev::Server;
use axum::extract::Request;
use axum::response::Response;
use http::Method;
use landfall::RelyingParty;
use landfall_testkit::{Browser, Page, TestBed};
use tower::Service;

/// Functions that each drive a stack: a test for each of them, and their names for [`table`](crate::table).
macro_rules! stacks {
    ($($(#[$meta:meta])* async fn $name:ident($place:ident) $body:block)+) => {
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),+];

        $($(#[$meta])* #[test]
        fn $name() {
            async fn drive($place: $crate::drive::Place) $body
            landfall_tests::run(Box::pin(async { drive($crate::drive::Place::new(landfall_tests::BASE_URL)).await }));
        })+
    };
}
pub(crate) use stacks;

/// A provider that signs Ada in without asking, a browser, and room for one application.
pub(crate) struct Place {
    pub(crate) bed: TestBed,
    auth: RelyingParty,
    address: OnceLock<SocketAddr>,
}

impl Place {
    pub(crate) fn new(base_url: &str) -> Self {
        let bed = TestBed::new(base_url).unwrap();
        let auth = bed.relying_party().build().unwrap();
        Self { bed, auth, address: OnceLock::new() }
    }

    pub(crate) fn auth(&self) -> RelyingParty {
        self.auth.clone()
    }

    /// Serves a router, or any other service, as `axum::serve` takes it.
    pub(crate) async fn serve<S>(&self, service: S)
    where
        S: Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static,
    {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = axum::ServiceExt::<Request>::into_make_service(service);
        tokio::spawn(async move { axum::serve(listener, service).await });
        self.is_at(address);
    }

    /// Runs a server of actix-web's on a thread of its own. `serve` binds and says where.
    pub(crate) async fn run<F>(&self, serve: F)
    where
        F: FnOnce(RelyingParty) -> (SocketAddr, Server) + Send + 'static,
    {
        let (auth, (told, address)) = (self.auth(), mpsc::channel());
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let (address, server) = serve(auth);
                told.send(address).unwrap();
                server.await
            })
        });
        self.is_at(tokio::task::spawn_blocking(move || address.recv().unwrap()).await.unwrap());
    }

    /// A stranger opens this page and is challenged; a script gets a 401; the browser signs in and lands. Gives all
    /// three answers.
    pub(crate) async fn sign_in_at(&self, path: &str) -> Seen {
        let url = self.url(path);
        let challenge = self.bed.browser.open_without_following(&url).await.unwrap();
        assert_eq!(challenge.status, 303, "{}", challenge.text());
        let issuer = self.bed.issuer();
        assert!(challenge.location().unwrap().as_str().starts_with(issuer), "{:?}", challenge.headers);
        let script = self.script(&self.stranger(), path).await;
        assert_eq!(script.status, 401, "{}", script.text());
        let page = self.bed.browser.open(&url).await.unwrap();
        assert_eq!((page.url.as_str(), page.status.as_u16()), (url.as_str(), 200), "{}", page.text());
        assert!(page.text().contains("ada"), "{}", page.text());
        Seen { challenge, script, page }
    }

    /// Somebody who is signed in is nobody afterwards: their post went through the stack with its body.
    pub(crate) async fn sign_out(&self) {
        let (url, home) = (self.url("/auth/logout"), self.url("/"));
        // The provider asks whether it is meant.
        let page = self.bed.browser.post_form(&url, &[("return_to", "/")], &home).await.unwrap();
        assert_eq!(page.status, 200, "{}", page.text());
        assert_eq!(self.open("/").await.text(), "home of nobody");
    }

    /// Opens a page in the browser.
    pub(crate) async fn open(&self, path: &str) -> Page {
        self.bed.browser.open(&self.url(path)).await.unwrap()
    }

    /// What a script of the application's own page fetches; it takes gzip.
    pub(crate) async fn script(&self, browser: &Browser, path: &str) -> Page {
        let headers = [("accept", "application/json"), ("accept-encoding", "gzip")];
        browser.fetch(Method::GET, &self.url(path), &headers, "", self.bed.base_url()).await.unwrap()
    }

    /// What the signed-in browser's own script posts.
    pub(crate) async fn post(&self, path: &str, body: String) -> Page {
        let url = self.url(path);
        self.bed.browser.fetch(Method::POST, &url, &[], body, self.bed.base_url()).await.unwrap()
    }

    /// Another browser, with nothing in its jar.
    pub(crate) fn stranger(&self) -> Browser {
        let stranger = Browser::new().clock(self.bed.clock());
        stranger.route(self.bed.issuer(), &self.bed.provider).unwrap();
        stranger.route(self.bed.base_url(), self.address()).unwrap();
        stranger
    }

    /// Where the application listens.
    pub(crate) fn address(&self) -> SocketAddr {
        *self.address.get().expect("it is served first")
    }

    fn is_at(&self, address: SocketAddr) {
        self.bed.route(address).unwrap();
        self.address.set(address).expect("it is served once");
    }

    /// Whether the session is there still.
    pub(crate) async fn is_signed_in(&self) -> bool {
        self.open("/").await.text() == "home of ada"
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.bed.base_url())
    }
}

/// What came on the way in.
pub(crate) struct Seen {
    /// The redirect to the provider.
    pub(crate) challenge: Page,
    /// What a stranger's script got: a 401.
    pub(crate) script: Page,
    /// Where the sign-in landed.
    pub(crate) page: Page,
}
