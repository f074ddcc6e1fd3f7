//! The loopback listener: it is there for the answer to one sign-in, and then gone (RFC 8252 §7.3, §8.3).

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
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
use crate::loopback::{LoopbackHost, LoopbackRedirect};
use crate::request::{self, Request};

/// How often the system is asked for a port that is free at both addresses.
const TRIES: usize = 16;
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
    socket: TcpListener,
    /// At the other address of loopback, where the redirect URI says `localhost`.
    other: Option<TcpListener>,
    here: Arc<Here>,
}

/// Where a request has to come to, by its own words.
#[derive(Debug)]
struct Here {
    /// Host and port, as in the redirect URI.
    authority: String,
    redirect: LoopbackRedirect,
}

/// An answer to the sign-in, and whoever waits for a page.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) query: String,
    stream: TcpStream,
}

impl Listener {
    /// Where this redirect URI leads to, on its port or on one that the system chooses.
    ///
    /// # Errors
    /// When the port is taken, at either address where the name means both, or nothing can be listened on.
    pub(crate) async fn bind(redirect: &LoopbackRedirect) -> Result<Self, NativeError> {
        let port = redirect.port;
        let (listener, other) = match redirect.host {
            LoopbackHost::Either => (either(port).await?, None),
            LoopbackHost::Literal(address) => {
                (on(address, port).await.map_err(|error| not_bound(error, port))?, None)
            }
            LoopbackHost::Localhost => both(port).await?,
        };
        let address = listener.local_addr().map_err(NativeError::Listener)?;
        let authority = match redirect.host {
            LoopbackHost::Localhost => format!("localhost:{}", address.port()),
            LoopbackHost::Either | LoopbackHost::Literal(_) => address.to_string(),
        };
        Ok(Self { socket: listener, other, here: Arc::new(Here { authority, redirect: redirect.clone() }) })
    }

    /// The redirect URI, to be used byte for byte.
    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://{}{}", self.here.authority, self.here.redirect.path)
    }

    async fn accept(&self) -> io::Result<TcpStream> {
        let other = async {
            match &self.other {
                Some(other) => other.accept().await,
                None => std::future::pending().await,
            }
        };
        let accepted = tokio::select! {
            accepted = self.socket.accept() => accepted,
            accepted = other => accepted,
        };
        accepted.map(|(stream, _)| stream)
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
                accepted = self.accept() => {
                    let Ok(stream) = accepted else {
                        // Gone again before it was taken, or no file descriptor is left: others may be, soon.
                        tokio::time::sleep(BREATH).await;
                        continue;
                    };
                    // Else whoever says nothing, over and over, would keep the browser out.
                    if oldest_first.len() >= AT_ONCE && let Some(oldest) = oldest_first.pop_front() {
                        oldest.abort();
                    }
                    let (here, attempt, sender) = (Arc::clone(&self.here), Arc::clone(&attempt), sender.clone());
                    oldest_first.push_back(connections.spawn(async move {
                        // Whoever says nothing is not waited for.
                        let _ = tokio::time::timeout(PATIENCE, serve(stream, &here, &attempt, &sender)).await;
                    }));
                }
            }
        }
    }
}

/// At this address of loopback alone.
async fn on(address: IpAddr, port: Option<u16>) -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((address, port.unwrap_or(0)))).await
}

fn not_bound(error: io::Error, port: Option<u16>) -> NativeError {
    match (error.kind(), port) {
        (io::ErrorKind::AddrInUse, Some(port)) => NativeError::PortTaken(port),
        _ => NativeError::Listener(error),
    }
}

/// At 127.0.0.1, or at ::1 on a machine without IPv4.
async fn either(port: Option<u16>) -> Result<TcpListener, NativeError> {
    let listener = match on(Ipv4Addr::LOCALHOST.into(), port).await {
        // A machine without IPv4 (RFC 8252 §7.3), which every system says in words of its own.
        Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
            on(Ipv6Addr::LOCALHOST.into(), port).await.map_err(|_| error)
        }
        bound => bound,
    };
    listener.map_err(|error| not_bound(error, port))
}

