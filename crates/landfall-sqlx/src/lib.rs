#![doc = include_str!("../README.md")]

mod address;
mod engine;
mod error;
#[cfg(feature = "postgres")]
mod postgres;
mod record;
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod sweep;
mod watchers;

pub use address::{Opener, opener};
#[cfg(feature = "postgres")]
pub use postgres::{Postgres, PostgresStore};
#[cfg(feature = "sqlite")]
pub use sqlite::{Sqlite, SqliteStore};
pub use sqlx;
pub use store::SqlStore;
