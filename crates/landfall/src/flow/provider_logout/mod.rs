//! The provider ends sessions: by a logout token, through the browser, by a webhook.
//!
//! One way a file, since each proves something else. [`backchannel`] and [`webhook`] are signed and have a time,
//! so they end what is older than they are, and are remembered for sign-ins that are under way. [`frontchannel`]
//! proves nothing and ends one named session. What ends where is up to the session keeper; the endpoints are in
//! `relying_party/provider_logout.rs`.

pub(crate) mod backchannel;
pub(crate) mod frontchannel;
pub(crate) mod webhook;
