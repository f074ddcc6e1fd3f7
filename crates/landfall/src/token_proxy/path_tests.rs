use percent_encoding::percent_decode_str;

use super::*;

fn mapping(upstream: &str) -> Mapping {
    Mapping::new("/api", upstream, false).unwrap()
}

/// The upstream's address for a path and query as a browser sends them; an error for what is refused.
fn forwarded(upstream: &str, target: &str) -> Option<Result<String, ()>> {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let mapping = mapping(upstream);
    let rest = mapping.rest(path)?;
    Some(mapping.target(rest, query).map(String::from).map_err(drop))
}

#[test]
fn a_path_below_the_prefix_is_the_same_path_below_the_upstreams() {
    for (upstream, target, expected) in [
        ("https://api.example.com", "/api", "https://api.example.com/"),
        ("https://api.example.com/", "/api/", "https://api.example.com/"),
        ("https://api.example.com", "/api/orders?page=2", "https://api.example.com/orders?page=2"),
        ("https://api.example.com/v1", "/api", "https://api.example.com/v1"),
        ("https://api.example.com/v1/", "/api/", "https://api.example.com/v1/"),
        (
            "https://api.example.com/v1",
            "/api/a%20b/%C3%A4;v=1?",
            "https://api.example.com/v1/a%20b/%C3%A4;v=1?",
        ),
        ("https://api.example.com:8443/v1", "/api/a//b/", "https://api.example.com:8443/v1/a//b/"),
        ("http://127.0.0.1:9", "/api/group%2Fname", "http://127.0.0.1:9/group%2Fname"),
        ("http://[::1]:9", "/api/100%25/a@b:c", "http://[::1]:9/100%25/a@b:c"),
        ("https://api.example.com", "/api/...", "https://api.example.com/..."),
        (
            "https://api.example.com",
            "/api/x?next=../..//%0d%0a%2e%2e",
            "https://api.example.com/x?next=../..//%0d%0a%2e%2e",
        ),
    ] {
        assert_eq!(forwarded(upstream, target), Some(Ok(expected.to_owned())), "{target}");
    }
}

#[test]
fn a_path_beside_the_prefix_is_the_applications() {
    for target in [
        "/",
        "/apis",
        "/API/x",
        "/ap",
        "/%61pi/x",
        "//api/x",
        "/x/api",
        "/x/../api",
        "/api%2Fx",
        "/api;x",
        "/api\\x",
        "*",
        "",
    ] {
        assert_eq!(forwarded("https://api.example.com", target), None, "{target}");
    }
}

#[test]
fn what_some_reader_takes_for_a_path_below_the_prefix_could_be_below_it() {
    let mapping = Mapping::new("/api/orders", "https://api.example.com", false).unwrap();
    for doubtful in [
        "/api/orders/7",
        "/api/%6frders",
        "/api/%256frders/7",
        "/api/Orders",
        "/api/orders;v=1/7",
        "/api/orders%2f7",
        "/api//orders",
        "/api/ord%EF%BD%85rs",
        "/app/api/orders",
    ] {
        assert!(mapping.could_hold(doubtful, "/app"), "{doubtful}");
    }
    for other in
        ["/", "/api", "/api/order", "/api/ordersx", "/x/api/orders", "/api/%", "//api/orders", "*", ""]
    {
        assert!(!mapping.could_hold(other, "/app"), "{other}");
    }
}

#[test]
fn a_path_that_some_reader_takes_for_another_is_refused() {
    for rest in [
        "/..",
        "/../x",
        "/x/..",
        "/x/../y",
        "/.",
        "/./x",
        "/x/.",
        "/%2e%2e/x",
        "/%2E%2e/x",
        "/.%2e/x",
        "/%2e/x",
        "/%252e%252e/x",
        "/%25252e%25252e/x",
        "/..%2fx",
        "/..%252fx",
        "/x%2f..%2f..",
        "/..;/x",
        "/..;a=1/x",
        "/.;/x",
        "/%2e%2e;/x",
        "/.%2e%23/x",
        "/..%3f/x",
        "/..%253fa=1",
        "/..%3b/x",
        "/..%20/x",
        "/%20../x",
        "/..%5cx",
        "/x%5c..%5cy",
        "/x%5cy",
        "/x%255cy",
        "/\\x",
        "/x\\..\\y",
        "/%00",
        "/x%00.json",
        "/x%0d%0aHost:evil",
        "/x%250d%250a",
        "/x%7f",
        "/x%c2%85",
        "//evil.example",
        "//",
        "/%2fevil.example",
        "/%252fevil.example",
        "/%2f%2fx",
        "/%c0%ae%c0%ae/x",
        "/%c0%af",
        "/%ff",
        "/x%",
        "/x%2",
        "/x%zz",
        "/x%u002e",
        "/x y",
        "/x\"y",
        "/x<y",
        "/x{y}",
        "/ä",
        "/%EF%BC%8E%EF%BC%8E/x",
        "/%E2%80%A5/x",
        "/%EF%BC%852e%EF%BC%852e/x",
        "/x%EF%BC%8F..%EF%BC%8Fy",
        "/%25252525252525252e",
        "/x\u{7f}",
        "/x\ty",
    ] {
        for base in ["", "/v1"] {
            let target = format!("/api{rest}");
            assert_eq!(
                forwarded(&format!("https://api.example.com{base}"), &target),
                Some(Err(())),
                "{rest}"
            );
        }
    }
}

