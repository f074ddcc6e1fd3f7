//! Where work runs that waits for others: on the runtime that is there where it does no harm, on a thread of ours else.
//!
//! Where that is, is chosen whenever work starts:
//!
//! | the code runs on | work runs on |
//! |---|---|
//! | a runtime of tokio's with several worker threads, with I/O and time enabled | that one: axum's, usually |
//! | a runtime of one worker thread, as each of actix-web's is, or none | a thread of ours |
//! | anything, where the application gave a runtime by name | the one that was given |
//!
//! A pooled connection belongs to the runtime it was opened on. A runtime of one thread that is blocked, by a handler
//! that computes, would stall everybody who uses its connections, so none is opened there. Where there are several
//! threads, another one takes over, and to go to a thread of ours would only cost: each way wakes a thread up.
//!
//! There are four ways to start work:
//!
//! - [`Runtime::run`] is for what must come to its end whoever waits. It goes on when the browser hangs up: a code that
//!   was sent cannot be sent again, so what came for it must not be lost. It is counted ([`under_way`]), and
//!   [`Runtime::drain`] waits for it before the process ends.
//! - [`Runtime::run_in_place`] is for what may be broken off at any await: it looks, and changes nothing. Where the
//!   work may stay on the runtime that is there, it is no task of its own, but polled by whoever waits.
//! - [`Runtime::run_until_left`] is for what is both, one behind the other: it stops with whoever waits, until it says by
//!   [`GoingOn`] that it must come to its end. A stranger who asks and leaves has then asked for nothing.
//! - [`Runtime::run_while_held`] is for what is worth nothing without whoever started it.
//! - [`Runtime::run_aside`] is for what nobody waits for, and that knows when it is done.
//!
//! All of them can be called and awaited under any runtime, or none. Stores are called here, and HTTP clients: they may
//! rely on tokio being around, with time and I/O. They may not rely on its being the same one each time, and a runtime
//! may end: what was kept of it must then be made anew.

pub(crate) mod under_way;

use std::future::Future;
use std::net::{Ipv4Addr, UdpSocket};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::runtime::{Handle, Id, RuntimeFlavor};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle};

use self::under_way::{Place, UnderWay, Unfinished, Work};
use crate::error::ConfigError;
use crate::web::reply::Waiting;

/// How many runtimes are known for what they can do; of more, the first is looked at again.
const RUNTIMES: usize = 8;

/// Where the work of one relying party runs. There is one for each, behind the `Arc` that every clone of it shares.
#[derive(Debug)]
pub(crate) struct Runtime {
    /// Starts work from any thread.
    handle: Handle,
    kind: Kind,
    under_way: Arc<UnderWay>,
}

#[derive(Debug)]
enum Kind {
    /// Given by the application, so not ours to end.
    Given,
    /// A thread of our own, for what cannot run on the runtime that is there.
    Own { around: Surroundings, _stop: Stop },
    /// A thread of our own for everything, whatever is around.
    Alone { _stop: Stop },
}

/// Dropped with the relying party; the thread then ends.
type Stop = oneshot::Sender<()>;

impl Runtime {
    /// The application's runtime. It must have I/O and time enabled, and work on it ends with it.
    pub(crate) fn given(handle: Handle) -> Self {
        Self::new(handle, Kind::Given)
    }

    /// The runtime that is there, if it has several threads, I/O and time. Else a thread of our own, named `landfall`:
    /// one is enough, as work here waits for others most of the time.
    ///
    /// # Errors
    /// When the operating system gives no thread, or nothing to wait for I/O with.
    pub(crate) fn own() -> Result<Self, ConfigError> {
        let (handle, stop) = thread()?;
        Ok(Self::new(handle, Kind::Own { around: Surroundings::default(), _stop: stop }))
    }

    /// A thread of our own for everything: for programs that have a runtime for a moment, if at all.
    ///
    /// # Errors
    /// As [`Self::own`].
    pub(crate) fn alone() -> Result<Self, ConfigError> {
        let (handle, stop) = thread()?;
        Ok(Self::new(handle, Kind::Alone { _stop: stop }))
    }

    fn new(handle: Handle, kind: Kind) -> Self {
        Self { handle, kind, under_way: Arc::default() }
    }

    /// A place for work that begins something, and that another instance can do as well; `None` once the process is
    /// about to end.
    pub(crate) fn admit(&self, work: Work) -> Option<Place> {
        self.under_way.admit(work)
    }

