//! Chromium, without a window, driven by chromedriver.

use std::fs;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use url::{ParseError, Url};

use super::{BEAT, Process, built, program, until};

/// How long a browser may take to go.
const LEAVING: Duration = Duration::from_secs(10);

/// What the page is looked at with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewport {
    /// 390 by 844, touched.
    Phone,
    /// 1280 by 800.
    Desktop,
}

/// A browser with a profile of its own. Browser, driver and profile go when this is dropped, by a panic as well.
#[derive(Debug)]
pub struct Chromium {
    /// The driver's client, for what is not here.
    pub client: Client,
    viewport: Viewport,
    port: u16,
    session: String,
    // Dropped in this order: the driver before the folder its browser writes to.
    _driver: Process,
    profile: TempDir,
}

impl Chromium {
    /// Starts one. It knows no certificate authority for loopback, so it takes any certificate.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(viewport: Viewport) -> Self {
        Self::with_scripts(viewport, true).await
    }

    /// Starts one whose pages run no scripts, as where somebody has switched them off.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn without_scripts(viewport: Viewport) -> Self {
        Self::with_scripts(viewport, false).await
    }

    async fn with_scripts(viewport: Viewport, scripts: bool) -> Self {
        let profile = TempDir::with_prefix("landfall-chromium-").unwrap();
        let (driver, port) = start_driver(&profile).await;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(viewport, scripts, &profile))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        let session = client.session_id().await.unwrap().expect("a session");
        Self { client, viewport, port, session, _driver: driver, profile }
    }

    /// Types an address.
    ///
    /// # Panics
    /// When the browser cannot.
    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Presses what this CSS selector finds, once it is there.
    ///
    /// # Panics
    /// When nothing comes to be there.
    pub async fn press(&self, selector: &str) {
        until(&format!("{selector} can be pressed"), async || {
            self.client.find(Locator::Css(selector)).await.ok()?.click().await.ok()
        })
        .await;
    }

    /// Types into what this CSS selector finds, once it is there.
    ///
    /// # Panics
    /// When nothing comes to be there.
    pub async fn write(&self, selector: &str, text: &str) {
        let field = async || self.client.find(Locator::Css(selector)).await.ok();
        until(&format!("{selector} is there"), field).await.send_keys(text).await.unwrap();
    }

    /// Waits until this address is shown, and all of its page has come.
    ///
    /// # Panics
    /// When it does not come to be shown.
    pub async fn lands_on(&self, url: &str) {
        until(&format!("{url} is shown"), async || {
            let complete =
                self.client.execute("return document.readyState === 'complete'", vec![]).await.ok()?;
            (complete == true && self.client.current_url().await.ok()?.as_str() == url).then_some(())
        })
        .await;
    }

    /// Waits until the page says this, and gives all that it says.
    ///
    /// # Panics
    /// When it does not come to say it.
    pub async fn says(&self, words: &str) -> String {
        until(&format!("the page says {words:?}"), async || {
            let text = self.text().await?;
            text.contains(words).then_some(text)
        })
        .await
    }

    /// Gives the browser a command of its own kind (Chrome DevTools Protocol), for what WebDriver has no word for.
    ///
    /// # Panics
    /// When the browser cannot.
    pub async fn devtools(&self, cmd: &str, params: Value) -> Value {
        let body = json!({ "cmd": cmd, "params": params }).to_string();
        self.client.issue_cmd(Chromes { path: "goog/cdp/execute", body }).await.unwrap()
    }

    /// What pages wanted, since it was last asked, and their Content Security Policy did not let them.
    ///
    /// # Panics
    /// When the browser cannot say.
    pub async fn policy_violations(&self) -> Vec<String> {
        let body = json!({ "type": "browser" }).to_string();
        let log = self.client.issue_cmd(Chromes { path: "se/log", body }).await.unwrap();
        let entries =
            log.as_array().unwrap().iter().map(|entry| entry["message"].as_str().unwrap().to_owned());
        entries.filter(|message| message.contains("Content Security Policy")).collect()
    }

    /// Every address in this tab's history, the oldest first.
    ///
    /// # Panics
    /// When the browser cannot say.
    pub async fn history(&self) -> Vec<String> {
        let history = self.devtools("Page.getNavigationHistory", json!({})).await;
        let entries = history["entries"].as_array().unwrap();
        entries.iter().map(|entry| entry["url"].as_str().unwrap().to_owned()).collect()
    }

    /// Keeps a picture of the page in the target folder, for people to look at, after a look of our own: nothing
    /// may stand out at the side, and what is to be pressed must be large enough for a thumb.
    ///
    /// # Panics
    /// When the page is wider than the screen, or something on it too small.
    pub async fn picture(&self, name: &str) {
        let measured = self.client.execute(MEASURE, vec![]).await.unwrap();
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
        fs::write(folder.join(format!("{name}-{device}.png")), self.client.screenshot().await.unwrap())
            .unwrap();
    }

    async fn text(&self) -> Option<String> {
        self.client.find(Locator::Css("body")).await.ok()?.text().await.ok()
    }

    /// Blocks, as a drop must: a session that is not ended leaves its browser running.
    fn end_session(&self) -> io::Result<()> {
        let mut driver = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        driver.set_read_timeout(Some(LEAVING))?;
        let (session, port) = (&self.session, self.port);
        write!(
            driver,
            "DELETE /session/{session} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        )?;
        // It keeps the connection open after its answer, which is JSON.
        let mut answer = Vec::new();
        let mut chunk = [0; 512];
        while !answer.ends_with(b"}") {
            match driver.read(&mut chunk)? {
                0 => break,
                count => answer.extend_from_slice(&chunk[..count]),
            }
        }
        Ok(())
    }
}

