//! Applications behind a reverse proxy that others have written, on both frameworks. Needs the feature `real`:
//! `cargo xtask test`.

mod forwarded;
mod prefix;

use std::net::SocketAddr;

use landfall_testkit::Browser;
use landfall_tests::real::Nginx;

/// Leads the browser to an origin by way of nginx.
async fn by_way_of(nginx: &Nginx, browser: &Browser, host: &str) {
    browser.route(&format!("https://{host}"), nginx.unwrapped(host).await).unwrap();
}

/// What nginx does if nobody tells it more: the Host it sends on is its own name for the application.
fn pass(to: SocketAddr, more: &str) -> String {
    format!("location / {{ proxy_pass http://{to}; {more} }}")
}
