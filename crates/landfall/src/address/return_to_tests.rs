use serde_json::Value;
use url::Url;

use super::{DECODINGS, ReturnTo, ReturnToError, check_decoded, check_reading, decode};

fn table() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/return_to.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn check(case: &Value, how: &str, verdict: Result<ReturnTo, ReturnToError>) {
    let id = &case["id"];
    match case["location"].as_str() {
        None => assert!(verdict.is_err(), "{id} {how}: {:?} accepted as {verdict:?}", case["input"]),
        Some(location) => {
            let verdict = verdict.unwrap_or_else(|error| panic!("{id} {how}: {:?}: {error}", case["input"]));
            let base = Url::parse("https://app.example.com/auth/callback").unwrap();
            assert_eq!(base.join(verdict.as_str()), base.join(location), "{id} {how}");
            assert_eq!(verdict.as_str(), location, "{id} {how}");
            assert_eq!(ReturnTo::parse(verdict.as_str()), Ok(verdict), "{id} {how}: is read in another way");
        }
    }
}

#[test]
fn every_case_of_the_table_gets_its_verdict_and_its_location() {
    let table = table();
    let (mut plain, mut raw) = (0, 0);
    for case in &table {
        assert_eq!(case["expect"] == "accept", case["location"].is_string());
        if let Some(input) = case["input"].as_str() {
            check(case, "plain", ReturnTo::parse(input));
            plain += 1;
        }
        check(case, "raw", ReturnTo::parse_query_value(case["raw"].as_str().unwrap()));
        raw += 1;
    }
    assert_eq!((plain, raw), (304, 307));
}

#[test]
fn what_a_careless_reader_makes_of_a_path_is_checked_too() {
    for input in [
        "/%25252fevil.example",
        "/%EF%BC%8Fevil.example",         // fullwidth solidus, encoded
        "/\u{ff05}2fevil.example",        // fullwidth percent sign
        "/\u{ff05}\u{ff12}fevil.example", // the same with a fullwidth digit
        "/.%252f%252fevil.example",
        "/%E3%80%80/evil.example", // ideographic space
        "/x%C2%85y",               // a C1 control
        "/%25%35%63evil.example",
    ] {
        assert!(ReturnTo::parse(input).is_err(), "{input}");
    }
}

#[test]
fn a_query_and_a_fragment_are_kept_as_they_are() {
    for input in ["/x?u=%2F%2Fevil.example%0A#//%2e", "/x?a=%zz&b=1", "/my%20file?q=a%20b"] {
        assert_eq!(ReturnTo::parse(input).unwrap().as_str(), input);
    }
}

#[test]
fn the_cap_holds_for_what_is_sent_as_well() {
    assert!(ReturnTo::parse(&format!("/{}", "a".repeat(2047))).is_ok());
    assert_eq!(ReturnTo::parse(&format!("/{}", "a".repeat(2048))), Err(ReturnToError::TooLong));
    assert_eq!(ReturnTo::parse(&format!("/{}", "é".repeat(1000))), Err(ReturnToError::TooLong));
}

#[test]
fn a_reading_that_is_left_out_would_have_said_what_the_one_before_did() {
    let every_reading = |path: &str| {
        let nfkc = icu_normalizer::ComposingNormalizerBorrowed::new_nfkc();
        let (mut plain, mut folded) = (path.to_owned(), path.to_owned());
        for _ in 0..DECODINGS {
            plain = decode(&plain).into_owned();
            check_reading(&plain)?;
            folded = nfkc.normalize(&decode(&folded)).into_owned();
            check_reading(&folded)?;
        }
        Ok::<_, ReturnToError>(())
    };
    let pieces: &[&str] = &[
        "/",
        "a",
        ".",
        "%",
        "2f",
        "%25",
        "%2F",
        "%5c",
        "%EF%BC%8F",
        "%C2%85",
        "%20",
        "?",
        "\u{ff05}",
        "%zz",
    ];
    for first in pieces {
        for second in pieces {
            for third in pieces {
                let path = format!("/{first}{second}{third}x");
                assert_eq!(check_decoded(&path).is_ok(), every_reading(&path).is_ok(), "{path}");
            }
        }
    }
}
