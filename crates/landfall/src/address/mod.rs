//! Addresses: under which URL the application is reached, by whose word, and where people may land.

pub(crate) mod base_url;
pub(crate) mod forwarded;
pub(crate) mod mismatch;
pub(crate) mod return_to;
pub(crate) mod spa_callback;
pub(crate) mod trusted_proxies;
