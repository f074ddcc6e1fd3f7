//! Chromium, without a window, as a person uses it.

mod devtools;
mod look;
mod process;
mod tab;

use std::sync::Arc;

use serde_json::{Value, json};
use url::Url;

use devtools::DevTools;

use super::until;
pub use tab::Tab;

/// What the page is looked at with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewport {
    /// 390 by 844, touched.
    Phone,
    /// 1280 by 800.
    Desktop,
}

impl Viewport {
    fn metrics(self) -> Value {
        match self {
            // This also minds the page's own viewport setting, as a phone does.
            Self::Phone => json!({ "width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true }),
            Self::Desktop => json!({ "width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": false }),
        }
    }
}

/// A browser with a profile of its own: nobody else's cookies, caches, storage or history. The tests of a program
/// share one process, in which each has a context; it goes, with all that is in it, when this is dropped.
pub struct Chromium {
    devtools: Arc<DevTools>,
    context: String,
    viewport: Viewport,
    scripts: bool,
    tab: Tab,
}

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
    /// A fresh one.
    ///
    /// # Panics
    /// When the browser does not start.
    pub async fn start(viewport: Viewport) -> Self {
        Self::with_scripts(viewport, true).await
    }

    /// A fresh one whose pages run no scripts, as where somebody has switched them off.
    ///
    /// # Panics
    /// When the browser does not start.
    pub async fn without_scripts(viewport: Viewport) -> Self {
        Self::with_scripts(viewport, false).await
    }

    async fn with_scripts(viewport: Viewport, scripts: bool) -> Self {
        let devtools = process::shared();
        let context = devtools.call(None, "Target.createBrowserContext", json!({})).await.unwrap();
        let context = context["browserContextId"].as_str().unwrap().to_owned();
        let tab = Tab::open(&devtools, &context, viewport, scripts).await;
        Self { devtools, context, viewport, scripts, tab }
    }

    /// The tab that is looked at.
    pub fn tab(&self) -> Tab {
        self.tab.clone()
    }

    /// Opens another tab and looks at it.
    ///
    /// # Panics
    /// When the browser cannot.
    pub async fn new_tab(&mut self) -> Tab {
        self.tab = Tab::open(&self.devtools, &self.context, self.viewport, self.scripts).await;
        self.tab()
    }

    /// Looks at this tab.
    pub fn switch_to(&mut self, tab: &Tab) {
        self.tab = tab.clone();
    }

    /// Types an address.
    ///
    /// # Panics
    /// When the browser cannot.
    pub async fn open(&self, url: &str) {
        self.tab.goto(url).await;
    }

    /// Presses what this CSS selector finds, or this XPath that begins with `//`, once it is there, can be seen and
    /// nothing is in front of it.
    ///
    /// # Panics
    /// When nothing comes to be there.
    pub async fn press(&self, selector: &str) {
        until(&format!("{selector} can be pressed"), async || {
            let place = self.tab.run_when_complete(PRESS, &[selector.into()]).await?;
            if place["chosen"] == true {
                return Some(());
            }
            self.tab.click(&place["x"], &place["y"]).await.ok().map(drop)
        })
        .await;
    }

    /// Presses the button that says this.
    ///
    /// # Panics
    /// When there comes to be none.
    pub async fn press_button(&self, text: &str) {
        self.press(&format!("//button[normalize-space()='{text}']")).await;
    }

    /// Types into what this CSS selector finds, once it is there.
    ///
    /// # Panics
    /// When nothing comes to be there.
    pub async fn write(&self, selector: &str, text: &str) {
        let focus = async || self.tab.run_when_complete(FOCUS, &[selector.into()]).await;
        until(&format!("{selector} is there"), focus).await;
        self.tab.keys(text).await;
    }

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

    /// Goes one page back.
    ///
    /// # Panics
    /// When there is none.
    pub async fn back(&self) {
        self.tab.travel(-1).await;
    }

    /// Goes one page forward.
    ///
    /// # Panics
    /// When there is none.
    pub async fn forward(&self) {
        self.tab.travel(1).await;
    }

    /// Loads the page again.
    ///
    /// # Panics
    /// When the browser cannot.
    pub async fn reload(&self) {
        self.tab.reload().await;
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
        let cookie = json!({ "name": name, "url": self.url().await });
        self.devtools("Network.deleteCookies", cookie).await;
    }

    /// Gives the page a command of the DevTools protocol.
    ///
    /// # Panics
    /// When the browser cannot.
    pub async fn devtools(&self, method: &str, params: Value) -> Value {
        self.tab.call(method, params).await.unwrap()
    }
}

impl std::fmt::Debug for Chromium {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chromium").field("context", &self.context).finish_non_exhaustive()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        self.devtools.send("Target.disposeBrowserContext", &json!({ "browserContextId": self.context }));
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

/// Where to press it: in its middle, if that can be seen. A choice in a list is made as the list itself would.
const PRESS: &str = "
    const [selector] = arguments;
    const element = selector.startsWith('//')
        ? document.evaluate(selector, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE, null).singleNodeValue
        : document.querySelector(selector);
    if (!element || element.disabled) return null;
    const list = element.closest('select');
    if (list && list !== element) {
        if (list.disabled || !list.getClientRects().length) return null;
        element.selected = true;
        for (const name of ['input', 'change']) list.dispatchEvent(new Event(name, { bubbles: true }));
        return { chosen: true };
    }
    element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
    const box = element.getClientRects()[0];
    if (!box || !box.width || !box.height) return null;
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    return element.contains(document.elementFromPoint(x, y)) ? { x, y } : null;";

/// Gives it the focus, behind what stands in it.
const FOCUS: &str = "
    const element = document.querySelector(arguments[0]);
    if (!element || element.disabled || !element.getClientRects().length) return null;
    element.focus();
    element.setSelectionRange?.(element.value.length, element.value.length);
    return document.activeElement === element ? true : null;";
