//! An API on a TCP port, for the token proxy to forward to: it keeps what it hears, and answers as it is told.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::wire::{self, Sum, Wire};

/// What is answered at a path.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These bytes after the request's body was read, with the access token in the place of `$TOKEN`.
    Bytes(String),
    /// These bytes before any of it is read; the rest is read after.
    Early(String),
    /// A body of so many bytes of filler, with its length.
    Filler(u64),
    /// A body of two pieces; the second comes when the test says [`Upstream::go_on`].
    TwoPieces,
    /// Half of a body with a length, and the connection is reset.
    HalfOfLength,
    /// Half of a chunked body, and the connection is closed.
    HalfOfChunks,
    /// Nothing, and the request's body is not read until the test says [`Upstream::go_on`].
    Wait,
    /// Nothing, for ever.
    Silence,
    /// The connection is closed without a word.
    Close,
}

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// The first line and the headers.
    pub head: String,
    /// The beginning of the body.
    pub body: Vec<u8>,
    /// All of the body.
    pub sum: Sum,
}

impl Heard {
    /// Method and target.
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1")
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        wire::header(&self.head, name)
    }

    /// The access token.
    pub fn token(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }
}

/// An API that hears and answers.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    answers: Mutex<HashMap<String, Answer>>,
    heard: Mutex<Vec<Heard>>,
    heads: AtomicUsize,
    sent: AtomicU64,
    received: AtomicU64,
    hung_up: AtomicUsize,
    go_on: Semaphore,
}

impl Upstream {
    /// Listens on a port of its own.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared {
            answers: Mutex::default(),
            heard: Mutex::default(),
            heads: AtomicUsize::new(0),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            hung_up: AtomicUsize::new(0),
            go_on: Semaphore::new(0),
        };
        let this = Self { address, shared: Arc::new(shared) };
        let serving = this.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move {
                    let mut wire = Wire::on(stream);
                    while serving.serve(&mut wire).await.is_ok() {}
                });
            }
        });
        this
    }

    /// Its address with a path in front.
    pub fn url(&self, base: &str) -> String {
        format!("http://{}{base}", self.address)
    }

    /// What is answered at this path from now on.
    ///
    /// # Panics
    /// When a lock is poisoned.
    pub fn at(&self, path: &str, answer: Answer) {
        self.shared.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    /// The same for an answer with these header lines and a short body.
    pub fn with_headers(&self, path: &str, status: &str, headers: &str) {
        let body = "from the upstream";
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n");
        self.at(path, Answer::Bytes(format!("{head}{body}")));
    }

    /// Every request that was heard to its end, or to where it broke off.
    ///
    /// # Panics
    /// When a lock is poisoned.
    pub fn heard(&self) -> Vec<Heard> {
        self.shared.heard.lock().unwrap().clone()
    }

    /// How many requests began.
    pub fn heads(&self) -> usize {
        self.shared.heads.load(Ordering::Relaxed)
    }

    /// How much filler was written so far.
    pub fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }

    /// How much of bodies was read so far.
    pub fn received(&self) -> u64 {
        self.shared.received.load(Ordering::Relaxed)
    }

    /// How often the other side hung up in the middle of an answer or of a body.
    pub fn hung_up(&self) -> usize {
        self.shared.hung_up.load(Ordering::Relaxed)
    }

    /// Lets whoever waits go on, once.
    pub fn go_on(&self) {
        self.shared.go_on.add_permits(1);
    }

    async fn gone_on(&self) {
        if let Ok(permit) = self.shared.go_on.acquire().await {
            permit.forget();
        }
    }

    /// One request.
    async fn serve(&self, wire: &mut Wire) -> io::Result<()> {
        let head = wire.head().await?;
        self.shared.heads.fetch_add(1, Ordering::Relaxed);
        let path =
            head.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
        let answer = self.shared.answers.lock().unwrap().get(&path).cloned();
        if let Some(Answer::Early(bytes)) = &answer {
            wire.send(bytes).await?;
        }
        if let Some(Answer::Wait) = answer {
            self.gone_on().await;
        }
        let whole = self.hear(wire, head).await;
        let done =
            if whole { self.answer(wire, answer).await } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        if !matches!(&done, Err(error) if error.kind() == io::ErrorKind::Other) && done.is_err() {
            self.shared.hung_up.fetch_add(1, Ordering::Relaxed);
        }
        done
    }

    /// Reads the body; whether it is whole.
    async fn hear(&self, wire: &mut Wire, head: String) -> bool {
        let mut heard = Heard { head, ..Heard::default() };
        heard.sum.whole = loop {
            match wire.piece().await {
                Ok(Some(piece)) => {
                    self.shared.received.fetch_add(piece.len() as u64, Ordering::Relaxed);
                    heard.sum.add(&piece);
                    if heard.body.len() < 64 * 1024 {
                        heard.body.extend_from_slice(&piece);
                    }
                }
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        let whole = heard.sum.whole;
        self.shared.heard.lock().unwrap().push(heard);
        whole
    }

    async fn answer(&self, wire: &mut Wire, answer: Option<Answer>) -> io::Result<()> {
        // An error of this kind closes the connection on purpose.
        let close = || Err(io::Error::other("closed on purpose"));
        match answer {
            None => wire.send("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 17\r\n\r\nfrom the upstream").await,
            Some(Answer::Bytes(bytes)) => {
                let heard = self.heard().pop().unwrap_or_default();
                wire.send(bytes.replace("$TOKEN", heard.token().unwrap_or_default())).await
            }
            Some(Answer::Early(_)) => Ok(()),
            Some(Answer::Wait) => wire.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await,
            Some(Answer::Filler(bytes)) => {
                wire.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n")).await?;
                let piece = wire::filler();
                let mut left = bytes;
                while left > 0 {
                    let length = usize::try_from(left.min(piece.len() as u64)).unwrap_or_default();
                    wire.send(&piece[..length]).await?;
                    self.shared.sent.fetch_add(length as u64, Ordering::Relaxed);
                    left -= length as u64;
                }
                Ok(())
            }
            Some(Answer::TwoPieces) => {
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
                wire.send(format!("{head}7\r\ndata: 1\r\n")).await?;
                tokio::select! {
                    () = self.gone_on() => wire.send("7\r\ndata: 2\r\n0\r\n\r\n").await,
                    () = wire.hung_up() => Err(io::ErrorKind::UnexpectedEof.into()),
                }
            }
            Some(Answer::HalfOfLength) => {
                wire.send("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n0123456789").await?;
                close()
            }
            Some(Answer::HalfOfChunks) => {
                wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n").await?;
                close()
            }
            Some(Answer::Silence) => {
                wire.hung_up().await;
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            Some(Answer::Close) => close(),
        }
    }
}
