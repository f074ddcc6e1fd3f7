//! What is forwarded by a proxy that is trusted.
//!
//! The promise is about a stranger in front of that proxy: the proxy appends its own word, and whatever stands
//! before it changes nothing. Of `Forwarded` it may make the whole header unreadable, which is then refused; of
//! `X-Forwarded-*` not even that, since members are read one by one.

use std::net::IpAddr;

use crate::address::forwarded::{ForwardedAddress, XForwarded, forwarded as read};

/// Reads each line of `data` as a header line that a stranger sent through the one trusted proxy, which writes its own
/// behind: what the stranger wrote changes nothing, or makes all of it unreadable. Then reads it as the proxy's own.
///
/// # Panics
/// When a stranger is believed, or a host is read that is none.
pub fn forwarded(data: &[u8]) {
    let trusts = |from: IpAddr| from.is_loopback();
    let strangers: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let and = |own: &'static str| strangers.iter().copied().chain([own.as_bytes()]).collect::<Vec<_>>();
    let truth = ForwardedAddress { host: Some("app.example.com".to_owned()), secure: Some(true) };

    let lines = and("for=203.0.113.9;host=app.example.com;proto=https");
    assert!(read(&lines, trusts).is_ok_and(|outside| outside == truth) || read(&lines, trusts).is_err());
    let own =
        XForwarded { addresses: and("203.0.113.9"), hosts: and("app.example.com"), schemes: and("https") };
    assert_eq!(own.read(trusts), Ok(truth));

    let x = || XForwarded { addresses: Vec::new(), hosts: strangers.clone(), schemes: Vec::new() };
    for outside in [read(&strangers, trusts), x().read(trusts)].into_iter().flatten() {
        let host = outside.host.unwrap_or_default();
        assert!(host.len() <= 255 && host.bytes().all(|byte| byte.is_ascii_graphic()), "{host:?}");
        assert!(!host.contains(['/', '\\', '@', '?', '#', '"', '<', '>', ',']), "{host:?}");
    }
}
