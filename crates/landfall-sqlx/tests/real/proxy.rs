//! A network that loses answers, or falls silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Stands before a server.
pub(crate) struct Proxy {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    losing: AtomicBool,
    silent: AtomicBool,
}

impl Proxy {
    pub(crate) async fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<State>::default();
        let accepting = state.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server, accepting.clone()));
            }
        });
        Self { port, state }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The server's next answer is lost, and the connection with it.
    pub(crate) fn lose_an_answer(&self) {
        self.state.losing.store(true, Ordering::SeqCst);
    }

    pub(crate) fn has_lost_it(&self) -> bool {
        !self.state.losing.load(Ordering::SeqCst)
    }

    /// From now on nothing is carried, and nobody is told. New connections are made, and silent as well.
    pub(crate) fn fall_silent(&self, silent: bool) {
        self.state.silent.store(silent, Ordering::SeqCst);
    }
}

async fn carry(mut client: TcpStream, server: u16, state: Arc<State>) {
    let mut server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
    let (mut asked, mut answered) = ([0; 8192], [0; 8192]);
    loop {
        let (from_client, length) = tokio::select! {
            read = client.read(&mut asked) => (true, read.unwrap_or(0)),
            read = server.read(&mut answered) => (false, read.unwrap_or(0)),
        };
        if state.silent.load(Ordering::SeqCst) {
            // Holds both ends for as long as the test runs.
            std::future::pending::<()>().await;
        }
        if length == 0 || (!from_client && state.losing.swap(false, Ordering::SeqCst)) {
            return;
        }
        let written = if from_client {
            server.write_all(&asked[..length]).await
        } else {
            client.write_all(&answered[..length]).await
        };
        if written.is_err() {
            return;
        }
    }
}
