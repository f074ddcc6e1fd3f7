//! [`LocalProvider::from_args`]: a provider from the arguments of a program, or from a file with the same words.
//!
//! [`words`] is the table: what can be said, and what it means to people. [`reading`] reads arguments, [`file`] a file;
//! both give what was [`said`]. [`settings`] makes a provider of it, with a [`person`] and [`addresses`](address) on the
//! way. Whatever is wrong is an [`ArgumentError`] that says where it stands.

mod address;
mod error;
mod file;
mod person;
mod reading;
mod said;
mod settings;
#[cfg(test)]
mod tests;
mod words;

use std::ffi::OsString;

pub use self::error::ArgumentError;
use super::{LocalProvider, StartError};
use crate::lock::lock;

impl LocalProvider {
    /// A provider on a loopback port, as the arguments of a program describe it; `--help` lists them. Without any it
    /// listens at `http://localhost:9000` for an application at `http://localhost:3000`, which is the client `my-app`
    /// with the secret `my-secret`.
    ///
    /// Give the arguments without the program's name. `--config FILE` reads what is not said here from a TOML file with
    /// the same words, which takes the crate's feature `toml`.
    ///
    /// ```
    /// use landfall_testkit::LocalProvider;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let provider = LocalProvider::from_args([
    ///     "--port", "0", "--client", "shop", "--secret", "a-secret",
    ///     "--redirect-uri", "http://localhost:3000/auth/callback",
    ///     "--person", "ada:role=admin", "--person", "grace:name=Grace Hopper,role=ops,role=dev",
    /// ])?;
    /// assert!(provider.issuer().starts_with("http://localhost:"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ArgumentError::Help`] for `--help`, which is no failure; else what is wrong, where, and what would help. No
    /// error shows a secret. [`ArgumentError::report`] prints either and gives a program's exit code.
    pub fn from_args<A: Into<OsString>>(
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Self, ArgumentError> {
        let said = reading::read(arguments.into_iter().map(Into::into))?;
        let settings = settings::settings(&said)?;
        settings.builder.start_blocking().map_err(|error| match error {
            StartError::Bind(cause) => settings.port.wrong(
                format!("{} cannot be listened on ({cause})", settings.port_number),
                "choose another port, or 0 for a free one",
            ),
            other => ArgumentError::Start(other),
        })
    }

    /// What the operator of a local provider wants to know first, a line each: the issuer, the clients with what is
    /// registered for them, and where its own page is. No secret is among it.
    pub fn summary(&self) -> String {
        let issuer = self.issuer();
        let mut lines = vec![format!("issuer {issuer}")];
        for client in lock(&self.core.clients).iter() {
            lines.push(format!("client {}", client.id));
            lines.extend(client.redirect_uris.iter().map(|uri| format!("  redirect URI {uri}")));
            let after = client.post_logout_redirect_uris.iter();
            lines.extend(after.map(|uri| format!("  post-logout redirect URI {uri}")));
        }
        lines.push(format!("Open {issuer}/ to end sessions, to disable people, and to see what was sent."));
        lines.join("\n")
    }
}
