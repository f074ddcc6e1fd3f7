//! What an IntelliAuth tenant says in its access tokens alone: the authentication level, and its name for the
//! session.
//!
//! An access token is made for an API and is no business of a client's (RFC 9068 §6), so it is read only where
//! `RelyingPartyBuilder::read_access_token` asks for that, and nothing is decided by it but what the ID token
//! leaves open. Hence [`read`] has no error: a token that cannot be believed says nothing, and the sign-in goes on.
//!
//! It follows [`jws`] and [`token_rules`](super::token_rules), less the audience: that names the API.

use serde_json::Value;

use super::claims::Claims;
use super::json::unique_object;
use super::jwks::KeySet;
use super::jws::{self, Policy};
use super::token_rules::TokenRules;
use crate::protocol::auth_level::AuthLevel;

/// What an access token says, as far as it is of use here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// From `auth_level`, else from `acr`; `None` where neither names a level.
    pub(crate) auth_level: Option<AuthLevel>,
    /// The provider's name for its session, for logout tokens and for the front channel.
    pub(crate) sid: Option<String>,
}

/// Reads an access token that came with this subject's ID token.
///
/// `None` for one that is no JWT of this issuer's about this subject, has expired, or is signed with a shared
/// secret. The keys may be older than the token's: then it says nothing this time. They are not fetched anew, since
/// nothing depends on it.
pub(crate) fn read(token: &str, keys: &KeySet, rules: &TokenRules<'_>, subject: &str) -> Option<Said> {
    // With a shared secret, anybody who has it could have made one.
    let policy = Policy { algorithms: rules.algorithms, client_secret: None, types: &["at+jwt", "JWT"] };
    let payload = jws::verify(token, keys, &policy).ok()?;
    let all = unique_object(&payload).ok()?;
    let claims = Claims(&all);
    claims.check_issuer(rules.issuer).ok()?;
    let expires = claims.time("exp").ok()??;
    let current = rules.now < expires.plus(rules.leeway);
    if !current || all.get("sub").and_then(Value::as_str) != Some(subject) {
        return None;
    }
    Some(Said { auth_level: AuthLevel::of(&all), sid: claims.sid().ok()? })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::algorithm::SigningAlgorithm;
    use super::super::test_keys::{encode, keys};
    use super::*;
    use crate::clock::Timestamp;

    const NOW: u64 = 1_800_000_000;

    fn said(change: impl Fn(&mut Value), attacker: bool) -> Option<Said> {
        let k = keys();
        let mut claims = json!({
            "iss": "https://op.example", "sub": "user-1", "aud": "https://api.example", "exp": NOW + 300,
            "auth_level": "AAL2", "sid": "ses_1"
        });
        change(&mut claims);
        let signed = format!(
            "{}.{}",
            encode(json!({ "alg": "RS256", "kid": "rsa1" }).to_string()),
            encode(claims.to_string())
        );
        let key = if attacker { &k.attacker } else { &k.rsa1 };
        let token = format!("{signed}.{}", encode(key.sign(SigningAlgorithm::Rs256, signed.as_bytes())));
        let set = json!({ "keys": [k.rsa1.jwk_with(&json!({ "kid": "rsa1" }))] }).to_string();
        let rules = TokenRules {
            issuer: "https://op.example",
            client_id: "rp-1",
            trusted_audiences: &[],
            algorithms: &[SigningAlgorithm::Rs256],
            leeway: std::time::Duration::from_secs(60),
            now: Timestamp::from_secs(NOW),
        };
        read(&token, &KeySet::parse(set.as_bytes()).unwrap(), &rules, "user-1")
    }

    #[test]
    fn only_a_token_of_this_issuer_about_this_person_says_anything() {
        let genuine = said(|_| {}, false).unwrap();
        assert_eq!((genuine.auth_level, genuine.sid.as_deref()), (Some(AuthLevel::Aal2), Some("ses_1")));
        assert_eq!(said(|_| {}, true), None, "another key");
        for (claim, value) in [
            ("iss", json!("https://evil.example")),
            ("sub", json!("user-2")),
            ("exp", json!(NOW - 61)),
            ("exp", Value::Null),
        ] {
            assert_eq!(said(|claims| claims[claim] = value.clone(), false), None, "{claim} {value}");
        }
    }
}
