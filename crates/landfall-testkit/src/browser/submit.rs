//! Buttons that are pressed: forms are filled in and sent, those of the local provider's sign-in among them.

use bytes::Bytes;
use http::Method;

use super::error::BrowserError;
use super::form::Form;
use super::navigate::shown;
use super::page::Page;
use super::redirects::MAX_HOPS;
use super::tab::Browser;

impl Browser {
    /// Presses a button of the page, found by what it says, its value or its name, after filling in `fields`.
    ///
    /// # Errors
    /// When no form has the button; else as [`open`](Self::open).
    pub async fn submit(
        &self,
        page: &Page,
        button: &str,
        fields: &[(&str, &str)],
    ) -> Result<Page, BrowserError> {
        let forms = page.forms();
        let found = forms.iter().find_map(|form| Some((form, form.button(button)?)));
        let (form, button) =
            found.ok_or_else(|| BrowserError::NoSuchForm(page.url.to_string(), button.to_owned()))?;
        self.submit_form(page, form, &form.submission(Some(button), fields)).await
    }

    /// Signs in on the local provider's page, which must be what is shown: as somebody on the list by subject, or as
    /// anybody by name. Goes on through the pages that follow by their first button, and begins there if one of them
    /// is shown; [`submit`](Self::submit) presses any other.
    ///
    /// # Errors
    /// When no sign-in page is shown; else as [`open`](Self::open).
    pub async fn sign_in(&self, person: &str) -> Result<Page, BrowserError> {
        self.sign_in_with_trouble(person, "").await
    }

    /// Signs in on the local provider's page after choosing a trouble from its list, such as `wrong_state`.
    ///
    /// # Errors
    /// As [`sign_in`](Self::sign_in).
    pub async fn sign_in_with_trouble(&self, person: &str, trouble: &str) -> Result<Page, BrowserError> {
        let missing = |page: String| BrowserError::NoSuchForm(page, "sign-in".to_owned());
        let page = self.current().ok_or_else(|| missing("(none)".to_owned()))?;
        let forms = page.forms();
        if forms.iter().any(|form| form.next_step) {
            return self.go_through(page).await;
        }
        let form = forms.iter().find(|form| form.sign_in).ok_or_else(|| missing(page.url.to_string()))?;
        let pressed = form.buttons.iter().find(|button| button.name == "person" && button.value == person);
        let typed = if pressed.is_some() { "" } else { person };
        let submission = form.submission(pressed, &[("name", typed), ("trouble", trouble)]);
        self.go_through(self.submit_form(&page, form, &submission).await?).await
    }

    async fn go_through(&self, mut page: Page) -> Result<Page, BrowserError> {
        for _ in 0..MAX_HOPS {
            let Some(form) = page.form().filter(|form| form.next_step) else { return Ok(page) };
            page = self.submit_form(&page, &form, &form.submission(form.buttons.first(), &[])).await?;
        }
        Err(BrowserError::TooManyRedirects(page.url.into()))
    }

    async fn submit_form(
        &self,
        page: &Page,
        form: &Form,
        fields: &[(String, String)],
    ) -> Result<Page, BrowserError> {
        let mut url = page.url.join(&form.action).map_err(|_| BrowserError::Url(form.action.clone()))?;
        let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let from = shown(page);
        if form.post {
            self.navigate(Method::POST, url, encoded.into(), from, true).await
        } else {
            url.set_query(Some(&encoded));
            self.navigate(Method::GET, url, Bytes::new(), from, true).await
        }
    }
}
