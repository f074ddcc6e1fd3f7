//! Where no browser can be started, or one opens nothing.

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use landfall_native::{
    ErrorCode, EventKind, Identity, NativeClientBuilder, NativeError, NoBrowser, OpenBrowser,
};
use landfall_testkit::{Endpoint, Fault};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

use crate::support::{Opened, Place, answer, get};

/// What a launcher says that failed: the command, with the address in it.
#[derive(Debug)]
struct Broken;

impl OpenBrowser for Broken {
    fn open(&self, url: &str) -> io::Result<()> {
        Err(io::Error::other(format!("Launcher \"xdg-open\" {url:?} failed with exit status: 3")))
    }
}

type SignIn = tokio::task::JoinHandle<Result<Identity, NativeError>>;
/// Every pause that is asked for, and what ends it.
type Pauses = mpsc::UnboundedReceiver<(Duration, oneshot::Sender<()>)>;

/// Begins a sign-in whose application is handed what no browser shows, and whose pauses end when the test says so.
fn begun(builder: NativeClientBuilder) -> (SignIn, mpsc::UnboundedReceiver<NoBrowser>, Pauses) {
    let (handed, given) = mpsc::unbounded_channel();
    let (sender, pauses) = mpsc::unbounded_channel();
    let client = builder
        .on_no_browser(move |no_browser| handed.send(no_browser).unwrap())
        .pause(move |span| {
            let (go_on, wait) = oneshot::channel::<()>();
            // The test may have seen enough.
            let _ = sender.send((span, go_on));
            Box::pin(async move { drop(wait.await) })
        })
        .build()
        .unwrap();
    (tokio::spawn(async move { client.sign_in().await }), given, pauses)
}

/// Ends the next pause of this length; those before it go on for good.
async fn pass(pauses: &mut Pauses, span: Duration, kept: &mut Vec<oneshot::Sender<()>>) {
    let passing = async {
        while let Some((asked, go_on)) = pauses.recv().await {
            if asked == span {
                return go_on.send(()).unwrap();
            }
            kept.push(go_on);
        }
        panic!("no pause of {span:?}");
    };
    tokio::time::timeout(Duration::from_secs(30), passing).await.expect("a pause");
}

async fn given(given: &mut mpsc::UnboundedReceiver<NoBrowser>) -> NoBrowser {
    let waiting = tokio::time::timeout(Duration::from_secs(30), given.recv());
    waiting.await.expect("what no browser shows").expect("a sign-in")
}

/// Where the listener of this sign-in is.
fn listener(no_browser: &NoBrowser) -> String {
    let url = url::Url::parse(no_browser.url()).unwrap();
    let redirect = url.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned();
    let redirect = url::Url::parse(&redirect).unwrap();
    format!("127.0.0.1:{}", redirect.port().unwrap())
}

/// Asks for a code, and gives it once it is shown.
async fn code(no_browser: &NoBrowser) -> String {
    let (shown, code) = oneshot::channel();
    let taken = no_browser.use_device(|code| shown.send(code.user_code().to_owned()).unwrap());
    assert!(taken && no_browser.offers_device());
    tokio::time::timeout(Duration::from_secs(30), code).await.expect("a code").unwrap()
}

#[tokio::test]
async fn a_browser_that_cannot_be_started_leaves_the_listener_open_and_the_application_the_address() {
    let place = Place::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hearing = Arc::clone(&heard);
    let builder = place
        .builder_with(|builder| builder.on_event(move |event| hearing.lock().unwrap().push(event.clone())));
    let (sign_in, mut handed, _pauses) = begun(builder.browser(Broken));
    let no_browser = given(&mut handed).await;
    assert_eq!(no_browser.error().unwrap().kind(), io::ErrorKind::Other);
    let browser = place.browser();
    let answer = answer(&browser, no_browser.url()).await;
    assert!(get(&browser, &answer).await.text().contains("You can close this window"));
    assert_eq!(sign_in.await.unwrap().unwrap().subject(), "ada");
    let heard = heard.lock().unwrap();
    let kinds: Vec<_> = heard.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::SignInStarted, EventKind::AddressGiven, EventKind::SignedIn]);
    assert!(!format!("{heard:?}").contains(no_browser.url()));
}

#[tokio::test]
async fn a_browser_that_opens_nothing_is_noticed_after_a_while_and_the_listener_stays() {
    let place = Place::new();
    let builder = place.builder().browser(Opened::default()).browser_patience(Duration::from_secs(7));
    let (sign_in, mut handed, mut pauses) = begun(builder);
    let mut kept = Vec::new();
    pass(&mut pauses, Duration::from_secs(7), &mut kept).await;
    let no_browser = given(&mut handed).await;
    assert!(no_browser.error().is_none());
    let browser = place.browser();
    let answer = answer(&browser, no_browser.url()).await;
    get(&browser, &answer).await;
    assert_eq!(sign_in.await.unwrap().unwrap().subject(), "ada");
    assert!(handed.recv().await.is_none(), "it was handed over twice");
}

#[tokio::test]
async fn whoever_comes_back_in_time_is_shown_no_address() {
    let place = Place::new();
    let opened = Opened::default();
    let (sign_in, mut handed, _pauses) = begun(place.builder().browser(opened.clone()));
    let browser = place.browser();
    let answer = answer(&browser, &opened.url().await).await;
    get(&browser, &answer).await;
    sign_in.await.unwrap().unwrap();
    assert!(handed.recv().await.is_none());
}

