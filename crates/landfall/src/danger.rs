//! Whatever weakens a default, and only here: grep for this word in a review.

use crate::builder::RelyingPartyBuilder;

/// Lets other sites send requests that change something to this path, on their visitors' sessions.
///
/// The path is compared exactly, below the base path. Right for an endpoint that proves its caller in another
/// way, such as a webhook with a signature; wrong for anything that acts for whoever is signed in.
///
/// ```
/// use landfall::{RelyingParty, danger};
///
/// let builder = RelyingParty::builder("https://id.example");
/// let builder = danger::allow_cross_site(builder, "/webhooks/payments");
/// # let _ = builder;
/// ```
pub fn allow_cross_site(mut builder: RelyingPartyBuilder, path: impl Into<String>) -> RelyingPartyBuilder {
    builder.cross_site.push(path.into());
    builder
}
