//! What the core decides about a request, and what it takes to decide it.
//!
//! A request whose session is at hand is decided without a future, since that is nearly every request. So the
//! first answer is a [`Step`]: done, or something to await. What is decided is a [`Decision`]. An adapter matches
//! both and adds no case of its own.

use std::fmt;

use crate::visit::Visit;
use crate::web::reply::{NeedsBody, Reply, Waiting};

/// What to do with a request.
#[allow(clippy::large_enum_variant, reason = "made once a request and taken apart at once")]
pub enum Decision {
    /// Let the application answer; put the visit where guards and extractors look for it.
    Pass(Visit),
    /// Answer with this; the application does not see the request.
    Reply(Reply),
    /// Read a body of at most [`NeedsBody::limit`] bytes, then go on with it; the application does not see the
    /// request.
    NeedsBody(NeedsBody),
}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass(visit) => f.debug_tuple("Pass").field(visit).finish(),
            // Its headers may hold cookies and `state`.
            Self::Reply(reply) => f.debug_tuple("Reply").field(&reply.status()).finish(),
            Self::NeedsBody(needs) => f.debug_tuple("NeedsBody").field(needs).finish(),
        }
    }
}

/// The first step with a request.
///
/// ```
/// use landfall::adapter::{Decision, Step};
///
/// async fn decide(step: Step) -> Decision {
///     match step {
///         Step::Done(decision) => decision,
///         Step::Wait(work) => work.await,
///     }
/// }
/// ```
pub enum Step {
    /// Decided at once, without I/O and without a future.
    Done(Decision),
    /// Await this.
    Wait(Waiting<Decision>),
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(decision) => f.debug_tuple("Done").field(decision).finish(),
            Self::Wait(_) => f.write_str("Wait"),
        }
    }
}

impl Step {
    /// Answered at once; the application does not see the request.
    pub(super) fn reply(reply: Reply) -> Self {
        Self::Done(Decision::Reply(reply))
    }

    /// Goes on once the body is there.
    pub(super) fn needs_body(needs: NeedsBody) -> Self {
        Self::Done(Decision::NeedsBody(needs))
    }

    /// The application's, at once.
    pub(super) fn pass(visit: Visit) -> Self {
        Self::Done(Decision::Pass(visit))
    }
}
