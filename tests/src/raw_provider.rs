//! A provider on a real TCP port that answers as it should, byte for byte, until it is told not to.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use landfall::{Clock, CookieKey, RelyingParty, RelyingPartyBuilder};
use landfall_testkit::{Client, LocalProvider, TestBed, VirtualClock};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::BASE_URL;

/// What happens in the place of an answer.
#[derive(Clone, Debug)]
pub enum Script {
    /// These bytes, and the connection is closed.
    Bytes(Vec<u8>),
    /// The connection is closed without a word, though it served a request before.
    Close,
    /// These bytes, then others over and over until the client has had enough.
    Endless(Vec<u8>, Vec<u8>),
    /// The correct answer, one byte a chunk.
    OneByteChunks,
    /// Half of the correct answer, and the connection is reset.
    Reset,
    /// The connection stays open, and nothing comes.
    Silence,
    /// The correct answer with this header.
    WithHeader(String),
}

/// A provider on TCP.
#[derive(Clone, Debug)]
pub struct RawProvider {
    /// The provider that knows the correct answers.
    pub provider: LocalProvider,
    /// Where it listens.
    pub address: SocketAddr,
    clock: VirtualClock,
    scripts: Arc<Mutex<HashMap<String, Script>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl RawProvider {
    /// Listens on a port of its own.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock = VirtualClock::default();
        let client = Client::new(TestBed::CLIENT_ID)
            .secret(TestBed::CLIENT_SECRET)
            .redirect_uri(format!("{BASE_URL}/auth/callback"));
        let provider = LocalProvider::builder()
            .issuer(format!("http://{address}"))
            .client(client)
            .clock(Arc::new(clock.clone()))
            .auto_sign_in("ada")
            .in_process()
            .unwrap();
        let this = Self { provider, address, clock, scripts: Arc::default(), seen: Arc::default() };
        let serving = this.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve_tcp(stream).await });
            }
        });
        this
    }

    /// A relying party that reaches it by the stock client, with short deadlines.
    ///
    /// # Panics
    /// When there is no randomness.
    pub fn relying_party(&self) -> RelyingPartyBuilder {
        RelyingParty::builder(self.provider.issuer())
            .client(TestBed::CLIENT_ID, TestBed::CLIENT_SECRET)
            .base_url(BASE_URL)
            .cookie_keys([CookieKey::generate().unwrap()])
            .clock(Arc::new(self.clock.clone()))
            .http_timeouts(Duration::from_millis(700), Duration::from_secs(2))
    }

    /// What happens at this path from now on.
    ///
    /// # Panics
    /// When a lock is poisoned.
    pub fn script(&self, path: &str, script: Script) {
        self.scripts.lock().unwrap().insert(path.to_owned(), script);
    }

    /// Answers as it should from now on.
    ///
    /// # Panics
    /// When a lock is poisoned.
    pub fn clear(&self) {
        self.scripts.lock().unwrap().clear();
        self.provider.clear();
    }

    /// How often this path was asked for over TCP.
    ///
    /// # Panics
    /// When a lock is poisoned.
    pub fn calls(&self, path: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|seen| *seen == path).count()
    }

    /// The clock of the provider and the relying party.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    /// Lets time pass for the provider and the relying party.
    pub fn wait(&self, span: Duration) {
        self.clock.advance(span);
    }

    async fn serve_tcp(&self, mut stream: TcpStream) {
        if let Some(Script::Reset) = self.serve_one(&mut stream).await {
            // What was not sent yet is thrown away, and the other side hears of a reset.
            let _ = stream.set_zero_linger();
        }
    }

    /// Serves a connection of any kind, one request after the other.
    pub async fn serve(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        self.serve_one(&mut stream).await;
        let _ = stream.shutdown().await;
    }

    /// Serves requests until a script or the client ends it; the script, if there was one.
    async fn serve_one(&self, stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Option<Script> {
        loop {
            let mut request = read_request(stream).await?;
            let path = request.uri().path().to_owned();
            *request.uri_mut() = format!("{}{}", self.provider.issuer(), request.uri()).parse().ok()?;
            self.seen.lock().unwrap().push(path.clone());
            let script = self.scripts.lock().unwrap().get(&path).cloned();
            let response = match &script {
                None | Some(Script::OneByteChunks | Script::Reset | Script::WithHeader(_)) => {
                    self.provider.http_client().send(request).await.ok()?
                }
                Some(_) => http::Response::new(Bytes::new()),
            };
            let Some(script) = script else {
                stream.write_all(&plain(&response, "", true)).await.ok()?;
                continue;
            };
            // Whoever hangs up early loses the rest, and that is all.
            let _ = play(stream, &script, &response).await;
            return Some(script);
        }
    }
}

async fn play(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    script: &Script,
    response: &http::Response<Bytes>,
) -> std::io::Result<()> {
    match script {
        Script::Bytes(bytes) => stream.write_all(bytes).await?,
        Script::Close => {}
        Script::Endless(head, more) => {
            stream.write_all(head).await?;
            loop {
                stream.write_all(more).await?;
            }
        }
        Script::OneByteChunks => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n").await?;
            for byte in response.body() {
                stream.write_all(&[b'1', b'\r', b'\n', *byte, b'\r', b'\n']).await?;
            }
            stream.write_all(b"0\r\n\r\n").await?;
        }
        Script::Reset => {
            let whole = plain(response, "", true);
            stream.write_all(&whole[..whole.len() - response.body().len() / 2]).await?;
        }
        Script::Silence => {
            let mut rest = [0; 16];
            // Until the client hangs up.
            let _ = stream.read(&mut rest).await;
        }
        Script::WithHeader(header) => stream.write_all(&plain(response, header, false)).await?,
    }
    stream.flush().await
}

fn plain(response: &http::Response<Bytes>, extra: &str, keep: bool) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {}\r\ncontent-length: {}\r\n", response.status(), response.body().len());
    for (name, value) in response.headers() {
        if name != "content-length" {
            let _ = write!(head, "{name}: {}\r\n", value.to_str().unwrap_or_default());
        }
    }
    head.push_str(extra);
    head.push_str(if keep { "\r\n" } else { "connection: close\r\n\r\n" });
    [head.as_bytes(), response.body()].concat()
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<http::Request<Bytes>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let text = String::from_utf8(head).ok()?;
    let mut lines = text.lines();
    let mut first = lines.next()?.split(' ');
    let mut request = http::Request::builder().method(first.next()?).uri(first.next()?);
    let mut length = 0;
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
        request = request.header(name, value.trim());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    request.body(Bytes::from(body)).ok()
}