    /// A place for work that is done to the last moment: what ends something, and what goes on with what was begun.
    pub(crate) fn enter(&self, work: Work) -> Place {
        self.under_way.enter(work)
    }

    /// From now on nobody is [admitted](Self::admit). Returns when all that has a place is over, or after `deadline`;
    /// then it says what is left.
    pub(crate) async fn drain(&self, deadline: Duration) -> Unfinished {
        self.under_way.close();
        let mut over = self.timer(deadline);
        let mut idle = pin!(self.under_way.idle());
        // What is finished in the last moment counts as finished.
        std::future::poll_fn(|cx| match idle.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => over.as_mut().poll(cx),
        })
        .await;
        self.under_way.unfinished()
    }

    /// Is ready when `span` has passed. It needs no timer of whoever awaits it, and none is left when it is dropped.
    /// The adapters bound by it how long a body may take, since their own runtimes need not keep time.
    pub(crate) fn timer(&self, span: Duration) -> Waiting<()> {
        if let Some(here) = self.here() {
            let sleep = {
                let _inside = here.enter();
                tokio::time::sleep(span)
            };
            return in_place(here, sleep, || ());
        }
        let mut timer = self.run_while_held(async move { tokio::time::sleep(span).await });
        Box::pin(async move {
            // Ends early when the runtime goes away: then there is nobody left to answer either.
            let _ = (&mut timer.0).await;
        })
    }

    /// Starts the work now; it is dropped at its next await once what is given here is dropped.
    pub(crate) fn run_while_held(&self, work: impl Future<Output = ()> + Send + 'static) -> Held {
        Held(self.spawn(work))
    }

    /// Starts the work now, for nobody in particular: it ends by itself, or with the runtime that it is on.
    pub(crate) fn run_aside(&self, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.spawn(work));
    }

    /// Starts the work now and gives what it will bring; what `lost` makes if it panicked or the runtime went away.
    ///
    /// The work goes on when the waiting is dropped. So a panic in one piece of work is one failed request, and takes
    /// neither the thread nor other people's work with it. Its place is given back when it is over.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        place: Place,
        work: impl Future<Output = T> + Send + 'static,
        lost: impl FnOnce() -> T + Send + 'static,
    ) -> Waiting<T> {
        let task = self.spawn(async move {
            let _place = place;
            work.await
        });
        Box::pin(async move {
            match task.await {
                Ok(value) => value,
                Err(_) => lost(),
            }
        })
    }

    /// Gives what the work brings; what `lost` makes if it panicked or the runtime went away.
    ///
    /// The work may begin only when it is waited for, and may be broken off at any await when the waiting is dropped.
    /// What has to come to its end is started from within it, by [`run`](Self::run).
    pub(crate) fn run_in_place<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
        lost: impl FnOnce() -> T + Send + 'static,
    ) -> Waiting<T> {
        match self.here() {
            Some(here) => in_place(here, work, lost),
            None => self.left_or_done(None, |_| work, lost),
        }
    }

    /// As [`run`](Self::run), but the work stops at its next await when the waiting is dropped, unless it said by then
    /// that it goes on.
    pub(crate) fn run_until_left<T: Send + 'static, F>(
        &self,
        place: Place,
        work: impl FnOnce(GoingOn) -> F,
        lost: impl FnOnce() -> T + Send + 'static,
    ) -> Waiting<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.left_or_done(Some(place), work, lost)
    }

    /// As [`run_until_left`](Self::run_until_left), also for a look, which has no place.
    fn left_or_done<T: Send + 'static, F>(
        &self,
        place: Option<Place>,
        work: impl FnOnce(GoingOn) -> F,
        lost: impl FnOnce() -> T + Send + 'static,
    ) -> Waiting<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let going_on = GoingOn::default();
        let work = work(going_on.clone());
        let task = self.spawn(async move {
            let _place = place;
            work.await
        });
        let left = Left { task: task.abort_handle(), going_on };
        Box::pin(async move {
            let _left = left;
            match task.await {
                Ok(value) => value,
                Err(_) => lost(),
            }
        })
    }

    fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        match self.here() {
            Some(here) => here.spawn(work),
            None => self.handle.spawn(work),
        }
    }

    /// The runtime that this is called on, if work may stay there.
    fn here(&self) -> Option<Handle> {
        let here = Handle::try_current().ok()?;
        let stays = match &self.kind {
            Kind::Given => here.id() == self.handle.id(),
            Kind::Own { around, .. } => {
                here.runtime_flavor() == RuntimeFlavor::MultiThread && around.are_whole(&here)
            }
            Kind::Alone { .. } => false,
        };
        stays.then_some(here)
    }
}

