//! What of a destination is kept across a sign-in beyond path and query.
//!
//! A sign-in leads back to a page by its address. What stands behind `#`, and what was being posted, is not in it
//! and would be lost; here an application says that it wants them kept. Where they are kept is `browser::kept_form`
//! and `context::kept_forms`.

use super::RelyingPartyBuilder;
use crate::context::endpoints::{Endpoint, is_path};
use crate::error::ConfigError;

/// The largest limit, in bytes: more than this in one record is no form any more.
const MOST: usize = 1024 * 1024;

/// # Forms and fragments that are kept across a sign-in
impl RelyingPartyBuilder {
    /// Keeps the part of an address behind `#` across a sign-in. No server is sent it, so whoever has to sign in gets
    /// a page first that reads it and goes on by itself: one request more, and a script of one line that the page's
    /// Content-Security-Policy allows by its digest. Without scripts the sign-in goes on without the fragment.
    ///
    /// ```
    /// let builder = landfall::RelyingParty::builder("https://acme.example").keep_fragments();
    /// # let _ = builder;
    /// ```
    pub fn keep_fragments(mut self) -> Self {
        self.landing.keep_fragments = true;
        self
    }

    /// Keeps a form that is posted to this address, or below it, by somebody whose session is over: it is sealed, the
    /// person signs in, and a page that works without scripts offers to send it, once. May be called several times.
    ///
    /// Only for addresses that need a sign-in: whoever is signed out is sent to sign in there, before the application
    /// sees the request. Kept are forms of this very site that come as `application/x-www-form-urlencoded`; files are
    /// not. Small ones travel in a sealed cookie, larger ones need a store. A token against forgery that the
    /// application itself put into the form has to outlive the old session to be of use, and a Content-Security-Policy
    /// of the page with the form has to allow the provider in `form-action`: some browsers hold it against redirects.
    ///
    /// ```
    /// let builder = landfall::RelyingParty::builder("https://acme.example").keep_posted_forms("/comments");
    /// # let _ = builder;
    /// ```
    pub fn keep_posted_forms(mut self, path: impl Into<String>) -> Self {
        self.kept_forms.paths.push(path.into());
        self
    }

    /// The largest form to keep, in bytes as it is sent. Default: 64 KiB, at most 1 MiB; without a store 2 KiB,
    /// whatever is set. Whoever sends a larger one is asked to sign in, and finds the page with the form again.
    pub fn kept_form_limit(mut self, bytes: usize) -> Self {
        self.kept_forms.limit = bytes;
        self
    }

    /// The path of the page that offers to send a kept form. Default: `/auth/resume`.
    pub fn resume_path(mut self, path: impl Into<String>) -> Self {
        self.paths.set(Endpoint::Resume, path.into());
        self
    }

    /// The addresses are paths, and the limit is one that a record can hold.
    ///
    /// # Errors
    /// `keep_posted_forms`, also beside a required header, since no form that is sent again could carry it;
    /// `kept_form_limit`.
    pub(super) fn check_kept_forms(&self) -> Result<(), ConfigError> {
        for path in &self.kept_forms.paths {
            if !is_path(path) || path.contains(['?', '#']) {
                let problem = format!("{:?} is no path", crate::error::printable(path));
                return Err(ConfigError::new(
                    "keep_posted_forms",
                    problem,
                    "begin it with one slash, without a query",
                ));
            }
        }
        if !self.kept_forms.paths.is_empty() && self.csrf.required_header.is_some() {
            return Err(ConfigError::new(
                "keep_posted_forms",
                "beside a required header, which no form can send",
                "leave one of the two out",
            ));
        }
        if self.kept_forms.limit > MOST {
            return Err(ConfigError::new("kept_form_limit", "more than 1 MiB", "keep smaller forms"));
        }
        Ok(())
    }
}
