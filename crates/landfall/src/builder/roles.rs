//! Where a person's roles come from: a claim, what parts it, and what the application makes of it.
//!
//! The rules themselves are in `protocol::roles`.

use super::RelyingPartyBuilder;
use crate::error::{ConfigError, printable};

/// # Roles
impl RelyingPartyBuilder {
    /// The claim that holds a person's roles: its name, or its path with dots between, such as `realm_access.roles`.
    /// Default: `roles`. A path goes through lists: `groups.name` is the `name` of each object in `groups`.
    ///
    /// A string is one role, spaces and all (see [`Self::role_separator`]); a list of strings holds one each; of an object
    /// the keys are roles whose value is `true` or an object; `true` gives the role that is called as the claim is, by the
    /// last part of its path. What has another shape gives no role, and a warning. A claim that was named here and does
    /// not come is told once, with the names of those that came.
    ///
    /// ```
    /// use landfall::RelyingParty;
    ///
    /// // { "groups": [{ "id": 7, "name": "ops" }] }
    /// let builder = RelyingParty::builder("https://acme.example").role_claim("groups.name");
    /// # let _ = builder;
    /// ```
    pub fn role_claim(mut self, name: impl Into<String>) -> Self {
        self.names.by_method("role_claim");
        self.client.settings.roles.claim = name.into();
        self.client.settings.roles.is_named = true;
        self
    }

    /// What parts the roles where a provider writes several into one string, such as `' '` or `','`. White space around
    /// each is no part of it. Without one a string is one role.
    ///
    /// ```
    /// use landfall::RelyingParty;
    ///
    /// // { "groups": "ops, dev" }
    /// let builder = RelyingParty::builder("https://acme.example").role_claim("groups").role_separator(',');
    /// # let _ = builder;
    /// ```
    pub fn role_separator(mut self, separator: char) -> Self {
        self.names.by_method("role_separator");
        self.client.settings.roles.separator = Some(separator);
        self
    }

    /// Which role of the application's a group of the provider's gives, a line each; compared exactly. The same group may
    /// be there again, for a further role. `*` is for whoever no other line matched, unless their claim could not be read.
    ///
    /// With a mapping there are no other roles than its own, so a group that somebody makes at the provider opens nothing
    /// here. Called again, it adds lines.
    ///
    /// ```
    /// use landfall::RelyingParty;
    ///
    /// let builder = RelyingParty::builder("https://acme.example")
    ///     .role_claim("groups")
    ///     .role_mapping([("cn=ops,dc=acme", "admin"), ("cn=ops,dc=acme", "staff"), ("*", "viewer")]);
    /// # let _ = builder;
    /// ```
    pub fn role_mapping<G: Into<String>, R: Into<String>>(
        mut self,
        lines: impl IntoIterator<Item = (G, R)>,
    ) -> Self {
        self.names.by_method("role_mapping");
        let lines = lines.into_iter().map(|(group, role)| (group.into(), role.into()));
        self.client.settings.roles.mapping.extend(lines);
        self
    }

    /// Each line of the mapping names a group and a role.
    ///
    /// # Errors
    /// `role_mapping`, with the line.
    pub(super) fn check_roles(&self) -> Result<(), ConfigError> {
        let wrong = |text: &str| text.is_empty() || text.trim() != text;
        match self.client.settings.roles.mapping.iter().find(|(group, role)| wrong(group) || wrong(role)) {
            Some((group, role)) => Err(ConfigError::new(
                "role_mapping",
                format!("{:?} gives {:?}, which is no line", printable(group), printable(role)),
                "name a group and a role, without white space around them",
            )),
            None => Ok(()),
        }
    }
}

/// The lines of a mapping in one text: `group=role,role; group=role`. The last `=` of a line parts it, so that a group may
/// be a distinguished name.
///
/// # Errors
/// A line without a group or a role.
pub(super) fn parse_mapping(text: &str) -> Result<Vec<(String, String)>, ConfigError> {
    let mut lines = Vec::new();
    for line in text.split([';', '\n']).map(str::trim).filter(|line| !line.is_empty()) {
        let (group, roles) = line.rsplit_once('=').unwrap_or((line, ""));
        let roles: Vec<_> = roles.split(',').map(str::trim).filter(|role| !role.is_empty()).collect();
        if group.trim().is_empty() || roles.is_empty() {
            return Err(ConfigError::new(
                "role_mapping",
                format!("{:?} is no line", printable(line)),
                "write group=role,role; with semicolons between lines, and *=role for everybody else",
            ));
        }
        lines.extend(roles.into_iter().map(|role| (group.trim().to_owned(), role.to_owned())));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_in_one_text_keeps_distinguished_names_whole() {
        let lines = parse_mapping("cn=ops,dc=acme=admin, staff ; dev=staff;\n* = viewer;").unwrap();
        let lines: Vec<_> = lines.iter().map(|(group, role)| (group.as_str(), role.as_str())).collect();
        let ops = "cn=ops,dc=acme";
        assert_eq!(lines, [(ops, "admin"), (ops, "staff"), ("dev", "staff"), ("*", "viewer")]);
        for wrong in ["ops", "=admin", "ops=", "ops=,", "a=b;c"] {
            assert_eq!(parse_mapping(wrong).unwrap_err().setting, "role_mapping", "{wrong}");
        }
    }
}
