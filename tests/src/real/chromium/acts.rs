//! What a person does with a page.

use super::Chromium;
use crate::until::until;

impl Chromium {
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
