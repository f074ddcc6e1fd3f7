//! PgBouncer in transaction mode, before a server.

use std::env;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use landfall_sqlx::sqlx::ConnectOptions as _;
use tempfile::TempDir;

use crate::server::{Database, Server, free_port, shared, until, user};

/// As a server's. What a shell starts in the background ignores QUIT, unless it says otherwise, and what TERM means depends on
/// the version.
const WATCHDOG: &str =
    r#""$@" & pooler=$!; read -r _; kill -KILL $pooler; wait $pooler 2>/dev/null; rm -rf "$FOLDER""#;

/// One that has four connections to the server for all who come, and gives the next statement to the one that waited
/// longest.
pub(crate) struct PgBouncer {
    port: u16,
    running: Child,
}

impl PgBouncer {
    async fn before(server: &Server) -> Self {
        let program = env::var_os("LANDFALL_TEST_PGBOUNCER")
            .expect("LANDFALL_TEST_PGBOUNCER is not set: run `cargo xtask test`, which looks for it");
        let folder = TempDir::new().unwrap().keep();
        let port = free_port();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = users\npool_mode = transaction\ndefault_pool_size = 4\n\
             max_client_conn = 500\nserver_round_robin = 1\n",
            server.port()
        );
        std::fs::write(folder.join("settings"), settings).unwrap();
        std::fs::write(folder.join("users"), "\"postgres\" \"\"\n").unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", WATCHDOG, "sh"]).arg(program).arg("settings");
        // It refuses to run as root.
        if let Some((user, group)) = user() {
            chown(&folder, Some(user), Some(group)).unwrap();
            command.uid(user).gid(group);
        }
        command.current_dir(&folder).env("FOLDER", &folder);
        let running =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let this = Self { port, running };
        let options = server.options("postgres").port(port).extra_float_digits(None);
        until("PgBouncer answers", async || options.connect().await.ok()).await;
        this
    }

    /// The address of a database by way of it.
    pub(crate) fn address(&self, database: &Database) -> String {
        let name = database.options.get_database().unwrap();
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

/// The one that stands before the shared server.
pub(crate) async fn pgbouncer() -> &'static PgBouncer {
    static SHARED: tokio::sync::OnceCell<PgBouncer> = tokio::sync::OnceCell::const_new();
    SHARED.get_or_init(async || PgBouncer::before(shared().await).await).await
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.running.stdin.take());
        self.running.wait().unwrap();
    }
}
