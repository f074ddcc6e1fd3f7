//! The single-page example with its backend: behind Vite as one develops it, or built and served by the backend.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use landfall_testkit::{Client, Endpoint, Fault, LocalProvider};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::sync::{Mutex as Turns, MutexGuard};

use super::example::{command, file};
use super::{Process, Proxy, program, until};
use crate::Framework;
use crate::until::within;

/// Vite's own port, and no other: it is what people register at a provider.
const VITE: u16 = 5173;
/// How long one that was told to go may still have it.
const LEAVING: Duration = Duration::from_secs(10);

/// Only one at a time can have it.
static VITES_TURN: Turns<()> = Turns::const_new(());

/// What shows the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Vite, which passes on what is the backend's.
    ByVite,
    /// The backend, out of the folder that `vite build` filled.
    ByBackend,
}

/// A running page. Whatever the backend answers comes by its network.
#[derive(Debug)]
pub struct SinglePage {
    /// The provider, with Ada and her kin.
    pub provider: LocalProvider,
    /// In front of the backend.
    pub network: Proxy,
    base_url: String,
    tokens: Arc<Mutex<Vec<String>>>,
    _vite: Option<(Process, MutexGuard<'static, ()>)>,
    _backend: Process,
    _folder: TempDir,
}

impl SinglePage {
    /// Starts it.
    ///
    /// # Panics
    /// When it does not start, or port 5173 is taken.
    pub async fn start(shown: Shown) -> Self {
        let turn = if shown == Shown::ByVite { Some(vites_turn().await) } else { None };
        let listen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let network = Proxy::overhearing(listen).await;
        let (base_url, setting) = match shown {
            Shown::ByVite => (format!("http://localhost:{VITE}"), format!("http://localhost:{VITE}")),
            Shown::ByBackend => (format!("http://{}", network.address()), dist()),
        };
        let client = Client::new("spa")
            .secret("the-secret-of-a-test")
            .redirect_uri(format!("{base_url}/auth/callback"))
            .redirect_uri(format!("{base_url}/callback"))
            .post_logout_redirect_uri(format!("{base_url}/auth/signed-out"));
        let provider = LocalProvider::builder().client(client).start().await.unwrap();
        let tokens = note_tokens(&provider);

        let folder = TempDir::new().unwrap();
        let backend = Process::start(
            command(&file(Framework::Axum))
                .env("LANDFALL_LISTEN", listen.to_string())
                .env("LANDFALL_BASE_URL", &base_url)
                .env("LANDFALL_SPA", setting)
                .env("LANDFALL_ISSUER", provider.issuer())
                .env("LANDFALL_CLIENT_ID", "spa")
                .env("LANDFALL_CLIENT_SECRET", "the-secret-of-a-test")
                .env("LANDFALL_STORE", "memory")
                .env("RUST_LOG", "info,landfall=debug")
                .current_dir(&folder),
        );
        until("the backend listens", async || TcpStream::connect(listen).await.ok()).await;
        let vite = match turn {
            Some(turn) => Some((vite(network.address()).await, turn)),
            None => None,
        };
        Self { provider, network, base_url, tokens, _vite: vite, _backend: backend, _folder: folder }
    }

    /// Where this path is.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// Every token that the provider has given to the backend.
    ///
    /// # Panics
    /// When a test has panicked over it.
    pub fn tokens(&self) -> Vec<String> {
        self.tokens.lock().unwrap().clone()
    }
}

/// Waits for our turn, and for the Vite that had it before to be gone.
async fn vites_turn() -> MutexGuard<'static, ()> {
    let turn = VITES_TURN.lock().await;
    for address in [SocketAddr::from((Ipv4Addr::LOCALHOST, VITE)), (Ipv6Addr::LOCALHOST, VITE).into()] {
        let what = format!("{address}, which Vite needs, is free: end what listens there");
        within(LEAVING, &what, async || TcpStream::connect(address).await.is_err().then_some(())).await;
    }
    turn
}

async fn vite(backend: SocketAddr) -> Process {
    let mut vite = Process::start(
        Command::new(program("LANDFALL_TEST_NODE"))
            .arg("node_modules/vite/bin/vite.js")
            .current_dir(folder("examples/spa"))
            .env("LANDFALL_LISTEN", backend.to_string())
            .env("NO_COLOR", "1"),
    );
    vite.says("ready in").await;
    vite
}

fn note_tokens(provider: &LocalProvider) -> Arc<Mutex<Vec<String>>> {
    let tokens = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&tokens);
    provider.inject_always(Fault::json(Endpoint::Token, move |answer| {
        let given = ["access_token", "refresh_token", "id_token"].iter().filter_map(|name| answer.get(*name));
        noted.lock().unwrap().extend(given.filter_map(|token| token.as_str().map(str::to_owned)));
    }));
    tokens
}

fn dist() -> String {
    let dist = folder("examples/spa/dist");
    assert!(dist.join("index.html").is_file(), "{} is not built: run `cargo xtask test`", dist.display());
    dist.display().to_string()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// The browser module, as it is built for a page.
///
/// # Panics
/// When it cannot be built.
pub async fn browser_module() -> String {
    let mut build = Command::new(program("LANDFALL_TEST_NODE"));
    build.arg("node_modules/esbuild/bin/esbuild").args([
        "src/landfall.ts",
        "--format=esm",
        "--target=es2022",
    ]);
    let output = build.current_dir(folder("browser")).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs `npm test` in this folder of the repository.
///
/// # Panics
/// When it fails.
pub async fn npm_test(name: &str) {
    let mut npm = Command::new(program("LANDFALL_TEST_NPM"));
    let output = npm.args(["test", "--loglevel=error"]).current_dir(folder(name)).output().await.unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "npm test in {name}:\n{}{}", said[0], said[1]);
}
