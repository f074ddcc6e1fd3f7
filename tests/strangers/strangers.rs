//! Strangers: what they send, and how often.

use std::net::SocketAddr;
use std::ops::Sub;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use landfall_tests::wire::{Wire, header, headers};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use url::Url;

/// So often all of them together, as long as they are answered.
pub(crate) const PER_SECOND: u32 = 1_000;
/// So many connections they have.
const CONNECTIONS: u32 = 50;

/// A kind of stranger.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// With a session id of their own making.
    SessionId,
    /// Opens a front-channel logout for a session that there is not.
    FrontChannel,
    /// Comes back from no sign-in of ours.
    State,
    /// Comes back from a sign-in that they began, with a code of their own making: the provider is asked.
    Code,
    /// Has a page of another site post an answer of the provider's.
    Form,
}

impl Stranger {
    pub(crate) const ALL: [Self; 5] =
        [Self::SessionId, Self::FrontChannel, Self::State, Self::Code, Self::Form];

    /// What the table calls them.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::SessionId => "made-up session ids",
            Self::FrontChannel => "front-channel logouts of no session",
            Self::State => "callbacks with a made-up state",
            Self::Code => "made-up codes, sent to the provider",
            Self::Form => "answers posted from another site",
        }
    }

    /// So many sign-ins have to be begun for so many requests: what came back once is not taken again.
    fn sign_ins(self, requests: usize) -> usize {
        match self {
            Self::Code => requests,
            Self::Form => 1,
            _ => 0,
        }
    }

    /// A whole request, the `number`th.
    fn request(self, number: usize, begun: &[SignIn]) -> Option<String> {
        let get = |target: &str, cookie: &str| {
            format!(
                "GET {target} HTTP/1.1\r\nhost: app.example.com\r\naccept: text/html\r\ncookie: {cookie}\r\n\r\n"
            )
        };
        Some(match self {
            Self::SessionId => get("/", &format!("__Host-landfall-session={number:064}")),
            Self::FrontChannel => {
                get(&format!("/auth/frontchannel-logout?iss={ISSUER}&sid=made-up-{number}"), "theme=dark")
            }
            Self::State => {
                get(&format!("/auth/callback?code=c&iss={ISSUER}&state={number:086}"), "theme=dark")
            }
            Self::Code => {
                let SignIn { state, cookie } = begun.get(number)?;
                get(&format!("/auth/callback?code=made-up-{number}&iss={ISSUER}&state={state}"), cookie)
            }
            Self::Form => {
                let form = format!("code=made-up-{number}&iss={ISSUER}&state={}", begun.first()?.state);
                format!(
                    "POST /auth/callback HTTP/1.1\r\nhost: app.example.com\r\naccept: text/html\r\n\
                     origin: https://evil.example\r\nsec-fetch-site: cross-site\r\nsec-fetch-mode: navigate\r\n\
                     content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
                    form.len()
                )
            }
        })
    }
}

/// The provider, as a parameter names it.
const ISSUER: &str = "https%3A%2F%2Fop.example";

/// A sign-in that a stranger began.
struct SignIn {
    state: String,
    cookie: String,
}

impl SignIn {
    async fn begin(wire: &mut Wire) -> Self {
        wire.send("GET /auth/login HTTP/1.1\r\nhost: app.example.com\r\naccept: text/html\r\n\r\n")
            .await
            .unwrap();
        let head = wire.head().await.unwrap();
        wire.sum().await;
        let there = Url::parse(header(&head, "location").expect("the way to the provider")).unwrap();
        let state = there.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
        let set = headers(&head).filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        let pairs: Vec<_> = set.filter_map(|(_, line)| line.split(';').next()).collect();
        Self { state, cookie: pairs.join("; ") }
    }
}

/// What they were answered.
#[derive(Clone, Copy)]
pub(crate) struct Answers {
    pub(crate) answered: u64,
    /// Of these, how many were told to come again.
    pub(crate) busy: u64,
}

impl Sub for Answers {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { answered: self.answered - before.answered, busy: self.busy - before.busy }
    }
}

#[derive(Default)]
struct Shared {
    next: AtomicUsize,
    answered: AtomicU64,
    busy: AtomicU64,
    is_over: AtomicBool,
}

/// Strangers of one kind, on a thread of their own.
pub(crate) struct Crowd {
    shared: Arc<Shared>,
    thread: thread::JoinHandle<()>,
}

impl Crowd {
    /// Begins the sign-ins that they need for so many milliseconds, then lets them loose.
    pub(crate) fn start(stranger: Stranger, address: SocketAddr, millis: u64) -> Self {
        let shared = Arc::<Shared>::default();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        // What is under way when the time is over needs some as well.
        let requests = usize::try_from(u64::from(PER_SECOND) * (millis + 1_000) / 1_000).unwrap();
        let begun: Arc<[SignIn]> = runtime.block_on(async {
            let mut wire = Wire::open(address).await;
            let mut begun = Vec::new();
            for _ in 0..stranger.sign_ins(requests) {
                begun.push(SignIn::begin(&mut wire).await);
            }
            begun.into()
        });
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                let start = Instant::now();
                let one = |number: u32| {
                    let first = start + Duration::from_secs(1) * number / PER_SECOND;
                    ask(stranger, address, first, Arc::clone(&begun), Arc::clone(&theirs))
                };
                (0..CONNECTIONS).map(one).collect::<JoinSet<()>>().join_all().await;
            });
        });
        Self { shared, thread }
    }

    /// What they were answered until now.
    pub(crate) fn so_far(&self) -> Answers {
        let [answered, busy] =
            [&self.shared.answered, &self.shared.busy].map(|count| count.load(Ordering::Relaxed));
        Answers { answered, busy }
    }

    /// Ends them, once each has its last answer.
    pub(crate) fn stop(self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        self.thread.join().expect("no panic");
    }
}

/// Asks on one connection, beat by beat from `first` on. Who is answered late leaves beats out.
async fn ask(
    stranger: Stranger,
    address: SocketAddr,
    first: Instant,
    begun: Arc<[SignIn]>,
    shared: Arc<Shared>,
) {
    let mut beats = interval_at(first, Duration::from_secs(1) * CONNECTIONS / PER_SECOND);
    beats.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut wire = Wire::open(address).await;
    loop {
        beats.tick().await;
        if shared.is_over.load(Ordering::Relaxed) {
            return;
        }
        let Some(request) = stranger.request(shared.next.fetch_add(1, Ordering::Relaxed), &begun) else {
            return;
        };
        let answer = async {
            wire.send(request).await?;
            wire.head().await
        };
        match answer.await {
            Ok(head) => {
                wire.sum().await;
                shared.answered.fetch_add(1, Ordering::Relaxed);
                shared.busy.fetch_add(u64::from(head.starts_with("HTTP/1.1 503")), Ordering::Relaxed);
            }
            // Some answers end their connection.
            Err(_) => wire = Wire::open(address).await,
        }
    }
}
