//! How a session is written, into the cookie itself or into a record: postcard with fixed fields.
//!
//! These are the bytes before they are sealed; [`seals`](super::seals) and the keeper seal them. Whoever changes this
//! file changes what every deployed session is made of.
//!
//! While a deployment is updated, or rolled back, two releases read each other's sessions. So fields are only
//! ever added behind the last one: an older release takes what it knows and leaves the rest, a newer one does
//! without what is not there. A change that an older release could not read raises the version byte in
//! `seal.rs`, and one release has to read both before the next one writes it.
//!
//! The structs stand behind each other in the bytes, in the order in which releases added them. A reader takes one
//! after the other until nothing is left. What a record does not hold takes the value that says least: no roles, no
//! level, the first client. A test below reads the bytes of the first release.
//!
//! | struct | what it brought |
//! |---|---|
//! | [`First`] | who, how long, and the tokens |
//! | [`Second`] | when the tokens were obtained |
//! | [`Third`] | level, scopes that were asked for, roles, the application's data |
//! | [`Fourth`] | issuer and client |
//! | [`Fifth`] | the name of a session that lives in its cookie |
//! | [`Sixth`] | how the application authenticated the person; written only where it did |
//!
//! A session that no provider began has the reserved issuer in [`Fourth`], and is sealed in a [form](form_of) of its own.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::identity::{Identity, LOCAL_ISSUER};
use super::opened::{ClientRef, SealedId, Session, Tokens};
use crate::clock::Timestamp;
use crate::crypto::seal::Form;
use crate::crypto::secret::Secret;
use crate::error::{Error, ErrorCode};
use crate::protocol::auth_level::AuthLevel;

/// What the first release wrote. Borrowed while writing and reading, so that nothing is copied twice.
///
/// Times are milliseconds since the epoch, but for `auth_time`, which is in seconds as its claim is. `claims` is JSON
/// as text: postcard cannot read values whose type is not known beforehand.
#[derive(Serialize, Deserialize)]
struct First<'a> {
    subject: &'a str,
    name: Option<&'a str>,
    email: Option<&'a str>,
    email_verified: bool,
    scope: Option<&'a str>,
    acr: Option<&'a str>,
    auth_time: Option<u64>,
    sid: Option<&'a str>,
    claims: &'a str,
    created_at: u64,
    expires_at: u64,
    idle_expires_at: u64,
    tokens: Option<FirstTokens<'a>>,
}

/// The tokens as the first release wrote them; absent in a cookie.
#[derive(Serialize, Deserialize)]
struct FirstTokens<'a> {
    access: &'a str,
    access_expires_at: u64,
    refresh: Option<&'a str>,
    id_token: &'a str,
}

/// What the second release added: missing in what an older one wrote. What is added next is a struct of its own
/// behind the last one, read where there is something left: a further field here could not be told from a record
/// that was cut short.
#[derive(Default, Serialize, Deserialize)]
struct Second {
    tokens_obtained_at: Option<u64>,
}

/// What the third added. `auth_level` is a number of [`AuthLevel`]; one that is not known here is read as none.
#[derive(Default, Serialize, Deserialize)]
struct Third<'a> {
    auth_level: Option<u8>,
    requested: Option<&'a str>,
    #[serde(borrow)]
    roles: Vec<&'a str>,
    data: &'a str,
}

/// What the fourth added: where the session comes from. A record without it comes from the first client.
#[derive(Serialize, Deserialize)]
struct Fourth<'a> {
    /// Compared when the session is read: a session of another issuer's is not this application's.
    issuer: &'a str,
    /// `None` for a session that no provider began.
    #[serde(borrow)]
    client_id: Option<&'a str>,
}

/// What the fifth added. `None` for a stored session, whose record has a name.
#[derive(Default, Serialize, Deserialize)]
struct Fifth {
    sealed_id: Option<[u8; 16]>,
}

/// What the sixth added.
#[derive(Default, Serialize, Deserialize)]
struct Sixth<'a> {
    method: Option<&'a str>,
}

/// The form that a session is sealed in: a release that knew sessions of its provider alone finds nobody in a local one.
pub(super) fn form_of(session: &Session) -> Form {
    if session.identity.is_local() { Form::Local } else { Form::First }
}

