//! Cryptography: seals, secrets, digests, and the name that all of it is derived from.
//!
//! Every primitive comes from aws-lc-rs and is called in this room, in [`crate::protocol`] (signatures) and in
//! [`crate::clock`] (randomness). What is sealed, and under which purpose, is for its owner to say.
//!
//! - [`seal`] is AES-256-GCM with a key for each purpose, and the ring of cookie keys; keyed digests for indexes.
//! - [`secret`] is for values that must not be printed, and comparison in constant time.
//! - [`digest`] is SHA-256. [`process_key`] makes keyed digests that end with the process.
//! - [`application_name`] is what keeps two applications apart that share keys or a store.

pub(crate) mod application_name;
pub(crate) mod digest;
pub(crate) mod process_key;
pub(crate) mod seal;
pub(crate) mod secret;
