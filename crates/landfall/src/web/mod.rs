//! The web as the core sees it: requests, replies, pages and forms.
//!
//! A room of its own because no web framework is known here, and yet every leg speaks HTTP. An adapter shows a
//! request by one trait and takes a reply of one type; between the two nothing depends on it. What a cookie holds
//! is `browser`'s business, what a request is allowed to do `guard`'s; this room only reads and writes.
//!
//! Imports come from `error` and `crypto`. `protocol` takes `form` from here, everything above takes all of it.
//!
//! - [`request`]: all that the core may see of a request, for adapters to implement.
//! - [`reply`]: what the core answers with, and bodies that have to be read first.
//! - [`form`]: the one reader of queries, forms, media types and bodies.
//! - [`caching`]: what an answer says to caches, and how it is made one person's.
//! - [`site_data`]: what a sign-out asks the browser to throw away.
//! - [`pages`]: the answers we write ourselves, with the headers that belong on each.
//!
//! Another page of ours, or another header on all of them, goes to [`pages`].

pub(crate) mod caching;
pub(crate) mod form;
pub(crate) mod pages;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod site_data;