/// A thread with a runtime, which ends when the sender is dropped.
fn thread() -> Result<(Handle, Stop), ConfigError> {
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
    Ok((handle, stop))
}

/// The runtimes that work came from, and whether it can stay there: each is looked at once.
#[derive(Debug, Default)]
struct Surroundings(RwLock<Vec<(Id, bool)>>);

impl Surroundings {
    /// Whether this runtime has I/O and time, so that a store or an HTTP client can work there.
    fn are_whole(&self, here: &Handle) -> bool {
        let id = here.id();
        let find = |known: &[(Id, bool)]| known.iter().find(|known| known.0 == id).map(|known| known.1);
        if let Some(whole) = find(&self.0.read().unwrap_or_else(PoisonError::into_inner)) {
            return whole;
        }
        let Some(whole) = is_whole(here) else { return false };
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if find(&known).is_none() {
            if !whole {
                tracing::info!(
                    "this runtime has one worker, or lacks time or I/O: work runs on a thread of its own"
                );
            }
            if known.len() == RUNTIMES {
                known.remove(0);
            }
            known.push((id, whole));
        }
        whole
    }
}

/// Asks a runtime for a second worker, a timer and a socket. There is no other way to ask for the latter two than one that
/// panics where there is none, so where a panic ends the process they are not asked for, and the answer is no. `None`
/// where it cannot be told now, as when a process has too many files open.
fn is_whole(here: &Handle) -> Option<bool> {
    if cfg!(panic = "abort") || here.metrics().num_workers() < 2 {
        return Some(false);
    }
    let asked = catch_unwind(|| {
        let _inside = here.enter();
        drop(tokio::time::sleep(Duration::ZERO));
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        tokio::net::UdpSocket::from_std(socket).map(drop)
    });
    match asked {
        Ok(Ok(())) => Some(true),
        Ok(Err(_)) => None,
        Err(_) => Some(false),
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

/// Where work that was begun for somebody, and they themselves, agree whether it goes on without them.
#[derive(Clone, Debug, Default)]
pub(crate) struct GoingOn(Arc<AtomicU8>);

/// What [`GoingOn`] holds from the moment when the work must come to its end.
const MUST: u8 = 1;
/// What it holds from the moment when nobody waits any more, unless the other was first.
const NOBODY_WAITS: u8 = 2;

impl GoingOn {
    /// From here on the work comes to its end, whoever waits. To be awaited before the first thing that cannot be taken
    /// back; where nobody waits any more it is never ready, and the work ends there.
    pub(crate) async fn whatever_happens(&self) {
        if !self.decide(MUST) {
            std::future::pending::<()>().await;
        }
    }

    /// Whether it is as it says: the first decides.
    fn decide(&self, on: u8) -> bool {
        match self.0.compare_exchange(0, on, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => true,
            Err(decided) => decided == on,
        }
    }
}

/// Dropped with the waiting.
struct Left {
    task: AbortHandle,
    going_on: GoingOn,
}

impl Drop for Left {
    fn drop(&mut self) {
        if self.going_on.decide(NOBODY_WAITS) {
            self.task.abort();
        }
    }
}

/// Work that is polled by whoever waits for it, on this runtime.
fn in_place<T: 'static>(
    here: Handle,
    work: impl Future<Output = T> + Send + 'static,
    lost: impl FnOnce() -> T + Send + 'static,
) -> Waiting<T> {
    Box::pin(InPlace { work: Some(work), lost: Some(lost), here })
}

pin_project! {
    /// See [`in_place`]. The runtime is entered at each step, and at the end: whoever waits may be elsewhere by then.
    struct InPlace<F, L> {
        #[pin]
        work: Option<F>,
        lost: Option<L>,
        here: Handle,
    }

    impl<F, L> PinnedDrop for InPlace<F, L> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _inside = this.here.enter();
            this.work.set(None);
        }
    }
}

