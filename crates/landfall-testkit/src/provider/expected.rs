//! [`Expected`]: one sign-in of a person of the test's own choosing, beside everybody else's.

use std::sync::Arc;

use super::LocalProvider;
use super::core::Core;
use super::keys::KeyError;
use super::people::Person;
use super::state::random;
use crate::lock::lock;

/// A person who is signed in at once, whoever else is there, by requests that carry a `login_hint` nobody can guess.
/// Until this is dropped.
#[derive(Debug)]
pub(crate) struct Expected {
    core: Arc<Core>,
    login_hint: String,
}

impl Expected {
    /// What the authorization request has to say.
    pub(crate) fn login_hint(&self) -> &str {
        &self.login_hint
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        lock(&self.core.expected).remove(&self.login_hint);
    }
}

impl LocalProvider {
    /// Expects a sign-in of this person.
    pub(crate) fn expect(&self, person: Person) -> Result<Expected, KeyError> {
        let login_hint = random()?;
        lock(&self.core.expected).insert(login_hint.clone(), person);
        Ok(Expected { core: Arc::clone(&self.core), login_hint })
    }

    /// The person of this subject; anybody else's name will do too.
    pub(crate) fn person(&self, subject: &str) -> Person {
        self.core.person(subject)
    }
}
