//! Signing keys, made at run time: no private key is ever in a file.

mod algorithm;
mod ring;
mod signing_key;
#[cfg(test)]
mod tests;

pub use algorithm::Algorithm;
pub(crate) use ring::KeyRing;
pub use signing_key::{KeyError, SigningKey};
