//! The legs of the trip, one a file: order, never rules.

pub(crate) mod approval;
pub(crate) mod arrival;
pub(crate) mod attempts;
pub(crate) mod backchannel;
pub(crate) mod callback;
pub(crate) mod endings;
pub(crate) mod exchange;
pub(crate) mod frontchannel;
pub(crate) mod kept_form;
pub(crate) mod login;
pub(crate) mod logout;
#[cfg(feature = "native")]
pub(crate) mod native;
pub(crate) mod posted;
pub(crate) mod provider;
pub(crate) mod refresh;
pub(crate) mod token_endpoint;
pub(crate) mod webhook;
