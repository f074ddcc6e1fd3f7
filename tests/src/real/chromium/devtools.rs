//! Chrome's DevTools protocol over a pair of pipes: a command and its answer, and what a page tells unasked.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::super::PATIENCE;

/// The browser's end of the pipes. Tests in any number of runtimes may use it at once.
pub(super) struct DevTools {
    commands: Mutex<Box<dyn Write + Send>>,
    last: AtomicU64,
    seen: Arc<Seen>,
}

/// What the thread that reads knows.
#[derive(Default)]
struct Seen {
    waiting: Mutex<HashMap<u64, oneshot::Sender<Answer>>>,
    /// What pages logged, by the session that listens to them.
    logged: Mutex<HashMap<String, Vec<String>>>,
    closed: AtomicBool,
}

/// A command's result, or why there is none.
pub(super) type Answer = Result<Value, String>;

impl DevTools {
    /// Speaks by these pipes. It reads until the browser closes its one.
    pub(super) fn new(commands: impl Write + Send + 'static, answers: impl Read + Send + 'static) -> Self {
        let seen = Arc::new(Seen::default());
        let reader = Arc::clone(&seen);
        thread::spawn(move || reader.read(answers));
        Self { commands: Mutex::new(Box::new(commands)), last: AtomicU64::new(0), seen }
    }

    /// Whether the browser is gone.
    pub(super) fn is_closed(&self) -> bool {
        self.seen.closed.load(Ordering::SeqCst)
    }

    /// Gives a command to the browser, or to the page that this session is attached to, and waits for its answer.
    pub(super) async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Answer {
        let (told, answer) = oneshot::channel();
        let id = self.last.fetch_add(1, Ordering::Relaxed);
        locked(&self.seen.waiting).insert(id, told);
        self.write(id, session, method, &params)?;
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err("the browser is gone".to_owned()),
            Err(_) => Err(format!("{method} is not answered")),
        }
    }

    /// Gives a command whose answer nobody waits for.
    pub(super) fn send(&self, method: &str, params: &Value) {
        let id = self.last.fetch_add(1, Ordering::Relaxed);
        // A browser that is gone has nothing left to do.
        let _ = self.write(id, None, method, params);
    }

    /// What this session's page has logged since this was last asked.
    pub(super) fn take_logged(&self, session: &str) -> Vec<String> {
        locked(&self.seen.logged).remove(session).unwrap_or_default()
    }

    fn write(&self, id: u64, session: Option<&str>, method: &str, params: &Value) -> Result<(), String> {
        let mut command = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            command["sessionId"] = session.into();
        }
        let mut line = command.to_string().into_bytes();
        line.push(0);
        locked(&self.commands).write_all(&line).map_err(|error| format!("the browser is gone: {error}"))
    }
}

impl Seen {
    fn read(&self, answers: impl Read) {
        let mut answers = BufReader::new(answers);
        let mut message = Vec::new();
        while answers.read_until(0, &mut message).is_ok_and(|count| count > 0) {
            message.pop();
            if let Ok(message) = serde_json::from_slice(&message) {
                self.note(message);
            }
            message.clear();
        }
        self.closed.store(true, Ordering::SeqCst);
        // Dropping a sender tells whoever waits for its answer.
        locked(&self.waiting).clear();
    }

    fn note(&self, mut message: Value) {
        if let Some(id) = message["id"].as_u64() {
            let told = locked(&self.waiting).remove(&id);
            let answer = match message.get("error") {
                Some(error) => Err(error.to_string()),
                None => Ok(message["result"].take()),
            };
            // Nobody need be there any more.
            let _ = told.map(|told| told.send(answer));
        } else if message["method"] == "Log.entryAdded" {
            let session = message["sessionId"].as_str().unwrap_or_default().to_owned();
            let text = message["params"]["entry"]["text"].as_str().unwrap_or_default().to_owned();
            locked(&self.logged).entry(session).or_default().push(text);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
