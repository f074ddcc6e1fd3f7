//! What somebody reads who logs by the `log` crate, in a program that sets no subscriber for `tracing`.

use std::sync::{Mutex, PoisonError};

use landfall_testkit::Fault;
use landfall_tests::{BASE_URL, Framework, SessionKind, World};
use log::{Level, LevelFilter, Log, Metadata, Record};

/// Level, target and words of a line.
type Line = (Level, String, String);

/// A logger such as `env_logger`, that keeps what it is told.
struct Lines(Mutex<Vec<Line>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = (record.level(), record.target().to_owned(), record.args().to_string());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn flush(&self) {}
}

impl Lines {
    /// What was said by Landfall since the last time.
    fn take(&self) -> Vec<Line> {
        let lines = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        lines.into_iter().filter(|(_, target, _)| target.starts_with("landfall")).collect()
    }
}

/// The one line with these words.
#[track_caller]
fn line<'a>(lines: &'a [Line], level: Level, words: &str) -> &'a str {
    let found = lines.iter().find(|(said, _, text)| *said == level && text.contains(words));
    &found.unwrap_or_else(|| panic!("no {level} with {words:?} in {lines:#?}")).2
}

#[tokio::test]
async fn a_logger_of_the_log_crate_reads_every_line_at_its_level_where_tracing_has_no_subscriber() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(LevelFilter::Debug);
    for framework in [Framework::Axum, Framework::Actix] {
        let world = World::new(framework, SessionKind::Memory).await;
        let lines = LINES.take();
        assert!(line(&lines, Level::Info, "to be registered at the provider").contains(BASE_URL));

        world.open("/dashboard").await;
        let lines = LINES.take();
        line(&lines, Level::Debug, "sign-in started");
        line(&lines, Level::Info, "signed in");

        world.browser.post_form(&format!("{BASE_URL}/auth/logout"), &[], BASE_URL).await.unwrap();
        line(&LINES.take(), Level::Info, "signed out");

        // By the visitor's own will, and by the provider's fault: with the reference that the person reads.
        for (fault, level, code) in [
            (Fault::authorize_error("access_denied"), Level::Info, "sign_in_declined"),
            (Fault::id_token_claim("nonce", "another"), Level::Error, "id_token_rejected"),
        ] {
            world.provider.inject(fault);
            let page = world.open("/dashboard").await.text();
            let lines = LINES.take();
            let said = line(&lines, level, code);
            let reference = said.split_once("reference=\"").unwrap().1.split_once('"').unwrap().0;
            assert!(said.contains("remedy=") && page.contains(reference), "{framework:?}: {said}\n{page}");
        }

        // However many strangers send tokens of made-up keys, it is told once a minute.
        let made_up = |world: &World| {
            world.provider.inject_always(Fault::id_token(|header, _| {
                header.insert("kid".into(), "made-up".into());
            }));
        };
        made_up(&world);
        for warned in [1, 0] {
            for _ in 0..12 {
                world.open("/dashboard").await;
            }
            let lines = LINES.take();
            let warning = |(level, _, text): &&Line| *level == Level::Warn && text.contains("unknown keys");
            assert_eq!(lines.iter().filter(warning).count(), warned, "{framework:?}: {lines:#?}");
            line(&lines, Level::Info, "key_lookups_spent");
        }
    }
}
