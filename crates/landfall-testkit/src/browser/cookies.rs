//! The cookies, as a test looks at them and changes them.

use super::address::parse;
use super::error::BrowserError;
use super::jar::StoredCookie;
use super::tab::Browser;
use crate::lock::lock;

impl Browser {
    /// The cookies that belong to this address, whoever asks.
    ///
    /// # Errors
    /// When `url` is no URL.
    pub fn cookies_for(&self, url: &str) -> Result<Vec<StoredCookie>, BrowserError> {
        Ok(lock(&self.shared.jar).for_url(&parse(url)?, self.now()))
    }

    /// Puts a cookie into the jar, as if `url` had answered with this `Set-Cookie` line; false if it was ignored.
    ///
    /// # Errors
    /// When `url` is no URL.
    pub fn set_cookie(&self, url: &str, line: &str) -> Result<bool, BrowserError> {
        Ok(lock(&self.shared.jar).set(line, &parse(url)?, self.now(), true))
    }

    /// Forgets every cookie of this name.
    pub fn forget_cookie(&self, name: &str) {
        lock(&self.shared.jar).remove(name);
    }

    /// Empties the jar.
    pub fn forget_cookies(&self) {
        lock(&self.shared.jar).clear();
    }
}
