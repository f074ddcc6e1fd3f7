//! What the person is shown where no browser comes up.

use std::io;

use landfall_native::{DeviceCode, NoBrowser, OpenBrowser};

/// The address for a browser on this machine, and a code for any other.
#[allow(clippy::needless_pass_by_value, reason = "what the hook is given")]
pub(crate) fn show(no_browser: NoBrowser) {
    match no_browser.error() {
        Some(error) => println!("No browser could be started: {error}"),
        None => println!("If your browser shows nothing, go on by hand."),
    }
    println!("Sign in at {}", no_browser.url());
    no_browser.use_device(|code| {
        println!("On another device:");
        show_code(&code);
    });
}

pub(crate) fn show_code(code: &DeviceCode<'_>) {
    println!("Open {} and enter the code {}", code.verification_uri(), code.user_code());
    if let Some(url) = code.verification_uri_complete() {
        println!("or open {url} and compare the code");
    }
}

/// As on a machine without a browser.
#[derive(Debug)]
pub(crate) struct NotHere;

impl OpenBrowser for NotHere {
    fn open(&self, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::NotFound.into())
    }
}
