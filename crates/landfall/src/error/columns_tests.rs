use std::collections::HashSet;

use tracing::Level;

use super::super::fault::Fault;
use super::ErrorCode::{self, *};

/// Codes about a request, a proxy or the application as a whole, not about a sign-in: an outsider learns nothing from
/// their names, and whoever sent the request needs them. Every other 400, 401 and 502 to 504 is told by a word for many.
const TOLD_BY_NAME: [ErrorCode; 11] = [
    CredentialsRefused,
    ForwardRefused,
    ForwardedMalformed,
    NotSetUp,
    TwoHosts,
    UpstreamInvalid,
    UpstreamRefusedToken,
    UpstreamTimeout,
    UpstreamUnreachable,
    WebhookRejected,
    WebhookUnsigned,
];

/// Faults of the visitor that may be a setting of the operator's all the same, and a setting that may be meant.
const WORTH_A_WARNING: [ErrorCode; 3] = [ForwardedMalformed, NotSetUp, WrongHost];

#[test]
fn a_codes_name_is_its_variant_in_snake_case_and_nobody_elses() {
    let mut names = HashSet::new();
    for code in ErrorCode::ALL {
        let mut name = String::new();
        for (at, letter) in format!("{code:?}").chars().enumerate() {
            if letter.is_ascii_uppercase() && at > 0 {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        }
        assert_eq!(code.name(), name);
        assert_eq!(code.to_string(), name);
        assert!(names.insert(code.name()), "{name} is there twice");
    }
}

#[test]
fn a_codes_status_fits_whose_fault_it_is() {
    for code in ErrorCode::ALL {
        let status = code.status();
        let fits = match code.fault() {
            // A client that may not ask, and one that the provider does not know: 403 and 502. A part that is not in
            // use: 503.
            Fault::Configuration => matches!(status, 403 | 500 | 502) || *code == NotSetUp,
            // A bad gateway; 400 and 403 where the answer was about this sign-in alone.
            Fault::Provider => matches!(status, 400 | 403 | 502),
            Fault::Store => status == 503,
            Fault::Unreachable => matches!(status, 503 | 504),
            Fault::Upstream => matches!(status, 502 | 504),
            // What this server does not do at all, and does not do at the moment.
            Fault::Visitor => matches!(status, 400..=499 | 501 | 503),
        };
        assert!(fits, "{code}: {status} is no status for {:?}", code.fault());
    }
}

#[test]
fn another_sign_in_mends_what_passes_and_not_what_has_nothing_to_do_with_it() {
    for code in ErrorCode::ALL {
        let lasts = matches!(code.status(), 401 | 405 | 413 | 415 | 421 | 501);
        assert!(
            !(lasts && code.is_recoverable()),
            "{code}: signing in again cannot mend a {}",
            code.status()
        );
        // What is not set up does not pass by itself.
        let passes = matches!(code.fault(), Fault::Store | Fault::Unreachable)
            || (code.status() == 503 && *code != NotSetUp);
        assert!(!passes || code.is_recoverable(), "{code}: what passes by itself may succeed later");
    }
}

#[test]
fn an_outsider_learns_whether_to_try_again_and_not_what_was_found() {
    for code in ErrorCode::ALL {
        let told = match code.status() {
            _ if TOLD_BY_NAME.contains(code) => code.name(),
            400 => "sign_in_failed",
            401 => "sign_in_required",
            502..=504 => "temporarily_unavailable",
            _ => code.name(),
        };
        assert_eq!(code.public_code(), told, "{code}");
    }
}

#[test]
fn a_strangers_fault_alarms_nobody() {
    for code in ErrorCode::ALL {
        let level = match code.fault() {
            _ if WORTH_A_WARNING.contains(code) => Level::WARN,
            Fault::Visitor => Level::INFO,
            _ => Level::ERROR,
        };
        assert_eq!(code.log_level(), level, "{code}");
    }
}

#[test]
fn a_person_reads_a_title_and_a_sentence_without_our_words() {
    for code in ErrorCode::ALL {
        let (title, sentence) = (code.title(), code.sentence());
        assert!(title.starts_with(|c: char| c.is_ascii_uppercase()), "{code}: {title}");
        assert!(title.ends_with(|c: char| c.is_ascii_lowercase()) && title.len() <= 40, "{code}: {title}");
        assert!(sentence.starts_with(|c: char| c.is_ascii_uppercase()), "{code}: {sentence}");
        assert!(sentence.ends_with('.') && sentence.len() <= 100, "{code}: {sentence}");
        for ours in ["`", "_", "(", "RFC", "state", "nonce", "issuer", "token", "cookie"] {
            assert!(
                !sentence.contains(ours) && !title.contains(ours),
                "{code}: {ours} is no word for a person"
            );
        }
    }
}

#[test]
fn an_operator_reads_one_line_that_says_what_to_do() {
    for code in ErrorCode::ALL {
        let remedy = code.remedy();
        assert!(remedy.starts_with(|c: char| c.is_ascii_lowercase()), "{code}: {remedy}");
        assert!(!remedy.ends_with(['.', ' ', ';']) && !remedy.contains('\n'), "{code}: {remedy}");
        let nothing = remedy.starts_with("nothing to mend");
        assert!(!nothing || code.fault() == Fault::Visitor, "{code}: somebody has to mend it");
    }
}

#[test]
fn a_remedy_names_settings_by_the_builders_methods_and_no_variable() {
    let builder = [
        include_str!("../builder/mod.rs"),
        include_str!("../builder/authorization.rs"),
        include_str!("../builder/client.rs"),
        include_str!("../builder/credentials.rs"),
        include_str!("../builder/dependencies.rs"),
        include_str!("../builder/network.rs"),
        include_str!("../builder/provider_logout.rs"),
        include_str!("../builder/roles.rs"),
        include_str!("../builder/sessions.rs"),
        include_str!("../builder/sign_in.rs"),
    ]
    .concat();
    for code in ErrorCode::ALL {
        let remedy = code.remedy();
        assert!(!remedy.contains("LANDFALL_") && !remedy.contains("INTELLIAUTH_"), "{code}: {remedy}");
        for name in remedy.split('`').skip(1).step_by(2) {
            let method = name.rsplit("::").next().unwrap_or_default();
            let is_method = ["(", "<"].iter().any(|end| builder.contains(&format!("pub fn {method}{end}")));
            assert!(is_method || name == "issuer", "{code}: {name} is no method of the builder");
        }
    }
}
