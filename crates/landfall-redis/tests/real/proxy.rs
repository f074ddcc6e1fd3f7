//! A wire between a store and its server that can go dead without a word.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes on what it hears, while it is not frozen.
pub(crate) struct Proxy {
    port: u16,
    frozen: Arc<watch::Sender<bool>>,
    swallows: Arc<AtomicBool>,
}

impl Proxy {
    pub(crate) async fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let frozen = Arc::new(watch::Sender::new(false));
        let freezing = Arc::clone(&frozen);
        let swallows = Arc::new(AtomicBool::new(false));
        let swallowing = Arc::clone(&swallows);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(pass_on(from_client, to_server, freezing.subscribe(), Arc::default()));
                tokio::spawn(pass_on(from_server, to_client, freezing.subscribe(), Arc::clone(&swallowing)));
            }
        });
        Self { port, frozen, swallows }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn address(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// The next answer is lost, and its connection with it.
    pub(crate) fn swallow(&self) {
        self.swallows.store(true, Ordering::SeqCst);
    }

    /// Connections stay open, and nothing comes through.
    pub(crate) fn freeze(&self) {
        self.frozen.send_replace(true);
    }

    /// New connections work again; what was frozen stays dead.
    pub(crate) fn thaw(&self) {
        self.frozen.send_replace(false);
    }
}

async fn pass_on(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut frozen: watch::Receiver<bool>,
    swallows: Arc<AtomicBool>,
) {
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = tokio::select! {
            biased;
            () = async { drop(frozen.wait_for(|frozen| *frozen).await) } => break,
            read = from.read(&mut buffer) => read,
        };
        match read {
            Ok(_) if swallows.swap(false, Ordering::SeqCst) => return,
            Ok(length) if length > 0 && to.write_all(&buffer[..length]).await.is_ok() => {}
            _ => return,
        }
    }
    // Held open until the other side gives up.
    while !matches!(from.read(&mut buffer).await, Ok(0) | Err(_)) {}
}
