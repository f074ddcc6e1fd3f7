//! What a setting is called where this application sets it: the builder's method, or the variable that it came from.
//!
//! A remedy is read by somebody who knows one of the two. So every text for an operator names a setting by the
//! builder's method, in backticks: `` `cookie_keys` ``. Where the text is shown, in a log line or in the error of
//! `build`, [`Names::spell`] puts in the variable's name where the setting came from the environment. A variable that
//! was not read is never named: only the builder knows which were, and it notes them here.
//!
//! `` put the old key behind the new one in `cookie_keys` `` is read so by whoever calls the builder, and with
//! `LANDFALL_COOKIE_KEYS` by whoever set that. Where both did, the last word counts, as it does for the value.
//!
//! On the ground, since texts are shown in every room. It holds no list of settings: that is the table in
//! `builder/env_variables.rs`.

use std::borrow::Cow;

use super::ConfigError;

/// The settings that are not called by the builder's method of their name.
///
/// Those that no variable has, and those that the application gave itself, are not in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Each setting once, with what it is called.
    called: Vec<(&'static str, &'static str)>,
}

impl Names {
    /// Notes that this setting came by that name: a variable, or a method that has another name than the setting.
    pub(crate) fn call(&mut self, setting: &'static str, name: &'static str) {
        self.by_method(setting);
        self.called.push((setting, name));
    }

    /// Notes that the application gave this setting itself, by the method of its name. The last word counts.
    pub(crate) fn by_method(&mut self, setting: &str) {
        self.called.retain(|(called, _)| *called != setting);
    }

    /// What this setting is called. Id and secret of the client are two settings and one method.
    pub(crate) fn of<'a>(&self, setting: &'a str) -> &'a str {
        match self.called.iter().find(|(called, _)| *called == setting) {
            Some(&(_, name)) => name,
            None if matches!(setting, "client_id" | "client_secret") => "client",
            None => setting,
        }
    }

    /// A text for an operator with each setting in it as it is called here. Nothing is copied where nothing changes.
    pub(crate) fn spell<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut spelled = String::new();
        let (mut done, mut rest) = (0, text);
        // A setting stands between two backticks; whatever else does stays as it is.
        while let Some((before, name, behind)) = quoted(rest) {
            let called = self.of(name);
            if called != name {
                let start = text.len() - rest.len() + before;
                spelled.push_str(text.get(done..start).unwrap_or_default());
                spelled.push_str(called);
                done = start + name.len();
            }
            rest = behind;
        }
        if done == 0 {
            return Cow::Borrowed(text);
        }
        spelled.push_str(text.get(done..).unwrap_or_default());
        Cow::Owned(spelled)
    }

    /// An error of the builder, with its setting and those in its texts as they are called here.
    pub(crate) fn name(&self, error: &ConfigError) -> ConfigError {
        ConfigError::new(self.of(&error.setting), self.spell(&error.problem), self.spell(&error.remedy))
    }
}

/// The first name between two backticks: how many bytes stand before it, the name, and what follows the second
/// backtick.
fn quoted(text: &str) -> Option<(usize, &str, &str)> {
    let (before, rest) = text.split_once('`')?;
    let (name, behind) = rest.split_once('`')?;
    Some((before.len() + 1, name, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_called_by_its_variable_where_it_came_from_one_and_by_its_method_elsewhere() {
        let mut names = Names::default();
        names.call("ca_file", "LANDFALL_CA_FILE");
        names.call("client_secret", "INTELLIAUTH_CLIENT_SECRET");
        let text = "see `ca_file`, `TokenProxy::ca_file`, ca_file, `client_secret`, `store` and one ` alone";
        assert_eq!(
            names.spell(text),
            "see `LANDFALL_CA_FILE`, `TokenProxy::ca_file`, ca_file, `INTELLIAUTH_CLIENT_SECRET`, `store` and one ` alone"
        );
        names.by_method("ca_file");
        assert_eq!((names.of("ca_file"), names.of("client_id")), ("ca_file", "client"));
    }

    #[test]
    fn a_text_in_which_nothing_changes_is_not_copied() {
        for text in ["", "`", "``", "see `store`", "ä `ö` ü"] {
            assert!(matches!(Names::default().spell(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn an_error_is_named_throughout() {
        let mut names = Names::default();
        names.call("store", "LANDFALL_STORE");
        names.call("scopes", "LANDFALL_SCOPES");
        let error = names.name(&ConfigError::new("scopes", "no `store`", "give a `store`"));
        assert_eq!(error.to_string(), "LANDFALL_SCOPES: no `LANDFALL_STORE`; give a `LANDFALL_STORE`");
    }
}
