//! What a page's HTML says, read as far as the pages of a sign-in need it: forms, frames, and where it goes on to.

use html5gum::{HtmlString, StartTag, Token, Tokenizer};

use super::form::{Button, Form};

/// Every form of the page, in order.
pub(crate) fn forms(html: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut inside = false;
    let mut in_button: Option<usize> = None;
    let mut in_select: Option<String> = None;
    for token in Tokenizer::new(html) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) if tag.name.as_slice() == b"form" => {
                inside = true;
                forms.push(form(&tag));
            }
            Token::EndTag(tag) => match tag.name.as_slice() {
                b"form" => inside = false,
                b"button" => in_button = None,
                b"select" => in_select = None,
                _ => {}
            },
            Token::StartTag(tag) if tag.name.as_slice() == b"button" => {
                // HTML §4.10.18.3: the form it names owns it, else the one around it.
                let owner = match attribute(&tag, "form") {
                    Some(id) => forms.iter().position(|form| form.id == id),
                    None => forms.len().checked_sub(1).filter(|_| inside),
                };
                if let Some(form) = owner.and_then(|at| forms.get_mut(at)) {
                    in_button = owner;
                    form.buttons.push(button(&tag));
                }
            }
            Token::StartTag(tag) if inside => {
                let Some(form) = forms.last_mut() else { continue };
                match tag.name.as_slice() {
                    b"input" => input(form, &tag),
                    b"select" => in_select = Some(attribute(&tag, "name").unwrap_or_default()),
                    b"option" => {
                        let value = attribute(&tag, "value").unwrap_or_default();
                        let chosen = attribute(&tag, "selected").is_some();
                        if let Some(name) = in_select.clone() {
                            match form.fields.iter_mut().find(|(known, _)| *known == name) {
                                Some((_, first)) if chosen => *first = value,
                                Some(_) => {}
                                None => form.fields.push((name, value)),
                            }
                        }
                    }
                    _ => {}
                }
            }
            Token::String(text) if in_button.is_some() => {
                let form = in_button.and_then(|at| forms.get_mut(at));
                if let Some(button) = form.and_then(|form| form.buttons.last_mut()) {
                    let words = format!("{} {}", button.text, String::from_utf8_lossy(&text));
                    button.text = words.split_whitespace().collect::<Vec<_>>().join(" ");
                }
            }
            _ => {}
        }
    }
    forms
}

/// The `src` of every frame of the page.
pub(crate) fn frames(html: &str) -> Vec<String> {
    let frames = tags(html).filter(|tag| tag.name.as_slice() == b"iframe");
    frames.filter_map(|tag| attribute(&tag, "src")).collect()
}

/// Where the page goes on to by itself (HTML §4.2.5.3).
pub(crate) fn refresh(html: &str) -> Option<String> {
    let refreshes = |tag: &StartTag<()>| {
        attribute(tag, "http-equiv").is_some_and(|kind| kind.eq_ignore_ascii_case("refresh"))
    };
    let content = attribute(&tags(html).find(refreshes)?, "content")?;
    let (_, target) = content.split_once(';')?;
    Some(target.trim().strip_prefix("url=")?.to_owned())
}

fn tags(html: &str) -> impl Iterator<Item = StartTag<()>> {
    Tokenizer::new(html).filter_map(|token| match token {
        Ok(Token::StartTag(tag)) => Some(tag),
        _ => None,
    })
}

fn form(tag: &StartTag<()>) -> Form {
    Form {
        id: attribute(tag, "id").unwrap_or_default(),
        action: attribute(tag, "action").unwrap_or_default(),
        post: attribute(tag, "method").is_some_and(|method| method.eq_ignore_ascii_case("post")),
        auto_submit: attribute(tag, "data-auto-submit").is_some(),
        sign_in: attribute(tag, "data-sign-in").is_some(),
        next_step: attribute(tag, "data-next-step").is_some(),
        ..Form::default()
    }
}

fn input(form: &mut Form, tag: &StartTag<()>) {
    let kind = attribute(tag, "type").unwrap_or_default();
    let name = attribute(tag, "name").unwrap_or_default();
    if kind == "submit" {
        let text = attribute(tag, "value").unwrap_or_default();
        form.buttons.push(Button { text, ..button(tag) });
    } else if !name.is_empty()
        && (!matches!(kind.as_str(), "checkbox" | "radio") || attribute(tag, "checked").is_some())
    {
        form.fields.push((name, attribute(tag, "value").unwrap_or_default()));
    }
}

fn button(tag: &StartTag<()>) -> Button {
    Button {
        text: String::new(),
        name: attribute(tag, "name").unwrap_or_default(),
        value: attribute(tag, "value").unwrap_or_default(),
    }
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    let name = HtmlString::from(name.as_bytes().to_vec());
    tag.attributes.get(&name).map(|value| String::from_utf8_lossy(value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_buttons_and_selects_are_found_and_entities_are_decoded() {
        let html = r#"<p>x</p><form method=post action="/go?a=1&amp;b=2" data-auto-submit><input type=hidden name=t value="a&quot;b">
            <select name=s><option value="">no<option value=1>one</select>
            <button name=p value=ada><b>Ada</b> <small>Lovelace</small></button></form>"#;
        let all = forms(html);
        let form = &all[0];
        assert_eq!((form.action.as_str(), form.post, form.auto_submit), ("/go?a=1&b=2", true, true));
        let ada = form.button("Ada Lovelace").unwrap();
        let pairs = form.submission(Some(ada), &[("s", "1")]);
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("t", "a\"b"), ("s", "1"), ("p", "ada")]);
    }
    #[test]
    fn a_button_outside_belongs_to_the_form_it_names() {
        let html = r#"<form id="a" action="/a"><input type=hidden name=x value=1></form><form id="b" action="/b"></form>
            <button form="a" name="logout" value="yes">Yes</button><button form="none">No</button><button>Lone</button>"#;
        let all = forms(html);
        assert_eq!(all[0].button("Yes").map(|button| button.value.as_str()), Some("yes"));
        assert_eq!((all[0].buttons.len(), all[1].buttons.len()), (1, 0));
    }
}
