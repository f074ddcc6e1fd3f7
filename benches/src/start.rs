//! From the start of a process to its first answer, and to its first sign-in: what a deployment, a restart or a function
//! that is woken up makes people wait for.
//!
//! The application is a process of its own (`bin/started.rs`), the provider stands on loopback in this one and is warm,
//! and a browser of the testkit goes the whole way. Every figure is a wall time that begins before the process is
//! started. The bare application beside it takes the same turns.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{Request, StatusCode};
use landfall_testkit::{Browser, Client, LocalProvider, SeenRequest};

use landfall_requests::Runner;

/// The address the application has for browsers; where it listens is told to the browser.
pub const BASE_URL: &str = "http://127.0.0.1:3000";
/// The application's id at the provider.
pub const CLIENT_ID: &str = "app";
/// Its secret there.
pub const CLIENT_SECRET: &str = "the-secret-of-a-benchmark";

const ROUNDS: usize = 15;
/// What a process does once after its start is over by then.
const MOMENT: Duration = Duration::from_millis(100);

/// The application as a process. It ends when this is dropped.
struct Started {
    child: Child,
    address: SocketAddr,
    /// What `RelyingParty::builder(..).build()` took; nothing where there is none.
    building: Duration,
}

impl Started {
    /// Starts it on a framework: the bare application, or the one that signs people in at this issuer.
    fn new(framework: &str, issuer: Option<&str>) -> Self {
        let here = std::env::current_exe().expect("a path");
        let mut command = Command::new(here.with_file_name("started"));
        command.arg(framework).args(issuer).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it is built beside this one");
        let mut line = String::new();
        let output = child.stdout.take().expect("it was asked for");
        BufReader::new(output).read_line(&mut line).expect("it says where it listens");
        let (address, micros) = line.trim().split_once(' ').expect("an address and a time");
        Self {
            child,
            address: address.parse().expect("an address"),
            building: Duration::from_micros(micros.parse().expect("microseconds")),
        }
    }

