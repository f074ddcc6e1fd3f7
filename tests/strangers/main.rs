//! What people who are signed in wait for while strangers ask: alone, and beside a thousand requests a second of each kind
//! of stranger, on each framework, with each store that is there. `cargo xtask load strangers` starts it.
//!
//! The application, its provider, the strangers and the people share one process and this machine's cores, as they do in no
//! deployment: compare the figures of a row with each other, and no row with one of another machine. The store is asked for
//! every session, since a near copy would hide what strangers do to it.

mod application;
mod people;
mod strangers;

use std::env;

use landfall_tests::{Framework, SessionKind};

use self::application::Application;
use self::people::Waits;
use self::strangers::{Crowd, PER_SECOND, Stranger};

/// How long people are measured alone, and beside strangers, for each row, in milliseconds.
const ALONE: u64 = 1_500;
const BESIDE: u64 = 3_000;
/// How long strangers ask before people are measured, in milliseconds.
const SETTLE: u64 = 300;

fn main() {
    println!(
        "somebody signed in, {} requests a second, alone and beside {PER_SECOND} a second of strangers; milliseconds\n",
        people::PER_SECOND
    );
    println!(
        "{:<11} {:<10} {:<40} {:>7} {:>7} {:>10} {:>10} {:>6} {:>11} {:>6} {:>7}",
        "", "", "beside", "p50", "p99", "p50 beside", "p99 beside", "x p99", "strangers/s", "503", "failed"
    );
    for framework in [Framework::Axum, Framework::Actix] {
        for kind in SessionKind::stores() {
            match engine(kind).filter(|variable| env::var_os(variable).is_none()) {
                Some(variable) => println!("{kind:?}: left out, {variable} names none"),
                None => measure(framework, kind),
            }
        }
    }
    println!(
        "\n503: of the strangers' answers in a second, those that said to come again. failed: of the people's requests."
    );
}

/// What names the engine that somebody else has to start.
fn engine(kind: SessionKind) -> Option<&'static str> {
    match kind {
        SessionKind::Redis => Some("LANDFALL_TEST_REDIS_URL"),
        SessionKind::Postgres => Some("LANDFALL_TEST_POSTGRES_URL"),
        _ => None,
    }
}

/// The rows of one framework and one store, in one application.
fn measure(framework: Framework, kind: SessionKind) {
    let application = Application::start(framework, kind);
    let people = |span| people::ask(application.address, &application.cookie, span);
    people(SETTLE);
    for stranger in Stranger::ALL {
        let alone = people(ALONE);
        let crowd = Crowd::start(stranger, application.address, SETTLE + BESIDE);
        people(SETTLE);
        let before = crowd.so_far();
        let beside = people(BESIDE);
        let during = crowd.so_far() - before;
        crowd.stop();
        let [store, framework] = [format!("{kind:?}"), format!("{framework:?}").to_lowercase()];
        let Waits { failed, .. } = &beside;
        let [[median, most], [median_beside, most_beside]] = [&alone, &beside].map(Waits::percentiles);
        println!(
            "{store:<11} {framework:<10} {:<40} {median:>7.2} {most:>7.2} {median_beside:>10.2} {most_beside:>10.2} {:>6.1} \
             {:>11} {:>6} {:>7}",
            stranger.title(),
            most_beside / most,
            during.answered * 1_000 / BESIDE,
            during.busy * 1_000 / BESIDE,
            failed + alone.failed,
        );
    }
}
