//! A program beside the tests.

use std::process::{Command as StdCommand, Stdio};
use std::thread;
use std::time::Instant;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::{BEAT, PATIENCE};

/// A running program. It is ended when this is dropped, by a panic as well.
#[derive(Debug)]
pub struct Process {
    // Held for its drop as well, and for the pipe to the program's standard input.
    child: Child,
    printed: UnboundedReceiver<String>,
}

impl Process {
    /// Starts it. What it prints shows up in the test's own output.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (told, printed) = mpsc::unbounded_channel();
        tokio::spawn(pass_on(child.stdout.take().unwrap(), told.clone()));
        tokio::spawn(pass_on(child.stderr.take().unwrap(), told));
        Self { child, printed }
    }

    /// Sends it this signal and waits for its end.
    ///
    /// # Panics
    /// When it does not end within a minute.
    pub async fn end(mut self, signal: &str) {
        self.send(signal);
        let Ok(ended) = tokio::time::timeout(PATIENCE, self.child.wait()).await else {
            panic!("the program did not end by {signal}")
        };
        ended.unwrap();
    }

    /// The same for a drop, which can not wait as a future can. Kills it in the end.
    pub fn end_now(mut self, signal: &str) {
        self.send(signal);
        let asked = Instant::now();
        while self.child.try_wait().is_ok_and(|status| status.is_none()) && asked.elapsed() < PATIENCE / 20 {
            thread::park_timeout(BEAT);
        }
    }

    /// Waits for its end, which it must call a success.
    ///
    /// # Panics
    /// When it does not end within a minute, or fails.
    pub async fn ended(mut self) {
        let Ok(ended) = tokio::time::timeout(PATIENCE, self.child.wait()).await else {
            panic!("the program did not end")
        };
        assert!(ended.unwrap().success());
    }

    /// Sends it this signal.
    pub(crate) fn send(&self, signal: &str) {
        let Some(id) = self.child.id() else { return };
        // It may have ended by itself.
        let _ = StdCommand::new("sh").args(["-c", &format!("kill -{signal} {id}")]).status();
    }

    /// Waits for a line that holds `mark`, and gives what follows the mark.
    ///
    /// # Panics
    /// When the program ends before, or prints no such line within a minute.
    pub async fn says(&mut self, mark: &str) -> String {
        let said = self.says_before_its_end(mark).await;
        said.unwrap_or_else(|| panic!("the program ended without a line with {mark:?}"))
    }

    /// The same for one that may end before: then there is nothing.
    ///
    /// # Panics
    /// When it neither prints such a line nor ends within a minute.
    pub async fn says_before_its_end(&mut self, mark: &str) -> Option<String> {
        let reading = async {
            while let Some(line) = self.printed.recv().await {
                if let Some((_, rest)) = line.split_once(mark) {
                    return Some(rest.trim().to_owned());
                }
            }
            None
        };
        let Ok(said) = tokio::time::timeout(PATIENCE, reading).await else {
            panic!("no line with {mark:?} came");
        };
        said
    }
}

/// Reads to the end, lest the program wait for a reader.
async fn pass_on(from: impl AsyncRead + Unpin, to: UnboundedSender<String>) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        println!("{line}");
        // Nobody listens any more once the line waited for has come.
        let _ = to.send(line);
    }
}
