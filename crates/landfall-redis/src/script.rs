//! The Lua scripts: every step that can race is one, which Redis runs as a whole.

use redis::{Cmd, Script};

/// A script and its digest.
#[derive(Debug)]
pub(crate) struct Step {
    /// What it does, for messages.
    pub(crate) doing: &'static str,
    code: &'static str,
    hash: String,
}

impl Step {
    fn new(doing: &'static str, code: &'static str) -> Self {
        Self { doing, code, hash: Script::new(code).get_hash().to_owned() }
    }

    /// The command that runs the script by its digest (`EVALSHA`).
    pub(crate) fn by_hash(&self, keys: &[Vec<u8>], arguments: &[&[u8]]) -> Cmd {
        command("EVALSHA", &self.hash, keys, arguments)
    }

    /// The command that runs the script by its code (`EVAL`), for a Redis that does not know the digest, as after a
    /// restart. It knows it from then on.
    pub(crate) fn by_code(&self, keys: &[Vec<u8>], arguments: &[&[u8]]) -> Cmd {
        command("EVAL", self.code, keys, arguments)
    }
}

fn command(name: &str, what: &str, keys: &[Vec<u8>], arguments: &[&[u8]]) -> Cmd {
    let mut command = redis::cmd(name);
    command.arg(what).arg(keys.len());
    for key in keys {
        command.arg(key.as_slice());
    }
    for argument in arguments {
        command.arg(*argument);
    }
    command
}

/// The scripts of a store.
#[derive(Debug)]
pub(crate) struct Steps {
    pub(crate) create: Step,
    pub(crate) update: Step,
    pub(crate) remove: Step,
    pub(crate) remove_by_subject: Step,
    pub(crate) remove_by_sid: Step,
    pub(crate) list: Step,
    pub(crate) lease: Step,
    pub(crate) release: Step,
    pub(crate) remember: Step,
}

macro_rules! step {
    ($doing:literal, $file:literal) => {
        Step::new(
            $doing,
            concat!(include_str!("scripts/common.lua"), include_str!(concat!("scripts/", $file))),
        )
    };
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self {
            create: step!("create", "create.lua"),
            update: step!("update", "update.lua"),
            remove: step!("remove", "remove.lua"),
            remove_by_subject: step!("remove by subject", "remove_all.lua"),
            remove_by_sid: step!("remove by sid", "remove_all.lua"),
            list: step!("list", "list.lua"),
            lease: step!("lease", "claim.lua"),
            release: step!("release", "release.lua"),
            remember: step!("remember", "claim.lua"),
        }
    }
}
