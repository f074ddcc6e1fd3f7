//! One small application in a process of its own, for `start`: `started axum|actix [ISSUER]`. With an issuer, people sign
//! in there with Landfall; without, nobody does.
//!
//! Its one line says where it listens and how many microseconds building the relying party took. It serves until its
//! input ends.

use std::error::Error;
use std::io::{self, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};
use std::{process, thread};

use actix_web::rt::System;
use actix_web::{App, HttpServer, web};
use axum::{Router, routing::get};
use landfall::{CookieKey, RelyingParty};
use landfall_bench::start::{BASE_URL, CLIENT_ID, CLIENT_SECRET};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (framework, issuer) = (arguments.next(), arguments.next());
    let begun = Instant::now();
    let auth = issuer.map(relying_party).transpose()?;
    let building = if auth.is_some() { begun.elapsed() } else { Duration::ZERO };

    // Whoever connects from here on is answered, if only when the framework is ready.
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut output = io::stdout();
    writeln!(output, "{} {}", listener.local_addr()?, building.as_micros())?;
    output.flush()?;
    thread::spawn(|| {
        // However it ended, whoever started this is gone.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
    match framework.as_deref() {
        Some("axum") => axum(listener, auth),
        Some("actix") => actix(listener, auth),
        _ => Err("usage: started axum|actix [ISSUER]".into()),
    }
}

/// A key that is configured, as a deployment has it.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

fn relying_party(issuer: String) -> Result<RelyingParty, Box<dyn Error>> {
    let builder = RelyingParty::builder(issuer).client(CLIENT_ID, CLIENT_SECRET).base_url(BASE_URL);
    Ok(builder.cookie_keys([CookieKey::parse(KEY)?]).build()?)
}

fn axum(listener: TcpListener, auth: Option<RelyingParty>) -> Result<(), Box<dyn Error>> {
    listener.set_nonblocking(true)?;
    let home = Router::new().route("/", get(async || "home"));
    let app = match auth {
        None => home,
        Some(auth) => home
            .route("/dashboard", get(async |user: landfall_axum::SignedIn| user.subject().to_owned()))
            .layer(landfall_axum::AuthLayer::new(auth)),
    };
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        Ok(axum::serve(listener, app).await?)
    })
}

fn actix(listener: TcpListener, auth: Option<RelyingParty>) -> Result<(), Box<dyn Error>> {
    let home = || App::new().route("/", web::get().to(async || "home"));
    System::new().block_on(async {
        let server = match auth {
            None => HttpServer::new(home).listen(listener)?.run(),
            Some(auth) => {
                let page = async |user: landfall_actix::SignedIn| user.subject().to_owned();
                let app = move || {
                    home()
                        .route("/dashboard", web::get().to(page))
                        .wrap(landfall_actix::AuthMiddleware::new(auth.clone()))
                };
                HttpServer::new(app).listen(listener)?.run()
            }
        };
        Ok(server.await?)
    })
}
