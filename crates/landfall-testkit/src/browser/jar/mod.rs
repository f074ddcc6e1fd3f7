//! A cookie jar as browsers have it (RFC 6265bis).

mod cookie;

use landfall::Timestamp;
use url::Url;

pub(crate) use self::cookie::Sending;
pub use self::cookie::{SameSitePolicy, StoredCookie};
use self::cookie::{domain_matches, parse, path_matches, prefix_holds};

/// Per host, the cap of the common browsers.
const MAX_PER_HOST: usize = 180;

/// The cookies of all hosts.
#[derive(Debug, Default)]
pub(crate) struct Jar {
    cookies: Vec<StoredCookie>,
    counter: u64,
}

impl Jar {
    /// Takes one `Set-Cookie` line in, or ignores it, as §5.6 and §5.7 say. `lax_allowed` is false for a response
    /// to a cross-site request that is no top-level navigation.
    pub(crate) fn set(&mut self, line: &str, from: &Url, now: Timestamp, lax_allowed: bool) -> bool {
        let Some(mut new) = parse(line, from, now) else { return false };
        let https = from.scheme() == "https";
        if (new.secure && !https)
            || (new.same_site == SameSitePolicy::None && !new.secure)
            || (new.same_site != SameSitePolicy::None && !lax_allowed)
            || !prefix_holds(&new)
        {
            return false;
        }
        let covers = |old: &StoredCookie| {
            old.secure
                && old.name == new.name
                && (domain_matches(&old.domain, &new.domain) || domain_matches(&new.domain, &old.domain))
                && path_matches(&new.path, &old.path)
        };
        if !https && self.cookies.iter().any(covers) {
            return false;
        }
        self.counter += 1;
        new.created = self.counter;
        new.used = self.counter;
        let same = |old: &StoredCookie| {
            (&old.name, &old.domain, old.host_only, &old.path)
                == (&new.name, &new.domain, new.host_only, &new.path)
        };
        if let Some(at) = self.cookies.iter().position(same) {
            new.created = self.cookies.remove(at).created;
        }
        if new.expires.is_some_and(|expires| expires <= now) {
            return true;
        }
        let domain = new.domain.clone();
        self.cookies.push(new);
        self.evict(&domain, now);
        true
    }

    /// The cookies of a request, in the order they are sent (§5.8.3).
    pub(crate) fn send(&mut self, to: &Url, sending: Sending, now: Timestamp) -> Vec<(String, String)> {
        self.counter += 1;
        let counter = self.counter;
        let mut chosen: Vec<&mut StoredCookie> = self
            .cookies
            .iter_mut()
            .filter(|cookie| cookie.reaches(to, now) && cookie.may_go(sending))
            .collect();
        chosen.sort_by_key(|cookie| (std::cmp::Reverse(cookie.path.len()), cookie.created));
        let pair = |cookie: &mut StoredCookie| {
            cookie.used = counter;
            (cookie.name.clone(), cookie.value.clone())
        };
        chosen.into_iter().map(pair).collect()
    }

    pub(crate) fn for_url(&self, url: &Url, now: Timestamp) -> Vec<StoredCookie> {
        self.cookies.iter().filter(|cookie| cookie.reaches(url, now)).cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.cookies.clear();
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.cookies.retain(|cookie| cookie.name != name);
    }

