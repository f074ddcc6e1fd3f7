//! The budget of key look-ups: how often tokens of unknown keys may make us ask the provider for its keys.
//!
//! It is a token bucket: eight look-ups at once, and one more every ten seconds. Only look-ups that an unknown key caused
//! are counted, not the fetches that happen anyway, and none for a token of another issuer or audience.
//!
//! What strangers post shares the budget with what the provider itself handed over, and may take half of it: however much
//! they send, there are look-ups left for people who sign in the moment after the provider made a new key.
//!
//! While it is spent nothing is known of the key, so the token is not called bad: whoever sent it is told to come again.
//! A provider posts a logout token once, and takes a 400 for the end of it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::{OnceAMinute, Timestamp};
use crate::error::{Error, ErrorCode};

/// How long it takes until one look-up is given back. A stranger who never stops makes us ask six times a minute.
const REFILL: Duration = Duration::from_secs(10);
/// How many look-ups there are at most.
const BUDGET: u32 = 8;
/// How many of them strangers may take.
const STRANGERS_SHARE: u32 = 4;

/// Who handed a token over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenSource {
    /// The provider's token endpoint, over TLS, in answer to a request of ours.
    TokenEndpoint,
    /// Anybody: it was posted here.
    Stranger,
}

impl TokenSource {
    /// How many look-ups may be taken when it has taken its own.
    fn share(self) -> u32 {
        match self {
            Self::TokenEndpoint => BUDGET,
            Self::Stranger => STRANGERS_SHARE,
        }
    }
}

/// The look-ups that are left.
#[derive(Debug, Default)]
pub(super) struct KeyLookups {
    /// When all of them will be there again: each one that is taken puts this off by [`REFILL`].
    full_at: Mutex<Timestamp>,
    told: OnceAMinute,
}

impl KeyLookups {
    /// Takes one.
    ///
    /// # Errors
    /// [`ErrorCode::KeyLookupsSpent`] where the share is spent. The log warns of it once a minute.
    pub(super) fn spend(&self, source: TokenSource, now: Timestamp) -> Result<(), Error> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let owed = owed(*full_at, now);
        let is_left = owed <= REFILL * (source.share() - 1);
        *full_at = now.plus(if is_left { owed + REFILL } else { owed });
        drop(full_at);
        if is_left {
            return Ok(());
        }
        if self.told.is_due(now) {
            tracing::warn!(
                ?source,
                "tokens name unknown keys faster than these are looked up; they are answered 503 until there is time. \
                 If it lasts, somebody makes up tokens, or the provider signs with keys that it does not publish"
            );
        }
        Err(Error::new(ErrorCode::KeyLookupsSpent)
            .detail("its key is not known, and unknown keys were looked up too often just now"))
    }

    /// How long until a stranger may take one again; zero where there is one.
    pub(super) fn wait(&self, now: Timestamp) -> Duration {
        let full_at = *self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        owed(full_at, now).saturating_sub(REFILL * (STRANGERS_SHARE - 1))
    }
}

/// What is taken, as the time until it is given back. A clock that was set back owes no more than all of it.
fn owed(full_at: Timestamp, now: Timestamp) -> Duration {
    full_at.since(now).min(REFILL * BUDGET)
}

#[cfg(test)]
mod tests {
    use super::TokenSource::{Stranger, TokenEndpoint};
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    /// How many it gives at once.
    fn left(lookups: &KeyLookups, source: TokenSource, now: Timestamp) -> usize {
        (0..100).take_while(|_| lookups.spend(source, now).is_ok()).count()
    }

    #[test]
    fn strangers_take_half_and_leave_the_rest_to_the_token_endpoint() {
        let lookups = KeyLookups::default();
        assert_eq!((left(&lookups, Stranger, NOW), left(&lookups, TokenEndpoint, NOW)), (4, 4));
        let lookups = KeyLookups::default();
        assert_eq!((left(&lookups, TokenEndpoint, NOW), left(&lookups, Stranger, NOW)), (8, 0));
        let error = lookups.spend(TokenEndpoint, NOW).unwrap_err();
        assert_eq!((error.code(), error.status()), (ErrorCode::KeyLookupsSpent, 503));
    }

    #[test]
    fn one_comes_back_every_ten_seconds_and_never_more_than_there_were() {
        let lookups = KeyLookups::default();
        let at = |seconds| NOW.plus(Duration::from_secs(seconds));
        assert_eq!(lookups.wait(NOW), Duration::ZERO);
        assert_eq!(left(&lookups, Stranger, NOW), 4);
        assert_eq!(lookups.wait(NOW), REFILL);
        assert_eq!((left(&lookups, Stranger, at(9)), lookups.wait(at(9))), (0, Duration::from_secs(1)));
        assert_eq!(lookups.wait(at(10)), Duration::ZERO);
        assert_eq!(left(&lookups, Stranger, at(10)), 1);
        assert_eq!(left(&lookups, TokenEndpoint, at(3600)), 8);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nobody_wait_for_longer_than_the_whole_budget() {
        let lookups = KeyLookups::default();
        assert_eq!(left(&lookups, TokenEndpoint, NOW), 8);
        let yesterday = NOW.minus(Duration::from_secs(86_400));
        assert!(lookups.spend(TokenEndpoint, yesterday).is_err());
        assert!(lookups.wait(yesterday) <= REFILL * BUDGET);
        assert_eq!(left(&lookups, TokenEndpoint, yesterday.plus(REFILL)), 1);
    }
}
