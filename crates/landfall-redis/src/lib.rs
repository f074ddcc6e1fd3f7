#![doc = include_str!("../README.md")]

mod address;
mod authorities;
mod connection;
mod error;
mod keys;
mod record;
mod rights;
mod script;
mod sentinel;
mod store;
mod watch;
mod way;

pub use address::{Opener, opener};
pub use redis;
pub use store::RedisStore;
