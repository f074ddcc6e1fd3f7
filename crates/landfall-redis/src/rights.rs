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
    /// Whether it was a cluster that was asked, of which the store needs more.
    of_cluster: bool,
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
        let mut lacking = Self { of_cluster: server.is_cluster(), ..Self::default() };
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
        if lacking.of_cluster {
            // Without effect on the node that has the slot.
            lacking.note(keys, "asking", connection.ask(&redis::cmd("ASKING")).await)?;
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
        } else if says(&["run this command", "no permissions to run"]) {
            // Before the others: what follows names the user and the command, which may be called anything.
            (if is_telling { &mut self.telling } else { &mut self.needed }, format!("+{command}"))
        } else if says(&["access one of the channels", "access a channel", "publish to the channel"]) {
            (&mut self.telling, format!("&{}c", keys.prefix()))
        } else if says(&["access at least one of the keys", "access one of the keys", "access a key"]) {
            (&mut self.needed, format!("~{}*", keys.prefix()))
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

    /// All that a user needs there.
    fn rules(&self, keys: &Keys) -> String {
        if self.of_cluster { keys.rules_of_clusters() } else { keys.rules() }
    }

    /// Why the store cannot work there, if it cannot.
    pub(crate) fn needed(&self, server: &str, keys: &Keys) -> Option<String> {
        let rules = (!self.needed.is_empty()).then(|| {
            let (lacks, line) = (self.needed.join(" "), self.rules(keys));
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
            let (lacks, line) = (self.telling.join(" "), self.rules(keys));
            format!("{server} does not let this user into the store's channel: its ACL lacks {lacks}; all it needs: {line}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_names_the_very_rules() {
        let (readme, keys) = (include_str!("../README.md"), Keys::default());
        let (rules, of_clusters) = (keys.rules(), keys.rules_of_clusters());
        let also = format!("On a cluster also `{}`", of_clusters.strip_prefix(&rules).unwrap().trim());
        assert!(readme.contains(&rules) && readme.contains(&also), "{of_clusters}");
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
                "publish",
                "this user has no permissions to access one of the channels used as arguments",
                "",
                "&{landfall}c",
                "",
            ),
            (
                "zadd",
                "ACL failure in script: User channel-keys has no permissions to run the 'zadd' command",
                "+zadd",
                "",
                "",
            ),
            ("asking", "User channel has no permissions to run the 'asking' command", "+asking", "", ""),
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
