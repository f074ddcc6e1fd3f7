//! The loopback listener: there for one answer, and gone (RFC 8252 §7.3, §8.3).

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_LENGTH;
use landfall::Reply;
use landfall::native::{Attempt, Engine};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};

use crate::error::NativeError;
use crate::request::{self, Request};

/// The path of the redirect URI.
const PATH: &str = "/callback";
/// So long a connection may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many may be about it at a time.
const AT_ONCE: usize = 16;

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
        let four = SocketAddr::from((Ipv4Addr::LOCALHOST, number));
        let listener = match TcpListener::bind(four).await {
            // A machine without IPv4 (RFC 8252 §7.3).
            Err(error)
                if matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported) =>
            {
                TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, number))).await
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
        let slots = Arc::new(Semaphore::new(AT_ONCE));
        let mut connections = tokio::task::JoinSet::new();
        loop {
            tokio::select! {
                biased;
                Some(answer) = answers.recv() => return Ok(answer),
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept(), if slots.available_permits() > 0 => {
                    // One that was gone again before it was taken says nothing of the next.
                    let Ok((stream, _)) = accepted else { continue };
                    let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else { continue };
                    let (authority, attempt, sender) = (self.authority.clone(), Arc::clone(&attempt), sender.clone());
                    connections.spawn(async move {
                        let _slot = slot;
                        // Whoever says nothing is not waited for.
                        let _ = tokio::time::timeout(PATIENCE, serve(stream, &authority, &attempt, &sender)).await;
                    });
                }
            }
        }
    }
}

async fn serve(mut stream: TcpStream, authority: &str, attempt: &Attempt, answers: &mpsc::Sender<Answered>) {
    let Some(request) = request::read(&mut stream).await else {
        return write(&mut stream, Engine::page(400, "Not understood", "This is no request.", None)).await;
    };
    match refused(&request, authority, attempt) {
        Some(page) => write(&mut stream, page).await,
        // The first one counts; who comes second finds the door closed.
        None => drop(answers.try_send(Answered { query: request.query, stream })),
    }
}

/// The page for everything that is not the answer.
fn refused(request: &Request, authority: &str, attempt: &Attempt) -> Option<Reply> {
    // By another name, a page of somewhere else has had it resolved to here.
    if request.host.as_deref() != Some(authority) {
        return Some(Engine::page(400, "Unknown address", "There is nothing here by this name.", None));
    }
    if request.path != PATH {
        return Some(Engine::page(404, "Not found", "There is nothing here.", None));
    }
    if request.method != "GET" {
        return Some(Engine::page(405, "Not possible here", "This address takes no such request.", None));
    }
    if !attempt.is_answered_by(&request.query) {
        return Some(Engine::page(
            400,
            "Not this sign-in",
            "This is not the answer that is waited for.",
            None,
        ));
    }
    None
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
