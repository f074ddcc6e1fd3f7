//! A handler that is at work until the test lets it answer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use tokio::sync::Semaphore;

/// A page of the application, whose handler answers when it is let.
#[derive(Debug)]
pub struct Gate {
    name: String,
    doors: Arc<Doors>,
}

#[derive(Debug)]
struct Doors {
    /// One more for each request that has come so far as to its handler.
    came: Semaphore,
    /// One more for each that may answer.
    may_answer: Semaphore,
}

static OPEN: LazyLock<Mutex<HashMap<String, Arc<Doors>>>> = LazyLock::new(Mutex::default);

impl Gate {
    /// A page of its own.
    ///
    /// # Panics
    /// When another test did while it held the list.
    #[allow(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        let doors = Arc::new(Doors { came: Semaphore::new(0), may_answer: Semaphore::new(0) });
        OPEN.lock().unwrap().insert(name.clone(), Arc::clone(&doors));
        Self { name, doors }
    }

    /// Its path and query.
    pub fn path(&self) -> String {
        format!("/held?{}", self.name)
    }

    /// Until a request has come so far as to the handler.
    ///
    /// # Panics
    /// Never.
    pub async fn came(&self) {
        self.doors.came.acquire().await.unwrap().forget();
    }

    /// Lets one request be answered.
    pub fn answer(&self) {
        self.doors.may_answer.add_permits(1);
    }
}

/// What the handler does.
pub(crate) async fn wait(name: &str) {
    let doors = OPEN.lock().unwrap().get(name).cloned();
    if let Some(doors) = doors {
        doors.came.add_permits(1);
        doors.may_answer.acquire().await.unwrap().forget();
    }
}
