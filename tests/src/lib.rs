//! What the scenarios and the attacks share: one application, written for axum and for actix-web with the same
//! routes and the same answers; a provider, a browser and a clock around it; and a macro that runs a test on
//! every framework with every kind of session.

mod actix_app;
mod axum_app;
pub mod credentials;
pub mod described;
mod engine;
mod flaky;
mod gate;
mod live;
mod matrix;
mod noting;
mod port;
mod raw_provider;
#[cfg(feature = "real")]
pub mod real;
mod session_kind;
mod shared_cache;
mod tls;
pub mod traces;
mod until;
mod upstream;
pub mod wire;
mod world;

pub use engine::Engine;
pub use flaky::FlakyStore;
pub use gate::Gate;
#[doc(hidden)]
pub use matrix::run;
pub use port::Port;
pub use raw_provider::{RawProvider, Script};
pub use session_kind::SessionKind;
pub use shared_cache::SharedCache;
pub use tls::TlsPort;
pub use until::{if_within, until, within};
pub use upstream::{Answer, Heard, Upstream};
pub use world::{BASE_URL, Framework, World};

/// Somebody at the provider that this application signs people in at.
pub fn subject(auth: &landfall::RelyingParty, subject: &str) -> landfall::SubjectId {
    landfall::SubjectId::new(auth.issuer(), subject)
}

/// What the application's pages say about who is there.
fn greeting(user: Option<&landfall::SignedIn>) -> String {
    match user {
        Some(user) => format!("hello {}", user.subject()),
        None => "hello nobody".to_owned(),
    }
}

/// What the application's own sign-in page is made of.
fn sign_in_page(visit: &landfall::Visit) -> String {
    let failure = visit.sign_in_failure();
    let failure = failure.as_ref().map(|failure| [failure.code(), failure.reference(), failure.sentence()]);
    let shown = serde_json::json!({
        "who": greeting(visit.signed_in().as_ref()),
        "providers": visit.providers(),
        "failure": failure,
        "login_url": visit.login_url(),
    });
    shown.to_string()
}

/// What a page says of a failure that asks for nothing else.
fn told(visit: &landfall::Visit) -> String {
    visit
        .sign_in_failure()
        .map_or_else(|| "nothing failed".to_owned(), |failure| failure.sentence().to_owned())
}

/// A guarded page that says who asked, and for what.
fn dashboard(user: &landfall::SignedIn, path: &str, query: Option<&str>) -> String {
    format!("dashboard of {} at {path} with {}", user.subject(), query.unwrap_or("no query"))
}

/// A page that tries silently first, and wants two factors.
fn strong(user: Option<&landfall::SignedIn>) -> Result<String, landfall::SignInWanted> {
    match user {
        Some(user) if user.identity().acr() == Some("aal2") => Ok(greeting(Some(user))),
        _ => Err(landfall::SignInWanted::new().prompt(landfall::Prompt::None).acr_values(["aal2"])),
    }
}

/// The pages below `/more/`, and what each demands, in the words of an adapter's own guard.
macro_rules! guards {
    ($guard:ident) => {{
        use std::time::Duration;

        use landfall::{AuthLevel, Requirement, Visit};
        let five_minutes = Duration::from_secs(300);
        let verified = |visit: &Visit| visit.signed_in().is_some_and(|user| user.identity().email_verified());
        let all = Requirement::new().auth_level(AuthLevel::Aal2).scope("files:read").max_age(five_minutes);
        [
            ("level", $guard::new().auth_level(AuthLevel::Aal2)),
            ("recent", $guard::new().max_age(five_minutes)),
            ("daily", $guard::new().max_age(Duration::from_secs(86_400))),
            ("class", $guard::new().acr("urn:gold").acr("urn:silver")),
            ("files", $guard::new().scope("files:read")),
            ("upload", $guard::new().scope("files:write")),
            ("offline", $guard::new().scope("offline_access")),
            ("admin", $guard::new().role("admin").role("owner")),
            ("verified", $guard::new().allow_if(verified)),
            ("session", $guard::new().sessions_only()),
            ("by-provider", $guard::new().issuer("https://op.example")),
            ("by-us", $guard::new().issuer(landfall::SubjectId::local("").issuer())),
            ("all", $guard::from(all)),
        ]
    }};
}
pub(crate) use guards;

/// A public page with a form that posts to a page for two factors.
const FORM: &str = "<!doctype html><html lang=\"en\"><title>Form</title><form method=\"post\" action=\"/more/level\">\
    <input name=\"note\"><button>Send</button></form><a id=\"next\" href=\"/dashboard/next?page=2\">Next</a></html>";

/// All that is known of somebody.
fn me(user: &landfall::SignedIn) -> serde_json::Value {
    let mut me = user.identity().claims();
    let requested: Vec<_> = user.identity().requested_scopes().collect();
    me.insert("requested_scope".to_owned(), requested.join(" ").into());
    me.into()
}

/// What such a page says.
fn more(user: &landfall::SignedIn) -> String {
    let identity = user.identity();
    let roles: Vec<_> = identity.roles().collect();
    format!("more for {} with {} as {}", user.subject(), identity.acr().unwrap_or("no acr"), roles.join("+"))
}

/// The claims that `/claims` asks for.
#[derive(Debug, serde::Deserialize)]
struct Member {
    sub: String,
    #[serde(default)]
    groups: Vec<String>,
}

impl std::fmt::Display for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in {}", self.sub, self.groups.join("+"))
    }
}

/// The claims that `/department` asks for, one of which no provider here sends by itself.
#[derive(Debug, serde::Deserialize)]
struct Employee {
    department: String,
}

/// The README's code must compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
