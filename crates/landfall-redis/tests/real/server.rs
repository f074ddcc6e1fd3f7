//! redis-server beside the tests.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use landfall_redis::redis::{Client, Cmd, FromRedisValue, RedisResult, cmd};
use tempfile::TempDir;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ends the server when nothing holds the other end of its standard input any more: the test process cannot die
/// so suddenly that this would not be noticed.
const WATCHDOG: &str =
    r#""$@" & server=$!; read -r _; kill -KILL $server; wait $server 2>/dev/null; rm -rf "$FOLDER""#;

/// A server of one test, or of all.
pub(crate) struct Server {
    port: u16,
    arguments: Vec<String>,
    /// What stands in the file of a Sentinel, which cannot do without one; nothing for a Redis.
    sentinel: Option<String>,
    running: Option<Child>,
}

impl Server {
    /// One that keeps nothing; with more arguments.
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Self { port: free_port(), arguments, sentinel: None, running: None }.started().await
    }

    /// A Sentinel with these settings, whose port without TLS is its own.
    pub(crate) async fn start_sentinel(settings: &str) -> Self {
        let port = free_port();
        let settings = format!("port {port}\nbind 127.0.0.1\n{settings}");
        Self { port, arguments: Vec::new(), sentinel: Some(settings), running: None }.started().await
    }

    async fn started(mut self) -> Self {
        self.run();
        self.answers().await;
        self
    }

    /// The only node of a cluster.
    pub(crate) async fn start_cluster() -> Self {
        let server = Self::start_node(&free_port().to_string()).await;
        server.own(0, 16_383).await;
        server.is_whole().await;
        server
    }

    /// The two nodes of a cluster, each with half of the slots.
    pub(crate) async fn start_pair() -> [Self; 2] {
        let bus = free_port().to_string();
        let [one, two] = [Self::start_node(&free_port().to_string()).await, Self::start_node(&bus).await];
        let meet = cmd("CLUSTER").arg("MEET").arg("127.0.0.1").arg(two.port).arg(&bus).clone();
        one.ask::<()>(meet).await;
        one.own(0, 8_191).await;
        two.own(8_192, 16_383).await;
        one.is_whole().await;
        two.is_whole().await;
        [one, two]
    }

    async fn start_node(bus: &str) -> Self {
        Self::start(&["--cluster-enabled", "yes", "--cluster-port", bus]).await
    }

    async fn own(&self, first: u16, last: u16) {
        self.ask::<()>(cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(first).arg(last).clone()).await;
    }

    async fn is_whole(&self) {
        until("the cluster is whole", async || {
            let info: String = self.ask(cmd("CLUSTER").arg("INFO").clone()).await;
            info.contains("cluster_state:ok").then_some(())
        })
        .await;
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn address(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn client(&self) -> Client {
        Client::open(self.address()).unwrap()
    }

    /// Asks on a connection of its own.
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: Cmd) -> T {
        self.try_ask(command).await.unwrap()
    }

    async fn try_ask<T: FromRedisValue>(&self, command: Cmd) -> RedisResult<T> {
        let mut connection = self.client().get_multiplexed_async_connection().await?;
        command.query_async(&mut connection).await
    }

    /// Ends it at once, as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            drop(running.stdin.take());
            running.wait().unwrap();
        }
    }

    /// Starts it again where it was, empty.
    pub(crate) async fn restart(&mut self) {
        self.kill();
        self.run();
        self.answers().await;
    }

    /// The same, when it is the only node of a cluster.
    pub(crate) async fn restart_cluster(&mut self) {
        self.restart().await;
        self.own(0, 16_383).await;
        self.is_whole().await;
    }

    fn run(&mut self) {
        let program = env::var_os("LANDFALL_TEST_REDIS_SERVER")
            .expect("LANDFALL_TEST_REDIS_SERVER is not set: run `cargo xtask test`, which looks for it");
        let folder = TempDir::new().unwrap().keep();
        let mut command = Command::new("sh");
        command.args(["-c", WATCHDOG, "sh"]).arg(program).env("FOLDER", &folder);
        if let Some(settings) = &self.sentinel {
            let file = folder.join("sentinel.conf");
            fs::write(&file, settings).unwrap();
            command.arg(file).arg("--sentinel");
        } else {
            command
                .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
                .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
                .args(["--enable-debug-command", "yes", "--dir"])
                .arg(&folder)
                .args(&self.arguments);
        }
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        self.running = Some(child);
    }

    async fn answers(&self) {
        until("redis-server answers", async || match self.try_ask::<String>(cmd("PING")).await {
            Ok(_) => Some(()),
            // It asks for a password, and so it answers.
            Err(error) => error.code().is_some_and(|code| code == "NOAUTH").then_some(()),
        })
        .await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
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
    let server = Server::start(&[]).await;
    SHARED.get_or_init(|| server)
}

/// The same in cluster mode.
pub(crate) async fn shared_cluster() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    static STARTING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _turn = STARTING.lock().await;
    if let Some(server) = SHARED.get() {
        return server;
    }
    let server = Server::start_cluster().await;
    SHARED.get_or_init(|| server)
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
