//! What a user does, and what a provider does, on both frameworks and with both kinds of session.

mod apps;
mod base_urls;
mod caching;
mod callback_again;
mod callback_refused;
mod cross_site;
mod guard;
mod http2;
mod identity;
mod instances;
mod landing;
mod logout;
mod loops;
mod provider_down;
mod provider_keys;
mod refresh;
mod rotation;
mod routers;
mod session_cookies;
mod session_limits;
mod sessions;
mod support;
mod tabs;
mod tokens;
mod wishes;
mod workers;
