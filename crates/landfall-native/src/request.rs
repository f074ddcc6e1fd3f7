//! Reads a browser's request as far as the listener needs it: the head, and no more.

use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest head, in bytes: an authorization response is a few kilobytes at most.
const LONGEST: usize = 32 * 1024;
const HEADERS: usize = 64;

/// The parts of a request that the listener looks at.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) host: Option<String>,
}

/// Reads a head; `None` for what is no HTTP/1 request.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Request> {
    let mut head = Vec::new();
    let mut buffer = [0; 2048];
    loop {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        // The end may have begun in what came before.
        let looked_at = head.len().saturating_sub(3);
        head.extend_from_slice(buffer.get(..count)?);
        if head.get(looked_at..)?.windows(4).any(|end| end == b"\r\n\r\n") {
            return parse(&head);
        }
        if head.len() > LONGEST {
            return None;
        }
    }
}

fn parse(head: &[u8]) -> Option<Request> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    if !request.parse(head).ok()?.is_complete() {
        return None;
    }
    let (path, query) = request.path?.split_once('?').unwrap_or((request.path?, ""));
    let mut hosts = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host"));
    let host = hosts.next().and_then(|header| std::str::from_utf8(header.value).ok());
    Some(Request {
        method: request.method?.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        // Two name none (RFC 9112 §3.2).
        host: host.filter(|_| hosts.next().is_none()).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn a_head_is_read_whole_and_garbage_is_none() {
        let mut good: &[u8] = b"GET /callback?code=a&state=b HTTP/1.1\r\nHost: 127.0.0.1:4000\r\n\r\n";
        let request = read(&mut good).await.unwrap();
        assert_eq!((request.path.as_str(), request.query.as_str()), ("/callback", "code=a&state=b"));
        assert_eq!(request.host.as_deref(), Some("127.0.0.1:4000"));
        for bad in
            [&b""[..], b"GET", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n"]
        {
            assert_eq!(read(&mut &*bad).await, None);
        }
        let long = vec![b'x'; 100_000];
        assert_eq!(read(&mut long.as_slice()).await, None);
        let mut two: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n";
        assert_eq!(read(&mut two).await.unwrap().host, None);
    }

    #[tokio::test]
    async fn a_head_without_an_end_is_given_up() {
        let most = 64 * LONGEST as u64;
        let mut endless = tokio::io::repeat(b'x').take(most);
        assert_eq!(read(&mut endless).await, None);
        assert!(most - endless.limit() < 2 * LONGEST as u64);
    }

    #[tokio::test]
    async fn a_head_that_comes_byte_by_byte_is_the_same() {
        let whole = b"GET /callback HTTP/1.1\r\nHost: a\r\n\r\n";
        let (mut here, mut there) = tokio::io::duplex(1);
        let sending = tokio::spawn(async move { here.write_all(whole).await });
        assert_eq!(read(&mut there).await, read(&mut &whole[..]).await);
        sending.await.unwrap().unwrap();
    }
}
