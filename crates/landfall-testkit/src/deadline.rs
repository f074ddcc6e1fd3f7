//! [`within`]: a deadline by real time, whatever the test's own runtime says.
//!
//! Under `#[tokio::test(start_paused = true)]` a timer runs out as soon as the runtime has nothing else to do, and it
//! has nothing else to do while another thread works on the answer that is waited for. So the timers are on a thread
//! of their own, whose time nobody pauses.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;

/// The deadline came before the answer did.
#[derive(Debug)]
pub(crate) struct TooLate;

/// What the work brings, if it does so within `span` of real time; it is dropped otherwise. Can be awaited on any
/// runtime.
pub(crate) async fn within<T>(span: Duration, work: impl Future<Output = T>) -> Result<T, TooLate> {
    // Without a thread there is no deadline, and the test waits as long as its own runner lets it.
    let Some(timers) = timers() else { return Ok(work.await) };
    let mut timer = Timer(timers.spawn(async move { tokio::time::sleep(span).await }));
    tokio::select! {
        biased;
        done = work => Ok(done),
        _ = &mut timer.0 => Err(TooLate),
    }
}

/// A timer that runs until this is dropped.
struct Timer(JoinHandle<()>);

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Where timers run: one thread for the whole process, from the first that is needed.
fn timers() -> Option<&'static Handle> {
    static TIMERS: OnceLock<Option<Handle>> = OnceLock::new();
    let start = || {
        let runtime = Builder::new_current_thread().enable_time().build().ok()?;
        let handle = runtime.handle().clone();
        let run = move || runtime.block_on(std::future::pending::<()>());
        std::thread::Builder::new().name("testkit-timers".to_owned()).spawn(run).ok()?;
        Some(handle)
    };
    TIMERS.get_or_init(start).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_paused_runtime_does_not_bring_the_deadline_forward() {
        let (tell, told) = tokio::sync::oneshot::channel();
        // Long enough for this runtime to have nothing else to do.
        std::thread::spawn(move || {
            let mut threads = (0..200).map(|_| std::thread::spawn(|| ()));
            tell.send(threads.all(|thread| thread.join().is_ok()))
        });
        assert!(within(Duration::from_secs(60), told).await.unwrap().unwrap());
    }

    #[tokio::test]
    async fn what_does_not_come_in_time_is_given_up() {
        within(Duration::from_millis(1), std::future::pending::<()>()).await.unwrap_err();
    }
}
