//! Cryptography: seals, secrets, digests, and the name that all of it is derived from.

pub(crate) mod application_name;
pub(crate) mod digest;
pub(crate) mod seal;
pub(crate) mod secret;
