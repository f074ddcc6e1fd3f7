//! What a page looks like, and what it complains of.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::super::built;
use super::{Chromium, Viewport};

impl Chromium {
    /// What the page of this tab wanted, since it was last asked, and its Content Security Policy did not let it.
    ///
    /// # Panics
    /// When the browser cannot say.
    pub async fn policy_violations(&self) -> Vec<String> {
        // What was logged before is told before this is answered.
        self.run("return null", &[]).await;
        let logged = self.tab.take_logged();
        logged.into_iter().filter(|message| message.contains("Content Security Policy")).collect()
    }

    /// Keeps a picture of the page in the target folder, for people to look at, after a look of our own: nothing
    /// may stand out at the side, and what is to be pressed must be large enough for a thumb.
    ///
    /// # Panics
    /// When the page is wider than the screen, or something on it too small.
    pub async fn picture(&self, name: &str) {
        let measured = self.run(MEASURE, &[]).await;
        assert!(
            measured["width"].as_f64() <= measured["screen"].as_f64(),
            "{name} scrolls sideways: {measured}"
        );
        assert_eq!(measured["small"], json!([]), "{name}: too small for a thumb");
        let folder = built().parent().unwrap().join("screenshots");
        fs::create_dir_all(&folder).unwrap();
        let device = match self.viewport {
            Viewport::Phone => "phone",
            Viewport::Desktop => "desktop",
        };
        let picture = self.devtools("Page.captureScreenshot", json!({ "format": "png" })).await;
        let picture = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        fs::write(folder.join(format!("{name}-{device}.png")), picture).unwrap();
    }
}

/// Sizes in CSS pixels; 24 is what WCAG 2.2, success criterion 2.5.8 asks for at the least.
const MEASURE: &str = "
    const small = [...document.querySelectorAll('button, .button, .go, input:not([type=hidden]), select, summary')]
        .map(e => [e.outerHTML, e.getBoundingClientRect()])
        .filter(([, r]) => r.width > 0 && (r.width < 24 || r.height < 24))
        .map(([html]) => html);
    return { width: document.documentElement.scrollWidth, screen: innerWidth, small };";
