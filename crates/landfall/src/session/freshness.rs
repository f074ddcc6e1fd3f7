//! How fresh an access token is: whether it is still good, and whether it is handed out without a refresh.
//!
//! The rule stands here once: sessions and the native client both ask it. There are three questions. A token is *good*
//! while it has not expired, it *lasts a while* if whoever gets it has time to use it, and it is *fresh* if a session
//! hands it out as it is. One that is not fresh is refreshed; `flow::refresh` says who waits for that.

use std::time::Duration;

use crate::clock::Timestamp;

use super::opened::Tokens;

/// An access token is handed out while it is good for at least this long.
const LEEWAY: Duration = Duration::from_secs(60);
/// One that was obtained so short a time ago is handed out however long it lasts: a provider whose tokens are
/// over at once is not asked with every request.
const MIN_INTERVAL: Duration = Duration::from_secs(10);

impl Tokens {
    /// Whether the access token has not expired.
    pub(crate) fn is_good(&self, now: Timestamp) -> bool {
        self.access_expires_at > now
    }

    /// Whether the access token is good for a while: for [`LEEWAY`], or for half of its lifetime if that is less.
    pub(crate) fn lasts_a_while(&self, now: Timestamp) -> bool {
        let left = self.access_expires_at.since(now);
        // A token that lasts a minute is handed out too, for half of it.
        let lifetime = self.access_expires_at.since(self.obtained_at);
        self.is_good(now) && left >= LEEWAY.min(lifetime / 2)
    }

    /// Whether the access token of a session is handed out as it is: it lasts a while, or it has only just come.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        self.lasts_a_while(now) || now.since(self.obtained_at) < MIN_INTERVAL
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::secret::Secret;

    const OBTAINED: Timestamp = Timestamp::from_secs(1_000);

    fn lasting(secs: u64) -> Tokens {
        Tokens {
            access: Secret::new("token".to_owned()),
            obtained_at: OBTAINED,
            access_expires_at: OBTAINED.plus(Duration::from_secs(secs)),
            refresh: None,
            id_token: Secret::new(String::new()),
        }
    }

    fn after(secs: u64) -> Timestamp {
        OBTAINED.plus(Duration::from_secs(secs))
    }

    #[test]
    fn a_token_lasts_a_while_until_its_last_minute_and_a_short_one_for_half_of_its_life() {
        for (lifetime, last) in [(3600, 3540), (120, 60), (100, 50), (40, 20)] {
            let tokens = lasting(lifetime);
            assert!(tokens.lasts_a_while(after(last)) && tokens.is_fresh(after(last)), "{lifetime}");
            assert!(
                !tokens.lasts_a_while(after(last + 1)) && !tokens.is_fresh(after(last + 1)),
                "{lifetime}"
            );
        }
    }

    #[test]
    fn a_token_is_good_until_the_moment_it_expires() {
        let tokens = lasting(60);
        assert!(tokens.is_good(after(59)));
        assert!(!tokens.is_good(after(60)));
    }

    #[test]
    fn a_token_that_is_over_at_once_is_fresh_for_ten_seconds_and_never_lasts() {
        let tokens = lasting(0);
        assert!(tokens.is_fresh(after(0)) && tokens.is_fresh(after(9)));
        assert!(!tokens.is_fresh(after(10)));
        assert!(!tokens.lasts_a_while(after(0)) && !tokens.is_good(after(0)));
    }
}
