//! The Redis and the PostgreSQL that `cargo xtask bench` started, and how often they are asked.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Redis,
    Postgres,
}

/// Where they are; `None` for one that was not started.
#[derive(Clone, Debug, Default)]
pub struct Engines {
    redis: Option<String>,
    postgres: Option<String>,
}

impl Engines {
    pub fn started() -> Self {
        let address = |name| std::env::var(name).ok();
        Self { redis: address("LANDFALL_TEST_REDIS_URL"), postgres: address("LANDFALL_TEST_POSTGRES_URL") }
    }

    /// Its address, if it was started.
    pub fn find(&self, engine: Engine) -> Option<&str> {
        match engine {
            Engine::Redis => self.redis.as_deref(),
            Engine::Postgres => self.postgres.as_deref(),
        }
    }

    /// Those that were not started.
    pub fn missing(&self) -> impl Iterator<Item = &'static str> {
        let all = [("Redis", &self.redis), ("PostgreSQL", &self.postgres)];
        all.into_iter().filter(|(_, address)| address.is_none()).map(|(name, _)| name)
    }

    /// The same engines, asked by way of a proxy that counts.
    pub fn counted(&self, trips: &RoundTrips) -> io::Result<Self> {
        let by_proxy = |address: &Option<String>| address.as_deref().map(|it| trips.count(it)).transpose();
        Ok(Self { redis: by_proxy(&self.redis)?, postgres: by_proxy(&self.postgres)? })
    }
}

/// Counts how often somebody asks and waits: what is sent before anything comes back counts once, on each
/// connection by itself.
#[derive(Clone, Debug, Default)]
pub struct RoundTrips(Arc<AtomicU64>);

impl RoundTrips {
    pub fn so_far(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Starts a proxy in front of the server at this address; the same address with the proxy in it.
    fn count(&self, address: &str) -> io::Result<String> {
        let (before, rest) = address.split_at(address.find("127.0.0.1:").ok_or(io::ErrorKind::InvalidInput)?);
        let (server, after) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let proxy = listener.local_addr()?;
        let server: SocketAddr = server.parse().map_err(io::Error::other)?;
        let trips = Arc::clone(&self.0);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A client that is refused has to say so: nothing is counted behind its back.
                let _ = relay(client, server, Arc::clone(&trips));
            }
        });
        Ok(format!("{before}{proxy}{after}"))
    }
}

fn relay(client: TcpStream, server: SocketAddr, trips: Arc<AtomicU64>) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let answered = Arc::new(AtomicBool::new(true));
    let was_answered = Arc::clone(&answered);
    pump(client.try_clone()?, server.try_clone()?, move || {
        if was_answered.swap(false, Ordering::SeqCst) {
            trips.fetch_add(1, Ordering::SeqCst);
        }
    });
    pump(server, client, move || answered.store(true, Ordering::SeqCst));
    Ok(())
}

/// Copies on a thread of its own, without allocating: others count allocations meanwhile.
fn pump(mut from: TcpStream, mut to: TcpStream, seen: impl Fn() + Send + 'static) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            seen();
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
