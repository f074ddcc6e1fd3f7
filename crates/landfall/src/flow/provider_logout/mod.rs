//! The provider ends sessions: by a logout token, through the browser, by a webhook.

pub(crate) mod backchannel;
pub(crate) mod frontchannel;
pub(crate) mod webhook;
