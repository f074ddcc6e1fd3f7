//! A local provider on port 9000, until it is interrupted: `cargo run -p landfall-testkit --example provider`.
//!
//! Its application, at `http://localhost:3000`, hears of every sign-out in all ways there are, and may ask for
//! `openid profile email offline_access orders:read` after a person has consented.

use landfall_testkit::{Client, Consent, LocalProvider};

const APP: &str = "http://localhost:3000";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new("my-app")
        .secret("my-secret")
        .redirect_uri(format!("{APP}/auth/callback"))
        .post_logout_redirect_uri(format!("{APP}/"))
        .backchannel_logout_uri(format!("{APP}/auth/backchannel-logout"))
        .frontchannel_logout_uri(format!("{APP}/auth/frontchannel-logout"))
        .allowed_scopes(["openid", "profile", "email", "offline_access", "orders:read"])
        .consent(Consent::Remembered);
    let provider = LocalProvider::builder()
        .port(9000)
        .localhost()
        .client(client)
        .webhook(format!("{APP}/auth/webhook"), "my-webhook-secret")
        .start_blocking()?;
    println!(
        "issuer {}, client my-app, secret my-secret, webhook secret my-webhook-secret",
        provider.issuer()
    );
    println!("Open {}/ to end sessions, to disable people, and to see what was sent.", provider.issuer());
    loop {
        std::thread::park();
    }
}
