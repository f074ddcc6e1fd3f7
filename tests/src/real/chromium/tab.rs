//! One tab: scripts, addresses and the keyboard.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Viewport;
use super::devtools::{Answer, DevTools};
use crate::until::until;

/// A tab of a browser.
#[derive(Clone)]
pub struct Tab {
    devtools: Arc<DevTools>,
    session: String,
}

impl Tab {
    /// Opens one in this profile context.
    pub(super) async fn open(
        devtools: &Arc<DevTools>,
        context: &str,
        viewport: Viewport,
        scripts: bool,
    ) -> Self {
        let target = json!({ "url": "about:blank", "browserContextId": context, "background": true });
        let target = devtools.call(None, "Target.createTarget", target).await.unwrap();
        let target = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = devtools.call(None, "Target.attachToTarget", target).await.unwrap();
        let session = attached["sessionId"].as_str().unwrap().to_owned();
        let tab = Self { devtools: Arc::clone(devtools), session };
        tab.call("Log.enable", json!({})).await.unwrap();
        // Tests run beside each other: each takes its page for the one that is looked at.
        tab.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await.unwrap();
        tab.call("Emulation.setDeviceMetricsOverride", viewport.metrics()).await.unwrap();
        if viewport == Viewport::Phone {
            tab.call("Emulation.setTouchEmulationEnabled", json!({ "enabled": true })).await.unwrap();
        }
        if !scripts {
            tab.call("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await.unwrap();
        }
        tab
    }

    /// Gives the page a command of the DevTools protocol: again, while one page takes the place of another.
    pub(super) async fn call(&self, method: &str, params: Value) -> Answer {
        until("there is a page", async || {
            let answer = self.devtools.call(Some(&self.session), method, params.clone()).await;
            let is_between =
                answer.as_ref().is_err_and(|error| error.contains("Not attached to an active page"));
            (!is_between).then_some(answer)
        })
        .await
    }

    /// What the page has logged since this was last asked.
    pub(super) fn take_logged(&self) -> Vec<String> {
        self.devtools.take_logged(&self.session)
    }

    /// What a function body makes of these `arguments`; a promise is awaited.
    pub(super) async fn run(&self, body: &str, arguments: &[Value]) -> Answer {
        let arguments = Value::from(arguments);
        let expression = format!("(function () {{ {body}\n}}).apply(null, {arguments})");
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", params).await?;
        match answer.get("exceptionDetails") {
            Some(exception) => Err(exception.to_string()),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// The same of a page that has come whole, and nothing of one that is on its way.
    pub(super) async fn run_when_complete(&self, body: &str, arguments: &[Value]) -> Option<Value> {
        let body = format!("if (document.readyState !== 'complete') return null; {body}");
        self.run(&body, arguments).await.ok().filter(|value| !value.is_null())
    }

    /// Types an address, and waits for its page.
    pub(super) async fn goto(&self, url: &str) {
        let went = self.call("Page.navigate", json!({ "url": url })).await.unwrap();
        assert_eq!(went["errorText"], Value::Null, "{url}");
        self.is_complete().await;
    }

    /// Loads the page again, and waits for it.
    pub(super) async fn reload(&self) {
        // What stands on the old page's window is not on the new one's.
        self.run("window.landfallLeaves = true", &[]).await.unwrap();
        self.call("Page.reload", json!({})).await.unwrap();
        until("the page has come again", async || {
            self.run_when_complete("return window.landfallLeaves ? null : true", &[]).await
        })
        .await;
    }

    /// Goes so many pages forth in the history, or back, and waits for that page.
    pub(super) async fn travel(&self, pages: i64) {
        let (current, entries) = self.history().await;
        let wanted = current + pages;
        let entry = usize::try_from(wanted).ok().and_then(|wanted| entries.get(wanted)).expect("such a page");
        self.call("Page.navigateToHistoryEntry", json!({ "entryId": entry["id"] })).await.unwrap();
        until("the page of the history has come", async || (self.history().await.0 == wanted).then_some(()))
            .await;
        self.is_complete().await;
    }

    /// Which entry of the history is shown, and all of them.
    pub(super) async fn history(&self) -> (i64, Vec<Value>) {
        let history = self.call("Page.getNavigationHistory", json!({})).await.unwrap();
        (history["currentIndex"].as_i64().unwrap(), history["entries"].as_array().unwrap().clone())
    }

    /// Presses the mouse's button there and lets it go.
    pub(super) async fn click(&self, x: &Value, y: &Value) -> Answer {
        for (kind, button, count) in
            [("mouseMoved", "none", 0), ("mousePressed", "left", 1), ("mouseReleased", "left", 1)]
        {
            let event = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": count });
            self.call("Input.dispatchMouseEvent", event).await?;
        }
        Ok(Value::Null)
    }

    /// Types, key by key, into what has the focus.
    pub(super) async fn keys(&self, text: &str) {
        for letter in text.chars() {
            let pressed = match letter {
                '\n' => {
                    json!({ "type": "keyDown", "key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13 })
                }
                _ => json!({ "type": "keyDown", "key": letter, "text": letter }),
            };
            self.call("Input.dispatchKeyEvent", pressed).await.unwrap();
            self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": letter })).await.unwrap();
        }
    }

    async fn is_complete(&self) {
        until("the page has come", async || self.run_when_complete("return true", &[]).await).await;
    }
}

impl std::fmt::Debug for Tab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tab").field("session", &self.session).finish_non_exhaustive()
    }
}
