//! Chromium, without a window, as a person uses it.

mod acts;
mod devtools;
mod look;
mod page;
mod process;
mod tab;

use std::sync::Arc;

use serde_json::{Value, json};

use devtools::DevTools;

pub use page::BrowserCookie;
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
