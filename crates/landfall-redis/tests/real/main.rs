//! The store on real servers.

mod basics;
mod faults;
mod keeping;
mod kit;
mod proxy;
mod racing;
mod server;
mod setup;
mod watching;
