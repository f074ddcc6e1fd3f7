//! The pages that every example shows. Whatever comes from outside is escaped here.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::landfall::{Prompt, SignInWanted, SignedIn};

/// For the Content-Security-Policy header: the pages load nothing and run nothing.
pub(crate) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/// The public page: who is signed in, or where to sign in.
pub(crate) fn home(user: Option<&SignedIn>, login_url: &str, someone_else: &str) -> String {
    let Some(user) = user else {
        return page(
            "Welcome",
            &format!(
                "<p>Nobody is signed in.</p>\n<p><a class=\"button\" href=\"{}\">Sign in</a></p>\n{LINKS}",
                Escaped(login_url)
            ),
        );
    };
    page(
        "Welcome",
        &format!(
            "<p>You are signed in as <strong>{}</strong>.</p>\n{LINKS}\n\
             <p><a href=\"{}\">Sign in as someone else</a></p>\n{SIGN_OUT}",
            Escaped(called(user)),
            Escaped(someone_else),
        ),
    )
}

/// The guarded page: who asked for what.
pub(crate) fn dashboard(user: &SignedIn, path: &str, query: Option<&str>) -> String {
    page(
        "Dashboard",
        &format!(
            "<p>Hello, <strong>{}</strong>.</p>\n\
             <dl>\n<dt>Issuer</dt><dd><code>{}</code></dd>\n<dt>Subject</dt><dd><code>{}</code></dd>\n\
             <dt>Path</dt><dd><code>{}</code></dd>\n<dt>Query</dt><dd><code>{}</code></dd>\n</dl>\n\
             <p><a href=\"/\">Start page</a></p>\n{SIGN_OUT}",
            Escaped(called(user)),
            Escaped(user.issuer()),
            Escaped(user.subject()),
            Escaped(path),
            Escaped(query.unwrap_or_default()),
        ),
    )
}

/// A page that needed more than a sign-in: how the person met it.
pub(crate) fn more(user: &SignedIn, path: &str) -> String {
    let identity = user.identity();
    let words = |words: Vec<&str>| words.join(" ");
    page(
        "More",
        &format!(
            "<p>Hello, <strong>{}</strong>: <code>{}</code> is open to you.</p>\n\
             <dl>\n<dt>Authentication</dt><dd><code>{}</code></dd>\n<dt>Scopes granted</dt><dd><code>{}</code></dd>\n\
             <dt>Scopes asked for</dt><dd><code>{}</code></dd>\n<dt>Roles</dt><dd><code>{}</code></dd>\n</dl>\n\
             <p><a href=\"/\">Start page</a></p>\n{SIGN_OUT}",
            Escaped(called(user)),
            Escaped(path),
            Escaped(identity.acr().unwrap_or("not said")),
            Escaped(&words(identity.scopes().collect())),
            Escaped(&words(identity.requested_scopes().collect())),
            Escaped(&words(identity.roles().collect())),
        ),
    )
}

/// What a link "Sign in as someone else" asks the provider for.
pub(crate) fn someone_else() -> SignInWanted {
    SignInWanted::new().prompt(Prompt::SelectAccount)
}

/// What `/api/me` says: the claims that are known, and how long the access token is good for, where one is kept.
pub(crate) fn me(user: &SignedIn, access_token_expires_in: Option<Duration>) -> Value {
    let mut claims = user.identity().claims();
    if let Some(left) = access_token_expires_in {
        claims.insert("access_token_expires_in".to_owned(), left.as_secs().into());
    }
    Value::Object(claims)
}

/// The media type that `/api/echo` answers with: never one that a browser would run.
pub(crate) fn echo_type(content_type: Option<&[u8]>) -> &'static str {
    let is_json = content_type.is_some_and(|sent| {
        let essence = sent.split(|byte| *byte == b';').next().unwrap_or_default();
        essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
    });
    if is_json { "application/json" } else { "text/plain; charset=utf-8" }
}

const LINKS: &str = "<ul>\n<li><a href=\"/dashboard\">Dashboard</a></li>\n\
    <li><a href=\"/dashboard/reports?year=2026&amp;sort=name\">A page below it, with a query</a></li>\n\
    <li><a href=\"/vault\">A page that needs a second factor</a></li>\n\
    <li><a href=\"/files\">A page that needs a further permission</a></li>\n\
    <li><a href=\"/admin\">A page for the role admin</a></li>\n\
    <li><a href=\"/api/me\">What is known about you, as JSON</a></li>\n</ul>";

const SIGN_OUT: &str =
    "<form method=\"post\" action=\"/auth/logout\"><button class=\"button\">Sign out</button></form>";

fn called(user: &SignedIn) -> &str {
    user.name().or(user.email()).unwrap_or(user.subject())
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n",
        include_str!("style.css")
    )
}

/// Text that is safe between tags and in a quoted attribute.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => fmt::Write::write_char(f, c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_from_outside_stays_text() {
        let escaped = Escaped("<a href='x' title=\"y\">&</a>").to_string();
        assert_eq!(escaped, "&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;&lt;/a&gt;");
    }

    #[test]
    fn only_json_is_echoed_as_json() {
        assert_eq!(echo_type(Some(b"Application/JSON; charset=utf-8")), "application/json");
        for other in [None, Some(b"text/html".as_slice()), Some(b"application/jsonp".as_slice())] {
            assert_eq!(echo_type(other), "text/plain; charset=utf-8");
        }
    }
}
