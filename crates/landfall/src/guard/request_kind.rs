//! What kind of request this is, and so what it gets when nobody is signed in.
//!
//! One classification for layers and extractors. A page that is being opened is sent to the provider; everything
//! else gets a 401, no redirect and no cookie: a redirect would turn into a CORS error for a script, would be
//! thrown away by a prefetch, and would pile up pending logins.
//!
//! The headers are walked once, into [`RequestSigns`], and every question is answered from those.

use crate::web::request::RequestView;

/// What kind of request this is. It decides how a missing session is told: by a redirect, by `HX-Redirect`, or by
/// a 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestKind {
    /// A person opens a page: GET, top level, HTML.
    Navigation,
    /// htmx asks for a part of a page (`HX-Request: true`). It follows no redirect to the provider out of its own
    /// request, and opens the page that `HX-Redirect` names instead.
    Htmx,
    /// Everything else: scripts, APIs, form posts, WebSockets, event streams, prefetches, frames.
    Other {
        /// The client would show HTML to a person (`Accept` names it): it gets a page with a link in place of a
        /// problem document.
        html: bool,
    },
}

/// What a request's headers say about its kind, read in one pass.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is one header's word, and no two exclude each other")]
pub(crate) struct RequestSigns<'a> {
    /// The first `Accept`. It is read where the kind depends on it, which is not so for a browser's navigation.
    accept: Option<&'a [u8]>,
    /// A further `Accept` names HTML.
    html: bool,
    /// A browser or a router fetches this ahead of a person's click. It must neither use up a code nor start a
    /// sign-in.
    pub(crate) prefetch: bool,
    /// A WebSocket handshake: a GET that carries cookies and is not held back by the same-origin policy.
    pub(crate) websocket: bool,
    /// The value of `HX-Request`: `true` makes it a request of htmx. With any value it is no form that a person
    /// sends.
    htmx: Option<&'a [u8]>,
    /// The value of `Sec-Fetch-Mode`, `None` from clients that send no Fetch Metadata.
    mode: Option<&'a [u8]>,
    /// The value of `Sec-Fetch-Dest`.
    dest: Option<&'a [u8]>,
    /// `Sec-Fetch-User`: a person did it.
    user: bool,
    /// `X-Requested-With` is there: older script libraries set it on what they send.
    scripted: bool,
    /// The value of `Sec-Fetch-Site`.
    pub(crate) site: Option<&'a [u8]>,
    /// The first `Host`.
    pub(crate) host: Option<&'a [u8]>,
    /// There is a further `Host`.
    pub(crate) two_hosts: bool,
    /// The value of `Origin`.
    pub(crate) origin: Option<&'a [u8]>,
    /// The value of `Referer`.
    pub(crate) referer: Option<&'a [u8]>,
    /// The value of `HX-Current-URL`: the page around a request of htmx.
    pub(crate) htmx_page: Option<&'a [u8]>,
}

impl<'a> RequestSigns<'a> {
    /// Reads the headers in one pass.
    pub(crate) fn read(view: &'a dyn RequestView) -> Self {
        let mut signs = Self::default();
        view.each_header(&mut |name, value| signs.note(name, value));
        signs
    }

