//! Handlers that name no framework. This file is compiled twice: what it imports as `landfall_web` is the adapter to
//! axum in one application and the adapter to actix-web in the other, word for word.

use std::time::Duration;

use super::landfall_web::{
    AccessToken, AuthLevel, Claims, Error, ErrorCode, Identity, Prompt, Rejection, RelyingParty, Requirement,
    ReturnTo, SessionHandle, SessionInfo, Sessions, SignInOptions, SignInWanted, SignOut, SignedIn,
    SubjectId, Timestamp, Visit,
};

pub(super) async fn home(visit: Visit) -> String {
    crate::greeting(visit.signed_in().as_deref())
}

/// The application's own sign-in page: what it can offer, and what failed before.
pub(super) async fn sign_in_page(visit: Visit) -> String {
    crate::sign_in_page(&visit)
}

/// What the form of that page is posted to, as far as it got here.
pub(super) async fn posted_to_the_page(body: String) -> String {
    format!("posted {body}")
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

/// Signs in, carrying what the query says.
pub(super) async fn carry(state: &str) -> Result<String, Rejection> {
    Err(carrying(state)?.into())
}

/// The same, without showing a page if that can be.
pub(super) async fn carry_silently(state: &str) -> Result<String, Rejection> {
    Err(carrying(state)?.prompt(Prompt::None).into())
}

/// A link to the same.
pub(super) async fn carry_link(visit: Visit, state: &str) -> Result<String, Rejection> {
    Ok(visit.login_url_for(&carrying(state)?))
}

fn carrying(state: &str) -> Result<SignInWanted, Error> {
    let to = ReturnTo::parse("/dashboard/carried").unwrap_or_default();
    SignInWanted::new().return_to(to).app_state(&state)
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

/// Believes the name in the query: the test has checked the password.
pub(super) async fn local(visit: Visit, who: &str) -> Result<String, Rejection> {
    let options = SignInOptions::new()
        .method("pwd")
        .auth_level(AuthLevel::Aal1)
        .role("local")
        .label("a test")
        .data(&"kept")?;
    let user = visit.sign_in(Identity::local(who), options).await?;
    let again = visit.signed_in().map(|user| user.subject().to_owned());
    assert_eq!(again.as_deref(), Some(user.subject()), "it is there at once");
    Ok(way(user).await)
}

/// A provider's person, as nobody signs in by a handler.
pub(super) async fn local_of_a_provider(visit: Visit, issuer: &str) -> Result<String, Rejection> {
    let issuer =
        if issuer.is_empty() { visit.relying_party().issuer().to_owned() } else { issuer.to_owned() };
    let user = visit.sign_in(Identity::new(issuer, "ada"), SignInOptions::new()).await?;
    Ok(way(user).await)
}

/// Two sign-ins that wait for each other, as a careless handler makes them.
pub(super) async fn two_at_once(visit: Visit) -> Result<String, Rejection> {
    let sign_in = |who: &str| visit.sign_in(Identity::local(who), SignInOptions::new());
    let (one, other) = tokio::join!(sign_in("one"), sign_in("other"));
    one?;
    other?;
    Ok("both".to_owned())
}

/// Asks for more than that somebody is there, by its own word.
pub(super) async fn asks_for_more(what: &str) -> Result<String, Rejection> {
    let wanted = SignInWanted::new();
    Err(match what {
        "age" => wanted.max_age(Duration::from_secs(60)),
        "level" => wanted.auth_level(AuthLevel::Aal3),
        _ => wanted.acr_values(["urn:example:gold"]),
    }
    .into())
}

/// Signs in, and then wants a sign-in.
pub(super) async fn local_and_wanted(visit: Visit) -> Result<String, Rejection> {
    visit.sign_in(Identity::local("user-17"), SignInOptions::new()).await?;
    Err(SignInWanted::new().into())
}

/// All that is said of the way in.
pub(super) async fn way(user: SignedIn) -> String {
    let identity = user.identity();
    let level = identity.auth_level().map_or("no level", AuthLevel::name);
    let since = identity.auth_time().map(Timestamp::secs).unwrap_or_default();
    let roles: Vec<_> = identity.roles().collect();
    let data: Option<String> = user.data().unwrap();
    format!(
        "{} of {} by {} at {level} since {since} as {} with {}",
        user.subject(),
        user.issuer(),
        user.method().unwrap_or("a provider"),
        roles.join("+"),
        data.unwrap_or_else(|| "nothing".to_owned())
    )
}

pub(super) async fn leave(visit: Visit, how: &str) -> Result<String, Rejection> {
    let how = if how == "local" { SignOut::Local } else { SignOut::AtProvider };
    let out = visit.sign_out(how).await?;
    assert!(visit.signed_in().is_none(), "nobody is there any more");
    Ok(out.location().to_owned())
}

pub(super) async fn sign_out_link(visit: Visit) -> String {
    visit.sign_out_link().unwrap_or_default()
}

/// What a passkey's challenge stands for.
#[derive(serde::Serialize, serde::Deserialize)]
struct Challenge(String);

pub(super) async fn begin_attempt(visit: Visit, challenge: &str) -> Result<&'static str, Rejection> {
    visit.begin_attempt(&Challenge(challenge.to_owned()))?;
    Ok("begun")
}

pub(super) async fn take_attempt(visit: Visit) -> Result<String, Rejection> {
    let taken: Option<Challenge> = visit.take_attempt().await?;
    Ok(taken.map_or_else(|| "nothing".to_owned(), |Challenge(challenge)| challenge))
}

/// Posted by the sign-in page with its own query: signs in as strongly as was asked for, and says where to land.
pub(super) async fn by_page(visit: Visit) -> Result<String, Rejection> {
    let wanted = visit.sign_in_wanted();
    let level = wanted.wants_auth_level().unwrap_or(AuthLevel::Aal1);
    by_page_at(visit, wanted, level).await
}

/// The same by a page that does not deliver.
pub(super) async fn by_page_weakly(visit: Visit) -> Result<String, Rejection> {
    let wanted = visit.sign_in_wanted();
    by_page_at(visit, wanted, AuthLevel::Aal1).await
}

async fn by_page_at(visit: Visit, wanted: SignInWanted, level: AuthLevel) -> Result<String, Rejection> {
    visit.sign_in(Identity::local("user-17"), SignInOptions::new().method("pwd").auth_level(level)).await?;
    let more = if wanted.is_step_up() { "more" } else { "anybody" };
    Ok(format!("{more} {}", wanted.lands_at().map_or("nowhere", ReturnTo::as_str)))
}
