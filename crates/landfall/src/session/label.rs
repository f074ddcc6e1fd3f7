//! What a browser is called in a list of sessions.
//!
//! A person who looks through their own sessions wants to read "Firefox on Windows". So a name is taken from a table
//! here and the User-Agent header itself is not kept: it would fingerprint a browser, and it is text that a stranger
//! chose. The label decides nothing; whoever sends another header is called something else.
//!
//! It is written into the record's administrative part (see `seals.rs`), so it can be listed without the cookie.

/// Marks of browsers, in the order in which they are believed: most browsers also claim to be another.
const BROWSERS: [(&str, &str); 15] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("Ddg/", "DuckDuckGo"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Marks of operating systems, in the order in which they are looked for: Android says Linux as well, and the agents
/// of iPhones and iPads say Mac OS X.
const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// "Firefox on Windows" from a User-Agent header.
///
/// What is found, in this order: browser and system; one of the two; else the first word of the header, for a program
/// that is no browser (`curl`). That word is the only part of the header that is kept, and only where it is short and
/// made of letters, digits, `-`, `_` and `.`: it is shown on a page. `None` where none of it is there, or the header is
/// not UTF-8.
pub(crate) fn label(user_agent: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(user_agent).ok()?;
    let find = |marks: &[(&str, &'static str)]| {
        marks.iter().find(|(mark, _)| text.contains(mark)).map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => Some(format!("{browser} on {system}")),
        (Some(browser), None) => Some(browser.to_owned()),
        (None, Some(system)) => Some(format!("A browser on {system}")),
        (None, None) => {
            let program = text.split(['/', ' ']).next()?;
            let sound = (1..=32).contains(&program.len())
                && program
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
            (sound && program != "Mozilla").then(|| program.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn browsers_are_called_by_their_names() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile/15E Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1 Version/18.0 Safari/605.1",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 SamsungBrowser/27.0 Chrome/125.0 Mobile Safari/537.36",
                "Samsung Internet on Android",
            ),
            ("curl/8.5.0", "curl"),
        ] {
            assert_eq!(label(agent.as_bytes()).as_deref(), Some(name));
        }
    }

    #[test]
    fn a_header_of_somebody_elses_making_is_not_repeated() {
        for agent in
            ["", "Mozilla/5.0", "<script>alert(1)</script>", "a b@c/1", "\u{202e}evil/1", &"x".repeat(5000)]
        {
            assert!(
                label(agent.as_bytes()).is_none_or(|name| name.len() <= 32 && !name.contains('<')),
                "{agent}"
            );
        }
        assert_eq!(label(b"\xff\xfe"), None);
    }
}
