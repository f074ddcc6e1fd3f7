//! The loopback listener: it is there for the answer to one sign-in, and then gone (RFC 8252 §7.3, §8.3).

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_LENGTH;
use landfall::adapter::Reply;
use landfall::native::{Attempt, NativeRelyingParty};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use crate::error::NativeError;
use crate::request::{self, Request};

/// The path of the redirect URI.
const PATH: &str = "/callback";
/// How long a connection may take to send its request.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many connections are served at a time. When one more comes, the oldest is closed.
const AT_ONCE: usize = 16;
/// How much of a request is read after its head, in bytes: a sender that is cut off hears a reset instead of the answer.
const MOST_REST: u64 = 256 * 1024;
/// How long to wait after a connection could not be accepted.
const BREATH: Duration = Duration::from_millis(20);

/// Listens on loopback alone.
#[derive(Debug)]
pub(crate) struct Listener {
    listener: TcpListener,
    authority: String,
}

/// An answer to the sign-in, and whoever waits for a page.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) query: String,
    stream: TcpStream,
}

impl Listener {
    /// On this port, or on one that the system chooses.
    pub(crate) async fn bind(port: Option<u16>) -> Result<Self, NativeError> {
        let number = port.unwrap_or(0);
        let four = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, number))).await;
        let listener = match four {
            // A machine without IPv4 (RFC 8252 §7.3), which every system says in words of its own.
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, number))).await.map_err(|_| error)
            }
            bound => bound,
        };
        let listener = listener.map_err(|error| match (error.kind(), port) {
            (io::ErrorKind::AddrInUse, Some(port)) => NativeError::PortTaken(port),
            _ => NativeError::Listener(error),
        })?;
        let authority = listener.local_addr().map_err(NativeError::Listener)?.to_string();
        Ok(Self { listener, authority })
    }

    /// The redirect URI, to be used byte for byte.
    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://{}{PATH}", self.authority)
    }

    /// Waits for the answer to this sign-in. Whatever else comes gets a page and changes nothing. The listener is
    /// closed when this is done, and when it is dropped.
    pub(crate) async fn answer(self, attempt: Arc<Attempt>) -> Result<Answered, NativeError> {
        let (sender, mut answers) = mpsc::channel(1);
        let mut connections = JoinSet::new();
        let mut oldest_first = VecDeque::<AbortHandle>::new();
        loop {
            tokio::select! {
                biased;
                Some(answer) = answers.recv() => return Ok(answer),
                Some(_) = connections.join_next() => oldest_first.retain(|connection| !connection.is_finished()),
                accepted = self.listener.accept() => {
                    let Ok((stream, _)) = accepted else {
                        // Gone again before it was taken, or no file descriptor is left: others may be, soon.
                        tokio::time::sleep(BREATH).await;
                        continue;
                    };
                    // Else whoever says nothing, over and over, would keep the browser out.
                    if oldest_first.len() >= AT_ONCE && let Some(oldest) = oldest_first.pop_front() {
                        oldest.abort();
                    }
                    let (authority, attempt, sender) = (self.authority.clone(), Arc::clone(&attempt), sender.clone());
                    oldest_first.push_back(connections.spawn(async move {
                        // Whoever says nothing is not waited for.
                        let _ = tokio::time::timeout(PATIENCE, serve(stream, &authority, &attempt, &sender)).await;
                    }));
                }
            }
        }
    }
}

async fn serve(mut stream: TcpStream, authority: &str, attempt: &Attempt, answers: &mpsc::Sender<Answered>) {
    let page = match request::read(&mut stream).await {
        None => NativeRelyingParty::page(400, "Not understood", "This is no request.", None),
        Some(request) => match refused(&request, authority, attempt) {
            Some(page) => page,
            // The first one counts; who comes second finds the door closed.
            None => return drop(answers.try_send(Answered { query: request.query, stream })),
        },
    };
    write(&mut stream, page).await;
    let _ = tokio::io::copy(&mut stream.take(MOST_REST), &mut tokio::io::sink()).await;
}

/// The page for everything that is not the answer.
fn refused(request: &Request, authority: &str, attempt: &Attempt) -> Option<Reply> {
    // By another name, a page of somewhere else has had it resolved to here.
    if !request.host.as_deref().is_some_and(|host| names(host, authority)) {
        return Some(NativeRelyingParty::page(
            400,
            "Unknown address",
            "There is nothing here by this name.",
            None,
        ));
    }
    if request.path != PATH {
        return Some(NativeRelyingParty::page(404, "Not found", "There is nothing here.", None));
    }
    if request.method != "GET" {
        return Some(NativeRelyingParty::page(
            405,
            "Not possible here",
            "This address takes no such request.",
            None,
        ));
    }
    if !attempt.is_answered_by(&request.query) {
        return Some(NativeRelyingParty::page(
            400,
            "Not this sign-in",
            "This is not the answer that is waited for.",
            None,
        ));
    }
    None
}

/// Browsers leave the default port out (RFC 9110 §4.2.3).
fn names(host: &str, authority: &str) -> bool {
    host == authority || authority.strip_suffix(":80") == Some(host)
}

impl Answered {
    /// Shows the person how it ended.
    pub(crate) async fn show(mut self, page: Reply) {
        // The sign-in does not depend on it.
        let _ = tokio::time::timeout(PATIENCE, write(&mut self.stream, page)).await;
    }
}

async fn write(stream: &mut TcpStream, page: Reply) {
    let (mut parts, body) = page.into_parts();
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    let mut head = format!(
        "HTTP/1.1 {} {}\r\nconnection: close\r\n",
        parts.status.as_u16(),
        parts.status.canonical_reason().unwrap_or_default()
    )
    .into_bytes();
    for (name, value) in &parts.headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head.extend_from_slice(&body);
    // Whoever left does not need it.
    let _ = stream.write_all(&head).await;
    let _ = stream.shutdown().await;
}
