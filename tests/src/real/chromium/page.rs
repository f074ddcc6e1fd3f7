//! What a page says, what its scripts find, and what is kept for it.

use serde_json::{Value, json};
use url::Url;

use super::Chromium;
use crate::until::until;

/// A cookie as the browser keeps it.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BrowserCookie {
    /// What it is called.
    pub name: String,
    /// The host it goes to; with a dot before, to those below as well.
    pub domain: String,
    /// The paths it goes to.
    pub path: String,
    /// Whether it goes over TLS alone.
    pub secure: bool,
    /// Whether scripts can not see it.
    pub http_only: bool,
    /// `Strict`, `Lax` or `None`, if it was said.
    pub same_site: Option<String>,
}

impl Chromium {
    /// What is shown in what this CSS selector finds first, if there is such a thing.
    pub async fn text_of(&self, selector: &str) -> Option<String> {
        let text = "return document.querySelector(arguments[0])?.innerText";
        Some(self.tab.run_when_complete(text, &[selector.into()]).await?.as_str()?.to_owned())
    }

    /// Waits until this address is shown, and all of its page has come.
    ///
    /// # Panics
    /// When it does not come to be shown.
    pub async fn lands_on(&self, url: &str) {
        until(&format!("{url} is shown"), async || {
            (self.tab.run_when_complete("return location.href", &[]).await? == url).then_some(())
        })
        .await;
    }

    /// Waits until the page says this, and gives all that it says.
    ///
    /// # Panics
    /// When it does not come to say it.
    pub async fn says(&self, words: &str) -> String {
        let mut shown = Shown(String::new());
        until(&format!("the page says {words:?}"), async || {
            shown.0 = self.text_of("body").await?;
            shown.0.contains(words).then(|| shown.0.clone())
        })
        .await
    }

    /// The address that is shown.
    ///
    /// # Panics
    /// When the browser cannot say.
    pub async fn url(&self) -> Url {
        let (current, entries) = self.tab.history().await;
        entries[usize::try_from(current).unwrap()]["url"].as_str().unwrap().parse().unwrap()
    }

    /// Every address in this tab's history, the oldest first.
    ///
    /// # Panics
    /// When the browser cannot say.
    pub async fn history(&self) -> Vec<String> {
        let (_, entries) = self.tab.history().await;
        entries.iter().map(|entry| entry["url"].as_str().unwrap().to_owned()).collect()
    }

    /// Runs a function's body in the page with these `arguments`, and gives what it returns: if a promise, what that
    /// comes to.
    ///
    /// # Panics
    /// When it throws.
    pub async fn run(&self, body: &str, arguments: &[Value]) -> Value {
        self.tab.run(body, arguments).await.unwrap()
    }

    /// Waits until a function's body gives this.
    ///
    /// # Panics
    /// When it does not come to.
    pub async fn until_run(&self, what: &str, body: &str, wanted: impl Into<Value>) {
        let wanted = wanted.into();
        until(what, async || (self.tab.run_when_complete(body, &[]).await? == wanted).then_some(())).await;
    }

    /// The same as [`Self::run`] of a script that calls `done`, its last argument, with what it gives.
    ///
    /// # Panics
    /// When it throws, or never does.
    pub async fn run_until_done(&self, body: &str, arguments: &[Value]) -> Value {
        let body = format!(
            "const given = [...arguments];\
             return new Promise(done => (function () {{ {body}\n}}).apply(null, [...given, done]))"
        );
        self.run(&body, arguments).await
    }

    /// The cookies that the page's address is sent.
    ///
    /// # Panics
    /// When the browser cannot say.
    pub async fn cookies(&self) -> Vec<BrowserCookie> {
        let mut cookies = self.devtools("Network.getCookies", json!({})).await;
        serde_json::from_value(cookies["cookies"].take()).unwrap()
    }

    /// Takes away this cookie of the page's address.
    ///
    /// # Panics
    /// When the browser cannot.
    pub async fn delete_cookie(&self, name: &str) {
        let cookie = json!({ "name": name, "url": self.url().await.as_str() });
        self.devtools("Network.deleteCookies", cookie).await;
    }
}

/// What a page says, told if what was waited for does not come.
struct Shown(String);

impl Drop for Shown {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("The page says: {}", self.0);
        }
    }
}
