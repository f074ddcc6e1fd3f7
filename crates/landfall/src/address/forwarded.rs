//! What proxies say about the request that came to them: `X-Forwarded-*`, and `Forwarded` (RFC 7239).
//!
//! Each proxy writes behind what it was sent, so only the end of a list is its word. Lists are read from the right,
//! one step further for every address that is trusted: what stands left of that, anybody may have written.
//!
//! Apart from [`trusted_proxies`](super::trusted_proxies), which knows the networks: here a closure says whom to
//! trust, and only text is read. A value that is missing is `None`; one that is there and cannot be read is
//! [`Malformed`], since only a proxy that is set up wrongly sends it.

use std::net::{IpAddr, SocketAddr};

/// Under which address the outermost trusted proxy was asked, as far as it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ForwardedAddress {
    /// Host, and port unless default.
    pub(crate) host: Option<String>,
    /// Whether it was asked over TLS. `None` where it does not say.
    pub(crate) secure: Option<bool>,
}

/// Why a header that a trusted proxy sent cannot be read: the name of what is wrong, and never its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// The values of the three `X-Forwarded-*` headers, line by line as they came.
#[derive(Debug, Default)]
pub(crate) struct XForwarded<'a> {
    /// `X-Forwarded-For`: who connected to each proxy.
    pub(crate) addresses: Vec<&'a [u8]>,
    /// `X-Forwarded-Host`: what each proxy was asked for.
    pub(crate) hosts: Vec<&'a [u8]>,
    /// `X-Forwarded-Proto`: how it was asked.
    pub(crate) schemes: Vec<&'a [u8]>,
}

impl XForwarded<'_> {
    /// Reads them. The nearest proxy is trusted already.
    ///
    /// A proxy may append to a list or write it anew. So a list that is shorter than the way that was walked is
    /// read at its beginning, where the outermost proxy wrote.
    ///
    /// # Errors
    /// [`Malformed`] where host or scheme of that proxy is none.
    pub(crate) fn read(&self, trusts: impl Fn(IpAddr) -> bool) -> Result<ForwardedAddress, Malformed> {
        let addresses = list(&self.addresses);
        let trusted = addresses.iter().rev().map_while(|from| address(from)).take_while(|from| trusts(*from));
        let hops = 1 + trusted.count();
        let at = |lines: &[&[u8]]| {
            let list = list(lines);
            list.get(list.len().saturating_sub(hops)).map(|value| String::from_utf8_lossy(value).into_owned())
        };
        let host = at(&self.hosts).map(|host| authority(&host, "X-Forwarded-Host")).transpose()?;
        let secure = at(&self.schemes).map(|name| is_secure(&name, "X-Forwarded-Proto")).transpose()?;
        Ok(ForwardedAddress { host, secure })
    }
}

/// Reads the lines of a `Forwarded` header. The nearest proxy is trusted already.
///
/// Each element belongs to one proxy, so there is no counting as with `X-Forwarded-*`: the walk ends behind the
/// first element whose `for` is not trusted. A proxy that names neither host nor proto leaves those of the nearer
/// one.
///
/// # Errors
/// [`Malformed`] where the header is not as in RFC 7239 §4. All of it is read first: a list that cannot be split
/// says nothing about its end either.
pub(crate) fn forwarded(
    lines: &[&[u8]],
    trusts: impl Fn(IpAddr) -> bool,
) -> Result<ForwardedAddress, Malformed> {
    let mut hops = Vec::new();
    for line in lines {
        let line = std::str::from_utf8(line).map_err(|_| MALFORMED)?;
        hops.extend(elements(line)?);
    }
    let mut outside = ForwardedAddress::default();
    for hop in hops.iter().rev() {
        if let Some(host) = hop.host.as_deref() {
            outside.host = Some(authority(host, "the host in Forwarded")?);
        }
        if let Some(scheme) = hop.proto.as_deref() {
            outside.secure = Some(is_secure(scheme, "the proto in Forwarded")?);
        }
        let from = hop.from.as_deref().and_then(|from| address(from.as_bytes()));
        if !from.is_some_and(&trusts) {
            break;
        }
    }
    Ok(outside)
}

/// Who connected to the outermost trusted proxy, by the lines of `X-Forwarded-For`. The nearest proxy is trusted already.
pub(crate) fn client_by_list(lines: &[&[u8]], trusts: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    first_untrusted(list(lines).iter().rev().map(|from| address(from)), trusts)
}

/// The same by the lines of `Forwarded` (RFC 7239 §5.2). A header that cannot be read names nobody.
pub(crate) fn client_by_elements(lines: &[&[u8]], trusts: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let mut hops = Vec::new();
    for line in lines {
        hops.extend(elements(std::str::from_utf8(line).ok()?).ok()?);
    }
    first_untrusted(hops.iter().rev().map(|hop| address(hop.from.as_deref()?.as_bytes())), trusts)
}

/// The first address that is not trusted, from the nearest outwards; the outermost where all are. One that cannot be
/// read ends the way, and nobody is known.
fn first_untrusted(
    from: impl Iterator<Item = Option<IpAddr>>,
    trusts: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let mut last = None;
    for address in from {
        last = Some(address?);
        if last.is_some_and(|address| !trusts(address)) {
            break;
        }
    }
    last
}

