//! What a native application does, against a provider on loopback and a browser with a cookie jar.

mod device;
mod loopback;
mod scheme;
mod support;
mod tokens;
