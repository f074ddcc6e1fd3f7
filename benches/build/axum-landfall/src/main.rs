//! The least axum application with Landfall. It is counted and built, not run.

use axum::{Router, routing::get};
use landfall_axum::{AuthLayer, RelyingParty, SignedIn};

async fn dashboard(user: SignedIn) -> String {
    user.name().unwrap_or(user.subject()).to_owned()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let auth = RelyingParty::from_env()?.build()?;
    let app = Router::new().route("/", get(dashboard)).layer(AuthLayer::new(auth));
    Ok(axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app).await?)
}