#[test]
fn a_path_that_is_too_long_is_refused() {
    let long = |length| format!("/api/{}?{}", "x".repeat(length), "y".repeat(length));
    assert!(forwarded("https://api.example.com", &long(MAX_LENGTH / 2 - 1)).unwrap().is_ok());
    assert!(forwarded("https://api.example.com", &long(MAX_LENGTH / 2)).unwrap().is_err());
}

/// Every string of these pieces up to a length: whatever passes is where a browser, and a server that decodes once or
/// more, would look for it too, which is below the upstream's path.
#[test]
fn whatever_passes_stays_below_the_upstreams_path_however_it_is_read() {
    let pieces = [
        "/",
        ".",
        "..",
        "%2e",
        "%2E",
        "%2f",
        "%5c",
        "\\",
        "%25",
        "2e",
        ";",
        "x",
        "%0a",
        "?",
        "#",
        "@evil.example",
        "%EF%BC%8E",
        ":",
    ];
    let (mut passed, mut refused) = (0, 0);
    let mut strings = vec![String::new()];
    for _ in 0..4 {
        strings = strings.iter().flat_map(|string| pieces.map(|piece| format!("{string}{piece}"))).collect();
        for rest in strings.iter().map(|string| format!("/{string}")) {
            let Ok(url) = mapping("https://api.example.com/v1").target(&rest, None) else {
                refused += 1;
                continue;
            };
            passed += 1;
            let mut text = String::from(url.clone());
            assert_eq!(text, format!("https://api.example.com/v1{rest}"));
            assert_eq!(Url::parse(&text).unwrap(), url);
            for _ in 0..5 {
                let read = Url::parse(&text).unwrap();
                assert_eq!(read.origin(), url.origin(), "{rest} read as {text}");
                assert!(
                    read.path().starts_with("/v1/") && !read.path().starts_with("/v1//"),
                    "{rest} read as {text}"
                );
                text = percent_decode_str(&text).decode_utf8().unwrap().into_owned();
                text = text.replace('\\', "/");
            }
        }
    }
    assert!(passed > 1_000 && refused > 10_000, "{passed} passed, {refused} were refused");
}

#[test]
fn a_prefix_is_a_path_of_plain_segments() {
    for good in ["/api", "/api/", "/a/b.c/~d_e-f"] {
        assert!(Mapping::new(good, "https://api.example.com", false).is_ok(), "{good}");
    }
    for bad in [
        "", "/", "//", "api", "//api", "/a//b", "/..", "/a/../b", "/a/.", "/a%2fb", "/a b", "/a?b", "/a#b",
        "/ä", "/a\\b", "/{id}", "/*",
    ] {
        let error = Mapping::new(bad, "https://api.example.com", false).unwrap_err();
        assert_eq!(error.setting, "TokenProxy", "{bad}");
    }
}

#[test]
fn an_upstream_is_https_or_on_this_machine() {
    let parse = |upstream: &str, plain_http| Mapping::new("/api", upstream, plain_http);
    for good in [
        "https://api.example.com",
        "https://api.example.com:8443/v1/",
        "http://127.0.0.1:1/x",
        "http://localhost",
        "http://[::1]:1",
    ] {
        assert!(parse(good, false).is_ok(), "{good}");
    }
    for plain in ["http://api.internal:8080", "http://localhost.evil.example", "http://10.0.0.1"] {
        assert!(parse(plain, false).unwrap_err().remedy.contains("danger::plain_http_upstream"), "{plain}");
        assert!(parse(plain, true).is_ok(), "{plain}");
    }
    for bad in [
        "",
        "api.example.com",
        "ftp://api.example.com",
        "unix:/x",
        "https://u@api.example.com",
        "https://u:p@api.example.com",
        "https://api.example.com/?a",
        "https://api.example.com/#a",
        " https://api.example.com",
        "https://api.example.com/a/../v1",
        "https://api.example.com/..",
        "https://api.example.com/v1/%2e%2e/x",
        "https://api.example.com\\v1",
        "https://api.example.com//v1",
        "https:api.example.com/v1",
    ] {
        assert!(parse(bad, true).is_err(), "{bad}");
    }
}
