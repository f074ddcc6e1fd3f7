//! The legs of the trip, one a file: order, never rules.

pub(crate) mod approval;
pub(crate) mod callback;
pub(crate) mod code_exchange;
pub(crate) mod kept_form;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod provider_logout;
pub(crate) mod refresh;
pub(crate) mod token_endpoint;
