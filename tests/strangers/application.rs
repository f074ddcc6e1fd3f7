//! The application that is asked, with threads of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use landfall::{Clock, Identity, SystemClock};
use landfall_testkit::TestBed;
use landfall_tests::{BASE_URL, Engine, Framework, Port, SessionKind};
use tokio::runtime::{Builder, Runtime};

/// An application on a port, in which Ada is signed in. It ends when this goes.
pub(crate) struct Application {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Ada's session, as a cookie.
    pub(crate) cookie: String,
    runtime: Option<Runtime>,
    _engine: Engine,
    _bed: TestBed,
}

impl Application {
    /// Starts it on this framework, with sessions in a store of this kind, which every request asks.
    pub(crate) fn start(framework: Framework, kind: SessionKind) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let bed = TestBed::new(BASE_URL).unwrap();
        let (address, set_cookie, engine) = runtime.block_on(async {
            // What is asked here goes by no token, so the provider's clock may stand still; limits may not.
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            let engine = Engine::open(kind, Arc::clone(&clock)).await;
            let builder = bed.relying_party().clock(clock).store(engine.store().unwrap()).form_post();
            let auth = builder.near_cache_staleness(Duration::ZERO).build().unwrap();
            let set_cookie = auth.sessions().create(Identity::new(auth.issuer(), "ada")).await.unwrap();
            (Port::bind().serve(framework, auth), set_cookie, engine)
        });
        let cookie = set_cookie.split(';').next().unwrap_or_default().to_owned();
        Self { address, cookie, runtime: Some(runtime), _engine: engine, _bed: bed }
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
