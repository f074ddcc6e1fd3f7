//! A failure within a callback, and what becomes of its attempt: the one place that chooses its cookies.

use super::request::CallbackFailure;
use super::run::CallbackRun;
use crate::browser::cookie::CookieKind;
use crate::browser::pending_login::{Spent, code_digest, target_digest};
use crate::context::refused::Refused;

/// What went wrong, and whether the attempt is good for another try.
pub(super) struct Failure {
    refused: Refused,
    attempt: AttemptFate,
}

/// What becomes of the attempt.
enum AttemptFate {
    /// It is as good as it was: nothing of it was used up.
    Open,
    /// It is over, and its cookies are taken away.
    Over,
    /// Its code was sent, and a mark stays of that.
    Sent,
}

impl Failure {
    /// The attempt is as good as it was.
    pub(super) fn open(refused: impl Into<Refused>) -> Self {
        Self { refused: refused.into(), attempt: AttemptFate::Open }
    }

    /// The attempt is over.
    pub(super) fn over(refused: impl Into<Refused>) -> Self {
        Self { refused: refused.into(), attempt: AttemptFate::Over }
    }

    /// The attempt's code was sent.
    pub(super) fn sent(refused: impl Into<Refused>) -> Self {
        Self { refused: refused.into(), attempt: AttemptFate::Sent }
    }
}

impl CallbackRun<'_> {
    /// The failure with the cookies that tell the browser what became of its attempt.
    pub(super) fn told(&self, Failure { refused, attempt }: Failure, code: Option<&str>) -> CallbackFailure {
        let set_cookies = match (attempt, code) {
            (AttemptFate::Open, _) => Vec::new(),
            (AttemptFate::Sent, Some(code)) => self.spent(code, false),
            (AttemptFate::Over | AttemptFate::Sent, _) => self.consumed(),
        };
        let redirect_uri = self.page_uri.clone();
        CallbackFailure { refused, return_to: self.return_to.clone(), redirect_uri, set_cookies }
    }

    /// The cookies that take this attempt away.
    pub(super) fn consumed(&self) -> Vec<String> {
        let names = &self.site.names;
        [CookieKind::Login, CookieKind::Post]
            .map(|kind| names.attempt(kind, &self.state.attempt))
            .iter()
            .filter(|name| self.request.sent.iter().any(|cookie| cookie.name == **name))
            .map(|name| names.clear(name))
            .collect()
    }

    /// The cookies that take this attempt away, with a mark that its code was sent.
    pub(super) fn spent(&self, code: &str, signed_in: bool) -> Vec<String> {
        let mark = Spent {
            attempt: self.state.attempt,
            code: code_digest(code),
            finished_at: self.context.clock.now().secs(),
            signed_in,
            target: target_digest(self.return_to.as_str()),
        };
        let mut cookies = self.consumed();
        // Without the mark a reload finds a page instead of the destination; that is all.
        cookies.extend(self.site.seals.spent_cookie(&*self.context.entropy, &self.site.names, &mark));
        cookies
    }
}
