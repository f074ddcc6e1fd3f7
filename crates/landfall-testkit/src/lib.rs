//! A whole OpenID Provider, a browser and a clock, for applications that sign in with Landfall: in their tests,
//! and on a developer's machine.
//!
//! Nothing here reaches further than the loopback interface, and nothing here is fit to protect anything: the
//! provider asks for no password.
//!
//! # A provider for development
//!
//! ```no_run
//! use landfall_testkit::{Client, LocalProvider};
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let provider = LocalProvider::builder()
//!     .port(9000)
//!     .client(Client::new("my-app").secret("my-secret").redirect_uri("http://localhost:3000/auth/callback"))
//!     .start()
//!     .await?;
//! println!("issuer: {}", provider.issuer());
//! # Ok(())
//! # }
//! ```
//!
//! # A test
//!
//! [`TestBed`] holds a provider, a browser and a clock that know each other, and a relying party's builder that
//! knows all three. Serve your application on a loopback port, and three lines lead to a signed-in request:
//!
//! ```no_run
//! use landfall_testkit::TestBed;
//!
//! # async fn serve_my_app(_: landfall::RelyingParty) -> std::net::SocketAddr { ([127, 0, 0, 1], 3000).into() }
//! # async fn test() -> Result<(), Box<dyn std::error::Error>> {
//! let bed = TestBed::new("https://app.example.com")?;
//! bed.route(serve_my_app(bed.relying_party().build()?).await)?;
//! let page = bed.browser.open("https://app.example.com/dashboard").await?;
//! assert!(page.text().contains("Ada"));
//! # Ok(())
//! # }
//! ```
//!
//! # A session store of your own
//!
//! [`stores`] has a test for every promise of a [`SessionStore`](landfall::SessionStore).

mod bed;
mod browser;
mod clock;
mod provider;
pub mod stores;

pub use async_trait::async_trait;
pub use bed::TestBed;
pub use browser::{Browser, BrowserError, Button, Form, Hop, Page, SameSitePolicy, StoredCookie, Target};
pub use clock::VirtualClock;
pub use provider::{
    Algorithm, AuthLevel, CallbackEdit, Client, ClientAuth, Consent, Delivery, Endpoint, Fault, Hold,
    IdToken, IdTokenEdit, IdTokenMaker, JsonEdit, Jwt, KeyError, LevelClaim, LocalProvider,
    LocalProviderBuilder, Person, RawResponse, SeenRequest, SessionAtProvider, SignOutReason, SigningKey,
    StartError, WebhookForm,
};
