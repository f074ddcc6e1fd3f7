//! Addresses: under which URL the application is reached, by whose word, and where people may land.
//!
//! A room of its own because every answer here is one that an attacker would like to give instead: the host that
//! redirect URIs are built on, the scheme that decides about cookies, the page after a sign-in. So base URLs are
//! configured and only chosen among, forwarded headers are read from trusted proxies alone, and a destination is a
//! type that cannot leave the application.
//!
//! Imports come from `error` and `clock`, and from `web::request` for the view of a request. `protocol`, `context` and
//! everything above may import from here.
//!
//! - [`base_url`]: one configured address, and whether a request names it.
//! - [`trusted_proxies`]: whether a proxy's word is taken; [`forwarded`]: what it says.
//! - [`mismatch`]: an address that is almost the base URL's, explained to operator and person.
//! - [`any_host`]: the paths for which none of it matters.
//! - [`return_to`]: where a person lands.
//! - [`target`]: what a browser asked for, as it was sent.
//! - [`readings`]: what some reader could take a path for; [`path_prefix`]: the paths that settings name.
//! - [`written`]: a URL as somebody wrote it into a setting, and what was meant.
//! - [`unencrypted`]: a connection without TLS, and who may have one.
//! - [`spa_callback`]: redirect URIs that are routes of a single-page application.
//!
//! Which base URL a request belongs to is put together in `context::site_selection`. Another header that proxies write gets
//! its reader in [`forwarded`], and a variant of [`trusted_proxies::ForwardedHeaders`].

pub(crate) mod any_host;
pub(crate) mod base_url;
pub(crate) mod forwarded;
pub(crate) mod mismatch;
pub(crate) mod path_prefix;
pub(crate) mod readings;
pub(crate) mod return_to;
pub(crate) mod spa_callback;
pub(crate) mod target;
pub(crate) mod trusted_proxies;
pub(crate) mod unencrypted;
pub(crate) mod written;
