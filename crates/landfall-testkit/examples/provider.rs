//! A local provider on port 9000, until it is interrupted: `cargo run -p landfall-testkit --example provider`.

use landfall_testkit::{Client, LocalProvider};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new("my-app")
        .secret("my-secret")
        .redirect_uri("http://localhost:3000/auth/callback")
        .post_logout_redirect_uri("http://localhost:3000/");
    let provider = LocalProvider::builder().port(9000).localhost().client(client).start_blocking()?;
    println!("issuer {}, client my-app, secret my-secret", provider.issuer());
    loop {
        std::thread::park();
    }
}