    /// A browser that finds it.
    fn browser(&self) -> Browser {
        let browser = Browser::new();
        browser.route(BASE_URL, self.address).expect("a URL");
        browser
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The times of one round, each from the start of a process of its own, but for the last two.
struct Round {
    bare: Duration,
    public_page: Duration,
    building: Duration,
    /// From its first request, in a process that has been there for a moment.
    later_sign_in: Duration,
    first_sign_in: Duration,
    second_sign_in: Duration,
    /// All that the provider was asked for the first sign-in, asked once more by itself.
    provider: Duration,
}

/// Measures both frameworks and prints a table; ratios are of the least times, to the bare
/// application's first answer in the same rounds: other programs delay the median more than the least.
pub fn print(runner: &Runner) {
    let client =
        Client::new(CLIENT_ID).secret(CLIENT_SECRET).redirect_uri(format!("{BASE_URL}/auth/callback"));
    let provider = LocalProvider::builder().port(0).client(client).auto_sign_in("ada");
    let provider = provider.start_blocking().expect("a free port");
    println!("\nfrom the start of the process, ms, least and median of {ROUNDS}; provider on loopback:");
    for framework in ["axum", "actix"] {
        // The first round warms the disk and the provider.
        let mut rounds: Vec<Round> = (0..=ROUNDS).map(|_| round(runner, &provider, framework)).collect();
        rounds.remove(0);
        let bare = spread(&rounds, |round| round.bare);
        println!("  {framework:47} {:>8} {:>8}", "least", "median");
        row("bare: first answer", bare, bare);
        row("Landfall: first answer, a public page", spread(&rounds, |round| round.public_page), bare);
        row("  of it RelyingParty::builder(..).build()", spread(&rounds, |round| round.building), bare);
        row("Landfall: first sign-in has landed", spread(&rounds, |round| round.first_sign_in), bare);
        row(
            "  the same a moment later, from its first request",
            spread(&rounds, |round| round.later_sign_in),
            bare,
        );
        row("  of it the provider, asked by itself", spread(&rounds, |round| round.provider), bare);
        row(
            "  a second sign-in, from its first request",
            spread(&rounds, |round| round.second_sign_in),
            bare,
        );
    }
}

fn row(name: &str, (least, median): (f64, f64), bare: (f64, f64)) {
    println!("    {name:45} {least:>8.2} {median:>8.2}   {:>5.1}x bare", least / bare.0);
}

/// The least and the median, in milliseconds.
fn spread(rounds: &[Round], of: fn(&Round) -> Duration) -> (f64, f64) {
    let mut times: Vec<Duration> = rounds.iter().map(of).collect();
    times.sort();
    (times[0].as_secs_f64() * 1e3, times[times.len() / 2].as_secs_f64() * 1e3)
}

fn round(runner: &Runner, provider: &LocalProvider, framework: &str) -> Round {
    let begun = Instant::now();
    let started = Started::new(framework, None);
    runner.block_on(lands(&started.browser(), "/"));
    let bare = begun.elapsed();
    drop(started);

    let begun = Instant::now();
    let started = Started::new(framework, Some(provider.issuer()));
    runner.block_on(lands(&started.browser(), "/"));
    let public_page = begun.elapsed();
    thread::sleep(MOMENT);
    let begun = Instant::now();
    runner.block_on(lands(&started.browser(), "/dashboard"));
    let later_sign_in = begun.elapsed();
    drop(started);

    provider.forget_requests();
    let begun = Instant::now();
    let started = Started::new(framework, Some(provider.issuer()));
    runner.block_on(lands(&started.browser(), "/dashboard"));
    let first_sign_in = begun.elapsed();
    let asked = provider.requests();

    // Somebody else: another browser.
    let browser = started.browser();
    let begun = Instant::now();
    runner.block_on(lands(&browser, "/dashboard"));
    let second_sign_in = begun.elapsed();

    let provider = runner.block_on(asked_again(provider.issuer(), &asked));
    let building = started.building;
    Round { bare, public_page, building, later_sign_in, first_sign_in, second_sign_in, provider }
}

/// Opens a page and makes sure that it is that page, of somebody who is signed in where it is guarded.
async fn lands(browser: &Browser, path: &str) {
    let page = browser.open(&format!("{BASE_URL}{path}")).await.expect("an answer");
    assert_eq!((page.status, page.url.path()), (StatusCode::OK, path), "{}", page.text());
}

/// How long the provider needs for these requests, one after the other, with the code that it gives this time.
async fn asked_again(issuer: &str, requests: &[SeenRequest]) -> Duration {
    let browser = Browser::new();
    let mut code: Option<String> = None;
    let mut time = Duration::ZERO;
    for seen in requests {
        let target = format!("{issuer}{}?{}", seen.path, seen.query);
        let mut request = Request::builder().method(seen.method.clone()).uri(target.trim_end_matches('?'));
        if let Some(headers) = request.headers_mut() {
            headers.clone_from(&seen.headers);
        }
        let body = String::from_utf8_lossy(&seen.body);
        let body = match (seen.parameter("code"), &code) {
            (Some(spent), Some(fresh)) => Bytes::from(body.replace(&spent, fresh)),
            _ => seen.body.clone(),
        };
        let request = request.body(body).expect("it was sent before");
        let begun = Instant::now();
        let answer = browser.send(request).await.expect("an answer");
        time += begun.elapsed();
        assert!(!answer.status().is_client_error(), "{} {}: {}", seen.method, seen.path, answer.status());
        if let Some(location) = answer.headers().get("location").and_then(|value| value.to_str().ok()) {
            code = location.split(['?', '&']).find_map(|part| part.strip_prefix("code=")).map(str::to_owned);
        }
    }
    assert!(code.is_some(), "no code among {} answers", requests.len());
    time
}
