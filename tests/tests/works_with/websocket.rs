//! A WebSocket (RFC 6455), by hand: the handshake with what cookies there are, and one message there and back.

use std::net::SocketAddr;

use landfall_testkit::Browser;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::drive::Place;

/// The status of a handshake of this browser's, and what comes back for "hello" where it is a 101.
pub(crate) async fn say_hello(place: &Place, browser: &Browser, path: &str) -> (u16, Option<String>) {
    let (status, mut connection) = shake_hands(place, browser, path).await;
    if status != 101 {
        return (status, None);
    }
    (status, Some(answer_to_hello(&mut connection).await))
}

/// A connection, and the status of the handshake on it.
pub(crate) async fn shake_hands(place: &Place, browser: &Browser, path: &str) -> (u16, BufReader<TcpStream>) {
    let cookies = browser.cookies_for(place.bed.base_url()).unwrap();
    let cookies: Vec<_> = cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
    let mut connection = connect(place.address()).await;
    let handshake = format!(
        "GET {path} HTTP/1.1\r\nhost: app.example.com\r\norigin: {}\r\ncookie: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-fetch-site: same-origin\r\nsec-fetch-mode: websocket\r\n\r\n",
        place.bed.base_url(),
        cookies.join("; "),
    );
    connection.write_all(handshake.as_bytes()).await.unwrap();
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(connection.read_line(&mut head).await.unwrap(), 0, "{head}");
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, connection)
}

pub(crate) async fn answer_to_hello(connection: &mut BufReader<TcpStream>) -> String {
    // A whole text message of five bytes, masked with zeroes; the answer is not masked (§5.2).
    let mut frame = vec![0x81, 0x80 | 5, 0, 0, 0, 0];
    frame.extend_from_slice(b"hello");
    connection.write_all(&frame).await.unwrap();
    let mut head = [0; 2];
    connection.read_exact(&mut head).await.unwrap();
    assert_eq!(head[0], 0x81);
    let mut answer = vec![0; usize::from(head[1])];
    connection.read_exact(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// The code of the frame that closes it (§5.5.1), which comes next.
pub(crate) async fn close_code(connection: &mut BufReader<TcpStream>) -> u16 {
    let mut head = [0; 4];
    connection.read_exact(&mut head).await.unwrap();
    assert_eq!(head[0], 0x88);
    u16::from_be_bytes([head[2], head[3]])
}

async fn connect(address: SocketAddr) -> BufReader<TcpStream> {
    BufReader::new(TcpStream::connect(address).await.unwrap())
}
