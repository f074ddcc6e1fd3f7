//! A network, and what goes wrong there: between an application and its engine, or in front of an application.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Hands on every byte until it is told not to. It ends with the runtime.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    answers: Answers,
}

/// All that came from the target, where somebody wants to know.
type Answers = Option<Arc<Mutex<Vec<u8>>>>;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Weather {
    /// No byte arrives, and nobody is told.
    stalled: bool,
    /// The same for connections that listen for changes.
    channel_stalled: bool,
    /// Every connection is reset at once.
    refusing: bool,
    /// Counts the resets.
    resets: u64,
}

impl Proxy {
    /// A port that leads to `target`.
    ///
    /// # Panics
    /// When there is none.
    pub async fn to(target: SocketAddr) -> Self {
        Self::start(target, None).await
    }

    /// The same, and keeps what the target answers.
    ///
    /// # Panics
    /// When there is no port.
    pub async fn overhearing(target: SocketAddr) -> Self {
        Self::start(target, Some(Arc::default())).await
    }

    async fn start(target: SocketAddr, answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (weather, seen) = watch::channel(Weather::default());
        let heard = answers.clone();
        tokio::spawn(async move {
            while let Ok((inside, _)) = listener.accept().await {
                tokio::spawn(hand_on(inside, target, seen.clone(), heard.clone()));
            }
        });
        Self { address, weather, answers }
    }

    /// What the target has answered so far, one connection's bytes among another's.
    ///
    /// # Panics
    /// When nobody wanted to know.
    pub fn answers(&self) -> String {
        let answers = self.answers.as_ref().expect("one that overhears");
        String::from_utf8_lossy(&answers.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on no byte arrives, on old connections and new ones, and nobody is told.
    pub fn stall(&self) {
        self.weather.send_modify(|weather| weather.stalled = true);
    }

    /// The same for the connections that listen for changes, alone.
    pub fn stall_channel(&self) {
        self.weather.send_modify(|weather| weather.channel_stalled = true);
    }

    /// Resets every connection there is. New ones are served.
    pub fn reset(&self) {
        self.weather.send_modify(|weather| weather.resets += 1);
    }

    /// Resets every connection, and every new one as soon as it comes.
    pub fn refuse(&self) {
        self.weather.send_modify(|weather| weather.refusing = true);
    }

    /// All is well again, and what was held back arrives.
    pub fn clear_up(&self) {
        self.weather.send_modify(|weather| {
            *weather = Weather { resets: weather.resets, ..Weather::default() };
        });
    }
}

async fn hand_on(
    mut inside: TcpStream,
    target: SocketAddr,
    mut seen: watch::Receiver<Weather>,
    answers: Answers,
) {
    let started = *seen.borrow_and_update();
    let Ok(mut outside) = TcpStream::connect(target).await else { return reset(&inside) };
    let ended = hand_on_until_reset(&mut inside, &mut outside, started.resets, seen, answers).await;
    if ended.is_err() {
        reset(&inside);
    }
    // Both are closed by their drop.
}

/// What was not sent yet is thrown away, and the other side hears of a reset.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

async fn hand_on_until_reset(
    inside: &mut TcpStream,
    outside: &mut TcpStream,
    resets: u64,
    mut seen: watch::Receiver<Weather>,
    answers: Answers,
) -> io::Result<()> {
    let ((mut from_inside, mut to_inside), (mut from_outside, mut to_outside)) =
        (inside.split(), outside.split());
    let (mut sent, mut received) = ([0; 4096], [0; 4096]);
    let mut is_channel = false;
    loop {
        let weather = *seen.borrow_and_update();
        if weather.refusing || weather.resets != resets {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let flows = !(weather.stalled || is_channel && weather.channel_stalled);
        tokio::select! {
            biased;
            changed = seen.changed() => if changed.is_err() {
                return Ok(());
            },
            count = from_inside.read(&mut sent), if flows => {
                let bytes = &sent[..count?];
                if bytes.is_empty() {
                    return Ok(());
                }
                is_channel |= listens(bytes);
                to_outside.write_all(bytes).await?;
            }
            count = from_outside.read(&mut received), if flows => {
                let bytes = &received[..count?];
                if bytes.is_empty() {
                    return Ok(());
                }
                if let Some(answers) = &answers {
                    answers.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
                }
                to_inside.write_all(bytes).await?;
            }
        }
    }
}

/// Whether the client asks to hear of changes: by SUBSCRIBE in Redis, by LISTEN in PostgreSQL.
fn listens(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_ascii_uppercase();
    text.contains("SUBSCRIBE") || text.contains("LISTEN")
}
