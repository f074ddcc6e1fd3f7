//! The table of what is counted: a line or two each.

use std::time::Duration;

use landfall::{CredentialsAnswer, CredentialsRequest, Identity, MemoryStore, RelyingPartyBuilder};

use crate::request::{Kind, Request, TARGET};
use crate::subject::{Runner, Subject};
use crate::{actix_app, axum_app};

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Framework {
    /// axum, with tower's layers.
    Axum,
    /// actix-web, with its middleware.
    Actix,
}

impl Framework {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Axum, Self::Actix];

    /// As it is written in the file of counts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Axum => "axum",
            Self::Actix => "actix",
        }
    }
}

/// What stands around the page, and what its handler asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// Nothing but the framework.
    Bare,
    /// So many layers that do nothing: what the framework's own way of adding one costs.
    Nothing(usize),
    /// Ours, and a handler that asks nothing.
    Open,
    /// The same, around the whole router as one service.
    OpenAround,
    /// A handler that asks who is there.
    Visit,
    /// The same, around the whole router as one service.
    VisitAround,
    /// A handler that needs somebody.
    SignedIn,
    /// A guard around the page.
    RequireLogin,
    /// A guard that demands a role, a scope and an authentication of late.
    StepUp,
    /// A token proxy for another prefix, before a page whose handler needs somebody.
    BesideTokenProxy,
}

/// Who asks. Everybody has two cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visitor {
    /// Nobody we know: both cookies are somebody else's.
    Stranger,
    /// One person again and again, whose session is in the near cache.
    SignedIn,
    /// Another person every time: each session is opened anew.
    AlwaysNew,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Path {
    /// What it is called, in the file of counts as well.
    pub name: &'static str,
    /// What is asked.
    pub page: Page,
    /// Who asks.
    pub visitor: Visitor,
    /// What is configured beside the least.
    pub settings: fn(RelyingPartyBuilder) -> RelyingPartyBuilder,
    /// What is sent, cookies aside.
    pub request: Request<'static>,
    /// Whether the connection is said to come from a proxy, for those who trust one.
    pub by_proxy: bool,
}

const LEAST: Path = Path {
    name: "",
    page: Page::SignedIn,
    visitor: Visitor::SignedIn,
    settings: |builder| builder,
    request: Request::open(TARGET),
    by_proxy: false,
};

const fn path(name: &'static str, page: Page) -> Path {
    Path { name, page, ..LEAST }
}

const fn stranger(name: &'static str, page: Page) -> Path {
    Path { name, page, visitor: Visitor::Stranger, ..LEAST }
}

/// A signed-in person, and this beside the least settings.
const fn with(name: &'static str, settings: fn(RelyingPartyBuilder) -> RelyingPartyBuilder) -> Path {
    Path { name, settings, ..LEAST }
}

