//! Where outbound work runs: never on the worker that happened to need it.
//!
//! actix-web's workers are runtimes of their own. A pooled connection belongs to the runtime it was opened
//! on, so a blocked worker would stall every other worker that uses its connections. Work that runs here also
//! goes on when the browser hangs up: a code that was sent cannot be sent again, so what came for it must not be lost.
//!
//! There are two ways to start work. [`Runtime::run`] is for what must come to its end whoever waits;
//! [`Runtime::run_while_held`] for what is worth nothing without whoever started it. Both can be called and awaited
//! under any runtime, or none. Stores are called here, too, and HTTP clients: they may rely on tokio being around.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::error::ConfigError;
use crate::web::reply::Waiting;

/// A runtime of our own on a thread of its own, or one that was given. There is one for each relying party, behind the
/// `Arc` that every clone of it shares.
#[derive(Debug)]
pub(crate) struct Runtime {
    /// Starts work from any thread.
    handle: Handle,
    /// Dropped with the relying party; the thread then ends.
    /// `None` for a runtime that was given: that is not ours to end.
    _stop: Option<oneshot::Sender<()>>,
}

impl Runtime {
    /// The application's runtime. It must have I/O and time enabled, and work on it ends with it.
    pub(crate) fn given(handle: Handle) -> Self {
        Self { handle, _stop: None }
    }

    /// A thread of our own, named `landfall`: one is enough, as work here waits for others most of the time.
    ///
    /// # Errors
    /// When the operating system gives no thread, or nothing to wait for I/O with.
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
    /// The adapters bound by it how long a body may take, since their own runtimes need not keep time.
    pub(crate) fn timer(&self, span: Duration) -> Waiting<()> {
        let mut timer = self.run_while_held(async move { tokio::time::sleep(span).await });
        Box::pin(async move {
            // Ends early when the runtime goes away: then there is nobody left to answer either.
            let _ = (&mut timer.0).await;
        })
    }

    /// Starts the work now; it is dropped at its next await once what is given here is dropped.
    pub(crate) fn run_while_held(&self, work: impl Future<Output = ()> + Send + 'static) -> Held {
        Held(self.handle.spawn(work))
    }

    /// Starts the work now and gives what it will bring; what `lost` makes if it panicked or the runtime went away.
    ///
    /// The work goes on when the waiting is dropped. So a panic in one piece of work is one failed request, and takes
    /// neither the thread nor other people's work with it.
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

/// Work that ends with its owner: dropping this aborts it.
#[derive(Debug)]
pub(crate) struct Held(JoinHandle<()>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.abort();
    }
}