/// At both addresses that `localhost` means, on one port. A browser may try either, and at the one that is not ours
/// another user's program could answer. A machine that lacks one of them has it for nobody, so there the other is enough.
async fn both(port: Option<u16>) -> Result<(TcpListener, Option<TcpListener>), NativeError> {
    let (four, six) = (IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST));
    // A port that was chosen for one address may be taken at the other.
    let mut left = if port.is_some() { 1 } else { TRIES };
    loop {
        left -= 1;
        let first = match on(four, port).await {
            Err(error) if is_nobodys(four, &error) => {
                return Ok((on(six, port).await.map_err(|error| not_bound(error, port))?, None));
            }
            first => first.map_err(|error| not_bound(error, port))?,
        };
        let number = first.local_addr().map_err(NativeError::Listener)?.port();
        match on(six, Some(number)).await {
            Ok(second) => return Ok((first, Some(second))),
            Err(error) if is_nobodys(six, &error) => return Ok((first, None)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && left > 0 => {}
            Err(source) => {
                return Err(NativeError::Localhost { address: SocketAddr::from((six, number)), source });
            }
        }
    }
}

/// Whether the machine has no such address, so that nobody else can listen there either. An error that may be about
/// this program alone says nothing of others.
fn is_nobodys(address: IpAddr, error: &io::Error) -> bool {
    if error.kind() == io::ErrorKind::AddrNotAvailable {
        return true;
    }
    // A program can be kept from a family that the machine has; on Linux the system shows which it has.
    let has_family = cfg!(target_os = "linux") && std::path::Path::new("/proc/net/if_inet6").exists();
    address.is_ipv6() && error.raw_os_error() == Some(NO_SUCH_FAMILY) && !has_family
}

/// `EAFNOSUPPORT`: the system knows no IPv6 at all. The standard library has no name for it.
const NO_SUCH_FAMILY: i32 = if cfg!(windows) {
    10047
} else if cfg!(target_os = "linux") {
    97
} else {
    47
};

async fn serve(mut stream: TcpStream, here: &Here, attempt: &Attempt, answers: &mpsc::Sender<Answered>) {
    let page = match request::read(&mut stream).await {
        None => NativeRelyingParty::page(400, "Not understood", "This is no request.", None),
        Some(request) => match refused(&request, here, attempt) {
            Some(page) => page,
            // The first one counts; who comes second finds the door closed.
            None => return drop(answers.try_send(Answered { query: request.query, stream })),
        },
    };
    write(&mut stream, page).await;
    let _ = tokio::io::copy(&mut stream.take(MOST_REST), &mut tokio::io::sink()).await;
}

/// The page for everything that is not the answer.
fn refused(request: &Request, here: &Here, attempt: &Attempt) -> Option<Reply> {
    // By another name, a page of somewhere else has had it resolved to here.
    if !request.host.as_deref().is_some_and(|host| names(host, &here.authority)) {
        return Some(NativeRelyingParty::page(
            400,
            "Unknown address",
            "There is nothing here by this name.",
            None,
        ));
    }
    if request.path != here.redirect.request_path() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_the_machine_lacks_is_nobodys_and_a_taken_one_may_be_somebodys() {
        // Of the block for documentation (RFC 3849): no machine has it.
        let lacking: IpAddr = "2001:db8::1".parse().unwrap();
        assert!(is_nobodys(lacking, &on(lacking, None).await.unwrap_err()));
        let six = IpAddr::from(Ipv6Addr::LOCALHOST);
        for kind in [io::ErrorKind::AddrInUse, io::ErrorKind::PermissionDenied, io::ErrorKind::Other] {
            assert!(!is_nobodys(six, &kind.into()), "{kind}");
        }
        // Of a family it is not believed where the machine shows that it has it.
        let no_family = io::Error::from_raw_os_error(NO_SUCH_FAMILY);
        assert!(!is_nobodys(Ipv4Addr::LOCALHOST.into(), &no_family));
        let is_here = std::path::Path::new("/proc/net/if_inet6").exists();
        assert!(!is_here || !is_nobodys(six, &no_family));
    }
}
