//! The SQLite store, on files and in memory.

mod files;
mod locked;
mod places;
mod suite;
