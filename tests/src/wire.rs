//! HTTP/1.1 byte by byte, for either side: what a well-behaved client or server would not let a test send.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::until::PATIENCE;

/// A connection.
#[derive(Debug)]
pub struct Wire {
    stream: BufReader<TcpStream>,
    left: Left,
}

/// What is still to come of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Nothing,
    Bytes(u64),
    Chunks,
    UntilClosed,
}

/// A body that was read to its end, or to where it broke off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many bytes there were.
    pub bytes: u64,
    /// A number that depends on each of them and its place.
    pub digest: u64,
    /// Whether the end was its end.
    pub whole: bool,
}

impl Sum {
    /// Counts these in.
    pub fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.bytes += 1;
            self.digest = self.digest.wrapping_mul(31).wrapping_add(u64::from(*byte));
        }
    }

    /// The sum of so many bytes of [`filler`].
    pub fn of_filler(bytes: u64) -> Self {
        let mut sum = Self { whole: true, ..Self::default() };
        let piece = filler();
        while sum.bytes < bytes {
            let length = piece.len().min(usize::try_from(bytes - sum.bytes).unwrap_or(usize::MAX));
            sum.add(&piece[..length]);
        }
        sum
    }
}

/// 64 KiB to fill a body with, over and over.
pub fn filler() -> Vec<u8> {
    (0..64 * 1024_u32).map(|n| u8::try_from(n % 251).unwrap_or_default()).collect()
}

impl Wire {
    /// Connects.
    ///
    /// # Panics
    /// When nobody listens.
    pub async fn open(address: SocketAddr) -> Self {
        Self::on(TcpStream::connect(address).await.unwrap())
    }

    /// Speaks on a connection that is there.
    pub fn on(stream: TcpStream) -> Self {
        Self { stream: BufReader::with_capacity(64 * 1024, stream), left: Left::Nothing }
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the other side hung up.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await?;
        self.stream.flush().await
    }

    /// Reads a head with its empty line. The body that follows is as the head says; the answer to a HEAD has none.
    ///
    /// # Errors
    /// When the other side hung up.
    pub async fn head(&mut self) -> io::Result<String> {
        patiently(self.read_head()).await
    }

    async fn read_head(&mut self) -> io::Result<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let is_answer = head.starts_with("HTTP/");
        if is_answer && (head.contains(" 204 ") || head.contains(" 304 ")) {
            self.left = Left::Nothing;
            return Ok(head);
        }
        self.left = match (header(&head, "transfer-encoding"), header(&head, "content-length")) {
            (Some(_), _) => Left::Chunks,
            (None, Some(length)) => Left::Bytes(length.parse().map_err(io::Error::other)?),
            (None, None) if is_answer => Left::UntilClosed,
            (None, None) => Left::Nothing,
        };
        Ok(head)
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// When it breaks off.
    pub async fn piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        patiently(self.read_piece()).await
    }

    async fn read_piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        let length = match self.left {
            Left::Nothing | Left::Bytes(0) => return Ok(None),
            Left::Bytes(left) => {
                let mut piece = vec![0; usize::try_from(left.min(64 * 1024)).unwrap_or_default()];
                let read = self.stream.read(&mut piece).await?;
                if read == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                piece.truncate(read);
                self.left = Left::Bytes(left - read as u64);
                return Ok(Some(piece));
            }
            Left::UntilClosed => {
                let mut rest = Vec::new();
                self.stream.read_to_end(&mut rest).await?;
                self.left = Left::Nothing;
                return Ok(Some(rest).filter(|rest| !rest.is_empty()));
            }
            Left::Chunks => {
                let mut line = String::new();
                self.stream.read_line(&mut line).await?;
                usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?
            }
        };
        let mut piece = vec![0; length];
        self.stream.read_exact(&mut piece).await?;
        let mut end = [0; 2];
        self.stream.read_exact(&mut end).await?;
        if length == 0 {
            self.left = Left::Nothing;
            return Ok(None);
        }
        Ok(Some(piece))
    }

    /// Reads the rest of the body and forgets it.
    pub async fn sum(&mut self) -> Sum {
        let mut sum = Sum::default();
        loop {
            match self.piece().await {
                Ok(Some(piece)) => sum.add(&piece),
                Ok(None) => return Sum { whole: true, ..sum },
                Err(_) => return sum,
            }
        }
    }

    /// Reads the rest of the body as text.
    ///
    /// # Errors
    /// When it breaks off.
    pub async fn text(&mut self) -> io::Result<String> {
        let mut text = Vec::new();
        while let Some(piece) = self.piece().await? {
            text.extend_from_slice(&piece);
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Waits until the other side hangs up; what it still sends is lost.
    pub async fn hung_up(&mut self) {
        let mut rest = [0; 1024];
        while self.stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
    }

    /// Hangs up at once: the other side hears of a reset.
    pub fn reset(self) {
        // Without it, the other side hears of an end.
        let _ = self.stream.get_ref().set_zero_linger();
    }
}

/// Nobody takes longer than this.
async fn patiently<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// The first value of a header in a head.
pub fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    headers(head).find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Every header of a head.
pub fn headers(head: &str) -> impl Iterator<Item = (&str, &str)> {
    head.lines().skip(1).filter_map(|line| line.split_once(':')).map(|(name, value)| (name, value.trim()))
}
