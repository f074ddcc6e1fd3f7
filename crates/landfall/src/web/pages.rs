//! The answers we write ourselves: redirects, the small pages, problem+json.
//!
//! One file for all of them, so that no answer goes out without its headers: `Cache-Control: no-store`,
//! `Referrer-Policy`, `nosniff`, and on pages a Content Security Policy that allows nothing but the one style (and
//! script) whose digest it names. All text is escaped here; callers hand over plain text. An answer may hold what a
//! stranger wrote, and must never become markup.
//!
//! What an answer says, and with which status, is the caller's business: `context::error_reply` for failures,
//! `guard::www_authenticate` for what a guard demands.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, LOCATION, REFERRER_POLICY, SET_COOKIE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};

use crate::crypto::digest::sha256;
use crate::web::reply::Reply;

/// The one style of every page, inline: a page is one answer and loads nothing.
const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c1e21;--soft:#5c636b;--paper:#f6f7f8;--card:#fff;--line:#dfe3e7;--go:#0b5fce}\
@media(prefers-color-scheme:dark){:root{--ink:#e9ebee;--soft:#a2a9b1;--paper:#131518;--card:#1c1f23;--line:#31363c;--go:#6aa9ff}}\
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.25rem;\
background:var(--paper);color:var(--ink);font:1.0625rem/1.55 system-ui,sans-serif}\
main{max-width:30rem;width:100%;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem}\
h1{margin:0 0 .5rem;font-size:1.375rem;line-height:1.3}p{margin:.5rem 0}main>:last-child{margin-bottom:0}\
.small{margin-top:1.5rem;color:var(--soft);font-size:.875rem}code{font-family:ui-monospace,monospace}\
.go{display:inline-block;margin-top:1rem;padding:.625rem 1.125rem;border:0;border-radius:.5rem;background:var(--go);\
color:var(--card);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}\
.go:focus-visible{outline:3px solid var(--ink);outline-offset:2px}";

/// The script of [`with_fragment`]. Nothing of a request stands in it, so that a digest can allow it.
const SCRIPT: &str = "\
const a=document.querySelector('a.go'),u=new URL(a.href);\
u.searchParams.set('return_to',u.searchParams.get('return_to')+location.hash);\
a.href=u;location.replace(u)";

/// For adapters: the media type of a failure that is told to a program (RFC 9457 §3).
pub const PROBLEM: &str = "application/problem+json";

/// What htmx goes by in place of `Location`, which a browser would follow inside the request that htmx made.
const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");

/// Of pages without a script.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!("default-src 'none'; style-src '{}'; base-uri 'none'; frame-ancestors 'none'", digest(STYLE))
});

/// Of the one page with a script.
static SCRIPT_POLICY: LazyLock<String> =
    LazyLock::new(|| format!("{}; script-src '{}'", *POLICY, digest(SCRIPT)));

/// What a policy allows an inline style or script by (Content Security Policy §2.3.1).
fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(sha256(&[text.as_bytes()])))
}

/// What a page offers to do next.
#[derive(Debug)]
pub(crate) enum Next<'a> {
    /// Nothing.
    Nothing,
    /// A link.
    Link { href: &'a str, text: &'a str },
    /// A button that posts, with these fields.
    Post { action: &'a str, text: &'a str, fields: &'a [(String, String)] },
}

/// A small page. All text is escaped; `reference` is what a person can quote to the operator.
pub(crate) fn page(
    status: u16,
    title: &str,
    sentence: &str,
    next: &Next<'_>,
    reference: Option<&str>,
) -> Reply {
    let posts = matches!(next, Next::Post { .. });
    let next = match next {
        Next::Nothing => String::new(),
        Next::Link { href, text } => {
            format!("<p><a class=\"go\" href=\"{}\">{}</a></p>", escape(href), escape(text))
        }
        Next::Post { action, text, fields } => format!(
            "<form method=\"post\" action=\"{}\">{}<button class=\"go\">{}</button></form>",
            escape(action),
            fields.iter().map(hidden).collect::<String>(),
            escape(text)
        ),
    };
    let reference = reference
        .map(|reference| format!("<p class=\"small\">Reference: <code>{}</code></p>", escape(reference)))
        .unwrap_or_default();
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main><h1>{title}</h1><p>{sentence}</p>{next}{reference}</main></body></html>",
        title = escape(title),
        sentence = escape(sentence),
    );
    let mut reply = plain(status, "text/html; charset=utf-8", html);
    put(&mut reply, CONTENT_SECURITY_POLICY, &POLICY);
    if posts {
        // Else the browser would say of its own post that it comes from nowhere (Fetch, "append a request Origin header").
        put(&mut reply, REFERRER_POLICY, "same-origin");
    }
    reply
}

