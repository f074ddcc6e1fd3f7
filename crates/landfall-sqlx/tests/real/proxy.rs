//! A network that loses answers, falls silent, or leads elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::server::Database;

/// Stands before a server.
pub(crate) struct Proxy {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    losing: AtomicBool,
    silent: AtomicBool,
    server: AtomicU16,
    refusing: AtomicBool,
    refused: AtomicU32,
}

impl Proxy {
    pub(crate) async fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<State>::default();
        state.server.store(server, Ordering::SeqCst);
        let accepting = state.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, accepting.clone()));
            }
        });
        Self { port, state }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The address of a database by way of it.
    pub(crate) fn address(&self, database: &Database) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{}", self.port, database.options.get_database().unwrap())
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

    /// New connections lead to this port.
    pub(crate) fn lead_to(&self, server: u16) {
        self.state.server.store(server, Ordering::SeqCst);
    }

    /// From now on connections that ask for settings are refused, in the words of no other pooler.
    pub(crate) fn refuse_settings(&self) {
        self.state.refusing.store(true, Ordering::SeqCst);
    }

    pub(crate) fn refused(&self) -> u32 {
        self.state.refused.load(Ordering::SeqCst)
    }
}

const REFUSAL: &[u8] = b"SFATAL\0VFATAL\0C0A000\0MFeature not supported: no command-line options here\0\0";

async fn carry(mut client: TcpStream, state: Arc<State>) {
    let server = state.server.load(Ordering::SeqCst);
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
        let asks = from_client && asked[..length].windows(15).any(|text| text == b"landfall.direct");
        if asks && state.refusing.load(Ordering::SeqCst) {
            state.refused.fetch_add(1, Ordering::SeqCst);
            let mut answer = vec![b'E'];
            answer.extend(u32::try_from(REFUSAL.len() + 4).unwrap().to_be_bytes());
            answer.extend(REFUSAL);
            let _ = client.write_all(&answer).await;
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
