//! The store on real servers.

mod faults;
mod keeping;
mod kit;
mod proxy;
mod rights;
mod sentinel;
mod server;
mod setup;
mod suite;
mod tls;
mod watching;
