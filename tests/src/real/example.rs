//! The example applications, as built, configured by the environment alone.

use std::env;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::sync::Mutex;

use super::{Process, built, until};
use crate::Framework;

/// The port for the next one is looked for without holding it: one start at a time.
static STARTING: Mutex<()> = Mutex::const_new(());

/// A running example, in a folder of its own.
#[derive(Debug)]
pub struct Example {
    recipe: Recipe,
    provider: Option<String>,
    process: Process,
}

/// What it takes to start it, and to start it again.
#[derive(Debug)]
struct Recipe {
    file: PathBuf,
    folder: TempDir,
    port: SocketAddr,
    variables: Vec<(&'static str, String)>,
    base_url: String,
}

impl Example {
    /// Starts it with the local provider of its own.
    pub async fn start(framework: Framework) -> Self {
        Self::with(framework, async |_| Vec::new()).await
    }

    /// Starts it with these variables, told once its base URL is known. Variables of the same kind that are
    /// set around the tests are not handed on.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn with(
        framework: Framework,
        variables: impl AsyncFnOnce(&str) -> Vec<(&'static str, String)>,
    ) -> Self {
        let _turn = STARTING.lock().await;
        let file = file(framework);
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let base_url = format!("http://{port}");
        let variables = variables(&base_url).await;

        let folder = TempDir::new().unwrap();
        Recipe { file, folder, port, variables, base_url }.start().await
    }

    /// Ends it, and starts it again at the same place with what it left there.
    pub async fn restart(self) -> Self {
        let _turn = STARTING.lock().await;
        self.process.end("TERM").await;
        self.recipe.start().await
    }

    /// Sends it this signal. It may go on for a while: see [`ended`](Self::ended).
    pub fn send(&self, signal: &str) {
        self.process.send(signal);
    }

    /// Waits for its end, which must be a good one.
    pub async fn ended(self) {
        self.process.ended().await;
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.recipe.port
    }

    /// Where it is.
    pub fn base_url(&self) -> &str {
        &self.recipe.base_url
    }

    /// The issuer of the local provider it started.
    ///
    /// # Panics
    /// When it started none.
    pub fn provider(&self) -> &str {
        self.provider.as_deref().expect("a local provider")
    }
}

impl Recipe {
    async fn start(self) -> Example {
        let mut command = command(&self.file);
        command.env("LANDFALL_LISTEN", self.port.to_string()).env("RUST_LOG", "info,landfall=debug");
        command.envs(self.variables.iter().map(|(name, value)| (name, value))).current_dir(&self.folder);
        let mut process = Process::start(&mut command);
        assert!(process.says("Application:").await.contains(&self.base_url));
        let named = !self.variables.is_empty();
        let provider = if named { None } else { Some(process.says("Provider:").await) };
        until("the example listens", async || TcpStream::connect(self.port).await.ok()).await;
        Example { recipe: self, provider, process }
    }
}

/// The program of this example.
pub(super) fn file(framework: Framework) -> PathBuf {
    let name = match framework {
        Framework::Axum => "example-axum",
        Framework::Actix => "example-actix",
    };
    let file = built().join(name).with_extension(env::consts::EXE_EXTENSION);
    assert!(file.is_file(), "{} is not built: run `cargo xtask test`", file.display());
    file
}

/// Starts it with none of the variables that are set around the tests.
pub(super) fn command(file: &Path) -> Command {
    let mut command = Command::new(file);
    for (name, _) in env::vars_os() {
        let ours = |name: &str| name.starts_with("LANDFALL_") || name.starts_with("INTELLIAUTH_");
        if name.to_str().is_some_and(ours) {
            command.env_remove(name);
        }
    }
    command
}