/// The session as bytes, overwritten when they are dropped: tokens are among them.
///
/// Where the session is stored is not written: that is for the record around it to say.
///
/// # Errors
/// [`ErrorCode::Misconfigured`] when it cannot be serialized.
pub(crate) fn write(session: &Session) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
    let identity = &session.identity;
    let first = First {
        subject: &identity.subject,
        name: identity.name.as_deref(),
        email: identity.email.as_deref(),
        email_verified: identity.email_verified,
        scope: identity.scope.as_deref(),
        acr: identity.acr.as_deref(),
        auth_time: identity.auth_time.map(Timestamp::secs),
        sid: identity.sid.as_deref(),
        claims: &identity.claims,
        created_at: session.created_at.millis(),
        expires_at: session.expires_at.millis(),
        idle_expires_at: session.idle_expires_at.millis(),
        tokens: session.tokens.as_ref().map(|tokens| FirstTokens {
            access: tokens.access.expose(),
            access_expires_at: tokens.access_expires_at.millis(),
            refresh: tokens.refresh.as_ref().map(|token| token.expose().as_str()),
            id_token: tokens.id_token.expose(),
        }),
    };
    let second =
        Second { tokens_obtained_at: session.tokens.as_ref().map(|tokens| tokens.obtained_at.millis()) };
    let third = Third {
        auth_level: identity.auth_level.map(AuthLevel::number),
        requested: identity.requested.as_deref(),
        roles: identity.roles.iter().map(String::as_str).collect(),
        data: &identity.data,
    };
    let fourth = Fourth { issuer: &identity.issuer, client_id: session.client_id.as_deref() };
    let fifth = Fifth { sealed_id: session.sealed_id.map(|id| id.0) };
    let method = session.method.as_deref();
    let written = match method {
        None => postcard::to_allocvec(&(first, second, third, fourth, fifth)),
        Some(_) => postcard::to_allocvec(&(first, second, third, fourth, fifth, Sixth { method })),
    };
    written.map(zeroize::Zeroizing::new).map_err(|error| {
        Error::new(ErrorCode::Misconfigured).detail("a session could not be written").source(error)
    })
}

