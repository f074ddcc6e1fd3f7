//! The page at the issuer itself: what an administrator does, for those who try an application by hand.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::Response;
use maud::{Markup, html};

use super::core::Core;
use super::delivery::Delivery;
use super::pages::{self, page};
use super::people::Person;
use super::request::SeenRequest;
use super::state::ProviderSession;
use super::webhook::SignOutReason;
use crate::lock::lock;

/// Everything is in the list of deliveries; the page shows the latest.
const SHOWN: usize = 10;

pub(crate) async fn desk(State(core): State<Arc<Core>>) -> Response {
    core.desk()
}

/// A button of the page was pressed.
pub(crate) async fn decide(
    State(core): State<Arc<Core>>,
    Extension(seen): Extension<Arc<SeenRequest>>,
) -> Response {
    let form = seen.form();
    if form.one("desk") != Some(&core.desk_token) {
        return pages::error("invalid_request", &["This form is not from this provider.".to_owned()]);
    }
    match (form.one("action").unwrap_or_default(), form.one("of").unwrap_or_default()) {
        ("end", sid) => drop(core.end_session(sid, SignOutReason::AdminRevoked).await),
        ("sign_out", subject) => drop(core.sign_out_everywhere(subject).await),
        ("disable", subject) => drop(core.disable(subject).await),
        ("enable", subject) => core.enable(subject),
        ("delete", subject) => drop(core.delete(subject).await),
        _ => {}
    }
    pages::redirect(&format!("{}/", core.prefix))
}

impl Core {
    fn desk(&self) -> Response {
        let people = lock(&self.people).clone();
        let (mut sessions, disabled) = {
            let state = lock(&self.state);
            (state.sessions.values().cloned().collect::<Vec<_>>(), state.disabled.clone())
        };
        sessions.sort_by_key(|session| session.number);
        let sent = self.courier.latest(SHOWN);
        let body = html! {
            h1 { "Local provider" }
            p.quiet { code { (self.issuer) } }
            h2 { "Signed in" }
            @if sessions.is_empty() { p { "Nobody is signed in." } }
            @for session in sessions.iter().rev().take(100) { (self.session(session)) }
            h2 { "People" }
            @for person in &people { (self.person_at_desk(person, disabled.contains(&person.subject))) }
            h2 { "Sent by the provider" }
            @if sent.is_empty() { p { "Nothing has been sent." } }
            @for delivery in sent.iter().rev() { (shown(delivery)) }
            h2 { "What an application can ask for" }
            (what_can_be_tried())
        };
        page("Local provider", &body, &pages::Extras::default())
    }

    fn session(&self, session: &ProviderSession) -> Markup {
        html! {
            div.entry {
                p {
                    b { (session.person.display_name()) } " " span.quiet { (session.level.name()) }
                    br; code { (session.sid) }
                    @for client in &session.clients { br; span.quiet { "at " (client) } }
                }
                (self.buttons(&session.sid, &[("end", "End this session")]))
            }
        }
    }

    fn person_at_desk(&self, person: &Person, disabled: bool) -> Markup {
        let barred = if disabled { ("enable", "Enable") } else { ("disable", "Disable") };
        html! {
            div.entry {
                p { b { (person.display_name()) } @if disabled { " " span.quiet { "disabled" } } }
                (self.buttons(&person.subject, &[("sign_out", "Sign out everywhere"), barred, ("delete", "Delete")]))
            }
        }
    }

    fn buttons(&self, of: &str, actions: &[(&str, &str)]) -> Markup {
        html! {
            form.buttons method="post" action={ (self.prefix) "/" } {
                input type="hidden" name="desk" value=(self.desk_token);
                input type="hidden" name="of" value=(of);
                @for (action, label) in actions {
                    button type="submit" name="action" value=(action) { (label) }
                }
            }
        }
    }
}

fn shown(delivery: &Delivery) -> Markup {
    let what = if delivery.logout_token().is_some() {
        "Logout token"
    } else {
        delivery
            .headers
            .get("x-intelliauth-event-type")
            .and_then(|name| name.to_str().ok())
            .unwrap_or_default()
    };
    html! {
        p {
            b { (what) } " "
            @match &delivery.answer {
                Ok(answer) => span.quiet { "answered " (answer.status()) },
                Err(error) => span.quiet { (error) },
            }
            br; code { (delivery.uri) }
        }
    }
}

/// Also on the sign-in page.
pub(crate) fn what_can_be_tried() -> Markup {
    let parameters = [
        ("acr_values=aal2", "a second factor, or aal3; you may go on without"),
        ("max_age=60", "the sign-in page again, once the sign-in is a minute old"),
        ("prompt=none", "no page: login_required, interaction_required or consent_required"),
        ("prompt=login", "the sign-in page again, for the same or another person"),
        ("prompt=select_account", "the sign-in page again, and no session ends"),
        ("prompt=consent", "consent again, where the application needs it"),
        ("scope=…", "more, or invalid_scope where the application may not"),
    ];
    html! {
        ul.plain {
            @for (parameter, effect) in parameters {
                li { code { (parameter) } br; span.quiet { (effect) } }
            }
        }
    }
}
