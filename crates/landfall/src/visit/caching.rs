//! The headers that follow from the marks on an answer: what shared caches may do with it, and its cookies.
//!
//! The rules are in [`marks`](super::marks) and, for what an answer says itself, in [`web::caching`](crate::web::caching).
//! Here they meet, when the application has answered.

use std::mem::take;

use super::{Owed, Visit};
use crate::web::caching::{ForOnePerson, Said, is_for_shared_caches};
use crate::web::reply::{CacheControl, Edits};

impl Visit {
    /// For adapters: what to change on the application's response. `each_header` shows its headers, each with its name in
    /// lower case, to whom it is handed; it may be called several times, or not at all.
    ///
    /// A response that depended on who is there is kept out of shared caches; one with a Set-Cookie is not
    /// stored at all; one that shared caches may keep gets no Set-Cookie. Under another Host one that asked is not
    /// stored, whatever the application says: it is nobody's for the name it came by and not for who sent it.
    ///
    /// Headers that only shared caches read (RFC 9213) stand in place of Cache-Control for those that know them, so they
    /// are taken out wherever an answer is one person's: behind a guard, and where somebody looked and neither the
    /// answer calls itself `public` nor a guard says `shared_cache`.
    ///
    /// What a handler changed of who is there goes out whatever the answer says of itself, and in place of anything else
    /// that is owed; but not with a server error, by its `status`: what did not succeed signs nobody in.
    pub fn edits(&self, status: u16, each_header: impl Fn(&mut dyn FnMut(&str, &[u8]))) -> Edits {
        let marks = &self.inner.marks;
        let mut edits = Edits::default();
        if !marks.any() && matches!(self.inner.owed, Owed::Nothing) {
            return edits;
        }
        if self.has_changed() {
            return self.edits_of_change(status, each_header);
        }
        let mut said = Said::default();
        each_header(&mut |name, value| said.note(name, value));
        let (for_one_alone, is_elsewhere) = (marks.is_for_one_alone(), self.is_elsewhere());
        if let Some((context, facts)) = self.set_up().filter(|_| for_one_alone && said.is_shared()) {
            context.public_answers.tell(facts.target.as_str());
        }
        // Without marks it is the application's word on what is everybody's, and so is a guard's; of whoever looked,
        // `public` alone is believed.
        let is_believed = !marks.any() || marks.is_shared() || said.public;
        let is_personal = for_one_alone || is_elsewhere || !is_believed;
        if is_personal && said.lets_a_shared_cache {
            each_header(&mut |name, _| {
                if is_for_shared_caches(name) {
                    edits.removed.push(name.to_owned());
                }
            });
        }
        let may_set = !is_elsewhere && (is_personal || !(said.public || said.lets_a_shared_cache));
        let owed = if may_set { self.owed(&each_header) } else { None };
        if is_elsewhere {
            edits.cache_control = Some(CacheControl::NoStore);
        } else if let Some(line) = owed {
            edits.set_cookies.push(line);
            edits.cache_control = Some(CacheControl::NoStore);
        } else if is_personal && self.is_for_no_cache() {
            edits.cache_control = Some(CacheControl::NoStore);
        } else if marks.any() && !said.keeps_shared_caches_out() && (for_one_alone || !said.public) {
            let mut rewritten = ForOnePerson::default();
            each_header(&mut |name, value| {
                if name == "cache-control" {
                    rewritten.note(value);
                }
            });
            edits.cache_control = Some(rewritten.finish());
        }
        edits
    }

    /// What was changed, on an answer that nobody stores.
    fn edits_of_change(&self, status: u16, each_header: impl Fn(&mut dyn FnMut(&str, &[u8]))) -> Edits {
        let mut edits = Edits { cache_control: Some(CacheControl::NoStore), ..Edits::default() };
        each_header(&mut |name, _| {
            if is_for_shared_caches(name) {
                edits.removed.push(name.to_owned());
            }
        });
        let who_changed = self.who_has_changed();
        if let Some(change) = self.changed().as_mut() {
            let (cookies, clear_site_data) = (take(&mut change.cookies), change.clear_site_data.take());
            if status < 500 {
                // From here on it is the browser's.
                change.begun = None;
                (edits.set_cookies, edits.clear_site_data) = (cookies, clear_site_data);
            }
        }
        if !who_changed {
            // Beside what is only kept for another request, who is there goes on as ever.
            edits.set_cookies.extend(self.owed(&each_header));
        } else if status >= 500 {
            tracing::warn!(
                status,
                "a sign-in or sign-out does not reach the browser: the answer is a server error"
            );
            self.withdraw();
        }
        edits
    }

    /// Whether somebody is there, and nothing that was answered to somebody is to be kept.
    fn is_for_no_cache(&self) -> bool {
        let set_up = self.set_up().filter(|_| self.who().is_some());
        set_up.is_some_and(|(context, _)| context.settings.leaving.no_store)
    }

    /// The Set-Cookie value that the answer owes the browser, decided now. No renewal beside a session's cookie that the
    /// application sets itself: that is of another one.
    fn owed(&self, each_header: impl Fn(&mut dyn FnMut(&str, &[u8]))) -> Option<String> {
        let came_at = match &self.inner.owed {
            Owed::Nothing => return None,
            Owed::Cookie(line) => return Some(line.clone()),
            Owed::Renewal { came_at } => *came_at,
        };
        let ((context, facts), session) = (self.set_up()?, self.inner.who.as_ref()?.session()?);
        let seal = &facts.site.session_seal;
        let mut is_set = false;
        each_header(&mut |name, value| {
            let set = (name == "set-cookie").then(|| value.strip_prefix(seal.names.session.as_bytes()));
            is_set |= set.flatten().is_some_and(|rest| rest.starts_with(b"="));
        });
        let (sessions, now) = (&context.sessions, context.clock.now());
        match &session.stored {
            _ if is_set => None,
            Some(_) => sessions.move_to_first_key(seal, session, came_at, now),
            None => sessions.reseal(seal, session, came_at, now),
        }
    }
}
