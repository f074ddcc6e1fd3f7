//! The least actix-web application with actix_web_openidconnect. It is counted and built, not run.

use actix_web::{App, HttpServer, web};
use actix_web_openidconnect::ActixWebOpenId;

async fn dashboard() -> &'static str {
    "Ada Lovelace"
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let setting = std::env::var;
    let auth = ActixWebOpenId::builder(setting("CLIENT_ID")?, setting("CALLBACK")?, setting("ISSUER")?);
    let auth = auth.client_secret(setting("CLIENT_SECRET")?).use_pkce(true).build_and_init().await?;
    let app = move || {
        let auth = auth.clone();
        App::new()
            .wrap(auth.get_middleware())
            .configure(auth.configure_open_id())
            .route("/", web::get().to(dashboard))
    };
    Ok(HttpServer::new(app).bind("127.0.0.1:3000")?.run().await?)
}
