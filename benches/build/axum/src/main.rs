//! The least axum application: nobody signs in. It is counted and built, not run.

use axum::{Router, routing::get};

async fn dashboard() -> &'static str {
    "Ada Lovelace"
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = Router::new().route("/", get(dashboard));
    Ok(axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app).await?)
}
