//! The one Chromium that all tests of a program share.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::json;
use tempfile::TempDir;

use super::super::program;
use super::devtools::DevTools;

/// Runs the browser with the two pipes where it looks for them, and takes its files away when it has ended. It ends
/// by itself once the pipes are closed: with the tests, however those end. The shell ignores a signal that
/// ends all of them at once, so that it can still remove the folder.
const RUN: &str =
    r#"trap : HUP INT TERM; folder="$1"; shift; "$@" 3<&0 4>&1 </dev/null >/dev/null; rm -rf "$folder""#;

/// The running one: started by the test that needs it first, and again if it is gone.
pub(super) fn shared() -> Arc<DevTools> {
    static RUNNING: Mutex<Option<Arc<DevTools>>> = Mutex::new(None);
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    match &*running {
        Some(devtools) if !devtools.is_closed() => Arc::clone(devtools),
        _ => Arc::clone(running.insert(Arc::new(start()))),
    }
}

/// It knows no certificate authority for loopback, so it takes any certificate.
fn start() -> DevTools {
    let folder = TempDir::with_prefix("landfall-chromium-").unwrap().keep();
    let profile = folder.join("profile");
    fs::create_dir_all(profile.join("Default")).unwrap();
    // A fresh profile context is a private window to Chromium, which would keep every cookie from other sites'
    // pages: what must be our own defence would be its. With this it treats them as in an ordinary window.
    let preferences = json!({ "profile": { "cookie_controls_mode": 0 } });
    fs::write(profile.join("Default/Preferences"), preferences.to_string()).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", RUN, "sh"]).arg(&folder).arg(program("LANDFALL_TEST_CHROMIUM"));
    command.args([
        "--headless=new",
        // Root, and most containers, have no sandbox.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--no-startup-window",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--ignore-certificate-errors",
        // Hosts and sites of a test's own, none of which leads anywhere else (RFC 6761 §6.2).
        "--host-resolver-rules=MAP *.test 127.0.0.1",
        "--remote-debugging-pipe",
    ]);
    command.arg(format!("--user-data-dir={}", profile.display())).env("TMPDIR", &folder);
    let log = fs::File::create(folder.join("log")).unwrap();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    let devtools = DevTools::new(child.stdin.take().unwrap(), child.stdout.take().unwrap());
    // Reaped, so that no zombie stays.
    thread::spawn(move || child.wait());
    devtools
}
