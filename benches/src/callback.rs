//! The whole callback: from the request to the redirect home, with the token endpoint asked in between.
//!
//! RS256, a provider on loopback, the stock client, no userinfo. The provider is another process, so that whatever
//! this one spends, allocates or executes is the relying party's: its own thread and its system calls included.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use axum::Router;
use axum::body::Body;
use axum::http::header::HOST;
use axum::http::{self, HeaderValue, StatusCode};
use landfall::{CookieKey, RelyingParty, Userinfo};
use landfall_axum::AuthLayer;
use landfall_requests::{Request, Runner, Subject, axum_request as request, pair};
use landfall_testkit::{Browser, Client, LocalProvider};
use tokio::runtime::{Handle, Runtime};
use tower::ServiceExt;

use crate::callback_floor::{BareClient, Floor, Stock};

const AUTHORITY: &str = "127.0.0.1:3000";
pub const BASE_URL: &str = "http://127.0.0.1:3000";
pub const REDIRECT_URI: &str = "http://127.0.0.1:3000/auth/callback";
pub const CLIENT_ID: &str = "app";
pub const CLIENT_SECRET: &str = "secret";

/// One way to answer a callback, or a part of what every callback needs.
pub struct Row {
    pub name: &'static str,
    /// Instructions can be counted: all of it is done on the thread that asks.
    pub one_thread: bool,
    pub make: fn(&Runner, &Provider) -> Box<dyn Subject>,
}

/// The floor is first, and the second is the row with the budget.
pub const ROWS: [Row; 6] = [
    Row { name: "floor: bare hyper connection, RS256", one_thread: true, make: Floor::<BareClient>::subject },
    Row { name: "on the runtime that asks", one_thread: true, make: on_the_same_runtime },
    Row { name: "default: a current-thread runtime asks", one_thread: false, make: by_default },
    Row { name: "default: a multi-thread runtime asks", one_thread: false, make: on_threads_by_default },
    Row { name: "on a multi-thread runtime that was given", one_thread: false, make: on_threads_given },
    Row { name: "the stock client alone, and RS256", one_thread: true, make: Floor::<Stock>::subject },
];

/// A provider in a process of its own, which ends with this value.
pub struct Provider {
    process: Child,
    pub issuer: String,
}

impl Provider {
    /// Starts it.
    pub fn start() -> Self {
        let here = std::env::current_exe().expect("a path");
        let mut process = Command::new(here.with_file_name("landfall-bench"))
            .arg("provider")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it is built beside this one");
        let mut issuer = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut issuer).expect("an issuer");
        Self { process, issuer: issuer.trim().to_owned() }
    }

    /// Is one: says its issuer, and stays until its input ends.
    pub fn serve() {
        let client = Client::new(CLIENT_ID).secret(CLIENT_SECRET).redirect_uri(REDIRECT_URI);
        let provider = LocalProvider::builder()
            .port(0)
            .client(client)
            .auto_sign_in("ada")
            .start_blocking()
            .expect("a free port");
        println!("{}", provider.issuer());
        let _ = std::io::stdin().read(&mut [0]);
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where the application runs.
enum Place {
    /// One thread, as under actix-web.
    One(Runner),
    /// Several, as under `#[tokio::main]`.
    Several(Runtime),
}

impl Place {
    /// Does the work in a task, as a server does with a request: what is waited for outside of a task costs a wake-up
    /// by the operating system.
    fn block_on<F>(&self, work: F) -> F::Output
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let task = async { tokio::spawn(work).await.expect("no panic") };
        match self {
            Self::One(runner) => runner.block_on(task),
            Self::Several(runtime) => runtime.block_on(task),
        }
    }
}

/// An application that people come back to.
struct Callbacks {
    place: Place,
    app: Router,
    browser: Browser,
    requests: Vec<http::Request<Body>>,
}

fn on_the_same_runtime(runner: &Runner, provider: &Provider) -> Box<dyn Subject> {
    let handle = runner.block_on(async { Handle::current() });
    Callbacks::boxed(Place::One(runner.clone()), provider, Some(handle))
}

fn by_default(runner: &Runner, provider: &Provider) -> Box<dyn Subject> {
    Callbacks::boxed(Place::One(runner.clone()), provider, None)
}

fn on_threads_by_default(_: &Runner, provider: &Provider) -> Box<dyn Subject> {
    Callbacks::boxed(Place::Several(threads()), provider, None)
}

fn on_threads_given(_: &Runner, provider: &Provider) -> Box<dyn Subject> {
    let runtime = threads();
    let handle = runtime.handle().clone();
    Callbacks::boxed(Place::Several(runtime), provider, Some(handle))
}

fn threads() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads")
}

impl Callbacks {
    fn boxed(place: Place, provider: &Provider, given: Option<Handle>) -> Box<dyn Subject> {
        let mut builder = RelyingParty::builder(&provider.issuer)
            .client(CLIENT_ID, CLIENT_SECRET)
            .base_url(BASE_URL)
            .cookie_keys([CookieKey::generate().expect("the system has randomness")])
            .userinfo(Userinfo::Never);
        if let Some(handle) = given {
            builder = builder.runtime(handle);
        }
        let build = async move { builder.build().expect("sound settings") };
        let app = Router::new().layer(AuthLayer::new(place.block_on(build)));
        Box::new(Self { place, app, browser: Browser::new(), requests: Vec::new() })
    }
}

impl Subject for Callbacks {
    /// Everything up to the callback.
    fn prepare(&mut self, count: usize) {
        self.requests.clear();
        for _ in 0..count {
            let (app, browser) = (self.app.clone(), self.browser.clone());
            self.requests.push(self.place.block_on(async move { sign_in(app, &browser).await }));
        }
    }

    fn run(&mut self, count: usize) {
        let (app, requests) = (self.app.clone(), self.requests.split_off(self.requests.len() - count));
        self.place.block_on(async move {
            for request in requests {
                let Ok::<_, Infallible>(answer) = app.clone().oneshot(request).await;
                assert_eq!(answer.status(), StatusCode::SEE_OTHER);
                let signed_in = answer.headers().get_all("set-cookie").iter();
                assert!(
                    signed_in
                        .filter_map(|line| line.to_str().ok())
                        .any(|line| line.contains("landfall-session")),
                    "no session"
                );
            }
        });
    }
}

/// Everything up to the callback, which it gives.
async fn sign_in(app: Router, browser: &Browser) -> http::Request<Body> {
    let login = request(&Request::open("/auth/login?return_to=%2Fdashboard"), "");
    let Ok::<_, Infallible>(login) = app.oneshot(login).await;
    // The answer's body cannot be held while somebody else is awaited.
    let (login, _) = login.into_parts();
    let header = |name| login.headers.get(name).and_then(|value| value.to_str().ok()).expect("a redirect");
    let answer = browser.open_without_following(header("location")).await.expect("the provider's answer");
    let callback = answer.location().expect("a callback");
    let target = format!("{}?{}", callback.path(), callback.query().unwrap_or_default());
    let mut callback = request(&Request::open(&target), &pair(header("set-cookie")));
    callback.headers_mut().insert(HOST, HeaderValue::from_static(AUTHORITY));
    callback
}
