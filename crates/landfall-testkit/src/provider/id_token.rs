//! ID tokens: their claims, and the signature (OpenID Connect Core §2).

use aws_lc_rs::digest;
use landfall::Timestamp;
use serde_json::{Map, Value};

use super::clients::Client;
use super::core::Core;
use super::faults::Fault;
use super::keys::KeyError;
use super::level::LevelClaim;
use super::state::{Grant, IssuedIdToken};
use crate::lock::lock;

impl Core {
    /// Makes the ID token of `grant`; `first` when it comes with a code, so that it carries the nonce.
    pub(crate) fn id_token(
        &self,
        client: &Client,
        grant: &Grant,
        access_token: &str,
        first: bool,
    ) -> Result<String, KeyError> {
        let now = self.clock.now();
        let claims = self.id_token_claims(client, grant, access_token, first, now);
        let mut token = self.token_for(client, "JWT", claims)?;
        let picks = |fault: &Fault| match fault {
            Fault::IdToken(edit) => Some(edit.clone()),
            _ => None,
        };
        for edit in grant.faults.iter().filter_map(picks).chain(self.faults.every(picks)) {
            edit(&mut token.header, &mut token.claims);
        }
        let makes = |fault: &Fault| match fault {
            Fault::RawIdToken(make) => Some(make.clone()),
            _ => None,
        };
        let whole = match grant.faults.iter().find_map(makes).or_else(|| self.faults.first(makes)) {
            Some(make) => make(&token),
            None => token.signed(),
        };
        let issued = IssuedIdToken { client_id: client.id.clone(), sid: grant.sid.clone() };
        lock(&self.state).id_tokens.insert(fingerprint(&whole), issued);
        Ok(whole)
    }

    fn id_token_claims(
        &self,
        client: &Client,
        grant: &Grant,
        access_token: &str,
        first: bool,
        now: Timestamp,
    ) -> Map<String, Value> {
        let mut claims = Map::new();
        if self.options.claims_in_id_token {
            claims = grant.person.claims_for(&grant.scopes);
        }
        let mut put = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
        put("iss", self.issuer.clone().into());
        put("sub", grant.person.subject.clone().into());
        put("aud", client.id.clone().into());
        put("iat", now.secs().into());
        put("exp", now.plus(self.options.id_token_lifetime).secs().into());
        put("auth_time", grant.auth_time.secs().into());
        put("sid", grant.sid.clone().into());
        put("amr", grant.level.methods().iter().copied().collect());
        put("at_hash", client.algorithm.token_hash(access_token).into());
        match (&grant.acr, self.options.level_claim) {
            (Some(acr), _) => put("acr", acr.clone().into()),
            (None, LevelClaim::Acr) => put("acr", grant.level.acr().into()),
            (None, LevelClaim::AuthLevel) => put("auth_level", grant.level.name().into()),
        }
        if let (true, Some(nonce)) = (first, &grant.nonce) {
            put("nonce", nonce.clone().into());
        }
        claims
    }
}

/// Under what an issued token is remembered.
pub(crate) fn fingerprint(token: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, token.as_bytes()).as_ref().to_vec()
}