impl<T, F: Future<Output = T>, L: FnOnce() -> T> Future for InPlace<F, L> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut this = self.project();
        let _inside = this.here.enter();
        // Polled after it was ready, which nothing may rely on.
        let Some(work) = this.work.as_mut().as_pin_mut() else { return Poll::Pending };
        let ready = match catch_unwind(AssertUnwindSafe(|| work.poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(value)) => Some(value),
            Err(_) => None,
        };
        this.work.set(None);
        match (ready, this.lost.take()) {
            (Some(value), _) => Poll::Ready(value),
            (None, Some(lost)) => Poll::Ready(lost()),
            (None, None) => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::thread;

    use tokio::runtime::Builder;

    use super::*;

    type Threads = tokio::runtime::Runtime;

    fn several_threads() -> Threads {
        Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
    }

    fn run<T: Send + 'static>(
        runtime: &Runtime,
        work: impl Future<Output = T> + Send + 'static,
        lost: impl FnOnce() -> T + Send + 'static,
    ) -> Waiting<T> {
        runtime.run(runtime.enter(Work::Other), work, lost)
    }

    /// Which thread it runs on, once a timer has run out there.
    async fn thread_name() -> String {
        let span = Duration::from_millis(1);
        tokio::time::timeout(span, pending::<()>()).await.unwrap_err();
        thread::current().name().unwrap_or_default().to_owned()
    }

    fn ran_on(runtime: &Runtime, around: &Threads) -> [String; 2] {
        around.block_on(async {
            let lost = || "lost".to_owned();
            let run = run(runtime, thread_name(), lost).await;
            runtime.timer(Duration::from_millis(1)).await;
            [run, runtime.run_in_place(thread_name(), lost).await]
        })
    }

    #[test]
    fn work_stays_on_a_runtime_of_several_threads_and_a_look_with_whoever_waits() {
        let (runtime, around) = (Runtime::own().unwrap(), several_threads());
        let here = thread::current().name().unwrap().to_owned();
        let [run, looked] = ran_on(&runtime, &around);
        assert!(run.starts_with("tokio"), "{run}");
        assert_eq!(looked, here);
    }

    #[test]
    fn a_runtime_of_one_worker_or_one_without_time_or_without_io_is_left_alone() {
        let runtime = Runtime::own().unwrap();
        for around in [
            Builder::new_current_thread().enable_all().build().unwrap(),
            Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap(),
            Builder::new_multi_thread().worker_threads(2).build().unwrap(),
            Builder::new_multi_thread().worker_threads(2).enable_io().build().unwrap(),
            Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap(),
        ] {
            assert_eq!(ran_on(&runtime, &around), ["landfall", "landfall"]);
            // What is known of it by now says the same.
            assert_eq!(ran_on(&runtime, &around), ["landfall", "landfall"]);
        }
    }

    #[test]
    fn work_runs_on_the_runtime_that_was_given_whatever_is_around() {
        let given = several_threads();
        let runtime = Runtime::given(given.handle().clone());
        let [run, looked] = ran_on(&runtime, &several_threads());
        assert!(run.starts_with("tokio") && looked.starts_with("tokio"), "{run} {looked}");
        let [run, looked] = ran_on(&runtime, &given);
        assert!(run.starts_with("tokio"), "{run}");
        assert_eq!(looked, thread::current().name().unwrap());
    }

    #[test]
    fn a_runtime_alone_leaves_nothing_to_what_is_around() {
        let runtime = Runtime::alone().unwrap();
        assert_eq!(ran_on(&runtime, &several_threads()), ["landfall", "landfall"]);
    }

    #[test]
    fn work_that_stops_with_whoever_waits_goes_on_once_it_said_so() {
        for around in [several_threads(), Builder::new_current_thread().enable_all().build().unwrap()] {
            let runtime = Runtime::own().unwrap();
            around.block_on(async {
                for must in [false, true] {
                    let (reached, is_there) = oneshot::channel();
                    let (go, gone) = oneshot::channel::<()>();
                    let (tell, told) = oneshot::channel();
                    let waiting = runtime.run_until_left(
                        runtime.enter(Work::Other),
                        |going_on| async move {
                            if must {
                                going_on.whatever_happens().await;
                            }
                            reached.send(()).unwrap();
                            gone.await.unwrap();
                            tell.send(()).unwrap();
                        },
                        || (),
                    );
                    is_there.await.unwrap();
                    drop(waiting);
                    if must {
                        go.send(()).unwrap();
                        told.await.unwrap();
                    } else {
                        // Dropped, and what it held with it.
                        told.await.unwrap_err();
                    }
                }
                let left = GoingOn::default();
                assert!(left.decide(NOBODY_WAITS));
                let span = Duration::from_millis(1);
                tokio::time::timeout(span, left.whatever_happens()).await.unwrap_err();
            });
        }
    }

    #[test]
    fn work_goes_on_when_nobody_waits_any_more_and_a_look_does_not() {
        let (runtime, around) = (Runtime::own().unwrap(), several_threads());
        around.block_on(async {
            let (go, gone) = oneshot::channel::<()>();
            let (tell, told) = oneshot::channel();
            let work = async move { tell.send(gone.await.is_ok()).unwrap() };
            drop(run(&runtime, work, || ()));
            go.send(()).unwrap();
            assert!(told.await.unwrap());

            let (dropped, is_dropped) = oneshot::channel::<()>();
            let look = async move {
                let _dropped = dropped;
                // Its timer, and whatever else is the runtime's, is dropped inside of it.
                tokio::time::timeout(Duration::MAX, pending::<()>()).await
            };
            let mut look = runtime.run_in_place(look, || Ok(()));
            assert!(std::future::poll_fn(|cx| Poll::Ready(look.as_mut().poll(cx))).await.is_pending());
            drop(look);
            is_dropped.await.unwrap_err();
        });
    }

    #[test]
    fn a_panic_is_one_lost_answer_wherever_work_runs() {
        let runtime = Runtime::own().unwrap();
        let one = Builder::new_current_thread().build().unwrap();
        for around in [several_threads(), one] {
            around.block_on(async {
                let panics = async || -> &str { panic!("expected in this test") };
                assert_eq!(run(&runtime, panics(), || "lost").await, "lost");
                assert_eq!(runtime.run_in_place(panics(), || "lost").await, "lost");
                assert_eq!(run(&runtime, async { "found" }, || "lost").await, "found");
            });
        }
    }

    #[test]
    fn a_runtime_that_ended_loses_its_work_and_the_next_one_takes_over() {
        let (runtime, first) = (Runtime::own().unwrap(), several_threads());
        let (started, look) = first.block_on(async {
            (run(&runtime, pending(), || "lost"), runtime.run_in_place(async { "found" }, || "lost"))
        });
        drop(first);
        let second = several_threads();
        second.block_on(async {
            assert_eq!(started.await, "lost");
            assert_eq!(look.await, "found");
        });
        assert!(ran_on(&runtime, &second)[0].starts_with("tokio"));
    }

    #[test]
    fn what_began_inside_a_runtime_can_be_awaited_outside_of_it() {
        let (runtime, around) = (Runtime::own().unwrap(), several_threads());
        let look = {
            let _inside = around.enter();
            runtime.run_in_place(thread_name(), || "lost".to_owned())
        };
        // It has no timers of its own.
        let elsewhere = Builder::new_current_thread().build().unwrap();
        assert_eq!(elsewhere.block_on(look), thread::current().name().unwrap());
    }

    #[test]
    fn without_a_runtime_around_work_runs_all_the_same() {
        let runtime = Runtime::own().unwrap();
        let (run, looked) =
            (run(&runtime, thread_name(), String::new), runtime.run_in_place(thread_name(), String::new));
        let waiting = Builder::new_current_thread().build().unwrap();
        assert_eq!(waiting.block_on(async { [run.await, looked.await] }), ["landfall", "landfall"]);
    }

    #[test]
    fn work_is_waited_for_until_it_is_over_by_a_panic_or_with_its_runtime_as_well() {
        let (runtime, first) = (Runtime::own().unwrap(), several_threads());
        first.block_on(async {
            let panics = async || panic!("expected in this test");
            run(&runtime, panics(), || ()).await;
            drop(run(&runtime, pending(), || ()));
            // A look is nobody's loss.
            drop(runtime.run_in_place(pending(), || ()));
            assert_eq!(runtime.drain(Duration::ZERO).await.others(), 1);
        });
        drop(first);
        assert!(several_threads().block_on(runtime.drain(Duration::MAX)).is_empty());
    }

    #[test]
    fn a_drain_is_told_of_the_end_of_work_on_whatever_runtime_and_without_any() {
        let runtime = Runtime::own().unwrap();
        let one = Builder::new_current_thread().build().unwrap();
        for around in [several_threads(), one] {
            let (go, gone) = oneshot::channel::<()>();
            around.block_on(async {
                let place = runtime.enter(Work::Refresh);
                drop(runtime.run(place, async move { gone.await.unwrap() }, || ()));
                let mut drained = Box::pin(runtime.drain(Duration::from_secs(600)));
                assert!(std::future::poll_fn(|cx| Poll::Ready(drained.as_mut().poll(cx))).await.is_pending());
                assert!(runtime.admit(Work::Refresh).is_none());
                go.send(()).unwrap();
                assert!(drained.await.is_empty());
            });
        }
    }
}
