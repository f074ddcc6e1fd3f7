//! People who are signed in, and what they wait for.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use landfall_tests::wire::Wire;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// So many people ask in turns, so that one who waits long holds up few of the others' questions.
const PEOPLE: u32 = 8;
/// So often all of them together.
pub(crate) const PER_SECOND: u32 = 500;

/// What they waited for, one request each.
#[derive(Default)]
pub(crate) struct Waits {
    times: Vec<Duration>,
    /// Requests that got another answer than Ada's page.
    pub(crate) failed: usize,
}

impl Waits {
    /// Half of all were answered within this time, and 99 of a hundred; in milliseconds.
    pub(crate) fn percentiles(&self) -> [f64; 2] {
        let mut times = self.times.clone();
        times.sort();
        let last = times.len().saturating_sub(1);
        [50, 99].map(|part| times.get(last * part / 100).copied().unwrap_or_default().as_secs_f64() * 1_000.0)
    }
}

/// Has them ask for Ada's page for so many milliseconds, on a thread of their own: this one.
pub(crate) fn ask(address: SocketAddr, cookie: &str, millis: u64) -> Waits {
    let request = format!(
        "GET /dashboard HTTP/1.1\r\nhost: app.example.com\r\naccept: text/html\r\nsec-fetch-site: same-origin\r\n\
         sec-fetch-mode: navigate\r\nsec-fetch-dest: document\r\ncookie: {cookie}\r\n\r\n"
    );
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let until = Instant::now() + Duration::from_millis(millis);
        let people: JoinSet<Waits> = (0..PEOPLE).map(|_| one(address, request.clone(), until)).collect();
        people.join_all().await.into_iter().fold(Waits::default(), |mut all, one| {
            all.times.extend(one.times);
            all.failed += one.failed;
            all
        })
    })
}

/// Has one of them ask until then.
async fn one(address: SocketAddr, request: String, until: Instant) -> Waits {
    let mut waits = Waits::default();
    let mut wire = Wire::open(address).await;
    let mut beats = interval(Duration::from_secs(1) * PEOPLE / PER_SECOND);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while Instant::now() < until {
        beats.tick().await;
        let asked = Instant::now();
        wire.send(&request).await.unwrap();
        let head = wire.head().await.unwrap();
        let page = wire.text().await.unwrap();
        waits.times.push(asked.elapsed());
        waits.failed +=
            usize::from(!head.starts_with("HTTP/1.1 200") || !page.starts_with("dashboard of ada"));
    }
    waits
}
