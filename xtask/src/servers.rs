//! A Redis and a PostgreSQL for tests and benchmarks: on ports of their own, with nothing kept.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::thread;
use std::time::{Duration, Instant};

use crate::group::Group;
use crate::programs::{Found, POSTGRES, Program, REDIS};
use crate::shell::{self, Failure};

const PATIENCE: Duration = Duration::from_secs(30);
const BEAT: Duration = Duration::from_millis(50);

/// Both, until this is dropped or a signal comes.
#[derive(Debug)]
pub(crate) struct Servers {
    redis: Server,
    postgres: Server,
}

#[derive(Debug)]
struct Server {
    url: String,
    _group: Group,
}

impl Servers {
    /// What is started.
    pub(crate) const PROGRAMS: &[&Program] = &[&REDIS, &POSTGRES];

    /// Starts them and waits until they answer.
    pub(crate) fn start(found: &Found) -> Result<Self, Failure> {
        Ok(Self { redis: redis(&found.path(&REDIS)?)?, postgres: postgres(&found.path(&POSTGRES)?)? })
    }

    /// What tests read to reach them.
    pub(crate) fn variables(&self) -> [(&'static str, &str); 2] {
        [("LANDFALL_TEST_REDIS_URL", &self.redis.url), ("LANDFALL_TEST_POSTGRES_URL", &self.postgres.url)]
    }
}

fn redis(program: &Path) -> Result<Server, Failure> {
    let port = free_port()?;
    let folder = folder("redis")?;
    let mut command = shell::program(program);
    command.current_dir(&folder).args(["--bind", "127.0.0.1", "--port", &port]);
    command.args(["--save", "", "--appendonly", "no", "--maxclients", "5000"]);
    let log = log_to(&mut command, &folder)?;
    let mut group = Group::spawn_with_folder(&mut command, folder)?;
    until_ready("redis-server", &mut group, &log)?;
    Ok(Server { url: format!("redis://127.0.0.1:{port}/"), _group: group })
}

fn postgres(programs: &Path) -> Result<Server, Failure> {
    let port = free_port()?;
    let folder = folder("postgres")?;
    let data = folder.join("data");
    // PostgreSQL refuses to run as root.
    let user = if shell::output(shell::program("id").arg("-u"))?.trim() == "0" {
        let id = |kind| -> Result<u32, Failure> {
            let printed = shell::output(shell::program("id").args([kind, "postgres"]))?;
            printed.trim().parse().map_err(|_| format!("not a user's number: {printed}").into())
        };
        let user = (id("-u")?, id("-g")?);
        chown(&folder, Some(user.0), Some(user.1))
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        Some(user)
    } else {
        None
    };
    let program = |name: &str| {
        let mut command = shell::program(programs.join(name));
        command.current_dir(&folder);
        if let Some((user, group)) = user {
            command.uid(user).gid(group);
        }
        command
    };
    let mut initdb = program("initdb");
    initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
    if let Err(failure) = shell::output(initdb.arg("--pgdata").arg(&data)) {
        // It did not come so far that a command could take its folder along.
        let _ = fs::remove_dir_all(&folder);
        return Err(failure);
    }
    let mut command = program("postgres");
    command.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p", &port]);
    for setting in [
        "unix_socket_directories=",
        "max_connections=500",
        "fsync=off",
        "full_page_writes=off",
        "synchronous_commit=off",
    ] {
        command.args(["-c", setting]);
    }
    let log = log_to(&mut command, &folder)?;
    let mut group = Group::spawn_with_folder(&mut command, folder.clone())?;
    until_ready("postgres", &mut group, &log)?;
    Ok(Server { url: format!("postgres://postgres@127.0.0.1:{port}/postgres"), _group: group })
}

/// Asked for and given back: whoever takes it in between makes the server say so.
fn free_port() -> Result<String, Failure> {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    Ok(address.map_err(|error| format!("no port is free: {error}"))?.port().to_string())
}

fn folder(name: &str) -> Result<PathBuf, Failure> {
    let folder = std::env::temp_dir().join(format!("landfall-test-{name}-{}", process::id()));
    fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

fn log_to(command: &mut Command, folder: &Path) -> Result<PathBuf, Failure> {
    let path = folder.join("log");
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = File::create(&path).map_err(failed)?;
    command.stdout(file.try_clone().map_err(failed)?).stderr(file);
    Ok(path)
}

/// Waits for what both of them write.
fn until_ready(name: &str, group: &mut Group, log: &Path) -> Result<(), Failure> {
    let asked = Instant::now();
    loop {
        let said = fs::read_to_string(log).unwrap_or_default();
        if said.contains("eady to accept connections") {
            return Ok(());
        }
        if group.has_ended() || asked.elapsed() > PATIENCE {
            return Err(format!("{name} did not start:\n{said}").into());
        }
        thread::sleep(BEAT);
    }
}