/// Reads what [`write()`] wrote, or what a release before or after this one did.
///
/// `client` is whom a record that names no client belongs to, and whose issuer a record that names one must have; `None`
/// where there is no provider, and so nobody of one's.
/// `None` when the bytes are no session of this format, or of another provider's issuer. The session comes back as one that is not
/// stored; whoever took it out of a record says where that was.
pub(crate) fn read(bytes: &[u8], client: Option<&ClientRef>) -> Option<Session> {
    let (first, rest): (First<'_>, _) = postcard::take_from_bytes(bytes).ok()?;
    let (second, rest) =
        if rest.is_empty() { (Second::default(), rest) } else { postcard::take_from_bytes(rest).ok()? };
    let (third, rest): (Third<'_>, _) =
        if rest.is_empty() { (Third::default(), rest) } else { postcard::take_from_bytes(rest).ok()? };
    let of_client = |client: &ClientRef| Identity::new(Arc::clone(&client.issuer), "");
    let (whose, client_id, rest) = if rest.is_empty() {
        (of_client(client?), Some(Arc::clone(&client?.client_id)), rest)
    } else {
        let (fourth, rest): (Fourth<'_>, _) = postcard::take_from_bytes(rest).ok()?;
        let whose = match fourth.issuer {
            LOCAL_ISSUER => Identity::local(""),
            issuer => of_client(client.filter(|client| *client.issuer == *issuer)?),
        };
        let own = |id: &str| match client.filter(|client| *client.client_id == *id) {
            Some(client) => Arc::clone(&client.client_id),
            None => id.into(),
        };
        (whose, fourth.client_id.map(own), rest)
    };
    let (fifth, rest): (Fifth, _) =
        if rest.is_empty() { (Fifth::default(), rest) } else { postcard::take_from_bytes(rest).ok()? };
    let (sixth, _): (Sixth<'_>, _) =
        if rest.is_empty() { (Sixth::default(), rest) } else { postcard::take_from_bytes(rest).ok()? };
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Some(Session {
        identity: Identity {
            subject: first.subject.to_owned(),
            name: owned(first.name),
            email: owned(first.email),
            email_verified: first.email_verified,
            scope: owned(first.scope),
            acr: owned(first.acr),
            auth_time: first.auth_time.map(Timestamp::from_secs),
            sid: owned(first.sid),
            auth_level: third.auth_level.and_then(AuthLevel::from_number),
            requested: owned(third.requested),
            roles: third.roles.iter().map(|role| (*role).to_owned()).collect(),
            data: third.data.to_owned(),
            claims: first.claims.to_owned(),
            ..whose
        },
        method: sixth.method.map(Box::from),
        created_at: Timestamp::from_millis(first.created_at),
        expires_at: Timestamp::from_millis(first.expires_at),
        idle_expires_at: Timestamp::from_millis(first.idle_expires_at),
        tokens: first.tokens.map(|tokens| Tokens {
            access: Secret::from(tokens.access),
            obtained_at: Timestamp::from_millis(second.tokens_obtained_at.unwrap_or(first.created_at)),
            access_expires_at: Timestamp::from_millis(tokens.access_expires_at),
            refresh: tokens.refresh.map(Secret::from),
            id_token: Secret::from(tokens.id_token),
        }),
        client_id,
        stored: None,
        sealed_id: fifth.sealed_id.map(SealedId),
        is_by_credentials: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the first release wrote it.
    const FIRST: &str = "06757365722d310103416461010f616461406578616d706c652e636f6d01010c6f70656e696420656d61696c000000127b2267726f757073223a5b226f7073225d7d80a0f1c2b13480acfee0b3348088cfd0b1340102617480fdccc4b1340102727405612e622e63";

    fn client() -> ClientRef {
        ClientRef { issuer: Arc::from("https://op.example"), client_id: Arc::from("app") }
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digits).collect()
    }

    #[test]
    fn a_session_of_the_first_release_is_still_read() {
        let session = read(&bytes(FIRST), Some(&client())).unwrap();
        assert_eq!(
            (session.identity.subject(), session.identity.email()),
            ("user-1", Some("ada@example.com"))
        );
        let tokens = session.tokens.unwrap();
        assert_eq!((tokens.access.expose().as_str(), tokens.id_token.expose().as_str()), ("at", "a.b.c"));
        assert_eq!(tokens.obtained_at, session.created_at);
    }

    #[test]
    fn the_first_release_still_reads_what_is_written_now() {
        let session = read(&bytes(FIRST), Some(&client())).unwrap();
        let now = write(&session).unwrap();
        // It knew the fields of then and stopped there.
        assert!(now.starts_with(&bytes(FIRST)));
    }

    #[test]
    fn what_was_added_since_is_read_back() {
        let mut session = read(&bytes(FIRST), Some(&client())).unwrap();
        session.identity = session.identity.with_role("ops").with_role("dev");
        session.identity.auth_level = Some(AuthLevel::Aal2);
        session.identity.requested = Some("openid email".to_owned());
        "{\"plan\":7}".clone_into(&mut session.identity.data);
        let again = read(&write(&session).unwrap(), Some(&client())).unwrap();
        assert_eq!(again.identity, session.identity);
    }

    #[test]
    fn what_a_later_release_adds_is_left_alone_after_a_rollback() {
        let mut later = write(&read(&bytes(FIRST), Some(&client())).unwrap()).unwrap().to_vec();
        later.extend(postcard::to_allocvec(&Sixth::default()).unwrap());
        later.extend_from_slice(&[7, 1, 2, 3]);
        assert_eq!(read(&later, Some(&client())).unwrap().identity.subject(), "user-1");
    }

    #[test]
    fn a_session_knows_the_client_that_began_it_and_one_of_another_issuer_is_nobodys() {
        let mut session = read(&bytes(FIRST), Some(&client())).unwrap();
        assert_eq!(session.client_id.as_deref(), Some("app"), "before it was written down, there was one");
        session.client_id = Some(Arc::from("another"));
        let written = write(&session).unwrap();
        assert_eq!(read(&written, Some(&client())).unwrap().client_id.as_deref(), Some("another"));
        session.client_id = None;
        assert_eq!(read(&write(&session).unwrap(), Some(&client())).unwrap().client_id, None);
        let elsewhere = ClientRef { issuer: Arc::from("https://other.example"), ..client() };
        assert!(read(&written, Some(&elsewhere)).is_none() && read(&written, None).is_none());
        // What names nobody is of the first client.
        assert!(read(&bytes(FIRST), None).is_none());
    }

    #[test]
    fn a_local_session_is_read_whatever_the_provider_and_nobody_writes_one_by_its_issuer() {
        let mut session = read(&bytes(FIRST), Some(&client())).unwrap();
        (session.identity, session.client_id) = (Identity::local("user-17").with_name("Ada"), None);
        session.method = Some("pwd".into());
        let written = write(&session).unwrap();
        let elsewhere = ClientRef { issuer: Arc::from("https://other.example"), ..client() };
        for client in [Some(client()), Some(elsewhere), None] {
            let again = read(&written, client.as_ref()).unwrap();
            assert_eq!((again.identity, again.method.as_deref()), (session.identity.clone(), Some("pwd")));
            assert_eq!(again.client_id, None);
        }
        assert_eq!(form_of(&session), Form::Local);
        session.identity = Identity::new(LOCAL_ISSUER, "user-17");
        assert!(!session.identity.is_local() && form_of(&session) == Form::First);
    }

    #[test]
    fn what_is_cut_short_is_no_session() {
        let session = read(&bytes(FIRST), Some(&client())).unwrap();
        let whole = write(&session).unwrap();
        // Where a release before this one stopped, it is whole.
        let length = |part: Vec<u8>| part.len();
        let second = Second { tokens_obtained_at: Some(session.created_at.millis()) };
        let first = FIRST.len() / 2;
        let second = first + length(postcard::to_allocvec(&second).unwrap());
        let third = second + length(postcard::to_allocvec(&Third::default()).unwrap());
        let fourth = whole.len() - length(postcard::to_allocvec(&Fifth::default()).unwrap());
        let ends = [first, second, third, fourth];
        let local = write(&Session { method: Some("pwd".into()), ..session }).unwrap();
        for length in whole.len() + 1..local.len() {
            assert!(read(&local[..length], Some(&client())).is_none(), "{length}");
        }
        for length in (0..whole.len()).filter(|length| !ends.contains(length)) {
            assert!(read(&whole[..length], Some(&client())).is_none(), "{length}");
        }
    }
}
