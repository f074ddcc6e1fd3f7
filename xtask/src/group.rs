//! A command with everything it starts, and the end of both.

use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, os::unix::process::CommandExt, process, thread};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::shell::{self, Failure};

/// Set in all that is started here, so that what left its process group is found as well.
const MARK: &str = "LANDFALL_TEST_RUN";
const PATIENCE: Duration = Duration::from_secs(3);

static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// A running command. When it goes, all its descendants go.
#[derive(Debug)]
pub(crate) struct Group {
    child: Child,
}

impl Group {
    /// Starts it in a process group of its own.
    pub(crate) fn spawn(command: &mut Command) -> Result<Self, Failure> {
        let child = command
            .process_group(0)
            .env(MARK, mark())
            .spawn()
            .map_err(|error| format!("{} did not start: {error}", command.get_program().display()))?;
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).push(child.id());
        Ok(Self { child })
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus, Failure> {
        self.child.wait().map_err(|error| format!("lost sight of a child: {error}").into())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        stop(self.child.id());
        // Reaps it; how it ended no longer matters.
        let _ = self.child.wait();
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).retain(|id| *id != self.child.id());
        sweep();
    }
}

/// From here on Ctrl-C and its kin stop all groups before they end this process.
pub(crate) fn stop_on_signal() -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|error| format!("can not wait for signals: {error}"))?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // Held to the end: the main thread must not leave first, with another exit code.
            let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
            running.iter().copied().for_each(stop);
            sweep();
            process::exit(128 + signal);
        }
    });
    Ok(())
}

/// Asks the group to end, and ends it if it does not.
fn stop(group: u32) {
    if !kill("TERM", group) {
        return;
    }
    let asked = Instant::now();
    while kill("0", group) {
        if asked.elapsed() > PATIENCE {
            kill("KILL", group);
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Whether the group was there to take the signal.
fn kill(signal: &str, group: u32) -> bool {
    shell::output(shell::program("sh").args(["-c", &format!("kill -{signal} -{group}")])).is_ok()
}

/// Ends what carries our mark though it left the group. Only Linux shows it; elsewhere the group must do.
fn sweep() {
    let wanted = format!("{MARK}={}", mark());
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes()) {
            let _ = shell::output(shell::program("sh").args(["-c", &format!("kill -KILL {id}")]));
        }
    }
}

fn mark() -> String {
    process::id().to_string()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    use super::*;

    #[test]
    fn what_a_command_left_behind_ends_with_it() {
        // In a process group of its own: only the mark can find it.
        let script = "set -m; tail -f /dev/null >/dev/null & echo $!";
        let mut command = shell::program("bash");
        let mut group = Group::spawn(command.args(["-c", script]).stdout(Stdio::piped())).unwrap();
        let mut line = String::new();
        BufReader::new(group.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(group.wait().unwrap().success());
        // The state, not the command line: that is empty for a moment while a program takes its place.
        let process = format!("/proc/{}/stat", line.trim());
        let alive = || fs::read_to_string(&process).is_ok_and(|stat| !stat.contains(") Z "));
        assert!(alive());
        drop(group);
        let stopped = Instant::now();
        while alive() && stopped.elapsed() < PATIENCE {
            thread::yield_now();
        }
        assert!(!alive());
    }
}
