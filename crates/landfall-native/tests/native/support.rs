//! A provider, a browser and storages for the tests of native applications.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use landfall_native::{
    MemoryStorage, NativeClient, NativeClientBuilder, NativeError, OpenBrowser, RelyingParty,
    RelyingPartyBuilder, Secret, StorageError, TokenStorage,
};
use landfall_testkit::{Browser, Client, LocalProvider, Page, Person, VirtualClock};

pub(crate) const CLIENT: &str = "native";
pub(crate) const SCHEME: &str = "com.example.app://callback";

/// A provider that signs Ada in without asking, and everybody's clock.
pub(crate) struct Place {
    pub(crate) provider: LocalProvider,
    pub(crate) clock: VirtualClock,
}

impl Place {
    pub(crate) fn new() -> Self {
        let clock = VirtualClock::at(landfall_native::Timestamp::from_secs(1_800_000_000));
        let client = Client::new(CLIENT)
            .redirect_uri("http://127.0.0.1/callback")
            .redirect_uri("http://[::1]/callback")
            .redirect_uri(SCHEME);
        let provider = LocalProvider::builder()
            .clock(Arc::new(clock.clone()))
            .client(client)
            .person(Person::new("ada").name("Ada Lovelace"))
            .auto_sign_in("ada")
            .start_blocking()
            .unwrap();
        Self { provider, clock }
    }

    pub(crate) fn builder(&self) -> NativeClientBuilder {
        self.builder_with(|builder| builder)
    }

    pub(crate) fn builder_with(
        &self,
        change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
    ) -> NativeClientBuilder {
        let relying_party = RelyingParty::builder(self.provider.issuer())
            .public_client(CLIENT)
            .clock(Arc::new(self.clock.clone()));
        NativeClientBuilder::from_builder(change(relying_party))
    }

    /// A client whose browser opens what it is told to, and follows where it leads.
    pub(crate) fn client(&self) -> (NativeClient, Opened) {
        let opened = Opened::default();
        (self.builder().browser(opened.clone()).build().unwrap(), opened)
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new().clock(Arc::new(self.clock.clone()))
    }
}

/// A browser that keeps what it was told to open, for the test to go there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Opened(Arc<Mutex<Vec<String>>>);

impl OpenBrowser for Opened {
    fn open(&self, url: &str) -> io::Result<()> {
        self.0.lock().unwrap().push(url.to_owned());
        Ok(())
    }
}

impl Opened {
    /// What was opened last, once something was.
    pub(crate) async fn url(&self) -> String {
        let asking = async {
            let mut beats = tokio::time::interval(Duration::from_millis(5));
            loop {
                beats.tick().await;
                if let Some(url) = self.0.lock().unwrap().pop() {
                    return url;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), asking).await.expect("a browser that is opened")
    }
}

/// A place to keep tokens that takes none while it is told to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failing(Arc<(AtomicBool, MemoryStorage)>);

impl Failing {
    pub(crate) fn fail(&self, fails: bool) {
        self.0.0.store(fails, Ordering::Relaxed);
    }
}

impl TokenStorage for Failing {
    fn load(&self) -> Result<Option<Secret<Vec<u8>>>, StorageError> {
        self.0.1.load()
    }

    fn save(&self, bytes: &Secret<Vec<u8>>) -> Result<(), StorageError> {
        if self.0.0.load(Ordering::Relaxed) {
            return Err(StorageError::new("the storage", "it is full"));
        }
        self.0.1.save(bytes)
    }

    fn remove(&self) -> Result<(), StorageError> {
        if self.0.0.load(Ordering::Relaxed) {
            return Err(StorageError::new("the storage", "it is locked"));
        }
        self.0.1.remove()
    }
}

/// Where the provider sends the browser: the whole answer, not opened yet.
pub(crate) async fn answer(browser: &Browser, url: &str) -> String {
    let mut page = browser.open_without_following(url).await.unwrap();
    for _ in 0..5 {
        let next = page.location().expect("a redirect").to_string();
        if next.contains("code=") || next.contains("error=") {
            return next;
        }
        page = browser.open_without_following(&next).await.unwrap();
    }
    panic!("no answer came");
}

/// A sign-in under way, and where its answer would go.
pub(crate) async fn begun(
    place: &Place,
) -> (tokio::task::JoinHandle<Result<landfall_native::Identity, NativeError>>, String, Browser) {
    let (client, opened) = place.client();
    let sign_in = tokio::spawn(async move { client.sign_in().await });
    let browser = place.browser();
    let answer = answer(&browser, &opened.url().await).await;
    (sign_in, answer, browser)
}

pub(crate) async fn get(browser: &Browser, url: &str) -> Page {
    browser.open_without_following(url).await.unwrap()
}
