//! Handlers that name no framework. This file is compiled twice: what it imports as `landfall_web` is the adapter to
//! axum in one application and the adapter to actix-web in the other, word for word.

use super::landfall_web::{
    AccessToken, AuthLevel, Claims, ErrorCode, Identity, Prompt, Rejection, RelyingParty, Requirement,
    ReturnTo, SessionHandle, SessionInfo, Sessions, SignInWanted, SignedIn, SubjectId, Timestamp, Visit,
};

pub(super) async fn home(visit: Visit) -> String {
    crate::greeting(visit.signed_in().as_deref())
}

/// Answers when the test lets it.
pub(super) async fn held(visit: Visit, gate: Option<&str>) -> String {
    crate::gate::wait(gate.unwrap_or_default()).await;
    crate::greeting(visit.signed_in().as_deref())
}

/// The cookie of a session for Grace, whoever asks.
pub(super) async fn grace(visit: Visit) -> String {
    let auth = visit.relying_party();
    auth.sessions().create(Identity::new(auth.issuer(), "grace")).await.unwrap()
}

pub(super) async fn report(user: SignedIn) -> String {
    format!("report of {}", user.subject())
}

pub(super) async fn maybe(user: Option<SignedIn>) -> String {
    crate::greeting(user.as_deref())
}

/// Nobody is a visit, too.
pub(super) async fn maybe_visit(visit: Option<Visit>) -> String {
    visit.map_or_else(|| "no visit".to_owned(), |visit| crate::greeting(visit.signed_in().as_deref()))
}

pub(super) async fn maybe_claims(claims: Option<Claims<crate::Member>>) -> String {
    claims.map_or_else(|| "nobody".to_owned(), |Claims(member)| member.to_string())
}

pub(super) async fn maybe_token(token: Option<AccessToken>) -> &'static str {
    if token.is_some() { "a token" } else { "no token" }
}

/// What becomes of a refusal is the handler's own business.
pub(super) async fn own_words(user: Result<SignedIn, Rejection>) -> Result<String, Rejection> {
    match user {
        Ok(user) => Ok(crate::greeting(Some(&user))),
        Err(rejection) if rejection.code().is_none() => Ok("please sign in".to_owned()),
        Err(rejection) => Err(rejection),
    }
}

pub(super) async fn claims(Claims(member): Claims<crate::Member>) -> String {
    member.to_string()
}

pub(super) async fn department(Claims(employee): Claims<crate::Employee>) -> String {
    employee.department
}

/// The same by hand, without a request that they must be there for.
pub(super) async fn claims_by_hand(visit: Visit) -> Result<String, Rejection> {
    let Some(user) = visit.signed_in() else { return Ok("nobody".to_owned()) };
    Ok(user.claims::<crate::Member>()?.to_string())
}

/// No claims of anybody's fit this.
pub(super) async fn no_claims(Claims(none): Claims<Vec<u8>>) -> String {
    format!("{none:?}")
}

pub(super) async fn data(user: SignedIn) -> Result<String, Rejection> {
    Ok(user.data()?.unwrap_or_else(|| "none".to_owned()))
}

pub(super) async fn links(visit: Visit) -> String {
    visit.login_url_for(&SignInWanted::new().prompt(Prompt::SelectAccount))
}

pub(super) async fn half_way(visit: Visit) -> Result<String, Rejection> {
    let user = visit.require_more(&Requirement::new().scope("files:read"))?;
    Ok(crate::more(&user))
}

/// Where this person is signed in.
pub(super) async fn browsers(visit: Visit, user: SignedIn) -> Result<String, Rejection> {
    let (auth, who): (RelyingParty, SubjectId) = (visit.relying_party(), user.subject_id());
    let sessions: Sessions<'_> = auth.sessions();
    let all: Vec<SessionInfo> = sessions.list(&who).await?;
    Ok(all.iter().map(|session| line(session, user.session())).collect::<Vec<_>>().join("\n"))
}

fn line(session: &SessionInfo, current: Option<SessionHandle>) -> String {
    let since: Timestamp = session.created_at;
    let here = if current == Some(session.handle) { " here" } else { "" };
    format!("since {}{here}", since.secs())
}

pub(super) async fn end_others(visit: Visit, user: SignedIn) -> Result<String, Rejection> {
    Ok(visit.relying_party().sessions().end_others(&user).await?.to_string())
}

/// A fallback where the store is away, and a refusal for everything else.
pub(super) async fn end_others_or_not(visit: Visit, user: SignedIn) -> Result<String, Rejection> {
    match visit.relying_party().sessions().end_others(&user).await {
        Ok(ended) => Ok(ended.to_string()),
        Err(error) if error.code() == ErrorCode::Misconfigured => Ok("no sessions to end".to_owned()),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn switch() -> Result<String, Rejection> {
    Err(SignInWanted::new().prompt(Prompt::SelectAccount).login_hint("grace").into())
}

/// Asks the provider whether somebody is there, without showing a page.
pub(super) async fn silent() -> Result<String, Rejection> {
    Err(SignInWanted::new().prompt(Prompt::None).into())
}

/// Signs in, and lands elsewhere.
pub(super) async fn onwards() -> Result<String, Rejection> {
    Err(SignInWanted::new().return_to(ReturnTo::root()).into())
}

pub(super) async fn verified(user: SignedIn) -> String {
    format!("{} {}", user.email().unwrap_or("none"), user.identity().email_verified())
}

pub(super) async fn level(user: SignedIn) -> &'static str {
    let identity: &Identity = user.identity();
    identity.auth_level().map_or("no level", AuthLevel::name)
}

pub(super) async fn strong(visit: Visit) -> Result<String, Rejection> {
    crate::strong(visit.signed_in().as_deref()).map_err(Rejection::from)
}

pub(super) async fn echo(_user: SignedIn, body: String) -> String {
    body
}