    /// Takes one header into account, whose name is in lower case. Of a header that comes twice the first counts, or
    /// any of them where it holds tokens.
    ///
    /// Asked for every header of every request, so that the names are told apart by their lengths first.
    #[inline]
    pub(crate) fn note(&mut self, name: &str, value: &'a [u8]) {
        match name.len() {
            4 if name == "host" => match self.host {
                None => self.host = Some(value),
                Some(_) => self.two_hosts = true,
            },
            5 if name == "x-moz" => self.prefetch |= has_token(value, b"prefetch"),
            6 if name == "accept" => match self.accept {
                None => self.accept = Some(value),
                Some(_) => self.html |= accepts_html(value),
            },
            6 if name == "origin" => _ = self.origin.get_or_insert(value),
            7 => match name {
                "purpose" => self.prefetch |= has_token(value, b"prefetch"),
                "referer" => _ = self.referer.get_or_insert(value),
                "upgrade" => self.websocket |= has_word(value, b"websocket"),
                _ => {}
            },
            10 if name == "hx-request" => _ = self.htmx.get_or_insert(value),
            11 if name == "sec-purpose" => self.prefetch |= has_token(value, b"prefetch"),
            14 => match name {
                "hx-current-url" => _ = self.htmx_page.get_or_insert(value),
                "sec-fetch-dest" => _ = self.dest.get_or_insert(value),
                "sec-fetch-mode" => _ = self.mode.get_or_insert(value),
                "sec-fetch-site" => _ = self.site.get_or_insert(value),
                "sec-fetch-user" => self.user |= value == b"?1",
                _ => {}
            },
            16 if name == "x-requested-with" => self.scripted = true,
            20 if name == "next-router-prefetch" => self.prefetch = true,
            _ => {}
        }
    }

    /// Classifies by Fetch Metadata where the browser sends it, else by `Accept`.
    ///
    /// 1. `HX-Request: true`: htmx, whatever the method.
    /// 2. Another method than GET, a prefetch or a WebSocket handshake: other.
    /// 3. `Sec-Fetch-Mode: navigate` for a document, or without a destination: a navigation. A frame is none.
    /// 4. Neither of those headers, `Accept` names HTML, and no `X-Requested-With`: a navigation.
    /// 5. Anything else: other.
    pub(crate) fn kind(&self, method: &str) -> RequestKind {
        let other = || RequestKind::Other { html: self.accepts_html() };
        // A boosted link or form is still a script's request, whatever its method.
        if self.htmx == Some(b"true") {
            return RequestKind::Htmx;
        }
        if method != "GET" || self.prefetch || self.websocket {
            return other();
        }
        match (self.mode, self.dest) {
            (Some(b"navigate"), Some(b"document") | None) => RequestKind::Navigation,
            (None, None) if self.accepts_html() && !self.scripted => RequestKind::Navigation,
            _ => other(),
        }
    }

    /// Whether the request says of itself that a browser sent it: by Fetch Metadata or an `Origin`, as one that fetches
    /// ahead, or because a page is wanted. Silence is no proof: a browser may say nothing of it to a name that it
    /// reaches by plain http.
    pub(crate) fn is_a_browsers(&self) -> bool {
        let metadata = [self.site, self.mode, self.dest, self.origin, self.htmx];
        metadata.iter().any(Option::is_some) || self.prefetch || self.accepts_html()
    }

    /// Whether `Accept` names `text/html` or XHTML, and not with a quality of zero.
    fn accepts_html(&self) -> bool {
        self.html || self.accept.is_some_and(accepts_html)
    }

    /// Whether a person sends a form from a page and waits for another page. Asked of a POST that may be kept
    /// across a sign-in.
    pub(crate) fn is_form_navigation(&self) -> bool {
        let shows = self.mode.is_some() || (self.accepts_html() && !self.scripted);
        shows && self.htmx.is_none() && !self.websocket && !self.is_no_navigation()
    }

    /// Whether the browser says that a person opened this page, by themselves, from a page of such an origin
    /// (`Sec-Fetch-Site`). A browser that says nothing does not say it.
    pub(crate) fn is_opened_from(&self, site: &[u8]) -> bool {
        let says =
            self.site == Some(site) && self.mode == Some(b"navigate") && self.dest == Some(b"document");
        says && self.user && !self.prefetch
    }

    /// Whether this request is, by its own headers, anything but a person opening a page; a browser that
    /// fetches it ahead of a person's click, for one.
    pub(crate) fn is_no_navigation(&self) -> bool {
        self.prefetch
            || self.mode.is_some_and(|mode| mode != b"navigate")
            || self.dest.is_some_and(|dest| dest != b"document")
    }
}

