//! The least actix-web application: nobody signs in. It is counted and built, not run.

use actix_web::{App, HttpServer, web};

async fn dashboard() -> &'static str {
    "Ada Lovelace"
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| App::new().route("/", web::get().to(dashboard))).bind("127.0.0.1:3000")?.run().await
}