/// The answer when even the way to an answer is gone.
pub(crate) fn runtime_gone() -> Reply {
    tracing::error!("the relying party's runtime is gone, or its work panicked");
    internal_error("This application could not answer.")
}

/// A page for what is nobody's fault but the application's: no reference, since the log names the cause itself.
pub(crate) fn internal_error(sentence: &str) -> Reply {
    page(500, "Something went wrong", sentence, &Next::Nothing, None)
}

fn hidden((name, value): &(String, String)) -> String {
    format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escape(name), escape(value))
}

/// A page that goes on to the login address by itself, with what stands behind `#` in the browser's address added to
/// the destination: no server ever sees that. Without scripts it goes on without it.
pub(crate) fn with_fragment(login_link: &str) -> Reply {
    let link = escape(login_link);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Sign-in required</title>\
         <noscript><meta http-equiv=\"refresh\" content=\"0;url={link}\"></noscript><style>{STYLE}</style></head>\
         <body><main><h1>Sign-in required</h1><p>Sign in to go on.</p>\
         <p><a class=\"go\" href=\"{link}\">Sign in</a></p></main><script>{SCRIPT}</script></body></html>"
    );
    let mut reply = plain(401, "text/html; charset=utf-8", html);
    put(&mut reply, CONTENT_SECURITY_POLICY, &SCRIPT_POLICY);
    reply
}

/// A page that goes on by itself: the request that follows is this site's own, whoever led the browser here.
pub(crate) fn lead_on(href: &str) -> Reply {
    let link = escape(href);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>One moment</title>\
         <meta http-equiv=\"refresh\" content=\"0;url={link}\"><style>{STYLE}</style></head>\
         <body><main><h1>One moment</h1><p><a class=\"go\" href=\"{link}\">Go on</a></p></main></body></html>"
    );
    let mut reply = plain(200, "text/html; charset=utf-8", html);
    put(&mut reply, CONTENT_SECURITY_POLICY, &POLICY);
    reply
}

/// One line that only these origins may show in a frame.
pub(crate) fn framed(text: &str, ancestors: &str) -> Reply {
    let text = escape(text);
    let html = format!("<!doctype html><html lang=\"en\"><title>{text}</title><p>{text}</p></html>");
    let mut reply = plain(200, "text/html; charset=utf-8", html);
    let policy = format!("default-src 'none'; frame-ancestors {ancestors}");
    put(&mut reply, CONTENT_SECURITY_POLICY, &policy);
    reply
}

/// A plain yes.
pub(crate) fn done() -> Reply {
    plain(200, "text/plain; charset=utf-8", String::new())
}

/// JSON as an OAuth endpoint writes it.
pub(crate) fn json(status: u16, body: &serde_json::Value) -> Reply {
    plain(status, "application/json", body.to_string())
}

/// An RFC 9457 problem.
pub(crate) fn problem(status: u16, body: &serde_json::Value) -> Reply {
    plain(status, PROBLEM, body.to_string())
}

/// A 303: the browser comes by GET, whatever it sent. Never a 307, which would post again (RFC 9700 §4.12).
pub(crate) fn see_other(location: &str) -> Reply {
    let mut reply = plain(303, "text/plain; charset=utf-8", String::new());
    put(&mut reply, LOCATION, location);
    reply
}

/// 401 that htmx answers by opening another page: it follows no redirect out of its own request.
pub(crate) fn htmx_redirect(location: &str) -> Reply {
    let mut reply = plain(401, "text/plain; charset=utf-8", String::new());
    put(&mut reply, HX_REDIRECT, location);
    reply
}

