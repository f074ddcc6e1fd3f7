//! A process is told to end while it works: the examples, as built, two of them behind one address on one engine.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use landfall::CookieKey;
use landfall_testkit::{Browser, Client, Endpoint, LocalProvider, TestBed};
use landfall_tests::real::{EngineProcess, Example, until};
use landfall_tests::{Framework, SessionKind, within};
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, JoinSet};

use crate::on_every_engine;

/// An access token is refreshed when half of this is over.
const LIFETIME: Duration = Duration::from_secs(20);
/// When that is.
const DUE: Duration = Duration::from_secs(11);

/// The examples' servers wait less for what they have not answered, and then more for what goes on by itself.
const ANSWERED: Duration = Duration::from_secs(4);
const TOKEN: &str = "/oauth2/token";

/// Two processes of the example, known by the address of the first.
struct Pair {
    first: Example,
    second: Example,
    provider: LocalProvider,
    base_url: String,
    _engine: EngineProcess,
}

impl Pair {
    async fn start(framework: Framework, kind: SessionKind) -> Self {
        let engine = EngineProcess::start(kind).await;
        let provider = LocalProvider::builder()
            .auto_sign_in("ada")
            .access_token_lifetime(LIFETIME)
            .start()
            .await
            .unwrap();
        let store = engine.url(engine.address());
        let keys = CookieKey::generate().unwrap().to_base64url();
        let variables = |base_urls: String| {
            vec![
                ("LANDFALL_ISSUER", provider.issuer().to_owned()),
                ("LANDFALL_CLIENT_ID", TestBed::CLIENT_ID.to_owned()),
                ("LANDFALL_CLIENT_SECRET", TestBed::CLIENT_SECRET.to_owned()),
                ("LANDFALL_SCOPES", "openid email offline_access".to_owned()),
                ("LANDFALL_COOKIE_KEYS", keys.clone()),
                ("LANDFALL_STORE", store.clone()),
                ("LANDFALL_BASE_URL", base_urls),
            ]
        };
        let first = Example::with(framework, async |own| variables(own.to_owned())).await;
        let base_url = first.base_url().to_owned();
        provider.register(
            Client::new(TestBed::CLIENT_ID)
                .secret(TestBed::CLIENT_SECRET)
                .redirect_uri(format!("{base_url}/auth/callback")),
        );
        let second = Example::with(framework, async |own| variables(format!("{base_url},{own}"))).await;
        Self { first, second, provider, base_url, _engine: engine }
    }

    /// A browser that finds the application at this process.
    fn browser(&self, at: SocketAddr) -> Browser {
        let browser = Browser::new();
        browser.route(&self.base_url, at).unwrap();
        browser
    }

    async fn sign_in(&self) -> Browser {
        let browser = self.browser(self.first.address());
        let page = browser.open(&format!("{}/dashboard", self.base_url)).await.unwrap();
        assert_eq!(page.status, 200, "{}", page.text());
        browser
    }
}

/// What whoever is signed in reads about themselves, and with it a good access token; `None` where nobody answers.
async fn me(browser: &Browser, base_url: &str) -> Option<u16> {
    let accept = [("accept", "application/json")];
    let page = browser.fetch(Method::GET, &format!("{base_url}/api/me"), &accept, "", base_url).await.ok()?;
    Some(page.status.as_u16())
}

/// Time passes, by the clock on the wall.
async fn tokens_come_due() {
    let began = Instant::now();
    within(DUE * 2, "half of a token's life", async || (began.elapsed() > DUE).then_some(())).await;
}

/// People who go on asking for pages at a process, until it is gone or they are told to stop.
fn load(pair: &Pair, visitors: &[Browser], stop: &Arc<AtomicBool>) -> JoinSet<()> {
    let ask = |browser: Browser, base_url: String, stop: Arc<AtomicBool>| async move {
        while !stop.load(Ordering::SeqCst) {
            let Ok(page) = browser.open(&format!("{base_url}/dashboard")).await else { return };
            assert_eq!(page.status, 200, "{}", page.text());
        }
    };
    visitors.iter().map(|visitor| ask(visitor.clone(), pair.base_url.clone(), Arc::clone(stop))).collect()
}

