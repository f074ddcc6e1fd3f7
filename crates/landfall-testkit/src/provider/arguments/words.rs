//! The words: one table for arguments, for the file and for the help.

/// Something that can be said about a provider: `--NAME VALUE`, or `NAME = VALUE` in a file.
#[derive(Debug)]
pub(super) struct Word {
    pub(super) name: &'static str,
    /// What its value is, as the help calls it; empty for one that is said or not.
    pub(super) value: &'static str,
    /// Whether it may be said more than once.
    pub(super) many: bool,
    /// Whether its value must not be shown.
    pub(super) secret: bool,
    pub(super) help: &'static str,
}

impl Word {
    /// The word as an argument.
    pub(super) fn argument(&self) -> String {
        format!("--{}", self.name)
    }

    /// Whether it is said or not, and has no value.
    pub(super) fn is_switch(&self) -> bool {
        self.value.is_empty()
    }

    /// How it is said right.
    pub(super) fn example(&self) -> String {
        if self.is_switch() { self.argument() } else { format!("{} {}", self.argument(), self.value) }
    }
}

/// What `--config` is called. It stands in no file.
pub(super) const CONFIG: &str = "config";

/// All of them, in the order of the help.
pub(super) const WORDS: &[Word] = &[
    one(CONFIG, "FILE", "a TOML file with these words for what is not said here (feature `toml`)"),
    one("port", "NUMBER", "the port of 127.0.0.1 to listen on, 0 for a free one [9000]"),
    one("issuer", "URL", "the issuer, letter by letter [http://localhost:PORT]"),
    one("client", "ID", "the client's id [my-app]"),
    Word {
        name: "secret",
        value: "SECRET",
        many: false,
        secret: true,
        help: "the client's secret [my-secret]",
    },
    switch("public", "the client has no secret"),
    one(
        "app",
        "URL",
        "an application on Landfall's own paths: registers its callback, its logout, back and front \
         channel and webhook [http://localhost:3000, unless there is a redirect URI]",
    ),
    many("redirect-uri", "URL", "a redirect URI, character for character"),
    many("post-logout-redirect-uri", "URL", "where a sign-out may return to"),
    one("backchannel-logout-uri", "URL", "where logout tokens are posted to"),
    one("frontchannel-logout-uri", "URL", "what is shown in a frame at a sign-out"),
    one("webhook", "URL", "where IntelliAuth's events are posted to"),
    Word {
        name: "webhook-secret",
        value: "SECRET",
        many: false,
        secret: true,
        help: "what they are signed with [my-webhook-secret]",
    },
    many("scope", "NAME", "a scope that may be asked for; without any, all may"),
    switch("consent", "people are asked what the client may have"),
    many(
        "person",
        "SUBJECT[:CLAIM=VALUE,…]",
        "somebody who may sign in, as ada:name=Ada Lovelace,role=admin; `role` goes into the claim \
         roles, a claim named twice is a list [Ada, Grace, Alan and Katherine]",
    ),
    one("sign-in-as", "SUBJECT", "signs this person in without a page"),
];

const fn one(name: &'static str, value: &'static str, help: &'static str) -> Word {
    Word { name, value, many: false, secret: false, help }
}

const fn many(name: &'static str, value: &'static str, help: &'static str) -> Word {
    Word { name, value, many: true, secret: false, help }
}

const fn switch(name: &'static str, help: &'static str) -> Word {
    Word { name, value: "", many: false, secret: false, help }
}

/// The word of this name.
pub(super) fn find(name: &str) -> Option<&'static Word> {
    WORDS.iter().find(|word| word.name == name)
}

/// What somebody may have meant who said this: the word with the fewest letters to change. Two that were swapped are two
/// changes, and a third of the letters may be wrong.
pub(super) fn nearest(name: &str) -> Option<&'static Word> {
    let letters = name.chars().count();
    let limit = if letters < 4 { 1 } else { (letters / 3).max(2) };
    let known = WORDS.iter().map(|word| (distance(name, word.name), word));
    known.filter(|(changes, _)| *changes <= limit).min_by_key(|(changes, _)| *changes).map(|(_, word)| word)
}

/// How many letters have to be put in, taken out or changed to get from one to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, letter) in from.chars().enumerate() {
        let mut next = vec![at + 1];
        for ((other, above), pair) in to.iter().zip(row.iter().skip(1)).zip(row.iter()) {
            let left = next.last().copied().unwrap_or_default();
            let changed = pair + usize::from(letter != *other);
            next.push(changed.min(left + 1).min(above + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// What `--help` prints.
pub(super) fn help() -> String {
    let mut lines = vec![
        "A local OpenID Provider for tests and development, on loopback. It asks for no password.".to_owned(),
        String::new(),
    ];
    for word in WORDS {
        let many = if word.many { " (again for more)" } else { "" };
        lines.push(format!("  {}{many}", word.example()));
        lines.push(format!("      {}", word.help));
    }
    lines.push("  --help".to_owned());
    lines.push("      this text".to_owned());
    lines.push(String::new());
    lines.push(
        "In a file, a word that may be said again is a list: person = [\"ada:role=admin\", \"grace\"]"
            .to_owned(),
    );
    lines.join("\n")
}
