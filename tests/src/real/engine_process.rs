//! A Redis or a PostgreSQL of one test's own, which may be killed.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::chown;
use std::process::Output;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;

use super::{Process, program, until};
use crate::SessionKind;

/// An engine on a port and a folder of its own. What it has written survives its end, until this is dropped.
#[derive(Debug)]
pub struct EngineProcess {
    kind: SessionKind,
    address: SocketAddr,
    process: Option<Process>,
    folder: TempDir,
}

impl EngineProcess {
    /// Starts one of this kind.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(kind: SessionKind) -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let mut this = Self { kind, address: port, process: None, folder: tempfile::tempdir().unwrap() };
        if kind == SessionKind::Postgres {
            this.prepare_folder().await;
        }
        this.start_again().await;
        this
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address for a client, by way of this port.
    pub fn url(&self, port: SocketAddr) -> String {
        match self.kind {
            SessionKind::Redis => format!("redis://{port}/"),
            _ => format!("postgres://postgres@{port}/postgres"),
        }
    }

    /// Ends it without a chance to put anything in order: Redis by kill -9, PostgreSQL by its immediate mode.
    ///
    /// # Panics
    /// When it does not run.
    pub async fn kill(&mut self) {
        let process = self.process.take().expect("a running engine");
        process.end(if self.kind == SessionKind::Redis { "KILL" } else { "QUIT" }).await;
    }

    /// Starts it on the same port, with what it had written.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_again(&mut self) {
        let port = self.address.port().to_string();
        let mut command = if self.kind == SessionKind::Redis {
            let mut command = Command::new(program("LANDFALL_TEST_REDIS_SERVER"));
            command.args(["--bind", "127.0.0.1", "--port", &port, "--save", ""]);
            command.args(["--appendonly", "yes", "--appendfsync", "always", "--dir"]).arg(self.folder.path());
            command
        } else {
            let mut command = self.postgres("postgres").await;
            command.arg("-D").arg(self.folder.path().join("data")).args(["-h", "127.0.0.1", "-p", &port]);
            for setting in ["unix_socket_directories=", "shared_buffers=16MB", "restart_after_crash=off"] {
                command.args(["-c", setting]);
            }
            command
        };
        let mut process = Process::start(&mut command);
        process.says("eady to accept connections").await;
        self.process = Some(process);
        let address = self.address;
        until("the engine listens", async || TcpStream::connect(address).await.ok()).await;
    }

    async fn prepare_folder(&self) {
        if let Some((user, group)) = postgres_user().await {
            chown(self.folder.path(), Some(user), Some(group)).unwrap();
        }
        let mut initdb = self.postgres("initdb").await;
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        said(initdb.arg("--pgdata").arg(self.folder.path().join("data")).output().await.unwrap());
    }

    /// PostgreSQL refuses to run as root.
    async fn postgres(&self, name: &str) -> Command {
        let mut command = Command::new(program("LANDFALL_TEST_POSTGRES_BIN").join(name));
        command.current_dir(self.folder.path());
        if let Some((user, group)) = postgres_user().await {
            command.uid(user).gid(group);
        }
        command
    }
}

/// Whom to become, if we are root.
async fn postgres_user() -> Option<(u32, u32)> {
    let id = async |arguments: &[&str]| -> u32 {
        said(Command::new("id").args(arguments).output().await.unwrap()).trim().parse().unwrap()
    };
    if id(&["-u"]).await != 0 {
        return None;
    }
    Some((id(&["-u", "postgres"]).await, id(&["-g", "postgres"]).await))
}

fn said(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

impl Drop for EngineProcess {
    fn drop(&mut self) {
        // By kill -9, PostgreSQL would leave its shared memory to the system.
        if let Some(process) = self.process.take() {
            process.end_now(if self.kind == SessionKind::Redis { "KILL" } else { "QUIT" });
        }
    }
}
