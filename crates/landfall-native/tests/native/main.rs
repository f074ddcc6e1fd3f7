//! What a native application does, against a provider on loopback and a browser with a cookie jar.

mod device;
mod localhost;
mod loopback;
mod no_browser;
mod scheme;
mod support;
mod tokens;
