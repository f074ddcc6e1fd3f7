//! `cargo xtask load`: guarded requests over many connections at once, beside bare frameworks and others' sessions; then
//! what people wait for beside [`strangers`].
//!
//! The server and what asks it share this machine's cores, as they do in no deployment: compare the rows of one run, and
//! no figure with one of another machine.

mod strangers;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::thread;
use std::time::{Duration, Instant};

use crate::apt;
use crate::group::{self, Group};
use crate::shell::{self, Failure};

/// So many connections are open at once, where the system lets a program have them.
const CONNECTIONS: u64 = 10_000;
/// Files a program has open beside its connections, with room to spare.
const OTHER_FILES: u64 = 200;
/// What a connection takes at most, on both sides and in the kernel, in kilobytes.
const KILOBYTES_EACH: u64 = 80;
/// Seconds that a server is asked before it is measured, and while it is.
const WARM_UP: u64 = 4;
const MEASURED: u64 = 12;
/// Rows take turns, so that what slows the machine down for a while slows more than one.
const ROUNDS: usize = 2;
/// A request that waits longer has failed, in seconds.
const PATIENCE: u64 = 30;
const BEAT: Duration = Duration::from_millis(50);

/// A server: its name for `serve`, and what the table calls it. The bare one comes before those it is compared with.
const ROWS: [(&str, &str); 8] = [
    ("axum-bare", "axum, bare"),
    ("axum-sealed", "  AuthLayer + SignedIn, sealed cookie"),
    ("axum-memory", "  AuthLayer + SignedIn, memory store"),
    ("axum-login", "  axum-login + tower-sessions, memory"),
    ("actix-bare", "actix-web, bare"),
    ("actix-sealed", "  AuthMiddleware + SignedIn, sealed cookie"),
    ("actix-memory", "  AuthMiddleware + SignedIn, memory store"),
    ("actix-identity", "  actix-session + actix-identity, cookie"),
];

/// What wrk measured.
#[derive(Clone, Copy, Debug)]
struct Load {
    per_second: f64,
    /// In milliseconds: half of all answers were there, 99 of a hundred, 999 of a thousand.
    latencies: [f64; 3],
    /// Requests without an answer, and answers that were not the page.
    failed: u64,
}

/// Measures both, or the one part that is named.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    group::stop_on_signal()?;
    match arguments {
        [] => {
            many_connections()?;
            println!();
            strangers::run()
        }
        [part] if part == "connections" => many_connections(),
        [part] if part == "strangers" => strangers::run(),
        _ => Err("usage: cargo xtask load [connections|strangers]".into()),
    }
}

/// Builds the servers for release, asks one after the other, and prints what they bear.
fn many_connections() -> Result<(), Failure> {
    let connections = connections()?;
    let rows = u64::try_from(ROWS.len() * ROUNDS).unwrap_or_default();
    println!(
        "{connections} connections, up to {} MB of memory, no disk; about {} minutes once the servers are built",
        connections * KILOBYTES_EACH / 1000,
        rows * (WARM_UP + MEASURED + 4) / 60
    );
    let manifest =
        ["--release", "--quiet", "--locked", "--manifest-path", "benches/Cargo.toml", "--bin", "serve"];
    Group::run(shell::cargo(&["build"]).args(manifest))?;
    let wrk = wrk()?;
    let mut loads: [Option<Load>; ROWS.len()] = [None; ROWS.len()];
    for _ in 0..ROUNDS {
        for (best, (name, _)) in loads.iter_mut().zip(ROWS) {
            let load = measure(name, &wrk, connections)?;
            // The round that was disturbed less.
            *best = Some(best.filter(|best| best.per_second >= load.per_second).unwrap_or(load));
        }
    }
    print(&loads);
    Ok(())
}

/// Where wrk is; it is installed where it is not. Any version will do, and none says its own without failing.
fn wrk() -> Result<PathBuf, Failure> {
    if let Some(wrk) = shell::find(&["wrk"]) {
        return Ok(wrk);
    }
    apt::install(&["wrk"])?;
    shell::find(&["wrk"]).ok_or_else(|| "wrk: not found; install it (Debian: wrk)".into())
}

/// How many connections a program may have here.
fn connections() -> Result<u64, Failure> {
    let printed = shell::output(shell::program("sh").args(["-c", "ulimit -Hn"]))?;
    let limit = match printed.trim() {
        "unlimited" => u64::MAX,
        number => number.parse().map_err(|_| format!("`ulimit -Hn` printed {number}"))?,
    };
    let possible = limit.saturating_sub(OTHER_FILES).min(CONNECTIONS);
    if possible < CONNECTIONS {
        println!("`ulimit -Hn` is {limit}: {possible} connections instead of {CONNECTIONS}");
    }
    if possible == 0 { Err("`ulimit -Hn` is too small for any load".into()) } else { Ok(possible) }
}

