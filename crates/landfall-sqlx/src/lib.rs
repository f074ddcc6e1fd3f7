#![doc = include_str!("../README.md")]

mod address;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod engine;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod error;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod record;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod running;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod store;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sweep;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod watchers;

pub use address::{Opener, opener};
#[cfg(feature = "postgres")]
pub use postgres::{Postgres, PostgresStore};
#[cfg(feature = "sqlite")]
pub use sqlite::{Sqlite, SqliteStore};
pub use sqlx;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use store::SqlStore;
