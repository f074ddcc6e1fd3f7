//! The rows of `token_endpoint.json` that happen below HTTP, met by the stock client over TCP.

use std::io::Write as _;
use std::time::{Duration, Instant};

use landfall_testkit::{Endpoint, Fault};
use landfall_tests::{RawProvider, Script, SessionKind, TlsPort, World, on_both_frameworks};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::support::{Ask, ask, pending, sign_in, whoami};
use crate::token_endpoint::{Case, table, verdict};

const TOKEN: &str = "/oauth2/token";
const JSON_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

on_both_frameworks! {
    async fn every_fault_of_the_transport_ends_a_sign_in_cleanly_and_in_time(framework) {
        let mut failures = Vec::new();
        let mut count = 0;
        for case in table() {
            let Some(transport) = &case.transport else { continue };
            count += 1;
            let mut world = World::new(framework, SessionKind::Cookie).await;
            let wrong = meet(&mut world, &case, transport).await;
            failures.extend(wrong.into_iter().map(|wrong| format!("{} {}: {wrong}", case.id, case.name)));
        }
        assert!(count > 20);
        assert!(failures.is_empty(), "{framework:?}\n{}", failures.join("\n"));
    }

    async fn a_token_endpoint_behind_tls_is_reached_when_its_certificate_is_good(framework) {
        let mut world = World::new(framework, SessionKind::Cookie).await;
        let raw = RawProvider::start().await;
        let tls = TlsPort::start(&raw, "localhost").await;
        raw.provider.inject_always(token_endpoint_at(format!("https://localhost:{}{TOKEN}", tls.address.port())));
        world.switch_to(raw.relying_party().ca_file(pem_file(&tls))).await;
        world.browser.route(raw.provider.issuer(), &raw.provider).unwrap();
        sign_in(&world.browser).await;
        assert_eq!((raw.calls(TOKEN), tls.handshakes()), (1, 1));
    }
}

/// A fault that is ready to happen, and what keeps it so.
#[derive(Default)]
struct Ready {
    held: Vec<TcpStream>,
    listener: Option<TcpListener>,
    evil: Option<TcpListener>,
    tls: Option<TlsPort>,
    ca: bool,
    nothing_came: bool,
}

async fn meet(world: &mut World, case: &Case, transport: &str) -> Vec<String> {
    let raw = RawProvider::start().await;
    let ready = prepare(&raw, case, transport).await;
    let mut builder = raw.relying_party();
    if let (true, Some(tls)) = (ready.ca, &ready.tls) {
        builder = builder.ca_file(pem_file(tls));
    }
    world.switch_to(builder).await;
    let browser = world.other_browser();
    browser.route(raw.provider.issuer(), &raw.provider).unwrap();

    let begun = Instant::now();
    let (answer, who) = if transport == "redirect_discovery" {
        (ask(&browser, Ask::get("/dashboard")).await, whoami(&browser).await)
    } else {
        let attempt = pending(&browser).await;
        let callback =
            attempt.callback().replace("https%3A%2F%2Fop.example", &escaped(raw.provider.issuer()));
        (ask(&browser, Ask::get(callback)).await, whoami(&browser).await)
    };
    let mut wrong = verdict(case, &answer, raw.calls(TOKEN), &who);
    // The deadline of the exchange is two seconds; a machine with much to do gets some more.
    if begun.elapsed() > Duration::from_secs(10) {
        wrong.push(format!("it took {:?}", begun.elapsed()));
    }
    if let Some(evil) = &ready.evil {
        let knocked = tokio::time::timeout(Duration::from_millis(1), evil.accept()).await.is_ok();
        wrong.extend(knocked.then(|| "the redirect was followed".to_owned()));
    }
    wrong.extend((raw.calls("/token2") > 0).then(|| "the redirect was followed".to_owned()));
    if ready.tls.as_ref().is_some_and(|tls| tls.handshakes() == 0) || ready.nothing_came {
        wrong.push("the fault was never met".to_owned());
    }
    drop((ready.held, ready.listener));
    raw.clear();
    raw.wait(Duration::from_secs(2 * 3600));
    sign_in(&browser).await;
    wrong
}