/// The complaint about the header as a whole.
const MALFORMED: Malformed = Malformed("Forwarded is not as in RFC 7239");

/// What one proxy wrote; `by` and extensions are not kept.
#[derive(Debug, Default)]
struct Hop {
    from: Option<String>,
    host: Option<String>,
    proto: Option<String>,
}

/// Splits one line into its elements, `1#( [ pair ] *( ";" [ pair ] ) )`: a quoted value may hold both separators.
fn elements(line: &str) -> Result<Vec<Hop>, Malformed> {
    let mut hops = Vec::new();
    let mut hop = None::<Hop>;
    let mut rest = line.trim_matches(BLANK);
    while let Some(next) = rest.chars().next() {
        if matches!(next, ',' | ';') {
            if next == ',' {
                hops.extend(hop.take());
            }
            rest = rest.get(1..).unwrap_or_default().trim_start_matches(BLANK);
            continue;
        }
        let (name, value) = rest.split_once('=').ok_or(MALFORMED)?;
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(MALFORMED);
        }
        let (value, behind) = pair_value(value)?;
        let hop = hop.get_or_insert_default();
        let slot = match name {
            _ if name.eq_ignore_ascii_case("for") => Some(&mut hop.from),
            _ if name.eq_ignore_ascii_case("host") => Some(&mut hop.host),
            _ if name.eq_ignore_ascii_case("proto") => Some(&mut hop.proto),
            _ => None,
        };
        // No parameter may stand twice in one element (RFC 7239 §4).
        if slot.is_some_and(|slot| slot.replace(value).is_some()) {
            return Err(MALFORMED);
        }
        rest = behind.trim_start_matches(BLANK);
        if !(rest.is_empty() || rest.starts_with([',', ';'])) {
            return Err(MALFORMED);
        }
    }
    hops.extend(hop);
    Ok(hops)
}

/// Optional white space (RFC 9110 §5.6.3).
const BLANK: [char; 2] = [' ', '\t'];

/// A token or a quoted string (RFC 9110 §5.6.4), and what follows it.
fn pair_value(text: &str) -> Result<(String, &str), Malformed> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.bytes().position(|byte| !is_token(byte)).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return if value.is_empty() { Err(MALFORMED) } else { Ok((value.to_owned(), rest)) };
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, next)) = chars.next() {
        match next {
            '"' => return Ok((value, quoted.get(at + 1..).unwrap_or_default())),
            '\\' => value.push(chars.next().ok_or(MALFORMED)?.1),
            next => value.push(next),
        }
    }
    Err(MALFORMED)
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The members of a list that may go over several lines; empty ones do not count (RFC 9110 §5.6.1).
fn list<'a>(lines: &[&'a [u8]]) -> Vec<&'a [u8]> {
    let members = lines.iter().flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    members.filter(|member| !member.is_empty()).collect()
}

/// An address, with or without a port. `unknown`, a name or a made-up identifier is none.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    text.parse().ok().or_else(with_port).or_else(bracketed)
}

/// Nothing but what a host and a port may be written with (RFC 3986 §3.2.2), and no user name.
fn authority(text: &str, what: &'static str) -> Result<String, Malformed> {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=:[]".contains(&byte);
    if text.len() <= 255 && text.bytes().all(sound) { Ok(text.to_owned()) } else { Err(Malformed(what)) }
}

