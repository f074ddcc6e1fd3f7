//! Where outbound work runs: never on the worker that happened to need it.
//!
//! actix-web's workers are runtimes of their own. A pooled connection belongs to the runtime it was opened
//! on, so a blocked worker would stall every other worker that uses its connections. Work that runs here also
//! goes on when the browser hangs up.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::error::ConfigError;
use crate::web::reply::Waiting;

/// A runtime of our own on a thread of its own, or one that was given.
#[derive(Debug)]
pub(crate) struct Runtime {
    handle: Handle,
    /// Dropped with the relying party; the thread then ends.
    _stop: Option<oneshot::Sender<()>>,
}

impl Runtime {
    pub(crate) fn given(handle: Handle) -> Self {
        Self { handle, _stop: None }
    }

    pub(crate) fn own() -> Result<Self, ConfigError> {
        let failed = |what: &str| ConfigError::new("runtime", what, "give the builder a runtime of yours");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|_| failed("no runtime could be started"))?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        std::thread::Builder::new()
            .name("landfall".to_owned())
            .spawn(move || {
                // Ends with an error when the sender is dropped, which is what is waited for.
                let _ = runtime.block_on(stopped);
            })
            .map_err(|_| failed("no thread could be started"))?;
        Ok(Self { handle, _stop: Some(stop) })
    }

    /// Is ready when `span` has passed. It needs no timer of whoever awaits it, and none is left when it is dropped.
    pub(crate) fn timer(&self, span: Duration) -> Waiting<()> {
        let mut timer = self.run_while_held(async move { tokio::time::sleep(span).await });
        Box::pin(async move {
            // Ends early when the runtime goes away: then there is nobody left to answer either.
            let _ = (&mut timer.0).await;
        })
    }

    /// Starts the work now; it ends when what is given here is dropped.
    pub(crate) fn run_while_held(&self, work: impl Future<Output = ()> + Send + 'static) -> Held {
        Held(self.handle.spawn(work))
    }

    /// Starts the work now and gives what it will bring; `lost` if it panicked or the runtime went away.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
        lost: impl FnOnce() -> T + Send + 'static,
    ) -> Waiting<T> {
        let task = self.handle.spawn(work);
        Box::pin(async move {
            match task.await {
                Ok(value) => value,
                Err(_) => lost(),
            }
        })
    }
}

/// Work that ends with its owner.
#[derive(Debug)]
pub(crate) struct Held(JoinHandle<()>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.abort();
    }
}
