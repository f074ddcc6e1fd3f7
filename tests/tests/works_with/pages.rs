//! The pages behind every stack, on both frameworks.

/// Long enough to be worth compressing.
const FILLER: &str = "All work and no play makes Jack a dull boy. ";

fn greeting(user: Option<&landfall::SignedIn>) -> String {
    format!("home of {}", user.map_or("nobody", |user| user.subject()))
}

fn report(user: &landfall::SignedIn) -> String {
    format!("page of {}. {}", user.subject(), FILLER.repeat(50))
}

/// On axum.
pub(crate) mod on_axum {
    use std::future::pending;

    use axum::Router;
    use axum::routing::{get, post};
    use landfall_axum::{SignedIn, Visit};

    /// `/` is everybody's, `/dashboard` needs somebody, `/echo` takes a post of theirs; `/panic` and `/never` do what
    /// they say.
    pub(crate) fn routes() -> Router {
        Router::new()
            .route("/", get(async |visit: Visit| super::greeting(visit.signed_in().as_deref())))
            .route("/dashboard", get(page))
            .route("/echo", post(async |_: SignedIn, body: String| body))
            .route("/panic", get(panics))
            .route("/never", get(async |_: SignedIn| pending::<String>().await))
    }

    /// A page of whoever is signed in.
    pub(crate) async fn page(user: SignedIn) -> String {
        super::report(&user)
    }

    async fn panics(user: SignedIn) -> String {
        panic!("the handler of {} panics, as the test wants", user.subject())
    }
}

/// On actix-web.
pub(crate) mod on_actix {
    use actix_web::web::{self, ServiceConfig};
    use actix_web::{HttpResponse, Responder};
    use landfall_actix::{SignedIn, Visit};

    /// `/` is everybody's, `/dashboard` needs somebody, `/echo` takes a post of theirs; `/broken` is a 500.
    pub(crate) fn routes(config: &mut ServiceConfig) {
        config
            .route("/", web::get().to(async |visit: Visit| super::greeting(visit.signed_in().as_deref())))
            .route("/dashboard", web::get().to(page))
            .route("/echo", web::post().to(async |_: SignedIn, body: String| body))
            .route("/broken", web::get().to(broken));
    }

    /// A page of whoever is signed in.
    pub(crate) async fn page(user: SignedIn) -> String {
        super::report(&user)
    }

    async fn broken(_: SignedIn) -> impl Responder {
        HttpResponse::InternalServerError().body("it is broken, as the test wants")
    }
}