on_every_engine! {
    read;

    async fn a_process_that_is_told_to_end_under_load_loses_no_token_and_no_session(framework, kind) {
        let pair = Pair::start(framework, kind).await;
        let mut visitors = Vec::new();
        for _ in 0..8 {
            visitors.push(pair.sign_in().await);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let mut asking = load(&pair, &visitors, &stop);
        tokens_come_due().await;

        // At the provider's door are four refreshes and three sign-ins that are waited for, and behind them four refreshes
        // whose people have hung up.
        let before = pair.provider.calls(TOKEN);
        let mut outer = pair.provider.hold(Endpoint::Token);
        let ask = |browser: &Browser| {
            let (browser, base_url) = (browser.clone(), pair.base_url.clone());
            tokio::spawn(async move { me(&browser, &base_url).await })
        };
        let (waiting, leaving) = visitors.split_at(4);
        let asked: Vec<JoinHandle<_>> = waiting.iter().map(ask).collect();
        let mut landing = Vec::new();
        for _ in 0..3 {
            let browser = pair.browser(pair.first.address());
            let callback = callback_for(&pair, &browser).await;
            landing.push(tokio::spawn(async move {
                let page = browser.open_without_following(&callback).await;
                (browser, page.map(|page| page.status.as_u16()))
            }));
        }
        outer.reached(7).await;
        let mut inner = pair.provider.hold(Endpoint::Token);
        let left: Vec<JoinHandle<_>> = leaving.iter().map(ask).collect();
        outer.reached(11).await;
        left.iter().for_each(JoinHandle::abort);

        let Pair { first, second, provider, base_url, _engine } = pair;
        let at = first.address();
        first.send("TERM");
        let told = Instant::now();
        until("nobody is let in any more", async || TcpStream::connect(at).await.err()).await;
        outer.release();
        for asked in asked {
            assert_eq!(asked.await.unwrap(), Some(200), "who waited was answered");
        }
        for landed in landing {
            let (browser, status) = landed.await.unwrap();
            assert_eq!(status.unwrap(), 303, "whose code was sent was signed in");
            visitors.push(browser);
        }

        stop.store(true, Ordering::SeqCst);
        while let Some(asked) = asking.join_next().await {
            asked.unwrap();
        }
        // No connection is left; whoever would end now has time to, in the middle of four refreshes.
        inner.reached(4).await;
        let elsewhere = Browser::new();
        elsewhere.route(&base_url, second.address()).unwrap();
        within(ANSWERED * 2, "the server has given up what is left", async || {
            assert_eq!(elsewhere.open(&format!("{base_url}/")).await.unwrap().status, 200);
            (told.elapsed() > ANSWERED).then_some(())
        })
        .await;
        inner.release();
        first.ended().await;

        // All of them are known at the other one, which finds their tokens fresh.
        for visitor in &visitors {
            visitor.route(&base_url, second.address()).unwrap();
            assert_eq!(me(visitor, &base_url).await, Some(200));
        }
        assert_eq!(provider.calls(TOKEN) - before, 11, "nobody had to ask again");
        tokens_come_due().await;
        for visitor in &visitors {
            assert_eq!(me(visitor, &base_url).await, Some(200));
        }
        assert_eq!(provider.calls(TOKEN) - before, 22);
        let requests = provider.requests();
        let sent: Vec<_> = requests.iter().filter_map(|seen| seen.parameter("refresh_token")).collect();
        assert_eq!(sent.iter().collect::<BTreeSet<_>>().len(), sent.len(), "no refresh token is sent twice");
    }
}

/// Goes as far as the provider's answer, and gives the callback's address without opening it.
async fn callback_for(pair: &Pair, browser: &Browser) -> String {
    let mut next = format!("{}/dashboard", pair.base_url);
    for _ in 0..6 {
        let page = browser.open_without_following(&next).await.unwrap();
        next = page.location().expect("a redirect").to_string();
        if next.starts_with(&format!("{}/auth/callback", pair.base_url)) {
            return next;
        }
    }
    panic!("no callback came: {next}");
}
