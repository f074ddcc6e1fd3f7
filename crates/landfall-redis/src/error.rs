//! Errors of Redis as errors of the store, with what an operator may read: which server it is, what it lacks and what to
//! do; never a value or a password.

use std::error::Error as _;

use landfall::store::StoreError;
use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::keys::Keys;

/// `doing` failed, and why. `server` is what it is called in messages.
pub(crate) fn failed(server: &str, doing: &str, error: &RedisError) -> StoreError {
    StoreError::new(format!("{doing}: {}", reason(server, error)))
}

/// `doing` brought no answer in time.
pub(crate) fn late(server: &str, doing: &str) -> StoreError {
    StoreError::new(format!("{doing}: {server} did not answer in time"))
}

/// An answer that this version does not understand.
pub(crate) fn strange(doing: &str) -> StoreError {
    StoreError::new(format!("{doing}: not a record that this version can read"))
}

pub(crate) fn reason(server: &str, error: &RedisError) -> String {
    let said = error.detail().unwrap_or_default();
    match error.kind() {
        ErrorKind::AuthenticationFailed => format!("{server} refused the user name or the password"),
        _ if error.is_timeout() => format!("{server} did not answer in time"),
        _ if error.is_connection_refusal() => format!("{server} cannot be reached: connection refused"),
        ErrorKind::Io => match error.source() {
            Some(cause) => {
                let cause = cause.to_string();
                let remedy = if cause.contains("UnknownIssuer") {
                    "; name the authority that made its certificate: ?ca_file=/path/ca.pem in the address, or SSL_CERT_FILE"
                } else {
                    ""
                };
                format!("the connection to {server} failed: {cause}{remedy}")
            }
            None => format!("the connection to {server} failed"),
        },
        ErrorKind::MasterNameNotFoundBySentinel => {
            format!("{server} cannot be reached: no Sentinel names a primary of that name that is up")
        }
        ErrorKind::Server(ServerErrorKind::NoPerm) => format!("{server} {}", lacking(said)),
        // Redis 7.0 says it so of a script, and does not name the command.
        ErrorKind::Server(_) if said.contains("executing the script can't run this command") => {
            format!("{server} {}", lacking(""))
        }
        ErrorKind::Server(_) if said.contains("nknown command") || said.contains("nknown Redis command") => {
            format!("{server} {}", unknown(said))
        }
        // The code alone: the text of a script's error may quote what the script was given.
        ErrorKind::Server(_) | ErrorKind::Extension => match error.code() {
            Some(code) => match meaning(code) {
                Some(meaning) => format!("{server} {meaning}"),
                None => format!("{server} answered {code}"),
            },
            None => format!("{server} answered with an error"),
        },
        _ => format!("{server}: {}", error.category()),
    }
}

/// What a code means, and what to do, as it goes on behind the server's name.
fn meaning(code: &str) -> Option<&'static str> {
    Some(match code {
        "NOAUTH" => "wants a password: put it into the address, redis://user:password@host",
        "WRONGPASS" => "refused the user name or the password",
        "READONLY" => "takes no changes: it is a replica; name the primary",
        "MOVED" | "CROSSSLOT" | "ASK" => {
            "is a node of a cluster: name it by redis+cluster://, or make the store by RedisStore::cluster"
        }
        "NOREPLICAS" => {
            "takes no changes: fewer replicas are in touch than its min-replicas-to-write asks for"
        }
        "MISCONF" => "takes no changes, since it cannot save to its disk (MISCONF)",
        "OOM" => "has no room: its maxmemory is used up",
        "LOADING" => "is starting, and loads its data",
        _ => return None,
    })
}

/// Which right the user lacks. Of the server's words only the name of a command is repeated: they may come from a script
/// and quote what it was given.
fn lacking(said: &str) -> String {
    let all = Keys::default().rules();
    match quoted(said, "run the ") {
        Some(command) => {
            format!("does not let this user run {command}: its ACL lacks +{command}; all it needs: {all}")
        }
        None if said.contains("channel") => {
            "does not let this user into the store's channel: its ACL lacks that of the key prefix, such as &{landfall}c"
                .to_owned()
        }
        None if said.contains("key") => {
            "does not let this user at the store's keys: its ACL lacks those of the key prefix, such as ~{landfall}*"
                .to_owned()
        }
        // Some versions say no more of what a script may not.
        None => {
            format!("does not let this user do what the store asks (NOPERM): its ACL lacks a part of {all}")
        }
    }
}

/// Which command is unknown, where Redis says so: of a script it names none.
fn unknown(said: &str) -> String {
    let command = quoted(said, "nknown command ").unwrap_or("a command of the store's scripts");
    format!("does not know {command}: it was renamed, or this is another program")
}

/// The name in quotes behind these words: of a command, never a value.
fn quoted<'s>(said: &'s str, words: &str) -> Option<&'s str> {
    let rest = said.split_once(words)?.1.strip_prefix(['\'', '`'])?;
    let name = rest.split(['\'', '`']).next()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"|-_".contains(&byte);
    ((1..=40).contains(&name.len()) && name.bytes().all(is_plain)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_that_is_lacking_is_named_and_nothing_of_the_rest_is_repeated() {
        for (said, told) in [
            ("User shop has no permissions to run the 'evalsha' command", "+evalsha"),
            (
                "User shop has no permissions to run the 'publish' command script: PLANTED, on @user_script:9.",
                "+publish",
            ),
            ("User shop has no permissions to run the 'config|get' command or its subcommand", "+config|get"),
            ("User shop has no permissions to run the 'PLANTED value' command", "NOPERM"),
            ("No permissions to access a key", "~{landfall}*"),
            ("this user has no permissions to access one of the keys used as arguments", "~{landfall}*"),
            ("No permissions to access a channel", "&{landfall}c"),
            ("PLANTED", "NOPERM"),
        ] {
            let lacking = lacking(said);
            assert!(lacking.contains(told) && !lacking.contains("PLANTED"), "{lacking}");
        }
    }

    #[test]
    fn a_command_that_is_unknown_is_named_and_nothing_of_the_rest_is_repeated() {
        for (said, told) in [
            ("unknown command 'EVALSHA', with args beginning with: 'PLANTED' ", "know EVALSHA:"),
            ("unknown command `GET`, with args beginning with: `PLANTED`, ", "know GET:"),
            ("Unknown Redis command called from script script: PLANTED, on @user_script:9.", "scripts:"),
            ("unknown command 'PLANTED value', with args beginning with: ", "scripts:"),
        ] {
            let unknown = unknown(said);
            assert!(unknown.contains(told) && !unknown.contains("PLANTED"), "{unknown}");
        }
    }

    #[test]
    fn a_code_that_says_what_to_do_is_told_so() {
        assert!(meaning("NOAUTH").unwrap().contains("redis://user:password@host"));
        assert!(meaning("MOVED").unwrap().contains("redis+cluster://"));
        assert_eq!(meaning("ERR"), None);
    }
}
