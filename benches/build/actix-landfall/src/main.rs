//! The least actix-web application with Landfall. It is counted and built, not run.

use actix_web::{App, HttpServer, web};
use landfall_actix::{AuthMiddleware, RelyingParty, SignedIn};

async fn dashboard(user: SignedIn) -> String {
    user.name().unwrap_or(user.subject()).to_owned()
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let auth = RelyingParty::from_env()?.build()?;
    let app = move || App::new().route("/", web::get().to(dashboard)).wrap(AuthMiddleware::new(auth.clone()));
    Ok(HttpServer::new(app).bind("127.0.0.1:3000")?.run().await?)
}
