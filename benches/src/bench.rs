//! What runs the subjects, and knows where the engines are.

use std::ops::Deref;

use landfall_requests::Runner;

use crate::engines::{Engine, Engines};

/// The runner of the counts, beside engines.
#[derive(Clone, Default)]
pub struct Bench {
    runner: Runner,
    engines: Engines,
}

impl Bench {
    pub fn new(engines: Engines) -> Self {
        Self { runner: Runner::new(), engines }
    }

    /// The same with a runtime as axum's applications have.
    pub fn threaded(&self) -> Self {
        Self { runner: self.runner.threaded(), engines: self.engines.clone() }
    }

    pub fn engines(&self) -> &Engines {
        &self.engines
    }

    /// The address of an engine that a row needs: a row whose engine was not started is left out.
    pub fn address(&self, engine: Engine) -> &str {
        self.engines.find(engine).expect("it was started")
    }
}

impl Deref for Bench {
    type Target = Runner;

    fn deref(&self) -> &Runner {
        &self.runner
    }
}
