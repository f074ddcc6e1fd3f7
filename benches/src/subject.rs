//! An application, and requests for it.

use std::rc::Rc;

use actix_web::rt::{System, SystemRunner};

use crate::engines::{Engine, Engines};

/// What runs every subject, on one thread, and knows where the engines are.
#[derive(Clone)]
pub struct Runner {
    system: Rc<SystemRunner>,
    engines: Engines,
}

impl Runner {
    pub fn new(engines: Engines) -> Self {
        Self { system: Rc::new(System::new()), engines }
    }

    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.system.block_on(future)
    }

    pub fn engines(&self) -> &Engines {
        &self.engines
    }

    /// The address of an engine that a row needs: a row whose engine was not started is left out.
    pub fn address(&self, engine: Engine) -> &str {
        self.engines.find(engine).expect("it was started")
    }
}

/// An application that is asked the same thing over and over.
pub trait Subject {
    /// Builds requests, unmeasured.
    fn prepare(&mut self, count: usize);

    /// Has the application answer this many of them.
    fn run(&mut self, count: usize);
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

/// What a browser sends when a person opens a page, without Cookie.
pub const HEADERS: [(&str, &str); 10] = [
    ("host", "app.example.com"),
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    ),
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"),
    ("accept-language", "en-GB,en;q=0.9"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("upgrade-insecure-requests", "1"),
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-user", "?1"),
    ("sec-fetch-dest", "document"),
];

/// The page that is opened.
pub const TARGET: &str = "/dashboard?tab=reports";
