//! Secrets, and what is sealed with them.

pub(crate) mod digest;
pub(crate) mod seal;
pub(crate) mod secret;
