//! A failure within a callback, and what becomes of its attempt: the one place that chooses its cookies.
//!
//! Each step of the callback knows best what it used up, so it makes its [`Failure`] by saying so. The cookies
//! follow from that here, since a cookie that is taken away too soon costs the person another sign-in, and one
//! that stays too long lets a code be sent again.

use std::sync::Arc;

use super::pending::CallbackRun;
use super::request::CallbackFailure;
use crate::address::return_to::ReturnTo;
use crate::browser::cookie::CookieKind;
use crate::browser::pending_login::{Spent, SpentV2, code_digest, target_digest};
use crate::context::refused::Refused;
use crate::session::SubjectId;

/// The longest destination that a mark holds, in bytes: eight marks share the header with pending logins.
const MAX_DESTINATION: usize = 256;

/// What went wrong, and whether the attempt is good for another try.
pub(super) struct Failure {
    /// What the person is told.
    refused: Refused,
    /// What is left of the attempt.
    attempt: AttemptFate,
    /// Who it was, where that was verified.
    subject: Option<SubjectId>,
}

/// What becomes of the attempt.
enum AttemptFate {
    /// It is as good as it was: nothing of it was used up. The browser keeps its cookies and may try again.
    Open,
    /// It is over, and its cookies are taken away.
    Over,
    /// Its code was sent, or may have been. A mark stays, so that the same callback is known when it comes again.
    Sent,
}

/// What came of a code that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhatCame {
    /// No sign-in.
    Nothing,
    /// A session of ours.
    Session,
    /// An answer of the application's own.
    Answer,
}

impl Failure {
    /// The attempt is as good as it was: nothing was sent because the provider or the store could not be reached,
    /// or what came is no answer to it.
    pub(super) fn open(refused: impl Into<Refused>) -> Self {
        Self { refused: refused.into(), attempt: AttemptFate::Open, subject: None }
    }

    /// The attempt is over. Its code was not sent just now: it was refused, or there is none.
    pub(super) fn over(refused: impl Into<Refused>) -> Self {
        Self { refused: refused.into(), attempt: AttemptFate::Over, subject: None }
    }

    /// The attempt's code was sent, and no session came of it.
    pub(super) fn sent(refused: impl Into<Refused>) -> Self {
        Self { refused: refused.into(), attempt: AttemptFate::Sent, subject: None }
    }

    /// The same of somebody who was verified, for the application's listener.
    pub(super) fn of(self, subject: Option<SubjectId>) -> Self {
        Self { subject, ..self }
    }
}

impl CallbackRun<'_> {
    /// The failure with the cookies that tell the browser what became of its attempt. `code` is what the answer
    /// held, if it held one.
    pub(super) fn concluded(
        &self,
        Failure { refused, attempt, subject }: Failure,
        code: Option<&str>,
    ) -> CallbackFailure {
        let set_cookies = match (attempt, code) {
            (AttemptFate::Open, _) => Vec::new(),
            (AttemptFate::Sent, Some(code)) => self.spent(code, WhatCame::Nothing, &self.return_to),
            (AttemptFate::Over | AttemptFate::Sent, _) => self.consumed(),
        };
        let redirect_uri = self.page_uri.clone();
        CallbackFailure {
            refused,
            return_to: self.return_to.clone(),
            redirect_uri,
            set_cookies,
            provider: Some(Arc::clone(&self.client.issuer)),
            subject,
        }
    }

    /// The Set-Cookie line that takes this attempt away: its pending login, where the browser has it.
    pub(super) fn consumed(&self) -> Vec<String> {
        let names = &self.site.names;
        let name = names.attempt(CookieKind::Login, &self.state.attempt);
        let has_it = self.request.sent.iter().any(|cookie| cookie.name == name);
        has_it.then(|| names.clear(&name)).into_iter().collect()
    }

    /// The lines that take this attempt away, with a mark that its code was sent.
    ///
    /// The mark holds digests of code and destination and lasts ten minutes. By it a callback that comes again is
    /// told from a replay with another code, and a loop is noticed (`signed_in` marks alone count for that). A destination
    /// that is not the attempt's own is in it as well, if it is short: there a callback that comes again lands.
    pub(super) fn spent(&self, code: &str, what_came: WhatCame, landed_at: &ReturnTo) -> Vec<String> {
        let is_another = *landed_at != self.return_to && landed_at.as_str().len() <= MAX_DESTINATION;
        let mark = Spent {
            attempt: self.state.attempt,
            code: code_digest(code),
            finished_at: self.context.clock.now().secs(),
            signed_in: what_came == WhatCame::Session,
            target: target_digest(landed_at.as_str()),
            v2: SpentV2 {
                landed_at: is_another.then(|| landed_at.as_str().to_owned()),
                is_answered: what_came == WhatCame::Answer,
            },
        };
        let mut cookies = self.consumed();
        // Without the mark a reload finds a page instead of the destination; that is all.
        cookies.extend(self.site.seals.spent_cookie(&*self.context.entropy, &self.site.names, &mark));
        cookies
    }
}
