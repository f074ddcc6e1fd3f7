//! Everything that was traced, as text, to be searched.

use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

/// Collects what is traced while it is set as the default, at the most verbose level.
#[derive(Clone, Debug, Default)]
pub struct Traces(Arc<Mutex<Vec<u8>>>);

impl Traces {
    /// Collects from now on, in the whole process: give it a test binary of its own.
    ///
    /// # Panics
    /// When another subscriber was set before.
    pub fn of_this_process() -> Self {
        let traces = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(traces.clone())
            .finish();
        // With what comes by the `log` crate: reqwest, rustls and actix speak that.
        tracing_subscriber::util::SubscriberInitExt::try_init(subscriber).unwrap();
        traces
    }

    /// What was traced so far.
    ///
    /// # Panics
    /// When a writer panicked.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Traces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Traces {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
