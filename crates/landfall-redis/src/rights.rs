//! What the store asks of Redis, and whether it gets it: found out when the store begins to listen, so that an operator
//! reads at the start what would otherwise fail one person after the other.

use redis::{Cmd, ErrorKind, FromRedisValue as _, RedisError, ServerErrorKind};

use crate::connection::Server;
use crate::keys::Keys;

const PROBE: &str = include_str!("scripts/probe.lua");
/// No script has this digest.
const NO_SCRIPT: &str = "0000000000000000000000000000000000000000";

/// What is lacking.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Lacking {
    /// Rules that the ACL lacks and without which the store does not work.
    needed: Vec<String>,
    /// Commands that this Redis does not know, since it is another program or they were renamed.
    unknown: Vec<String>,
    /// Rules that the ACL lacks and without which instances do not hear of each other's changes.
    telling: Vec<String>,
}

impl Lacking {
    /// Asks Redis, on a connection of its own.
    pub(crate) async fn at(server: &Server, keys: &Keys) -> Result<Self, RedisError> {
        let key = keys.nothing();
        let mut connection = server.connect(&key).await?;
        let mut lacking = Self::default();
        lacking.note(keys, "ping", connection.ask(&redis::cmd("PING")).await)?;
        let mut by_hash = redis::cmd("EVALSHA");
        by_hash.arg(NO_SCRIPT).arg(1).arg(&key);
        lacking.note(keys, "evalsha", connection.ask(&by_hash).await)?;
        let probe = Cmd::new().arg("EVAL").arg(PROBE).arg(1).arg(&key).arg(keys.channel()).to_owned();
        if let Some(refused) = lacking.note(keys, "eval", connection.ask(&probe).await)? {
            for (command, words) in Vec::<(String, String)>::from_redis_value(refused)? {
                lacking.add(keys, &command, &words);
            }
        }
        Ok(lacking)
    }

    /// Adds what this answer says. A failure that has nothing to do with rights is handed back.
    fn note(
        &mut self,
        keys: &Keys,
        command: &str,
        answer: Result<redis::Value, RedisError>,
    ) -> Result<Option<redis::Value>, RedisError> {
        let error = match answer {
            Ok(value) => return Ok(Some(value)),
            Err(error) => error,
        };
        let is_refusal = match error.kind() {
            ErrorKind::Server(ServerErrorKind::NoScript) => true,
            ErrorKind::Server(ServerErrorKind::NoPerm) => {
                self.add(keys, command, error.detail().unwrap_or("can't run this command"))
            }
            ErrorKind::Server(_) => self.add(keys, command, error.detail().unwrap_or_default()),
            _ => false,
        };
        if is_refusal { Ok(None) } else { Err(error) }
    }

    /// Whether these words refuse a command for good; then that is noted. They are those of Redis 6 and 7, of a script and
    /// outside.
    fn add(&mut self, keys: &Keys, command: &str, words: &str) -> bool {
        let says = |all: &[&str]| all.iter().any(|part| words.contains(part));
        let is_telling = ["publish", "subscribe"].contains(&command);
        let (list, lack) = if says(&["nknown Redis command", "nknown command"]) {
            (&mut self.unknown, command.to_owned())
        } else if says(&["channel"]) {
            (&mut self.telling, format!("&{}c", keys.prefix()))
        } else if says(&["access at least one of the keys", "access one of the keys", "access a key"]) {
            (&mut self.needed, format!("~{}*", keys.prefix()))
        } else if says(&["run this command", "no permissions to run"]) {
            (if is_telling { &mut self.telling } else { &mut self.needed }, format!("+{command}"))
        } else {
            return false;
        };
        if !list.contains(&lack) {
            list.push(lack);
        }
        true
    }

    /// Adds what a refused subscription says; whether it was refused for want of a right.
    pub(crate) fn add_subscription(&mut self, keys: &Keys, error: &RedisError) -> bool {
        error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm)
            && self.add(keys, "subscribe", error.detail().unwrap_or("no permissions to run"))
    }

    /// Why the store cannot work there, if it cannot.
    pub(crate) fn needed(&self, server: &str, keys: &Keys) -> Option<String> {
        let rules = (!self.needed.is_empty()).then(|| {
            let (lacks, line) = (self.needed.join(" "), keys.rules());
            format!("{server} does not let this user do what the store needs: its ACL lacks {lacks}; all it needs: {line}")
        });
        let unknown = (!self.unknown.is_empty()).then(|| {
            let names = self.unknown.join(", ");
            format!(
                "{server} does not know commands that the store needs (renamed, or another program): {names}"
            )
        });
        match (rules, unknown) {
            (Some(rules), Some(unknown)) => Some(format!("{unknown}; {rules}")),
            (rules, unknown) => rules.or(unknown),
        }
    }

    /// Why instances do not hear of each other's changes, if they do not.
    pub(crate) fn telling(&self, server: &str, keys: &Keys) -> Option<String> {
        (!self.telling.is_empty()).then(|| {
            let (lacks, line) = (self.telling.join(" "), keys.rules());
            format!("{server} does not let this user into the store's channel: its ACL lacks {lacks}; all it needs: {line}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_names_the_very_rules() {
        let (readme, rules) = (include_str!("../README.md"), Keys::default().rules());
        assert!(readme.contains(&rules), "{rules}");
    }

    #[test]
    fn what_redis_6_and_7_say_of_a_missing_right_is_understood() {
        let keys = Keys::default();
        for (command, words, needed, telling, unknown) in [
            (
                "zadd",
                "ERR The user executing the script can't run this command or subcommand",
                "+zadd",
                "",
                "",
            ),
            (
                "zadd",
                "ACL failure in script: User a has no permissions to run the 'zadd' command",
                "+zadd",
                "",
                "",
            ),
            (
                "set",
                "The user executing the script can't access at least one of the keys mentioned in the command arguments",
                "~{landfall}*",
                "",
                "",
            ),
            ("eval", "No permissions to access a key", "~{landfall}*", "", ""),
            (
                "publish",
                "The user executing the script can't publish to the channel mentioned in the command",
                "",
                "&{landfall}c",
                "",
            ),
            (
                "publish",
                "The user executing the script can't run this command or subcommand",
                "",
                "+publish",
                "",
            ),
            ("subscribe", "No permissions to access a channel", "", "&{landfall}c", ""),
            (
                "zadd",
                "ERR Unknown Redis command called from script script: 7, on @user_script:9.",
                "",
                "",
                "zadd",
            ),
            ("evalsha", "unknown command 'EVALSHA', with args beginning with: '00' '1' ", "", "", "evalsha"),
            ("set", "OOM command not allowed when used memory > 'maxmemory'.", "", "", ""),
        ] {
            let mut lacking = Lacking::default();
            lacking.add(&keys, command, words);
            let found = [&lacking.needed, &lacking.telling, &lacking.unknown].map(|list| list.join(" "));
            assert_eq!(found, [needed, telling, unknown], "{words}");
        }
    }
}
