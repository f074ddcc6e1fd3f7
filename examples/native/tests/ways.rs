//! The program as somebody runs it who has no browser beside it, with the local provider of its own.

use std::process::Stdio;
use std::time::Duration;

use landfall_testkit::{Browser, Page};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

const PATIENCE: Duration = Duration::from_secs(60);

struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_example-native"));
        for (name, _) in std::env::vars() {
            if name.starts_with("LANDFALL_") || name.starts_with("INTELLIAUTH_") {
                command.env_remove(name);
            }
        }
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// What follows this mark in the next line that has it.
    async fn says(&mut self, mark: &str) -> String {
        let saying = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if let Some((_, rest)) = line.split_once(mark) {
                    return rest.to_owned();
                }
            }
            panic!("it ended without a line with {mark:?}")
        };
        tokio::time::timeout(PATIENCE, saying).await.expect("a line in time")
    }

    async fn ends(mut self) -> Option<i32> {
        // Waiting would close it, and that is an answer.
        let _stdin = self.child.stdin.take();
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("an end in time").unwrap().code()
    }

    /// Says who it is, and goes.
    async fn knows_ada(mut self) {
        assert_eq!(self.says("Signed in as ").await.split(" by ").next(), Some("Ada Lovelace (ada)"));
        self.says("An access token is there").await;
        self.says("Signed out again").await;
        assert_eq!(self.ends().await, Some(0));
    }
}

async fn signed_in_at(url: &str) -> Page {
    let browser = Browser::new();
    browser.open(url).await.unwrap();
    browser.sign_in("ada").await.unwrap()
}

#[tokio::test]
async fn a_person_opens_the_address_and_comes_back_to_the_listener() {
    let mut program = Program::start(&["--no-browser"]);
    let url = program.says("Sign in at ").await;
    assert!(signed_in_at(&url).await.text().contains("You can close this window"));
    program.knows_ada().await;
}

#[tokio::test]
async fn a_person_without_a_browser_here_enters_the_code_on_another_device() {
    let mut program = Program::start(&["--no-browser"]);
    program.says("No browser could be started").await;
    program.says("Sign in at ").await;
    program.says("On another device").await;
    let told = program.says("Open ").await;
    let (url, code) = told.split_once(" and enter the code ").unwrap();
    let browser = Browser::new();
    let page = browser.open(url).await.unwrap();
    browser.submit(&page, "ada", &[("user_code", code)]).await.unwrap();
    program.knows_ada().await;
}

#[tokio::test]
async fn a_person_enters_the_code_on_another_device() {
    let mut program = Program::start(&["--device"]);
    let told = program.says("Open ").await;
    let (url, code) = told.split_once(" and enter the code ").unwrap();
    let browser = Browser::new();
    let page = browser.open(url).await.unwrap();
    let done = browser.submit(&page, "ada", &[("user_code", code)]).await.unwrap();
    assert!(done.text().contains("go back to your device"), "{}", done.text());
    program.knows_ada().await;
}

#[tokio::test]
async fn a_shell_hands_over_the_address_that_it_is_called_with() {
    let mut program = Program::start(&["--scheme"]);
    let url = program.says("Sign in at ").await;
    let called = signed_in_at(&url).await.location().unwrap();
    assert_eq!((called.scheme(), called.host_str()), ("com.example.app", Some("callback")));
    let line = format!("{called}\n");
    program.child.stdin.as_mut().unwrap().write_all(line.as_bytes()).await.unwrap();
    program.knows_ada().await;
}

#[tokio::test]
async fn an_address_that_is_no_answer_signs_nobody_in() {
    let mut program = Program::start(&["--scheme"]);
    program.says("Sign in at ").await;
    program
        .child
        .stdin
        .as_mut()
        .unwrap()
        .write_all(b"com.example.app://callback?code=a&state=b\n")
        .await
        .unwrap();
    assert_eq!(program.ends().await, Some(1));
}

#[tokio::test]
async fn a_word_that_is_not_known_is_named() {
    for arguments in [&["--browser"][..], &["--device", "--scheme"]] {
        assert_eq!(Program::start(arguments).ends().await, Some(1));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_ends_it_at_once_whatever_it_waits_for() {
    for argument in ["--no-browser", "--device", "--scheme"] {
        let mut program = Program::start(&[argument]);
        program.says(if argument == "--device" { "Waiting" } else { "Sign in at " }).await;
        let id = program.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().await.unwrap().success());
        assert_eq!(program.ends().await, Some(130), "{argument}");
    }
}
