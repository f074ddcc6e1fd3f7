//! A form, its buttons, and what is sent when one of them is pressed.

/// A form on a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "each is an attribute of the form")]
pub struct Form {
    /// The `id`; empty for none.
    pub id: String,
    /// The `action`, as written; empty for the page itself.
    pub action: String,
    /// Whether it is sent with POST.
    pub post: bool,
    /// Whether the page sends it without being asked (`data-auto-submit`).
    pub auto_submit: bool,
    /// Whether it is a local provider's sign-in form.
    pub sign_in: bool,
    /// Whether it is on a page of the local provider that follows the sign-in, such as the second factor.
    pub next_step: bool,
    /// Fields that are sent whichever button is pressed, with the values they start with.
    pub fields: Vec<(String, String)>,
    /// The buttons, those elsewhere on the page that name this form included.
    pub buttons: Vec<Button>,
}

/// A submit button.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Button {
    /// What it says, white space folded.
    pub text: String,
    /// The name it sends; empty for none.
    pub name: String,
    /// The value it sends.
    pub value: String,
}

impl Form {
    /// The button that says `wanted`, or whose text begins with it, or that sends it as its value or name.
    pub fn button(&self, wanted: &str) -> Option<&Button> {
        let says = |test: &dyn Fn(&Button) -> bool| self.buttons.iter().find(|button| test(button));
        says(&|b| b.text == wanted)
            .or_else(|| says(&|b| b.value == wanted))
            .or_else(|| says(&|b| b.name == wanted))
            .or_else(|| says(&|b| !wanted.is_empty() && b.text.contains(wanted)))
    }

    /// What is sent when `button` is pressed and these fields were filled in.
    pub(crate) fn submission(
        &self,
        button: Option<&Button>,
        filled: &[(&str, &str)],
    ) -> Vec<(String, String)> {
        let mut fields = self.fields.clone();
        for (name, value) in filled {
            match fields.iter_mut().find(|(known, _)| known == name) {
                Some((_, old)) => (*value).clone_into(old),
                None => fields.push(((*name).to_owned(), (*value).to_owned())),
            }
        }
        let pressed = button.filter(|button| !button.name.is_empty());
        fields.extend(pressed.map(|button| (button.name.clone(), button.value.clone())));
        fields
    }
}
