//! An application, and requests for it.

use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::rt::{System, SystemRunner};
use tokio::runtime::{Builder, Runtime};

/// What runs every subject, one request after the other.
#[derive(Clone)]
pub struct Runner {
    system: Rc<SystemRunner>,
    /// The runtime of several threads, of which there is one, if it is one.
    threads: Option<Rc<Runtime>>,
}

impl Runner {
    /// A runtime of this thread, as an actix-web worker has one.
    pub fn new() -> Self {
        Self { system: Rc::new(System::new()), threads: None }
    }

    /// The same with a runtime as axum's applications have: one of several threads.
    ///
    /// # Panics
    /// Where the operating system gives no thread.
    #[must_use]
    pub fn threaded(&self) -> Self {
        let threads = Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Self { threads: Some(Rc::new(threads.expect("two threads"))), ..self.clone() }
    }

    /// Runs it to its end.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match &self.threads {
            Some(threads) => threads.block_on(future),
            None => self.system.block_on(future),
        }
    }

    /// The runtime of several threads, if there is one: what comes by a connection is then served in a task.
    pub(crate) fn threads(&self) -> Option<&Runtime> {
        self.threads.as_deref()
    }
}

impl Default for Runner {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Runner")
    }
}

/// An application that is asked the same thing over and over.
pub trait Subject {
    /// Builds so many requests, unmeasured.
    fn prepare(&mut self, count: usize);

    /// Has the application answer the first so many of those that are left. Each answer must be a 200.
    fn run(&mut self, count: usize);

    /// The same, with how long each answer took where it is served.
    fn time(&mut self, count: usize) -> Vec<Duration> {
        let one = |_| {
            let asked = Instant::now();
            self.run(1);
            asked.elapsed()
        };
        (0..count).map(one).collect()
    }
}

/// Has a subject answer, under a name that callgrind can be told to count inside of.
#[inline(never)]
pub fn measured(subject: &mut dyn Subject, count: usize) {
    subject.run(count);
}

/// Gives the next request's cookies: the same ones, or new ones each time.
pub type Cookies = Box<dyn FnMut() -> String>;

/// The same cookies each time.
pub fn same(cookies: &str) -> Cookies {
    let cookies = cookies.to_owned();
    Box::new(move || cookies.clone())
}

/// Name and value of a Set-Cookie line.
pub fn pair(set_cookie: &str) -> String {
    set_cookie.split(';').next().unwrap_or_default().to_owned()
}
