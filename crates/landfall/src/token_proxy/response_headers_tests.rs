use super::*;
use crate::token_proxy::path::Mapping;

fn answer(status: u16, headers: &[(&str, &str)]) -> Result<Response<()>, Error> {
    let mapping = Mapping::new("/api", "https://api.example.com", false).unwrap();
    let target = mapping.target("/orders", None).unwrap();
    let addresses = Addresses { mapping: &mapping, target: &target, base_path: "" };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    rewritten(
        response.body(()).unwrap(),
        addresses,
        "the-token",
        &[HeaderName::from_static("x-b3"), HeaderName::from_static("request-context")],
    )
}

fn kept(headers: &[(&str, &str)]) -> Vec<String> {
    let mut rewritten = answer(200, headers).unwrap().headers().clone();
    for ours in ["cache-control", "vary", "x-content-type-options", "content-security-policy"] {
        assert!(rewritten.remove(ours).is_some(), "{ours}");
    }
    rewritten.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
}

#[test]
fn what_an_api_answers_with_is_kept() {
    let headers = [
        ("content-type", "application/json"),
        ("content-length", "7"),
        ("content-encoding", "br"),
        ("etag", "\"a\""),
        ("x-ratelimit-remaining", "7"),
        ("content-location", "/orders/7"),
    ];
    let mut expected = headers.map(|(name, value)| format!("{name}: {value}"));
    expected[5] = "content-location: /api/orders/7".to_owned();
    assert_eq!(kept(&headers), expected);
}

