//! [`Running`]: whether a background task is at work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a task owns while it runs. A task ends with its runtime, and the store may be used on another one later.
#[derive(Debug)]
pub struct Running(Arc<AtomicBool>);

impl Running {
    /// Gives the right to start the task; `None` while it runs.
    pub(crate) fn begin(flag: &Arc<AtomicBool>) -> Option<Self> {
        (!flag.swap(true, Ordering::AcqRel)).then(|| Self(flag.clone()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