/// Turns a redirect into one that htmx follows by opening the page.
pub(crate) fn for_htmx(mut reply: Reply) -> Reply {
    if let Some(location) = reply.headers_mut().remove(LOCATION) {
        reply.headers_mut().insert(HX_REDIRECT, location);
        *reply.status_mut() = StatusCode::OK;
    }
    reply
}

/// Appends a Set-Cookie header, hidden from `Debug`.
pub(crate) fn add_cookie(reply: &mut Reply, cookie: &str) {
    if let Ok(mut value) = HeaderValue::from_str(cookie) {
        value.set_sensitive(true);
        reply.headers_mut().append(SET_COOKIE, value);
    }
}

/// Asks the browser to throw away what it keeps of this origin (W3C Clear Site Data §3.1).
pub(crate) fn clear_site_data(reply: &mut Reply, directives: &str) {
    put(reply, HeaderName::from_static("clear-site-data"), directives);
}

/// Lets the page read the answer, where it calls from another origin.
pub(crate) fn for_caller(mut reply: Reply, caller: Option<&str>) -> Reply {
    put(&mut reply, VARY, "origin");
    if let Some(origin) = caller {
        put(&mut reply, ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        put(&mut reply, ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    reply
}

/// Sets a header, unless the value cannot be one.
pub(crate) fn put(reply: &mut Reply, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
}

/// An answer with the headers that all of ours have. It is never kept by a cache, and a link on it tells nobody
/// where it was.
fn plain(status: u16, content_type: &'static str, body: String) -> Reply {
    let mut reply = Reply::new(Bytes::from(body));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // Static, so that neither making a reply nor sharing one between clicks copies them.
    let always = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in always {
        reply.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    reply
}

/// Text as it may stand in markup and in a quoted attribute.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Read from the source of a page, line ends are changed.
            '\r' => out.push_str("&#13;"),
            '\n' => out.push_str("&#10;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_on_a_page_can_become_markup() {
        let hostile = "<script>alert(1)</script>\" onload='x";
        let reply = page(400, hostile, hostile, &Next::Link { href: hostile, text: hostile }, Some(hostile));
        let html = String::from_utf8(reply.body().to_vec()).unwrap();
        assert!(!html.contains("<script") && !html.contains("\" onload"));
        let fields = [(hostile.to_owned(), String::new()), (String::new(), hostile.to_owned())];
        let next = Next::Post { action: hostile, text: hostile, fields: &fields };
        let reply = page(202, hostile, hostile, &next, None);
        let html = String::from_utf8(reply.body().to_vec()).unwrap();
        assert!(!html.contains("<script") && !html.contains("\" onload"), "{html}");
        let html = String::from_utf8(with_fragment(hostile).into_body().to_vec()).unwrap();
        assert!(!html.contains("<script>alert") && !html.contains("\" onload"), "{html}");
    }

    #[test]
    fn no_page_runs_a_script_but_the_one_for_fragments_its_own_and_none_stands_in_a_frame() {
        let policy = |reply: &Reply| reply.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        let next = Next::Post { action: "/x", text: "Send", fields: &[] };
        let plain = policy(&page(202, "Title", "Sentence.", &next, None));
        let style = digest(STYLE);
        assert_eq!(
            plain,
            format!("default-src 'none'; style-src '{style}'; base-uri 'none'; frame-ancestors 'none'")
        );
        let with_script = with_fragment("/auth/login?return_to=%2F");
        assert_eq!(policy(&with_script), format!("{plain}; script-src '{}'", digest(SCRIPT)));
        let html = String::from_utf8(with_script.into_body().to_vec()).unwrap();
        assert_eq!(html.matches("<script").count(), 1);
        assert!(
            html.contains(&format!("<script>{SCRIPT}</script>"))
                && html.contains(&format!("<style>{STYLE}</style>"))
        );
    }

    #[test]
    fn a_redirect_is_a_303_that_nobody_stores_and_that_leaks_no_referrer() {
        let reply = see_other("/x");
        assert_eq!(reply.status(), 303);
        assert_eq!(reply.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(reply.headers()[REFERRER_POLICY], "no-referrer");
    }
}
