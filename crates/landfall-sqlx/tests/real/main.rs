//! The PostgreSQL store on real servers.

mod faults;
mod hosts;
mod keeping;
mod kit;
mod log;
mod migrating;
mod network;
mod pgbouncer;
mod pooled;
mod proxy;
mod roles;
mod server;
mod spares;
mod suite;
mod tls;
mod watching;
