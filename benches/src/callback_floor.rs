//! What no callback can do without: a code sent over a kept connection, and one signature verified.
//!
//! The form, the header and the answer are those of the callback; nothing is checked but the signature. With
//! [`BareClient`] that is the floor. With [`Stock`] it says what the stock client adds to it.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use axum::body::Bytes;
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cpu_time::ProcessTime;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use landfall_requests::{Runner, Subject};
use landfall_testkit::Browser;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::callback::{CLIENT_ID, CLIENT_SECRET, Provider, REDIRECT_URI};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Sends requests to one address.
#[allow(async_fn_in_trait, reason = "of this program alone")]
pub trait Sender: Sized + Send + 'static {
    /// Gets ready to call `authority`, a host with a port.
    async fn connect(authority: &str) -> Self;

    /// Gives the whole answer to one request.
    fn send(&mut self, request: Request<Full<Bytes>>) -> impl Future<Output = Bytes> + Send;
}

/// One connection of hyper's that is kept.
pub struct BareClient(SendRequest<Full<Bytes>>);

impl Sender for BareClient {
    async fn connect(authority: &str) -> Self {
        let stream = TcpStream::connect(authority).await.expect("the provider");
        stream.set_nodelay(true).expect("an option");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("a connection");
        tokio::spawn(connection);
        Self(sender)
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Bytes {
        self.0.ready().await.expect("a kept connection");
        let answer = self.0.send_request(request).await.expect("an answer");
        answer.into_body().collect().await.expect("a body").to_bytes()
    }
}

/// The client that Landfall brings along, with its settings.
pub struct Stock {
    client: reqwest::Client,
    authority: String,
}

impl Sender for Stock {
    async fn connect(authority: &str) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .http1_only()
            .referer(false)
            .connect_timeout(std::time::Duration::from_secs(5))
            .timeout(std::time::Duration::from_secs(15))
            .no_proxy()
            .build()
            .expect("sound settings");
        Self { client, authority: authority.to_owned() }
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Bytes {
        let (mut parts, body) = request.into_parts();
        parts.headers.remove(HOST);
        parts.uri = format!("http://{}{}", self.authority, parts.uri).parse().expect("an address");
        let body = reqwest::Body::from(body.collect().await.expect("a body").to_bytes());
        let request = reqwest::Request::try_from(Request::from_parts(parts, body)).expect("a request");
        self.client.execute(request).await.expect("an answer").bytes().await.expect("a body")
    }
}

/// What the verification of one RS256 signature takes here, in microseconds, at the least: by it, a budget for another
/// machine is told in this one's time.
pub fn verification() -> f64 {
    const AT_A_TIME: u32 = 20;
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let mut signature = vec![0; pair.public_modulus_len()];
    let message = [b'x'; 700];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &message, &mut signature).expect("a signature");
    let public = pair.public_key().as_ref();
    let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public).expect("an RSA key");
    let rounds = (0..100).map(|_| {
        let started = ProcessTime::now();
        for _ in 0..AT_A_TIME {
            key.verify_sig(&message, &signature).expect("its own signature");
        }
        started.elapsed().as_secs_f64() * 1e6 / f64::from(AT_A_TIME)
    });
    rounds.fold(f64::INFINITY, f64::min)
}

/// Exchanges codes, and verifies what comes.
pub struct Floor<S> {
    runner: Runner,
    /// Taken while it is used.
    sender: Option<S>,
    key: Arc<ParsedPublicKey>,
    /// Where codes come from, up to the challenge.
    authorize: String,
    authority: String,
    /// The path that codes are sent to.
    token_path: String,
    browser: Browser,
    codes: Vec<Request<Full<Bytes>>>,
}

impl<S: Sender> Floor<S> {
    pub fn subject(runner: &Runner, provider: &Provider) -> Box<dyn Subject> {
        let authority = provider.issuer.trim_start_matches("http://").to_owned();
        runner.block_on(async {
            let mut sender = S::connect(&authority).await;
            let mut get = async |url: &str| -> Value {
                let path = url.trim_start_matches(provider.issuer.as_str());
                let request = Request::get(path).header(HOST, &authority).body(Full::default());
                let answer = sender.send(request.expect("a request")).await;
                serde_json::from_slice(&answer).expect("JSON")
            };
            let metadata = get("/.well-known/openid-configuration").await;
            let keys = get(metadata["jwks_uri"].as_str().expect("an address")).await;
            let number = |name: &str| {
                URL_SAFE_NO_PAD.decode(keys["keys"][0][name].as_str().unwrap_or_default()).expect("base64url")
            };
            let key = RsaPublicKeyComponents { n: number("n"), e: number("e") }
                .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
                .expect("an RSA key");
            let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
            let query = form_urlencoded::Serializer::new(String::new())
                .extend_pairs([
                    ("response_type", "code"),
                    ("client_id", CLIENT_ID),
                    ("nonce", "n-0S6_WzA2Mj"),
                ])
                .extend_pairs([("scope", "openid profile email"), ("redirect_uri", REDIRECT_URI)])
                .extend_pairs([("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")])
                .finish();
            let endpoint = metadata["authorization_endpoint"].as_str().expect("an address");
            let authorize = format!("{endpoint}?{query}");
            let token_endpoint = metadata["token_endpoint"].as_str().expect("an address");
            let token_path = token_endpoint.trim_start_matches(provider.issuer.as_str()).to_owned();
            let (runner, browser, codes) = (runner.clone(), Browser::new(), Vec::new());
            let (sender, key) = (Some(sender), Arc::new(key));
            Box::new(Self { runner, sender, key, authorize, authority, token_path, browser, codes })
                as Box<dyn Subject>
        })
    }
}

impl<S: Sender> Subject for Floor<S> {
    fn prepare(&mut self, count: usize) {
        self.codes.clear();
        for _ in 0..count {
            let page = self.runner.block_on(self.browser.open_without_following(&self.authorize));
            let callback = page.expect("the provider's answer").location().expect("a callback");
            let code =
                callback.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
            let form = form_urlencoded::Serializer::new(String::new())
                .extend_pairs([("grant_type", "authorization_code"), ("code", &code)])
                .extend_pairs([("code_verifier", VERIFIER), ("redirect_uri", REDIRECT_URI)])
                .finish();
            let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
            let request = Request::post(&self.token_path)
                .header(HOST, &self.authority)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(AUTHORIZATION, basic)
                .body(Full::from(form));
            self.codes.push(request.expect("a request"));
        }
    }

    fn run(&mut self, count: usize) {
        let codes = self.codes.split_off(self.codes.len() - count);
        let (mut sender, key) = (self.sender.take().expect("it is connected"), Arc::clone(&self.key));
        let work = async move {
            for request in codes {
                let answer = sender.send(request).await;
                let text = std::str::from_utf8(&answer).expect("JSON");
                let token = text.split_once("\"id_token\":\"").expect("an ID token").1;
                let (token, _) = token.split_once('"').expect("an ID token");
                let (signed, signature) = token.rsplit_once('.').expect("a signature");
                let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
                key.verify_sig(signed.as_bytes(), &signature).expect("the provider's signature");
            }
            sender
        };
        // In a task, as the callbacks.
        self.sender = Some(self.runner.block_on(async { tokio::spawn(work).await.expect("no panic") }));
    }
}
