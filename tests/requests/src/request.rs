//! What a browser sends.

/// The page that is opened.
pub const TARGET: &str = "/dashboard?tab=reports";

/// How much a request says beside its cookies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// All that a browser sends when a person opens a page: what the counts are of.
    #[default]
    Navigation,
    /// The host alone, as a tool for load sends it: less to look through, so it hides some of the cost.
    Short,
}

/// A request, but for its cookies, of which each has its own.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// How much it says.
    pub kind: Kind,
    /// Its method.
    pub method: &'static str,
    /// Path and query.
    pub target: &'a str,
    /// What it says beside that, whatever its kind.
    pub extra: &'static [(&'static str, &'static str)],
}

impl<'a> Request<'a> {
    /// A person opens this page.
    pub const fn open(target: &'a str) -> Self {
        Self { kind: Kind::Navigation, method: "GET", target, extra: &[] }
    }

    /// Its headers, without Cookie.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let usual = match self.kind {
            Kind::Navigation => NAVIGATION,
            Kind::Short => HOST,
        };
        usual.iter().chain(self.extra).copied()
    }
}

/// Where it goes, and nothing else.
pub const HOST: &[(&str, &str)] = &[("host", "app.example.com")];

/// What a browser sends when a person opens a page.
pub const NAVIGATION: &[(&str, &str)] = &[
    ("host", "app.example.com"),
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    ),
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"),
    ("accept-language", "en-GB,en;q=0.9"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("upgrade-insecure-requests", "1"),
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-user", "?1"),
    ("sec-fetch-dest", "document"),
];
