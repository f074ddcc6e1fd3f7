//! A command with everything it starts, and the end of both.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, process, thread};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::shell::{self, Failure};

/// Set in all that is started here, so that what left its process group is found as well.
/// Not one of LANDFALL_, which an example would take for a provider setting.
const MARK: &str = "XTASK_RUN";
const PATIENCE: Duration = Duration::from_secs(3);

static RUNNING: Mutex<Vec<Remains>> = Mutex::new(Vec::new());

/// A running command. When it goes, all its descendants go, and its folder if it has one.
#[derive(Debug)]
pub(crate) struct Group {
    child: Child,
    remains: Remains,
}

/// What a command leaves behind.
#[derive(Clone, Debug)]
struct Remains {
    group: u32,
    mark: String,
    folder: Option<PathBuf>,
}

impl Group {
    /// Starts it in a process group of its own.
    pub(crate) fn spawn(command: &mut Command) -> Result<Self, Failure> {
        Self::start(command, None)
    }

    /// The same for one whose files are all in `folder`, which goes with it.
    pub(crate) fn spawn_with_folder(command: &mut Command, folder: PathBuf) -> Result<Self, Failure> {
        Self::start(command, Some(folder))
    }

    fn start(command: &mut Command, folder: Option<PathBuf>) -> Result<Self, Failure> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        // One for each: the end of a command must not be the end of those beside it.
        let mark = format!("{}.{}", process::id(), STARTED.fetch_add(1, Ordering::Relaxed));
        // Held meanwhile: a signal must not come between the start and the note of it.
        let mut running = running();
        let child = command
            .process_group(0)
            .env(MARK, &mark)
            .spawn()
            .map_err(|error| format!("{} did not start: {error}", command.get_program().display()))?;
        let remains = Remains { group: child.id(), mark, folder };
        running.push(remains.clone());
        Ok(Self { child, remains })
    }

    /// Runs it to its end, its output passing through. What it has to say of a failure it has said.
    pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
        let status = Self::spawn(command)?.wait()?;
        if status.success() {
            return Ok(());
        }
        let code = status.code().and_then(|code| code.try_into().ok()).unwrap_or(1);
        Err(Failure { message: String::new(), code })
    }

    /// What it prints as errors, once, if that was piped.
    pub(crate) fn errors(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus, Failure> {
        self.child.wait().map_err(|error| format!("lost sight of a child: {error}").into())
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        stop(self.remains.group);
        // Reaps it; how it ended no longer matters.
        let _ = self.child.wait();
        self.remains.clear();
        running().retain(|other| other.mark != self.remains.mark);
    }
}

impl Remains {
    fn clear(&self) {
        sweep(&self.mark);
        if let Some(folder) = &self.folder {
            // What was just told to end may still make a file. And it may never have been made.
            for _ in 0..20 {
                if fs::remove_dir_all(folder).is_ok() || !folder.exists() {
                    break;
                }
                thread::sleep(Duration::from_millis(50));
            }
        }
    }
}

/// From here on Ctrl-C and its kin stop all groups before they end this process.
pub(crate) fn stop_on_signal() -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|error| format!("can not wait for signals: {error}"))?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // Held to the end: the main thread must not leave first, with another exit code.
            let running = running();
            // The newest first: a server ends once nobody uses it any more.
            for remains in running.iter().rev() {
                stop(remains.group);
                remains.clear();
            }
            process::exit(128 + signal);
        }
    });
    Ok(())
}

fn running() -> MutexGuard<'static, Vec<Remains>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks the group to end, and ends it if it does not.
fn stop(group: u32) {
    if !kill("TERM", group) {
        return;
    }
    let asked = Instant::now();
    while kill("0", group) && !is_zombie(group) {
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

/// Whether it ended and only waits to be asked how. Only Linux shows it; elsewhere patience must do.
fn is_zombie(id: u32) -> bool {
    // The state, not the command line: that is empty for a moment while a program takes its place.
    fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}

/// Ends what carries this mark though it left the group. Only Linux shows it; elsewhere the group must do.
fn sweep(mark: &str) {
    let wanted = format!("{MARK}={mark}");
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes()) {
            let _ = shell::output(shell::program("sh").args(["-c", &format!("kill -KILL {id}")]));
        }
    }
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
        let left: u32 = line.trim().parse().unwrap();
        let alive = || fs::exists(format!("/proc/{left}")).unwrap() && !is_zombie(left);
        assert!(alive());
        drop(group);
        assert!(is_gone_soon(alive));
    }

    #[test]
    fn a_command_that_ends_leaves_those_beside_it_alone_and_takes_its_folder_along() {
        let folder = std::env::temp_dir().join(format!("landfall-group-{}", process::id()));
        fs::create_dir(&folder).unwrap();
        let mut other = Group::spawn(shell::program("tail").args(["-f", "/dev/null"])).unwrap();
        drop(Group::spawn_with_folder(&mut shell::program("true"), folder.clone()).unwrap());
        assert!(!folder.exists() && !other.has_ended());
        let id = other.child.id();
        drop(other);
        assert!(is_gone_soon(|| fs::exists(format!("/proc/{id}")).unwrap()));
    }

    fn is_gone_soon(alive: impl Fn() -> bool) -> bool {
        let stopped = Instant::now();
        while alive() && stopped.elapsed() < PATIENCE {
            thread::yield_now();
        }
        !alive()
    }
}
