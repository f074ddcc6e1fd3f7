#![doc = include_str!("../README.md")]

mod address;
mod connection;
mod error;
mod keys;
mod record;
mod rights;
mod script;
mod store;
mod watch;

pub use address::{Opener, opener};
pub use redis;
pub use store::RedisStore;
