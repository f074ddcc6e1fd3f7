//! The PostgreSQL store on real servers.

mod faults;
mod keeping;
mod kit;
mod migrating;
mod network;
mod proxy;
mod server;
mod spares;
mod suite;
mod watching;