/// It takes a free port of one address family, and ends if that is taken in the other.
async fn start_driver(profile: &TempDir) -> (Process, u16) {
    let mut command = Command::new(program("LANDFALL_TEST_CHROMEDRIVER"));
    // The driver's own files go with the profile.
    command.arg("--port=0").env("TMPDIR", profile.path());
    for _ in 0..9 {
        let mut driver = Process::start(&mut command);
        if let Some(port) = driver.says_before_its_end("started successfully on port ").await {
            return (driver, port.trim_end_matches('.').parse().unwrap());
        }
    }
    panic!("chromedriver found no port");
}

/// chromedriver's own additions to WebDriver.
#[derive(Debug)]
struct Chromes {
    path: &'static str,
    body: String,
}

impl WebDriverCompatibleCommand for Chromes {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.clone()))
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        if let Err(error) = self.end_session() {
            println!("the browser may be left running: {error}");
        }
        // The driver answers before the last of the browser's processes has written its last file.
        let asked = Instant::now();
        while fs::remove_dir_all(self.profile.path()).is_err_and(|error| error.kind() != ErrorKind::NotFound)
        {
            if asked.elapsed() > LEAVING {
                println!("{} is left behind", self.profile.path().display());
                return;
            }
            thread::park_timeout(BEAT);
        }
    }
}

/// Sizes in CSS pixels; 24 is what WCAG 2.2, success criterion 2.5.8 asks for at the least.
const MEASURE: &str = "
    const small = [...document.querySelectorAll('button, .button, .go, input:not([type=hidden]), select, summary')]
        .map(e => [e.outerHTML, e.getBoundingClientRect()])
        .filter(([, r]) => r.width > 0 && (r.width < 24 || r.height < 24))
        .map(([html]) => html);
    return { width: document.documentElement.scrollWidth, screen: innerWidth, small };";

fn capabilities(viewport: Viewport, scripts: bool, profile: &TempDir) -> Capabilities {
    let mut options = json!({
        "binary": program("LANDFALL_TEST_CHROMIUM"),
        "args": [
            "--headless=new",
            // Root, and most containers, have no sandbox.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--ignore-certificate-errors",
            // Hosts and sites of a test's own, none of which leads anywhere else (RFC 6761 §6.2).
            "--host-resolver-rules=MAP *.test 127.0.0.1",
            "--window-size=1280,800",
            format!("--user-data-dir={}", profile.path().join("profile").display()),
        ],
    });
    if !scripts {
        options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
    }
    if viewport == Viewport::Phone {
        // A window can not be made that narrow; this also minds the page's own viewport setting, as a phone does.
        options["mobileEmulation"] =
            json!({ "deviceMetrics": { "width": 390, "height": 844, "pixelRatio": 2, "touch": true } });
    }
    Capabilities::from_iter([
        ("goog:chromeOptions".to_owned(), options),
        ("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" })),
    ])
}