/// A program that may open as many files as the system lets it.
fn unlimited(program: &Path) -> Command {
    let mut command = shell::program("sh");
    command.args(["-c", "ulimit -n $(ulimit -Hn) && exec \"$0\" \"$@\""]).arg(program);
    command
}

/// Starts the server, has it asked, and stops it.
fn measure(name: &str, wrk: &Path, connections: u64) -> Result<Load, Failure> {
    let folder = std::env::temp_dir().join(format!("landfall-load-{}-{name}", process::id()));
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let said = folder.join("server");
    let mut server = unlimited(&shell::root().join("benches/target/release/serve"));
    server.args([name, &(WARM_UP + MEASURED + 2 * PATIENCE).to_string()]).stdout(file(&said)?);
    let mut server = Group::spawn_with_folder(&mut server, folder.clone())?;
    let page = page(name, &said, &mut server)?;
    ask(wrk, connections, WARM_UP, &page, &folder.join("warm"))?;
    let printed = ask(wrk, connections, MEASURED, &page, &folder.join("measured"))?;
    read(&printed).ok_or_else(|| format!("{name}: wrk measured nothing:\n{printed}").into())
}

/// What the server says once it listens: the page's address, then the headers to send.
fn page(name: &str, said: &Path, server: &mut Group) -> Result<Vec<String>, Failure> {
    let started = Instant::now();
    loop {
        let text = fs::read_to_string(said).unwrap_or_default();
        if let Some((page, _)) = text.split_once("\n\n") {
            return Ok(page.lines().map(str::to_owned).collect());
        }
        if server.has_ended() || started.elapsed() > Duration::from_secs(PATIENCE) {
            return Err(format!("the server {name} did not start:\n{text}").into());
        }
        thread::sleep(BEAT);
    }
}

/// Asks for so many seconds; what wrk printed.
fn ask(wrk: &Path, connections: u64, seconds: u64, page: &[String], to: &Path) -> Result<String, Failure> {
    let mut command = unlimited(wrk);
    command.args(["--threads", "2", "--connections", &connections.to_string()]);
    command.args(["--duration", &format!("{seconds}s"), "--timeout", &format!("{PATIENCE}s")]);
    command.arg("--script").arg(shell::root().join("xtask/src/load/report.lua"));
    let Some((address, headers)) = page.split_first() else { return Err("the server named no page".into()) };
    for header in headers {
        // It looks for `Host`, as written, and else sends one of its own as well.
        let host = header.strip_prefix("host:").map(|value| format!("Host:{value}"));
        command.args(["--header", host.as_ref().unwrap_or(header)]);
    }
    let status = Group::spawn(command.arg(address).stdout(file(to)?))?.wait()?;
    let printed = fs::read_to_string(to).unwrap_or_default();
    if status.success() { Ok(printed) } else { Err(format!("wrk failed ({status})\n{printed}").into()) }
}

fn file(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// What `report.lua` printed.
fn read(printed: &str) -> Option<Load> {
    let line = printed.lines().find_map(|line| line.strip_prefix("measured "))?;
    let numbers: Vec<f64> = line.split(' ').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    let [requests, micros, latencies @ .., unanswered, refused] = numbers.as_slice() else { return None };
    let [median, most, nearly_all] = *latencies else { return None };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts, printed as such")]
    let failed = (unanswered + refused) as u64;
    let latencies = [median, most, nearly_all].map(|micros| micros / 1000.0);
    Some(Load { per_second: requests / micros * 1e6, latencies, failed })
}

/// Prints every row beside the bare one of its framework.
fn print(loads: &[Option<Load>]) {
    println!(
        "\n{:<42} {:>10} {:>6} {:>8} {:>8} {:>9} {:>6} {:>7}",
        "", "requests/s", "/bare", "p50 ms", "p99 ms", "p99.9 ms", "x bare", "failed"
    );
    let mut bare: Option<Load> = None;
    for ((name, title), load) in ROWS.iter().zip(loads) {
        let Some(load) = load else { continue };
        let bare = if name.ends_with("-bare") { bare.insert(*load) } else { bare.get_or_insert(*load) };
        let [median, most, nearly_all] = load.latencies;
        println!(
            "{title:<42} {:>10.0} {:>6.2} {median:>8.1} {most:>8.1} {nearly_all:>9.1} {:>6.2} {:>7}",
            load.per_second,
            load.per_second / bare.per_second,
            most / bare.latencies[1],
            load.failed
        );
    }
    println!(
        "\nThe server and what asks it share the cores. With every connection waiting for its answer before it asks \
         again, p50 is\nconnections divided by requests/s. x bare: of p99. The better of {ROUNDS} rounds; rows take turns."
    );
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn what_the_script_prints_is_read() {
        let load = read("Running 12s test\nmeasured 24000 12000000 5000 80000 120500 1 2\n").unwrap();
        assert_eq!((load.per_second, load.latencies, load.failed), (2000.0, [5.0, 80.0, 120.5], 3));
        assert!(read("Running 12s test\n").is_none());
        assert!(read("measured 1 2 3\n").is_none());
    }
}
