//! The store on real servers.

mod basics;
mod faults;
mod kit;
mod keeping;
mod proxy;
mod server;
mod watching;
