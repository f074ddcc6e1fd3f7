//! Several Redis processes that belong together: a primary that Sentinels watch, or the nodes of a cluster.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use landfall_redis::redis::{Client, Cmd, FromRedisValue, RedisResult, cmd};
use tempfile::TempDir;
use tokio::process::Command;

use super::{Process, program, until};

/// One of them, on a port and a folder of its own. It ends when this is dropped.
#[derive(Debug)]
struct Node {
    address: SocketAddr,
    process: Option<Process>,
    // Dropped behind the process, which writes to it.
    _folder: TempDir,
}

impl Node {
    /// Starts one; what it is told may depend on its port and its folder. It says so when it is ready.
    async fn start(arguments: impl Fn(u16, &Path) -> Vec<String>, ready: &str) -> Self {
        // Others take free ports as well, so one may be gone by the time that it is listened on.
        for _ in 0..10 {
            let (address, folder) = (free_port(), TempDir::new().unwrap());
            let mut command = Command::new(program("LANDFALL_TEST_REDIS_SERVER"));
            command.args(arguments(address.port(), folder.path())).current_dir(folder.path());
            let mut process = Process::start(&mut command);
            if process.says_before_its_end(ready).await.is_some() {
                return Self { address, process: Some(process), _folder: folder };
            }
        }
        panic!("no port is free for long enough")
    }

    /// A server that keeps nothing; what else it is told is asked for at each try.
    async fn server(more: impl Fn() -> Vec<String>) -> Self {
        let arguments = |port: u16, _: &Path| {
            let port = port.to_string();
            let own = ["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"];
            own.iter().map(|&argument| argument.to_owned()).chain(more()).collect()
        };
        Self::start(arguments, "eady to accept connections").await
    }

    async fn try_ask<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let client = Client::open(format!("redis://{}/", self.address))?;
        command.query_async(&mut client.get_multiplexed_async_connection().await?).await
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> T {
        self.try_ask(command).await.unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            process.end_now("KILL");
        }
    }
}

fn free_port() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// A primary and a replica that three Sentinels watch.
#[derive(Debug)]
pub struct SentinelGroup {
    primary: Node,
    replica: Node,
    sentinels: Vec<Node>,
}

impl SentinelGroup {
    /// Starts them, and waits until they know each other.
    ///
    /// # Panics
    /// When they do not start.
    pub async fn start() -> Self {
        // Else it waits five seconds for a second replica.
        let primary = Node::server(|| ["--repl-diskless-sync-delay", "0"].map(str::to_owned).to_vec()).await;
        let host_and_port = ["127.0.0.1".to_owned(), primary.address.port().to_string()];
        let follows = ["--replicaof".to_owned(), host_and_port[0].clone(), host_and_port[1].clone()];
        let replica = Node::server(|| follows.to_vec()).await;
        until("the replica has caught up", async || {
            let told: String = replica.try_ask(cmd("INFO").arg("replication")).await.ok()?;
            told.contains("master_link_status:up").then_some(())
        })
        .await;
        let watched = primary.address.port();
        let arguments = |port: u16, folder: &Path| {
            let file = folder.join("sentinel.conf");
            let settings = format!(
                "port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {watched} 2\n\
                 sentinel down-after-milliseconds main 300\nsentinel failover-timeout main 2000\n"
            );
            std::fs::write(&file, settings).unwrap();
            vec![file.to_str().unwrap().to_owned(), "--sentinel".to_owned()]
        };
        let mut sentinels = Vec::new();
        for _ in 0..3 {
            sentinels.push(Node::start(arguments, "+monitor master").await);
        }
        let this = Self { primary, replica, sentinels };
        for sentinel in &this.sentinels {
            until("the Sentinels know each other", async || {
                let told: Vec<String> =
                    sentinel.try_ask(cmd("SENTINEL").arg("MASTER").arg("main")).await.ok()?;
                let has = |name: &str, value: &str| told.windows(2).any(|pair| pair == [name, value]);
                (has("num-slaves", "1") && has("num-other-sentinels", "2")).then_some(())
            })
            .await;
        }
        this
    }

    /// The address for a client.
    pub fn url(&self) -> String {
        let all: Vec<_> = self.sentinels.iter().map(|node| node.address.to_string()).collect();
        format!("redis+sentinel://{}/main", all.join(","))
    }

    /// Ends the primary by kill -9.
    ///
    /// # Panics
    /// When it does not run.
    pub async fn kill_primary(&mut self) {
        self.primary.process.take().expect("a running primary").end("KILL").await;
    }

    /// Waits until the replica has taken its place, and two Sentinels say so.
    pub async fn is_failed_over(&self) {
        let name = self.replica.address.port().to_string();
        until("the replica is the primary", async || {
            let mut say_so = 0;
            for sentinel in &self.sentinels {
                let asked = cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg("main").clone();
                let told: Vec<String> = sentinel.try_ask(&asked).await.ok()?;
                say_so += usize::from(told.contains(&name));
            }
            (say_so >= 2).then_some(())
        })
        .await;
    }
}

