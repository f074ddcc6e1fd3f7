//! `serve NAME SECONDS`: one of the applications on a port of loopback, for so long at most. It prints the address, then
//! the headers of somebody who is signed in and opens the page, then an empty line. `cargo xtask load` starts it.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use actix_session::SessionMiddleware;
use actix_session::storage::CookieSessionStore;
use actix_web::cookie::Key;
use actix_web::dev::{Server, Service as _};
use actix_web::rt::time::timeout;
use actix_web::{App, HttpServer};
use axum::Router;
use landfall::{MemoryStore, RelyingParty};
use landfall_actix::AuthMiddleware;
use landfall_bench::peers;
use landfall_requests as requests;
use landfall_requests::{Request, Runner, TARGET, pair};
use tower::ServiceExt as _;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, seconds] = arguments.as_slice() else { return usage() };
    let Ok(seconds) = seconds.parse() else { return usage() };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let say = |cookies: &str| {
        println!("http://{address}{TARGET}");
        for (name, value) in Request::open(TARGET).headers() {
            println!("{name}: {value}");
        }
        println!("cookie: {cookies}");
        println!();
    };
    let span = Duration::from_secs(seconds);
    let runner = Runner::new();
    let served = match name.as_str() {
        "axum-bare" => axum(listener, span, requests::axum_bare(), || say("theme=dark")),
        "axum-sealed" | "axum-memory" => {
            let (auth, cookies) = landfall(&runner, name.ends_with("memory"));
            axum(listener, span, requests::axum_signed_in(auth), || say(&cookies))
        }
        "axum-login" => {
            let app = peers::with_axum_login(peers::axum_login_page());
            let request = requests::axum_request(&Request::open("/login"), "");
            let answer = runner.block_on(app.clone().oneshot(request)).expect("an answer");
            let cookies = set(answer.headers().get("set-cookie").and_then(|line| line.to_str().ok()));
            axum(listener, span, app, || say(&cookies))
        }
        "actix-bare" => actix(&runner, span, || {
            say("theme=dark");
            let server = HttpServer::new(|| App::new().configure(requests::actix_bare_page));
            Ok(server.client_request_timeout(PATIENCE).keep_alive(PATIENCE).listen(listener)?.run())
        }),
        "actix-sealed" | "actix-memory" => {
            let (auth, cookies) = landfall(&runner, name.ends_with("memory"));
            actix(&runner, span, || {
                say(&cookies);
                let app = move || {
                    App::new()
                        .configure(requests::actix_signed_in_page)
                        .wrap(AuthMiddleware::new(auth.clone()))
                };
                let server = HttpServer::new(app).client_request_timeout(PATIENCE).keep_alive(PATIENCE);
                Ok(server.listen(listener)?.run())
            })
        }
        "actix-identity" => {
            let key = Key::generate();
            let app = move || {
                App::new()
                    .configure(peers::identity_pages)
                    .wrap(actix_identity::IdentityMiddleware::default())
                    .wrap(SessionMiddleware::new(CookieSessionStore::default(), key.clone()))
            };
            let once = requests::start_actix(&runner, app());
            let answer = runner
                .block_on(once.call(requests::actix_request(&Request::open("/login"), "")))
                .expect("an answer");
            let cookies = set(answer.headers().get("set-cookie").and_then(|line| line.to_str().ok()));
            actix(&runner, span, || {
                say(&cookies);
                let server = HttpServer::new(app).client_request_timeout(PATIENCE).keep_alive(PATIENCE);
                Ok(server.listen(listener)?.run())
            })
        }
        _ => return usage(),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: serve axum-(bare|sealed|memory|login)|actix-(bare|sealed|memory|identity) SECONDS");
    ExitCode::from(2)
}

/// The relying party, and somebody's cookies.
fn landfall(runner: &Runner, stored: bool) -> (RelyingParty, String) {
    let builder = requests::builder();
    let builder = if stored { builder.store(MemoryStore::new()) } else { builder };
    let auth = builder.build().expect("sound settings");
    let cookies = requests::hot(runner, &auth)();
    (auth, cookies)
}

/// Another cookie stands before the session's.
fn set(line: Option<&str>) -> String {
    format!("theme=dark; {}", pair(line.expect("a session")))
}

/// As an application is served that has the machine to itself.
fn axum(listener: TcpListener, span: Duration, app: Router, ready: impl FnOnce()) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        ready();
        // Its time being over is no failure.
        tokio::time::timeout(span, async { axum::serve(listener, app).await }).await.unwrap_or(Ok(()))
    })
}

/// How long a connection may wait for its request, and between two, behind ten thousand others: by default actix-web
/// closes one on which none came within five seconds.
const PATIENCE: Duration = Duration::from_secs(75);

/// The same with a worker for each core.
fn actix(runner: &Runner, span: Duration, server: impl FnOnce() -> io::Result<Server>) -> io::Result<()> {
    runner.block_on(async { timeout(span, server()?).await.unwrap_or(Ok(())) })
}