#[test]
fn what_acts_on_our_origin_or_says_too_much_is_dropped() {
    let headers = [
        ("set-cookie", "__Host-landfall-session=x"),
        ("www-authenticate", "Basic realm=x"),
        ("clear-site-data", "\"*\""),
        ("strict-transport-security", "max-age=1"),
        ("access-control-allow-origin", "*"),
        ("access-control-allow-credentials", "true"),
        ("refresh", "0;url=https://evil.example"),
        ("alt-svc", "h3=\":443\""),
        ("service-worker-allowed", "/"),
        ("x-accel-redirect", "/internal"),
        ("cdn-cache-control", "public, max-age=60"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("proxy-authenticate", "Basic"),
        ("trailer", "x"),
        ("upgrade", "h2c"),
        ("via", "1.1 inner-host"),
        ("x-debug", "Bearer the-token"),
        ("link", "<https://api.example.com/a?the-token>; rel=next"),
        ("content-location", "http://api.example.com/x"),
    ];
    assert_eq!(kept(&headers), Vec::<String>::new());
    for name in [
        "set-login",
        "sec-session-registration",
        "secure-session-registration",
        "secure-session-challenge",
        "sec-session-challenge",
        "speculation-rules",
        "no-vary-search",
        "use-as-dictionary",
        "activate-storage-access",
        "origin-trial",
        "sourcemap",
        "x-sourcemap",
        "x-dns-prefetch-control",
        "x-permitted-cross-domain-policies",
        "content-security-policy-report-only",
        "permissions-policy",
        "document-policy",
        "a-header-of-next-year",
        "server",
        "set-cookie2",
        "authentication-info",
        "timing-allow-origin",
        "access-control-expose-headers",
        "public-key-pins",
        "expect-ct",
        "origin-agent-cluster",
        "accept-ch",
        "critical-ch",
        "report-to",
        "reporting-endpoints",
        "nel",
        "x-accel-limit-rate",
        "x-sendfile",
        "x-lighttpd-send-file",
        "x-reproxy-url",
        "surrogate-control",
        "edge-control",
        "x-served-by",
        "x-backend-server",
        "x-upstream",
        "te",
        "transfer-encoding",
        "proxy-connection",
    ] {
        assert_eq!(kept(&[(name, "x")]), Vec::<String>::new(), "{name}");
    }
    assert_eq!(kept(&[("x-accel-buffering", "no")]), ["x-accel-buffering: no"]);
    // What the application named.
    assert_eq!(kept(&[("request-context", "7"), ("request-contexts", "7")]), ["request-context: 7"]);
    assert_eq!(
        kept(&[("request-context", "the-token"), ("connection", "x-b3"), ("x-b3", "1")]),
        Vec::<String>::new()
    );
}

#[test]
fn a_link_header_names_no_address_of_the_upstream() {
    let links = "<https://api.example.com/orders?page=2>; rel=\"next\", </orders?page=9>; rel=\"last\"";
    let rewritten = "link: </api/orders?page=2>; rel=\"next\", </api/orders?page=9>; rel=\"last\"";
    assert_eq!(kept(&[("link", links)]), [rewritten]);
    assert_eq!(kept(&[("link", "<http://api.example.com/x>; rel=next")]), Vec::<String>::new());
}

#[test]
fn an_answer_is_for_one_person_alone() {
    let cache_control = |headers: &[(&str, &str)]| {
        answer(200, headers).unwrap().headers()[CACHE_CONTROL].to_str().unwrap().to_owned()
    };
    assert_eq!(cache_control(&[]), "private, no-cache");
    for (theirs, rewritten) in [
        ("public, max-age=60", "max-age=60, private"),
        ("s-maxage=60", "private, no-cache"),
        ("private", "private, no-cache"),
        ("Public, Max-Age=60, must-revalidate", "max-age=60, must-revalidate, private"),
        ("no-store, public", "no-store"),
        ("private=\"x, y\", max-age=60", "private, no-cache"),
        ("", "private, no-cache"),
    ] {
        assert_eq!(cache_control(&[("cache-control", theirs)]), rewritten, "{theirs}");
    }
    assert_eq!(cache_control(&[("cache-control", "public"), ("cache-control", "no-store")]), "no-store");
    let rewritten = answer(200, &[("vary", "Accept")]).unwrap();
    assert_eq!(rewritten.headers().get_all(VARY).iter().collect::<Vec<_>>(), ["Accept", "Cookie"]);
}

#[test]
fn an_answer_that_is_opened_as_a_page_is_sandboxed() {
    let policies = |headers: &[(&str, &str)]| {
        let rewritten = answer(200, headers).unwrap();
        rewritten
            .headers()
            .get_all(CONTENT_SECURITY_POLICY)
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(policies(&[("content-type", "text/html")]), ["sandbox"]);
    assert_eq!(
        policies(&[("content-security-policy", "default-src 'self'")]),
        ["default-src 'self'", "sandbox"]
    );
    assert_eq!(policies(&[("content-type", "Application/PDF; x=y")]), Vec::<String>::new());
    assert_eq!(policies(&[("content-type", "application/pdf"), ("content-type", "text/html")]), ["sandbox"]);
}

#[test]
fn a_redirect_leads_below_the_prefix_or_elsewhere_or_is_refused() {
    for status in [301, 302, 303, 307, 308] {
        let rewritten = |location: &str| answer(status, &[("location", location)]);
        assert_eq!(rewritten("https://api.example.com/x").unwrap().headers()[LOCATION], "/api/x");
        assert_eq!(
            rewritten("https://files.example/x").unwrap().headers()[LOCATION],
            "https://files.example/x"
        );
        for refused in
            ["http://api.example.com/x", "javascript:alert(1)", "https://files.example/?t=the-token"]
        {
            assert_eq!(rewritten(refused).unwrap_err().code(), ErrorCode::UpstreamInvalid, "{refused}");
        }
        assert_eq!(answer(status, &[]).unwrap_err().code(), ErrorCode::UpstreamInvalid);
    }
    let created = answer(201, &[("location", "http://api.example.com/x")]).unwrap();
    assert!(!created.headers().contains_key(LOCATION));
}

#[test]
fn an_upstream_that_does_not_take_the_token_is_not_us_asking_for_a_sign_in() {
    let error = answer(
        401,
        &[(
            "www-authenticate",
            "Bearer realm=\"x\", error=\"invalid_token\", error_description=\"the-token\"",
        )],
    );
    let error = error.unwrap_err();
    assert_eq!((error.code(), error.status()), (ErrorCode::UpstreamRefusedToken, 502));
    assert_eq!(error.operator_detail(), Some("it answered 401 with invalid_token"));
    assert_eq!(answer(403, &[]).unwrap().status(), 403);
    assert_eq!(answer(407, &[]).unwrap_err().code(), ErrorCode::UpstreamInvalid);
}