/// Whether a method only reads (RFC 9110 §9.2.1), for guards that let reads through. What writes nothing and is no read
/// of a page (OPTIONS, TRACE) counts as a write there: nobody meant to open it. A WebSocket handshake is a GET, and
/// none.
pub(crate) fn is_read(method: &str) -> bool {
    matches!(method, "GET" | "HEAD")
}

/// Whether an `Accept` header names HTML. `*/*` does not count: scripts send it by default.
fn accepts_html(accept: &[u8]) -> bool {
    accept.split(|byte| *byte == b',').any(|range| {
        let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        (name.eq_ignore_ascii_case(b"text/html") || name.eq_ignore_ascii_case(b"application/xhtml+xml"))
            && !parts.any(|part| matches!(part, b"q=0" | b"q=0.0" | b"q=0.00"))
    })
}

/// Whether a value holds a word anywhere, in any case: some servers that upgrade a connection look no closer.
fn has_word(value: &[u8], word: &[u8]) -> bool {
    value.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

/// Whether a comma- or semicolon-separated value holds a token, in any case.
fn has_token(value: &[u8], token: &[u8]) -> bool {
    value.split(|byte| matches!(byte, b',' | b';')).any(|part| part.trim_ascii().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: RequestKind = RequestKind::Other { html: false };
    const READER: RequestKind = RequestKind::Other { html: true };
    const NAVIGATE: (&str, &str) = ("sec-fetch-mode", "navigate");
    const DOCUMENT: (&str, &str) = ("sec-fetch-dest", "document");
    const HTML: (&str, &str) = ("accept", "text/html,*/*;q=0.8");

    fn signs<'a>(headers: &[(&'a str, &'a str)]) -> RequestSigns<'a> {
        let mut signs = RequestSigns::default();
        for (name, value) in headers {
            signs.note(name, value.as_bytes());
        }
        signs
    }

    #[test]
    fn a_page_that_is_opened_a_part_of_one_and_anything_else_are_told_apart() {
        for (method, headers, kind) in [
            ("GET", &[][..], SCRIPT),
            ("GET", &[NAVIGATE, DOCUMENT], RequestKind::Navigation),
            ("GET", &[NAVIGATE], RequestKind::Navigation),
            ("GET", &[HTML], RequestKind::Navigation),
            ("GET", &[("accept", "application/json"), HTML], RequestKind::Navigation),
            ("GET", &[HTML, ("accept", "application/json")], RequestKind::Navigation),
            ("GET", &[HTML, ("x-requested-with", "XMLHttpRequest")], READER),
            ("GET", &[("accept", "*/*")], SCRIPT),
            ("GET", &[("sec-fetch-mode", "cors"), HTML], READER),
            ("GET", &[("sec-fetch-mode", "cors")], SCRIPT),
            ("GET", &[DOCUMENT, HTML], READER),
            ("GET", &[NAVIGATE, ("sec-fetch-dest", "iframe"), HTML], READER),
            ("GET", &[NAVIGATE, DOCUMENT, ("purpose", "prefetch")], SCRIPT),
            ("GET", &[NAVIGATE, DOCUMENT, ("sec-purpose", "prefetch;prerender")], SCRIPT),
            ("GET", &[NAVIGATE, DOCUMENT, ("x-moz", "Prefetch")], SCRIPT),
            ("GET", &[NAVIGATE, DOCUMENT, ("x-moz", "x-prefetch")], RequestKind::Navigation),
            ("GET", &[NAVIGATE, DOCUMENT, ("next-router-prefetch", "1")], SCRIPT),
            ("GET", &[NAVIGATE, DOCUMENT, ("upgrade", "h2c, WebSocket")], SCRIPT),
            ("GET", &[NAVIGATE, DOCUMENT, ("upgrade", "h2c")], RequestKind::Navigation),
            ("POST", &[NAVIGATE, DOCUMENT, HTML], READER),
            ("HEAD", &[HTML], READER),
            ("GET", &[("hx-request", "true"), HTML], RequestKind::Htmx),
            ("POST", &[("hx-request", "true")], RequestKind::Htmx),
            ("GET", &[("hx-request", "false"), HTML], RequestKind::Navigation),
        ] {
            assert_eq!(signs(headers).kind(method), kind, "{method} {headers:?}");
        }
    }

    #[test]
    fn html_is_wanted_where_accept_names_it_and_not_with_a_quality_of_zero() {
        for accept in [
            "text/html",
            "TEXT/HTML;level=1",
            "application/json, application/xhtml+xml",
            "text/html;q=0.1",
            "text/html;q=0, application/xhtml+xml",
        ] {
            assert!(signs(&[("accept", accept)]).accepts_html(), "{accept}");
        }
        for accept in ["", "*/*", "text/htmlx", "text/html;q=0", "text/html ; q=0.0", "text/html;a=b;q=0.00"]
        {
            assert!(!signs(&[("accept", accept)]).accepts_html(), "{accept}");
        }
    }

    #[test]
    fn a_browser_is_known_by_any_of_its_headers_and_silence_proves_nothing() {
        for header in [
            ("sec-fetch-site", "none"),
            ("sec-fetch-mode", "cors"),
            ("sec-fetch-dest", "image"),
            ("origin", "https://app.example"),
            ("hx-request", "true"),
            ("purpose", "prefetch"),
            HTML,
        ] {
            assert!(signs(&[header]).is_a_browsers(), "{header:?}");
        }
        for headers in [&[][..], &[("accept", "*/*"), ("host", "app.example"), ("upgrade", "websocket")]] {
            assert!(!signs(headers).is_a_browsers(), "{headers:?}");
        }
    }

    #[test]
    fn a_form_is_sent_by_a_person_who_waits_for_a_page() {
        for headers in [&[NAVIGATE][..], &[NAVIGATE, DOCUMENT], &[HTML]] {
            assert!(signs(headers).is_form_navigation(), "{headers:?}");
        }
        for headers in [
            &[][..],
            &[("accept", "*/*")],
            &[HTML, ("x-requested-with", "fetch")],
            &[NAVIGATE, ("hx-request", "false")],
            &[NAVIGATE, ("upgrade", "websocket")],
            &[HTML, ("sec-fetch-mode", "cors")],
            &[NAVIGATE, ("sec-fetch-dest", "iframe")],
            &[NAVIGATE, ("purpose", "prefetch")],
        ] {
            assert!(!signs(headers).is_form_navigation(), "{headers:?}");
        }
        for (headers, none) in [
            (&[][..], false),
            (&[NAVIGATE, DOCUMENT], false),
            (&[("purpose", "prefetch")], true),
            (&[("sec-fetch-mode", "cors")], true),
            (&[("sec-fetch-dest", "iframe")], true),
        ] {
            assert_eq!(signs(headers).is_no_navigation(), none, "{headers:?}");
        }
    }

    #[test]
    fn of_a_header_that_comes_twice_the_first_counts_and_a_second_host_is_noticed() {
        let names = ["host", "origin", "referer", "sec-fetch-site", "hx-current-url"];
        let twice: Vec<_> = names.iter().flat_map(|name| [(*name, "first"), (*name, "second")]).collect();
        let signs = signs(&twice);
        let read = [signs.host, signs.origin, signs.referer, signs.site, signs.htmx_page];
        assert_eq!(read, [Some(&b"first"[..]); 5]);
        assert!(signs.two_hosts && !RequestSigns::default().two_hosts);
    }

    #[test]
    fn a_header_of_another_name_says_nothing() {
        let nothing = format!("{:?}", RequestSigns::default());
        for length in 1..=20 {
            for value in ["prefetch", "text/html", "websocket", "true", "navigate"] {
                let name = "z".repeat(length);
                let signs = signs(&[(&name, value)]);
                assert_eq!(format!("{signs:?}"), nothing, "{name}: {value}");
            }
        }
    }

    #[test]
    fn two_methods_read() {
        assert!(is_read("GET") && is_read("HEAD"));
        assert!(!["POST", "OPTIONS", "TRACE", "get", ""].into_iter().any(is_read));
    }
}
