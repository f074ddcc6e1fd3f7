//! The store on real servers.

mod basics;
mod kit;
mod server;