/// Three nodes of a cluster, and a slot of which one owns it and those above, another one the upper half, and the
/// third those below.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Node>,
    slot: u16,
}

impl RedisCluster {
    /// Starts it; the slot is that of this key.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(key: &str) -> Self {
        let mut nodes = Vec::new();
        for _ in 0..3 {
            let node = Node::server(|| {
                let bus = free_port().port().to_string();
                let arguments =
                    ["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-node-timeout", "5000"];
                arguments.map(str::to_owned).to_vec()
            })
            .await;
            let [_, bus]: [String; 2] = node.ask(cmd("CONFIG").arg("GET").arg("cluster-port")).await;
            nodes.push((node, bus));
        }
        let slot: u16 = nodes[0].0.ask(cmd("CLUSTER").arg("KEYSLOT").arg(key)).await;
        let middle = slot + (16_383 - slot) / 2;
        let ranges = [(slot, middle), (middle + 1, 16_383), (0, slot - 1)];
        for (at, ((node, bus), (from, to))) in nodes.iter().zip(ranges).enumerate() {
            node.ask::<()>(cmd("CLUSTER").arg("SET-CONFIG-EPOCH").arg(at + 1)).await;
            node.ask::<()>(cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(from).arg(to)).await;
            if at > 0 {
                let meet =
                    cmd("CLUSTER").arg("MEET").arg("127.0.0.1").arg(node.address.port()).arg(bus).clone();
                nodes[0].0.ask::<()>(&meet).await;
            }
        }
        let this = Self { nodes: nodes.into_iter().map(|(node, _)| node).collect(), slot };
        for node in &this.nodes {
            until("the cluster is whole", async || {
                let told: String = node.try_ask(cmd("CLUSTER").arg("INFO")).await.ok()?;
                let is_whole = ["cluster_state:ok", "cluster_known_nodes:3", "cluster_slots_assigned:16384"];
                is_whole.iter().all(|part| told.contains(part)).then_some(())
            })
            .await;
        }
        this
    }

    /// The address for a client.
    pub fn url(&self) -> String {
        let all: Vec<_> = self.nodes.iter().map(|node| node.address.to_string()).collect();
        format!("redis+cluster://{}/", all.join(","))
    }

    /// Puts so many values more into the slot, so that it takes a while to move.
    ///
    /// # Panics
    /// When the cluster fails.
    pub async fn fill(&self, tag: &str, count: u32) {
        let script =
            "for i = 1, ARGV[2] do redis.call('SET', ARGV[1] .. 'filler' .. i, string.rep('x', 200)) end";
        self.nodes[0].ask::<()>(cmd("EVAL").arg(script).arg(1).arg(tag).arg(tag).arg(count)).await;
    }

    /// Lets `redis-cli --cluster reshard` move the slot and nine more to the other half's owner, or back again; how long it
    /// took.
    ///
    /// # Panics
    /// When it does not.
    pub async fn reshard(&self, back: bool) -> Duration {
        let [from, to] =
            if back { [&self.nodes[1], &self.nodes[0]] } else { [&self.nodes[0], &self.nodes[1]] };
        let names: [String; 2] =
            [from.ask(cmd("CLUSTER").arg("MYID")).await, to.ask(cmd("CLUSTER").arg("MYID")).await];
        let mut command = Command::new(program("LANDFALL_TEST_REDIS_CLI"));
        command.args(["--cluster", "reshard", &from.address.to_string(), "--cluster-from", &names[0]]);
        command.args(["--cluster-to", &names[1], "--cluster-slots", "10", "--cluster-yes"]);
        let output = until("all nodes agree", async || {
            let begun = Instant::now();
            let output = command.kill_on_drop(true).output().await.unwrap();
            // It asks whether they do before it begins.
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            (!said.contains("Nodes don't agree")).then_some((output.status, said, begun.elapsed()))
        })
        .await;
        assert!(output.0.success(), "{}", output.1);
        let left: Vec<(u16, u16)> = from.owned().await;
        assert!(left.iter().all(|(first, last)| !(first..=last).contains(&&self.slot)), "{left:?}");
        output.2
    }
}

impl Node {
    /// The slots that it owns, as it sees it.
    async fn owned(&self) -> Vec<(u16, u16)> {
        let told: String = self.ask(cmd("CLUSTER").arg("NODES")).await;
        let own = told.lines().find(|line| line.contains("myself")).unwrap();
        let ranges = own.split(' ').skip(8).filter(|range| !range.starts_with('['));
        let range = |range: &str| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            (first.parse().unwrap(), last.parse().unwrap())
        };
        ranges.map(range).collect()
    }
}
