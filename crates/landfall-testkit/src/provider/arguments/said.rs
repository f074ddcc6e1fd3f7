//! What was said, and where.

use super::error::ArgumentError;
use super::words::Word;

/// A word with its values, all from one place.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) word: &'static Word,
    /// One, unless the word may be said more than once; none for a switch.
    pub(super) values: Vec<String>,
    pub(super) place: Place,
}

/// Where something was said: in an argument, or in a file.
#[derive(Clone, Debug)]
pub(super) struct Place(pub(super) String);

impl Place {
    pub(super) fn argument(word: &Word) -> Self {
        Self(word.argument())
    }

    #[cfg(feature = "toml")]
    pub(super) fn file(word: &str, file: &str) -> Self {
        Self(format!("{word} in {file}"))
    }

    /// An error about what stands here.
    pub(super) fn wrong(&self, problem: impl Into<String>, remedy: impl Into<String>) -> ArgumentError {
        ArgumentError::wrong(self.0.as_str(), problem, remedy)
    }
}

/// Everything that was said. What an argument says stands before what the file says of the same word.
#[derive(Debug, Default)]
pub(super) struct AllSaid(pub(super) Vec<Said>);

impl AllSaid {
    /// What was said of this word.
    pub(super) fn of(&self, name: &str) -> Option<&Said> {
        self.0.iter().find(|said| said.word.name == name)
    }

    /// The one value of this word with its place.
    pub(super) fn value(&self, name: &str) -> Option<(&str, &Place)> {
        let said = self.of(name)?;
        Some((said.values.first()?, &said.place))
    }

    /// Every value of this word with its place.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = (&str, &Place)> {
        self.of(name)
            .into_iter()
            .flat_map(|said| said.values.iter().map(|value| (value.as_str(), &said.place)))
    }

    /// Adds one more; what was said before of the same word, and may be said once, is an error.
    pub(super) fn add(
        &mut self,
        word: &'static Word,
        value: Option<String>,
        place: Place,
    ) -> Result<(), ArgumentError> {
        match self.0.iter_mut().find(|said| said.word.name == word.name) {
            Some(said) if word.many => said.values.extend(value),
            Some(_) => return Err(place.wrong("said twice", "say it once")),
            None => self.0.push(Said { word, values: value.into_iter().collect(), place }),
        }
        Ok(())
    }

    /// What the file says of words that no argument is about.
    pub(super) fn complete(&mut self, file: Self) {
        let more = file.0.into_iter().filter(|said| self.of(said.word.name).is_none());
        let more: Vec<Said> = more.collect();
        self.0.extend(more);
    }
}
