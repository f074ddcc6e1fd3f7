//! [`Browser`]: a scripted browser with cookies, redirects, forms and fetch metadata as real ones have them.
//!
//! A `tab` navigates, presses buttons (`submit`) and fetches. Each makes a `request` that is sent and followed through
//! its `redirects`, with the cookies of the `jar`, to the `target` that the `routes` name for its origin. What it says of
//! the page that it comes from depends on that page's `referrer` policy, and on whether there is TLS.

mod address;
mod cookies;
mod error;
mod fetch;
mod form;
mod html;
mod jar;
mod navigate;
mod page;
mod redirects;
mod referrer;
mod request;
mod routes;
mod site;
mod submit;
mod tab;
mod target;
#[cfg(test)]
mod tests;

pub use error::BrowserError;
pub use form::{Button, Form};
pub use jar::{SameSitePolicy, StoredCookie};
pub use page::{Hop, Page};
pub(crate) use routes::Routes;
pub use tab::Browser;
pub use target::Target;