/// The scheme's name; some proxies write that of a WebSocket.
fn is_secure(text: &str, what: &'static str) -> Result<bool, Malformed> {
    match text.to_ascii_lowercase().as_str() {
        "https" | "wss" => Ok(true),
        "http" | "ws" => Ok(false),
        _ => Err(Malformed(what)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(address: IpAddr) -> bool {
        address.to_string().starts_with("10.")
    }

    fn x(addresses: &str, hosts: &str, schemes: &str) -> Result<ForwardedAddress, Malformed> {
        let line = |text: &'static str| if text.is_empty() { Vec::new() } else { vec![text.as_bytes()] };
        let leak = |text: &str| -> &'static str { text.to_owned().leak() };
        let [addresses, hosts, schemes] = [addresses, hosts, schemes].map(|text| line(leak(text)));
        XForwarded { addresses, hosts, schemes }.read(inside)
    }

    #[test]
    fn the_client_is_whoever_connected_to_the_outermost_trusted_proxy() {
        let by_list = |lines: &[&str]| {
            let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
            client_by_list(&lines, inside).map(|address| address.to_string())
        };
        for (lines, client) in [
            (&["203.0.113.9"][..], Some("203.0.113.9")),
            (&["6.6.6.6, 203.0.113.9, 10.0.0.2"], Some("203.0.113.9")),
            (&["6.6.6.6", "203.0.113.9:4711, 10.0.0.2"], Some("203.0.113.9")),
            (&["10.0.0.9, 10.0.0.2"], Some("10.0.0.9")),
            (&["6.6.6.6, unknown, 10.0.0.2"], None),
            (&[""], None),
            (&[], None),
        ] {
            assert_eq!(by_list(lines).as_deref(), client, "{lines:?}");
        }
        let by_elements = |line: &str| client_by_elements(&[line.as_bytes()], inside).map(|a| a.to_string());
        let line = "for=6.6.6.6, for=\"[2001:db8::7]:4711\";proto=https, for=10.0.0.2";
        assert_eq!(by_elements(line).as_deref(), Some("2001:db8::7"));
        for none in ["for=_hidden, for=10.0.0.2", "proto=https", "for=\"", ""] {
            assert_eq!(by_elements(none), None, "{none}");
        }
    }

    fn host(outside: Result<ForwardedAddress, Malformed>) -> Option<String> {
        outside.unwrap().host
    }

    fn f(lines: &[&str]) -> Result<ForwardedAddress, Malformed> {
        let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
        forwarded(&lines, inside)
    }

    #[test]
    fn what_an_outsider_wrote_in_front_of_the_proxys_word_is_not_read() {
        for (addresses, hosts) in [
            ("203.0.113.7", "evil.example, app.example"),
            ("10.9.9.9, 203.0.113.7", "evil.example, app.example"),
            ("", "evil.example, worse.example,app.example"),
            ("unknown", "evil.example, app.example"),
            ("203.0.113.7, unix:", "evil.example, app.example"),
        ] {
            assert_eq!(host(x(addresses, hosts, "")).as_deref(), Some("app.example"), "{addresses}");
        }
        for line in [
            "for=203.0.113.7;host=evil.example, for=203.0.113.8;host=app.example",
            "host=evil.example, host=app.example",
            "for=\"10.0.0.1, x\";host=evil.example , For=\"[2001:db8::1]:80\";HOST=\"app.example\"",
            "for=_hidden;host=evil.example,for=unknown;host=app.example",
        ] {
            assert_eq!(host(f(&[line])).as_deref(), Some("app.example"), "{line}");
        }
        assert_eq!(host(f(&["host=evil.example", "host=app.example"])).as_deref(), Some("app.example"));
    }

    #[test]
    fn through_trusted_addresses_the_way_is_walked_to_the_outermost() {
        let two = "203.0.113.7, 10.0.0.2";
        assert_eq!(host(x(two, "app.example, inner.example", "")).as_deref(), Some("app.example"));
        assert_eq!(
            host(x(two, "evil.example, app.example, inner.example", "")).as_deref(),
            Some("app.example")
        );
        // The inner one handed on what the outer one had written.
        assert_eq!(host(x(two, "app.example", "https")).as_deref(), Some("app.example"));
        assert_eq!(x(two, "app.example", "https, http").unwrap().secure, Some(true));
        let line = "for=203.0.113.7;host=app.example;proto=https, for=\"10.0.0.2:4711\";host=inner.example;proto=http";
        assert_eq!(
            f(&[line]),
            Ok(ForwardedAddress { host: Some("app.example".to_owned()), secure: Some(true) })
        );
        // The outer one says nothing of the host: the inner one's word stands.
        assert_eq!(
            host(f(&["for=203.0.113.7, for=10.0.0.2;host=app.example"])).as_deref(),
            Some("app.example")
        );
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_never_a_guess() {
        for hosts in ["a b", "evil.example/x", "user@app.example", "app.example\u{7f}", "a,\u{e4}", "\"app\""]
        {
            assert!(x("", hosts, "").is_err(), "{hosts}");
        }
        for schemes in ["ftp", "https://", "on"] {
            assert!(x("", "app.example", schemes).is_err(), "{schemes}");
        }
        for line in [
            "host",
            "=x",
            "host=",
            "host=\"app.example",
            "host=\"app.example\\",
            "host=app.example;host=evil.example",
            "host=app.example x=1",
            "host = app.example",
            "host=\"a\"b",
            "host=\"a/b\"",
            "proto=gopher",
            "for=[2001:db8::1]",
            "f\u{f6}r=1.2.3.4",
            // What an outsider leaves open swallows nothing.
            "host=\"evil.example, for=\"[2001:db8::1]\";host=app.example",
            "for=\", for=10.0.0.1;host=app.example",
        ] {
            assert!(f(&[line]).is_err(), "{line}");
        }
    }

    #[test]
    fn nothing_said_is_nothing_known() {
        assert_eq!(x("", "", ""), Ok(ForwardedAddress::default()));
        assert_eq!(x("203.0.113.7", " , ,", ""), Ok(ForwardedAddress::default()));
        assert_eq!(f(&[]), Ok(ForwardedAddress::default()));
        assert_eq!(f(&["for=203.0.113.7;by=10.0.0.1;secret=x", ";;, ,"]), Ok(ForwardedAddress::default()));
    }

    #[test]
    fn an_address_may_have_a_port_and_brackets() {
        for text in ["203.0.113.7", "203.0.113.7:80", "::1", "[::1]", "[::1]:80"] {
            assert!(address(text.as_bytes()).is_some(), "{text}");
        }
        for text in ["unknown", "_x", "", "203.0.113", "unix:", "[::1", "localhost"] {
            assert!(address(text.as_bytes()).is_none(), "{text}");
        }
    }
}
