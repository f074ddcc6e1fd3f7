//! The relying party of every path, and the sessions of those who ask.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use landfall::{AuthLevel, Clock, CookieKey, Identity, RelyingParty, RelyingPartyBuilder, SystemClock};

use crate::paths::{Path, Visitor};
use crate::subject::{Cookies, Runner, pair, same};

/// Where the connection comes from, for those who trust a proxy.
pub(crate) const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

/// The least settings: sessions are in the cookie, and nothing is asked of the provider.
///
/// # Panics
/// Where the system has no randomness.
pub fn builder() -> RelyingPartyBuilder {
    RelyingParty::builder("https://op.example")
        .client("app", "the-secret-of-a-benchmark")
        .base_url("https://app.example.com")
        .cookie_keys([CookieKey::generate().expect("the system has randomness")])
        // Renewal is not what is measured.
        .near_cache_staleness(Duration::from_secs(3600))
}

/// The relying party of a path, and the cookies of those who ask.
pub(crate) fn of(path: &Path, runner: &Runner) -> (RelyingParty, Cookies) {
    let auth = (path.settings)(builder()).build().expect("sound settings");
    let cookies = match path.visitor {
        Visitor::Stranger => stranger(),
        Visitor::SignedIn => hot(runner, &auth),
        Visitor::AlwaysNew => cold(runner, &auth),
    };
    (auth, cookies)
}

/// Two cookies, neither of which is ours.
pub(crate) fn stranger() -> Cookies {
    same("theme=dark; locale=en-GB")
}

/// One session, asked with again and again: it is in the near cache. The foreign cookie stands before ours.
pub fn hot(runner: &Runner, auth: &RelyingParty) -> Cookies {
    same(&session(runner, auth, 0))
}

/// A session of its own for every request: none is in the near cache.
pub fn cold(runner: &Runner, auth: &RelyingParty) -> Cookies {
    let (runner, auth) = (runner.clone(), auth.clone());
    let mut number = 0;
    Box::new(move || {
        number += 1;
        session(&runner, &auth, number)
    })
}

/// Begins a session that meets every requirement of the table, of a size that does not depend on the number.
fn session(runner: &Runner, auth: &RelyingParty, number: u32) -> String {
    let ada = Identity::new("https://op.example", format!("user-{number:08}"))
        .with_name("Ada Lovelace")
        .with_email("ada@example.com", true)
        .with_scope("openid profile email")
        .with_role("staff")
        .with_authentication(AuthLevel::Aal2, SystemClock.now());
    let set_cookie = runner.block_on(auth.sessions().create(ada)).expect("a session");
    format!("theme=dark; {}", pair(&set_cookie))
}