#[tokio::test]
async fn the_device_way_is_there_beside_the_listener_and_closes_it() {
    let place = Place::new();
    let (sign_in, mut handed, mut pauses) = begun(place.builder().browser(Broken));
    let no_browser = given(&mut handed).await;
    let code = code(&no_browser).await;
    assert!(TcpStream::connect(listener(&no_browser)).await.is_ok());
    assert!(!no_browser.use_device(|_| panic!("a second code")));
    assert!(place.provider.allow_device(&code, "ada").unwrap());
    let mut kept = Vec::new();
    pass(&mut pauses, Duration::from_secs(5), &mut kept).await;
    assert_eq!(sign_in.await.unwrap().unwrap().subject(), "ada");
    assert!(TcpStream::connect(listener(&no_browser)).await.is_err());
    assert!(!no_browser.use_device(|_| panic!("a code of a sign-in that is over")));
}

#[tokio::test]
async fn the_listener_answers_while_a_code_is_shown() {
    let place = Place::new();
    let (sign_in, mut handed, _pauses) = begun(place.builder().browser(Broken));
    let no_browser = given(&mut handed).await;
    code(&no_browser).await;
    let browser = place.browser();
    let answer = answer(&browser, no_browser.url()).await;
    get(&browser, &answer).await;
    assert_eq!(sign_in.await.unwrap().unwrap().subject(), "ada");
}

#[tokio::test]
async fn a_code_outlives_the_listener_and_a_person_who_declines_it_ends_the_sign_in() {
    let place = Place::new();
    let (sign_in, mut handed, mut pauses) = begun(place.builder().browser(Broken));
    let no_browser = given(&mut handed).await;
    let code = code(&no_browser).await;
    let address = listener(&no_browser);
    let mut kept = Vec::new();
    pass(&mut pauses, Duration::from_secs(300), &mut kept).await;
    let closed = async {
        let mut beats = tokio::time::interval(Duration::from_millis(5));
        while TcpStream::connect(&address).await.is_ok() {
            beats.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), closed).await.expect("a closed listener");
    assert!(!sign_in.is_finished());
    assert!(place.provider.deny_device(&code));
    pass(&mut pauses, Duration::from_secs(5), &mut kept).await;
    assert_eq!(sign_in.await.unwrap().unwrap_err().code(), Some(ErrorCode::SignInDeclined));
}

#[tokio::test]
async fn a_provider_that_gives_no_code_leaves_the_listener_as_it_was() {
    let place = Place::new();
    place.provider.inject_always(Fault::disconnect(Endpoint::DeviceAuthorization));
    let (sign_in, mut handed, _pauses) = begun(place.builder().browser(Broken));
    let no_browser = given(&mut handed).await;
    assert!(no_browser.use_device(|_| panic!("no code came")));
    let browser = place.browser();
    let answer = answer(&browser, no_browser.url()).await;
    get(&browser, &answer).await;
    assert_eq!(sign_in.await.unwrap().unwrap().subject(), "ada");
}

#[tokio::test]
async fn the_device_way_is_offered_only_where_the_provider_has_one() {
    let place = Place::new();
    place.provider.inject_always(Fault::json(Endpoint::Discovery, |metadata| {
        metadata.remove("device_authorization_endpoint").unwrap();
    }));
    let (sign_in, mut handed, _pauses) = begun(place.builder().browser(Broken));
    let no_browser = given(&mut handed).await;
    assert!(!no_browser.offers_device());
    assert!(!no_browser.use_device(|_| panic!("a code")));
    sign_in.abort();
}

/// The error, what it stands on, and how each shows itself.
fn all_of(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = String::new();
    for error in std::iter::successors(Some(error), |error| error.source()) {
        write!(text, "{error} {error:?} {error:#?} ").unwrap();
    }
    text
}

#[tokio::test]
async fn the_address_is_in_no_error_and_in_no_debug() {
    /// Its error has the address; so has the test.
    #[derive(Clone, Debug)]
    struct Telling(Opened);
    impl OpenBrowser for Telling {
        fn open(&self, url: &str) -> io::Result<()> {
            self.0.open(url)?;
            Broken.open(url)
        }
    }
    let place = Place::new();
    let opened = Opened::default();
    let client = place.builder().browser(Telling(opened.clone())).build().unwrap();
    let error = client.sign_in().await.unwrap_err();
    let NativeError::Browser(source) = &error else { panic!("{error}") };
    let (sign_in, mut handed, _pauses) = begun(place.builder().browser(Telling(opened.clone())));
    let no_browser = given(&mut handed).await;
    let shown = [
        all_of(&error),
        all_of(source),
        error.remedy().to_owned(),
        format!("{no_browser:?} {no_browser:#?}"),
        all_of(no_browser.error().unwrap()),
    ]
    .concat();
    for url in [opened.url().await, opened.url().await] {
        for (name, value) in url::Url::parse(&url).unwrap().query_pairs() {
            if ["state", "nonce", "code_challenge"].contains(&&*name) {
                assert!(value.len() > 20 && !shown.contains(&*value), "{name} in {shown}");
            }
        }
    }
    assert!(!shown.contains(place.provider.issuer()), "{shown}");
    sign_in.abort();
}