    fn evict(&mut self, domain: &str, now: Timestamp) {
        self.cookies.retain(|cookie| cookie.expires.is_none_or(|expires| expires > now));
        while self.cookies.iter().filter(|cookie| cookie.domain == domain).count() > MAX_PER_HOST {
            let oldest = self.cookies.iter().enumerate().filter(|(_, cookie)| cookie.domain == domain);
            let Some((at, _)) = oldest.min_by_key(|(_, cookie)| (cookie.used, cookie.created)) else {
                return;
            };
            self.cookies.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);
    const SAME: Sending = Sending { same_site: true, top_level: true, safe_method: true };

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn kept(line: &str, from: &str) -> bool {
        let mut jar = Jar::default();
        jar.set(line, &url(from), NOW, true) && !jar.cookies.is_empty()
    }

    fn sent(jar: &mut Jar, to: &str, sending: Sending) -> Vec<String> {
        jar.send(&url(to), sending, NOW).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn lax_strict_and_none_differ_in_what_other_sites_may_send() {
        let mut jar = Jar::default();
        let app = url("https://app.example/");
        for line in ["l=1; SameSite=Lax", "u=1", "s=1; SameSite=Strict", "n=1; SameSite=None; Secure"] {
            assert!(jar.set(line, &app, NOW, true));
        }
        let link = Sending { same_site: false, ..SAME };
        let post = Sending { same_site: false, safe_method: false, ..SAME };
        let fetch = Sending { same_site: false, top_level: false, ..SAME };
        assert_eq!(sent(&mut jar, "https://app.example/x", SAME), ["l", "u", "s", "n"]);
        assert_eq!(sent(&mut jar, "https://app.example/x", link), ["l", "u", "n"]);
        assert_eq!(sent(&mut jar, "https://app.example/x", post), ["n"]);
        assert_eq!(sent(&mut jar, "https://app.example/x", fetch), ["n"]);
    }

    #[test]
    fn same_site_none_without_secure_is_ignored() {
        assert!(!kept("n=1; SameSite=None", "https://app.example/"));
    }

    #[test]
    fn prefixes_are_promises() {
        for (line, good) in [
            ("__Host-a=1; Secure; Path=/", true),
            ("__Host-a=1; Secure", false),
            ("__Host-a=1; Secure; Path=/x", false),
            ("__Host-a=1; Path=/", false),
            ("__Host-a=1; Secure; Path=/; Domain=app.example.com", false),
            ("__hOsT-a=1; Path=/", false),
            ("__Secure-a=1; Secure; Domain=example.com", true),
            ("__Secure-a=1", false),
        ] {
            assert_eq!(kept(line, "https://app.example.com/dir/x"), good, "{line}");
        }
        assert!(!kept("__Host-a=1; Secure; Path=/", "http://app.example.com/"));
    }

    #[test]
    fn a_host_only_cookie_stays_with_its_host_and_a_domain_cookie_goes_below() {
        let mut jar = Jar::default();
        let www = url("https://www.example.com/");
        jar.set("h=1", &www, NOW, true);
        jar.set("d=1; Domain=.Example.com", &www, NOW, true);
        assert_eq!(sent(&mut jar, "https://www.example.com/", SAME), ["h", "d"]);
        assert_eq!(sent(&mut jar, "https://a.example.com/", SAME), ["d"]);
        assert_eq!(sent(&mut jar, "https://badexample.com/", SAME), [""; 0]);
        assert!(!kept("d=1; Domain=com", "https://www.example.com/"));
        assert!(!kept("d=1; Domain=other.example", "https://www.example.com/"));
    }

    #[test]
    fn paths_match_by_whole_segments_and_longer_ones_go_first() {
        let mut jar = Jar::default();
        let from = url("https://a.example/auth/callback");
        jar.set("root=1; Path=/", &from, NOW, true);
        jar.set("here=1", &from, NOW, true);
        assert_eq!(sent(&mut jar, "https://a.example/auth/x", SAME), ["here", "root"]);
        assert_eq!(sent(&mut jar, "https://a.example/authentic", SAME), ["root"]);
    }

    #[test]
    fn cookies_run_out_by_the_clock_and_max_age_wins_over_expires() {
        let mut jar = Jar::default();
        let from = url("https://a.example/");
        jar.set("a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", &from, NOW, true);
        jar.set("b=1; Expires=Thu, 01 Jan 2026 00:02:00 GMT", &from, NOW, true);
        assert_eq!(jar.for_url(&from, NOW.plus(Duration::from_secs(59))).len(), 2);
        assert_eq!(jar.for_url(&from, NOW.plus(Duration::from_secs(60))).len(), 1);
        assert_eq!(jar.for_url(&from, NOW.plus(Duration::from_secs(120))).len(), 0);
        jar.set("a=; Max-Age=0", &from, NOW, true);
        assert!(!jar.cookies.iter().any(|cookie| cookie.name == "a"));
    }

    #[test]
    fn secure_cookies_come_and_go_over_https_alone_and_http_cannot_overlay_them() {
        assert!(!kept("s=1; Secure", "http://a.example/"));
        let mut jar = Jar::default();
        jar.set("s=1; Secure", &url("https://a.example/"), NOW, true);
        assert_eq!(sent(&mut jar, "http://a.example/", SAME), [""; 0]);
        assert!(!jar.set("s=2", &url("http://a.example/"), NOW, true));
    }

    #[test]
    fn a_cookie_of_more_than_4096_octets_is_ignored() {
        assert!(kept(&format!("a={}", "x".repeat(4095)), "https://a.example/"));
        assert!(!kept(&format!("a={}", "x".repeat(4096)), "https://a.example/"));
    }

    #[test]
    fn the_181st_cookie_of_a_host_pushes_the_oldest_out() {
        let mut jar = Jar::default();
        for n in 0..181 {
            jar.set(&format!("c{n}=1"), &url("https://a.example/"), NOW, true);
        }
        let names = sent(&mut jar, "https://a.example/", SAME);
        assert_eq!((names.len(), names[0].as_str()), (180, "c1"));
    }
}