const fn post(extra: &'static [(&'static str, &'static str)]) -> Request<'static> {
    Request { method: "POST", extra, ..Request::open(TARGET) }
}

const ORIGIN: (&str, &str) = ("origin", "https://app.example.com");

/// All of them. The bare one comes first: it is subtracted from the others.
pub const PATHS: &[Path] = &[
    stranger("bare", Page::Bare),
    stranger("one layer that does nothing", Page::Nothing(1)),
    stranger("two layers that do nothing", Page::Nothing(2)),
    stranger("stranger, open page, around the router", Page::OpenAround),
    stranger("stranger, open page", Page::Open),
    stranger("stranger, Visit", Page::Visit),
    path("signed in, open page, around the router", Page::OpenAround),
    path("signed in, open page", Page::Open),
    path("Visit, around the router", Page::VisitAround),
    path("Visit", Page::Visit),
    path("SignedIn", Page::SignedIn),
    path("RequireLogin", Page::RequireLogin),
    Path { settings: in_memory, ..path("Visit, memory store", Page::Visit) },
    Path { settings: in_memory, ..path(MEMORY, Page::SignedIn) },
    Path { settings: in_memory, ..path("RequireLogin, memory store", Page::RequireLogin) },
    Path { visitor: Visitor::AlwaysNew, ..path("Visit, every cookie new", Page::Visit) },
    Path { visitor: Visitor::AlwaysNew, ..path("SignedIn, every cookie new", Page::SignedIn) },
    Path { visitor: Visitor::AlwaysNew, ..path("RequireLogin, every cookie new", Page::RequireLogin) },
    Path { request: post(&[ORIGIN]), ..path("SignedIn, posted", Page::SignedIn) },
    // What is switched on, each by itself: with SignedIn, where nothing else is said.
    with("several base URLs", |it| it.base_url("https://b.example.com").base_url("https://c.example.com")),
    Path {
        by_proxy: true,
        request: Request {
            extra: &[
                ("x-forwarded-for", "203.0.113.7"),
                ("x-forwarded-host", "app.example.com"),
                ("x-forwarded-proto", "https"),
            ],
            ..Request::open(TARGET)
        },
        ..with("trusted proxies", |it| it.trusted_proxies(["10.0.0.0/8"]))
    },
    with("single-page callbacks", |it| it.spa_callback("https://app.example.com/callback")),
    with("kept forms", |it| it.keep_posted_forms("/dashboard")),
    Path { request: post(&[ORIGIN]), ..with("kept forms, posted", |it| it.keep_posted_forms("/dashboard")) },
    with("silent sign-in", |it| it.silent_sign_in(Duration::from_secs(3600))),
    Path {
        settings: |it| it.silent_sign_in(Duration::from_secs(3600)),
        ..stranger("silent sign-in, stranger, open page", Page::Open)
    },
    with("required header", |it| it.required_header("x-csrf")),
    Path {
        request: post(&[ORIGIN, ("x-csrf", "1")]),
        ..with("required header, posted", |it| it.required_header("x-csrf"))
    },
    Path { settings: in_memory, ..path("token proxy elsewhere, memory store", Page::BesideTokenProxy) },
    path("RequireLogin with role, scope and age", Page::StepUp),
    with("credentials are taken, and a cookie comes", tokens),
    by_token("Bearer, remembered", &[("authorization", "Bearer remembered")]),
    by_token("Bearer, asked each time", &[("authorization", "Bearer asked")]),
];

/// The one that sessions in other stores are held against.
pub const MEMORY: &str = "SignedIn, memory store";

/// A program with a token, and no cookie of ours.
const fn by_token(name: &'static str, extra: &'static [(&'static str, &'static str)]) -> Path {
    let request = Request { extra, ..Request::open(TARGET) };
    Path { name, visitor: Visitor::Stranger, settings: tokens, request, ..LEAST }
}

/// Takes tokens, one of which it lets be remembered.
fn tokens(builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    builder.on_credentials(["Bearer"], "Bearer", |request: CredentialsRequest| async move {
        let answer = CredentialsAnswer::identity(Identity::local("user-00000001"));
        let hours = if request.value() == "remembered" { 24 } else { 0 };
        Ok(answer.cached_for(Duration::from_secs(hours * 3600)))
    })
}

fn in_memory(builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    builder.store(MemoryStore::new())
}

/// A path on one framework.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Where.
    pub framework: Framework,
    /// Which.
    pub path: &'static Path,
}

impl Row {
    /// Whether it is nothing but the framework.
    pub fn is_bare(&self) -> bool {
        self.path.page == Page::Bare
    }

    /// The application, running, asked by requests of this kind.
    pub fn subject(&self, runner: &Runner, kind: Kind) -> Box<dyn Subject> {
        let path = Path { request: Request { kind, ..self.path.request }, ..*self.path };
        match self.framework {
            Framework::Axum => axum_app::of(&path, runner),
            Framework::Actix => actix_app::of(&path, runner),
        }
    }
}

/// The rows of one framework, in the order of the table. actix-web has one way to add middleware, and wraps for nothing.
pub fn rows(framework: Framework) -> impl Iterator<Item = Row> {
    let there = move |path: &&Path| {
        let is_axums = matches!(path.page, Page::Nothing(2) | Page::OpenAround | Page::VisitAround);
        framework == Framework::Axum || !is_axums
    };
    PATHS.iter().filter(there).map(move |path| Row { framework, path })
}
