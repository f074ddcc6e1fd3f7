//! PostgreSQL beside the tests.

use std::env;
use std::ffi::OsString;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use landfall_sqlx::sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use landfall_sqlx::sqlx::{self, AssertSqlSafe, ConnectOptions as _, Row as _};
use tempfile::TempDir;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Ends the server, and removes its folder if it is not wanted any more, when nothing holds the other end of its
/// standard input: the test process cannot die so suddenly that this would not be noticed. The first line says
/// whether the folder is to stay. QUIT is an immediate shutdown; after KILL its shared memory would be left.
const WATCHDOG: &str = r#""$@" & server=$!; stay=; read -r stay; kill -QUIT $server; wait $server 2>/dev/null
[ "$stay" = stay ] || rm -rf "$FOLDER""#;

/// A server of one test, or of all.
pub(crate) struct Server {
    port: u16,
    folder: PathBuf,
    running: Option<Child>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let mut server = Self::made();
        server.start_again().await;
        server
    }

    /// One that lets nobody in without TLS, with this certificate and its key.
    pub(crate) async fn with_tls(certificate: &str, key: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;

        let mut server = Self::made();
        let data = server.folder.join("data");
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let file = data.join(name);
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
            if let Some((user, group)) = user() {
                chown(&file, Some(user), Some(group)).unwrap();
            }
        }
        std::fs::write(data.join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\n").unwrap();
        std::fs::write(data.join("postgresql.auto.conf"), "ssl = on\n").unwrap();
        server.start_again().await;
        server
    }

    fn made() -> Self {
        let server = Self::in_a_folder();
        let mut initdb = server.command(program("initdb"));
        initdb.args(["--username=postgres", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"]);
        let made = initdb.arg(server.folder.join("data")).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server
    }

    /// Another one that follows this one, and may be read.
    pub(crate) async fn standby(&self) -> Self {
        let standby = Self::in_a_folder();
        let mut backup = standby.command(program("pg_basebackup"));
        backup.args([
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "--no-sync",
            "-h",
            "127.0.0.1",
            "-U",
            "postgres",
            "-p",
        ]);
        backup.arg(self.port.to_string()).arg("-D").arg(standby.folder.join("data"));
        let made = backup.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut standby = standby;
        standby.start_again().await;
        standby
    }

    fn in_a_folder() -> Self {
        let folder = TempDir::new().unwrap().keep();
        if let Some((user, group)) = user() {
            chown(&folder, Some(user), Some(group)).unwrap();
        }
        Self { port: free_port(), folder, running: None }
    }

    /// With what it had written.
    pub(crate) async fn start_again(&mut self) {
        let mut server = self.command("sh".into());
        server
            .args(["-c", WATCHDOG, "sh"])
            .arg(program("postgres"))
            .arg("-D")
            .arg(self.folder.join("data"))
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        for setting in ["unix_socket_directories=", "fsync=off", "max_connections=300", "shared_buffers=16MB"]
        {
            server.args(["-c", setting]);
        }
        let server = server
            .env("FOLDER", &self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.running = Some(server.spawn().unwrap());
        until("PostgreSQL answers", async || self.options("postgres").connect().await.ok()).await;
    }

    /// Ends it at once. What it has written stays.
    pub(crate) fn kill(&mut self) {
        use std::io::Write as _;

        if let Some(mut running) = self.running.take() {
            writeln!(running.stdin.take().unwrap(), "stay").unwrap();
            running.wait().unwrap();
        }
    }

    pub(crate) fn options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username("postgres")
            .database(database)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn address(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// A database that no other test has.
    pub(crate) async fn database(&self) -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut connection = self.options("postgres").connect().await.unwrap();
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
        Database { options: self.options(&name), address: self.address(&name) }
    }

    /// PostgreSQL refuses to run as root.
    fn command(&self, program: OsString) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder);
        if let Some((user, group)) = user() {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            drop(running.stdin.take());
            running.wait().unwrap();
        }
    }
}

/// A database of one test.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) options: PgConnectOptions,
    pub(crate) address: String,
}

impl Database {
    pub(crate) fn pool(&self) -> PgPool {
        PgPoolOptions::new().test_before_acquire(false).connect_lazy_with(self.options.clone())
    }

    pub(crate) async fn connect(&self) -> PgConnection {
        self.options.connect().await.unwrap()
    }

    /// What this query counts.
    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query(query).fetch_one(&mut self.connect().await).await.unwrap().get(0)
    }
}

/// The one that all tests share which do not harm it.
pub(crate) async fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    static STARTING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _turn = STARTING.lock().await;
    if let Some(server) = SHARED.get() {
        return server;
    }
    let server = Server::start().await;
    SHARED.get_or_init(|| server)
}

fn program(name: &str) -> OsString {
    let folder = env::var_os("LANDFALL_TEST_POSTGRES_BIN")
        .expect("LANDFALL_TEST_POSTGRES_BIN is not set: run `cargo xtask test`, which looks for it");
    PathBuf::from(folder).join(name).into()
}

/// Whom to become, if we are root.
pub(crate) fn user() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| -> u32 {
        let said = Command::new("id").args(arguments).output().unwrap().stdout;
        String::from_utf8(said).unwrap().trim().parse().unwrap()
    };
    (id(&["-u"]) == 0).then(|| (id(&["-u", "postgres"]), id(&["-g", "postgres"])))
}

/// Asks until there is an answer.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        let mut beats = tokio::time::interval(Duration::from_millis(10));
        loop {
            beats.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    let Ok(answer) = tokio::time::timeout(PATIENCE, asking).await else { panic!("{what}: waited in vain") };
    answer
}

/// A port that nobody listened on a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