async fn prepare(raw: &RawProvider, case: &Case, transport: &str) -> Ready {
    let mut ready = Ready::default();
    let bytes = |text: String| Script::Bytes(text.into_bytes());
    let script = match transport {
        "one_byte_chunks" => Script::OneByteChunks,
        "silence" => Script::Silence,
        "reset" => Script::Reset,
        "stale" => Script::Close,
        "short" => bytes(format!("{JSON_HEAD}content-length: 500\r\n\r\n{{\"access_token\":\"a\"")),
        "short_chunked" => {
            bytes(format!("{JSON_HEAD}transfer-encoding: chunked\r\n\r\n10\r\n{{\"access_token\":\r\n"))
        }
        "hints" => bytes("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(10_000)),
        "long_header" => Script::WithHeader(format!("x: {}\r\n", "a".repeat(65_536))),
        "gzip" => compressed(1),
        // Ten megabytes a piece; all of them are less than the cap as they come.
        "gzip_bomb" => compressed(100),
        "endless" => {
            let chunk = [b"10000\r\n".as_slice(), &b" ".repeat(0x10000), b"\r\n"].concat();
            Script::Endless(format!("{JSON_HEAD}transfer-encoding: chunked\r\n\r\n").into_bytes(), chunk)
        }
        "redirect" | "redirect_protocol_relative" | "redirect_discovery" => {
            let evil = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let scheme = if transport == "redirect_protocol_relative" { "" } else { "http:" };
            let to = format!("{scheme}//{}/token", evil.local_addr().unwrap());
            ready.evil = Some(evil);
            bytes(redirect(case.status.unwrap(), &to))
        }
        "redirect_internal" => bytes(redirect(302, "http://169.254.169.254/")),
        "redirect_same_origin" => bytes(redirect(308, "/token2")),
        elsewhere => {
            token_endpoint_elsewhere(raw, &mut ready, elsewhere).await;
            return ready;
        }
    };
    let path = if transport == "redirect_discovery" { Endpoint::Discovery.path() } else { TOKEN };
    raw.script(path, script);
    ready
}

/// Faults that leave no trace in HTTP: the token endpoint is another port.
async fn token_endpoint_elsewhere(raw: &RawProvider, ready: &mut Ready, transport: &str) {
    let endpoint = match transport {
        "refused" => {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            format!("http://{}{TOKEN}", listener.local_addr().unwrap())
        }
        "blackhole" => {
            // A queue that is full: the kernel answers no more connections.
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let listener = socket.listen(1).unwrap();
            let address = listener.local_addr().unwrap();
            while let Ok(Ok(stream)) =
                tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(address)).await
            {
                ready.held.push(stream);
            }
            ready.listener = Some(listener);
            format!("http://{address}{TOKEN}")
        }
        "tls_old" => {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    // What a server that stopped at TLS 1.0 says: alert, fatal, protocol_version.
                    let _ = stream.write_all(&[0x15, 3, 1, 0, 2, 2, 70]).await;
                }
            });
            format!("https://localhost:{}{TOKEN}", address.port())
        }
        "tls_wrong_host" | "tls_self_signed" => {
            ready.ca = transport == "tls_wrong_host";
            let name = if ready.ca { "other.example" } else { "localhost" };
            let tls = TlsPort::start(raw, name).await;
            let endpoint = format!("https://localhost:{}{TOKEN}", tls.address.port());
            ready.tls = Some(tls);
            endpoint
        }
        other => panic!("no such transport: {other}"),
    };
    raw.provider.inject_always(token_endpoint_at(endpoint));
}

fn token_endpoint_at(url: String) -> Fault {
    Fault::json(Endpoint::Discovery, move |document| {
        document.insert("token_endpoint".to_owned(), Value::String(url.clone()));
    })
}

fn redirect(status: u16, to: &str) -> String {
    format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {to}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
}

fn compressed(times: usize) -> Script {
    let body = include_bytes!("../../data/zeros.gz").repeat(times);
    let head = format!("{JSON_HEAD}content-encoding: gzip\r\ncontent-length: {}\r\n\r\n", body.len());
    Script::Bytes([head.as_bytes(), &body].concat())
}

fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The authority in a file, as the builder wants it.
fn pem_file(tls: &TlsPort) -> std::path::PathBuf {
    let path =
        std::env::temp_dir().join(format!("landfall-{}-{}.pem", std::process::id(), tls.address.port()));
    std::fs::File::create(&path).unwrap().write_all(tls.authority.as_bytes()).unwrap();
    path
}
