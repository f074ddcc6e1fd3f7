//! What arguments and files come to, and what is told of those that come to nothing.

use super::words::WORDS;
use super::*;
use crate::provider::Person;

fn settings_of(arguments: &[&str]) -> Result<settings::Settings, ArgumentError> {
    settings::settings(&reading::read(arguments.iter().map(|text| OsString::from(*text)))?)
}

fn provider(arguments: &[&str]) -> LocalProvider {
    settings_of(arguments).unwrap().builder.in_process().unwrap()
}

fn people(provider: &LocalProvider) -> Vec<Person> {
    lock(&provider.core.people).clone()
}

fn told(arguments: &[&str]) -> String {
    settings_of(arguments).unwrap_err().to_string()
}

#[test]
fn without_arguments_there_is_a_provider_for_an_application_on_port_3000() {
    let settings = settings_of(&[]).unwrap();
    assert_eq!(settings.port_number, 9000);
    let provider = settings.builder.in_process().unwrap();
    let client = provider.core.client("my-app").unwrap();
    assert!(client.secret.unwrap().matches(b"my-secret"));
    assert_eq!(client.redirect_uris, ["http://localhost:3000/auth/callback"]);
    assert_eq!(client.post_logout_redirect_uris, ["http://localhost:3000/"]);
    assert_eq!(people(&provider).len(), 4);
}

#[test]
fn every_argument_is_heard() {
    let provider = provider(&[
        "--port=0",
        "--issuer=http://localhost:9001/tenant",
        "--client",
        "shop",
        "--secret",
        "a secret",
        "--redirect-uri",
        "http://localhost:3000/cb",
        "--redirect-uri",
        "com.example.shop:/cb",
        "--post-logout-redirect-uri",
        "http://localhost:3000/bye",
        "--backchannel-logout-uri=http://localhost:3000/back",
        "--frontchannel-logout-uri=http://localhost:3000/front",
        "--webhook=http://localhost:3000/hook",
        "--webhook-secret=another secret",
        "--scope=profile",
        "--scope=orders:read",
        "--consent",
        "--person=ada:name=Ada Lovelace,email=ada@example.test,role=admin",
        "--person",
        "grace:role=ops,role=dev,team=a,team=b,vip=true",
        "--sign-in-as=grace",
    ]);
    assert_eq!(provider.issuer(), "http://localhost:9001/tenant");
    let client = provider.core.client("shop").unwrap();
    assert!(client.secret.clone().unwrap().matches(b"a secret"));
    assert_eq!(client.redirect_uris, ["http://localhost:3000/cb", "com.example.shop:/cb"]);
    assert_eq!(client.post_logout_redirect_uris, ["http://localhost:3000/bye"]);
    assert_eq!(client.backchannel_logout_uri.as_deref(), Some("http://localhost:3000/back"));
    assert_eq!(client.frontchannel_logout_uri.as_deref(), Some("http://localhost:3000/front"));
    assert_eq!(client.consent, crate::Consent::Remembered);
    client.grantable(vec!["orders:read".to_owned()]).unwrap();
    client.grantable(vec!["orders:write".to_owned()]).unwrap_err();
    assert_eq!(provider.core.options.webhooks[0].uri, "http://localhost:3000/hook");
    assert!(provider.core.options.webhooks[0].secret.matches(b"another secret"));
    assert_eq!(lock(&provider.core.automatic).as_deref(), Some("grace"));
    let ada = Person::new("ada").name("Ada Lovelace").email("ada@example.test").claim("roles", ["admin"]);
    let grace =
        Person::new("grace").claim("roles", ["ops", "dev"]).claim("team", ["a", "b"]).claim("vip", true);
    assert_eq!(people(&provider), [ada, grace]);
}

#[test]
fn a_public_client_has_no_secret() {
    assert!(provider(&["--public"]).core.client("my-app").unwrap().secret.is_none());
}

#[test]
fn a_bad_argument_is_told_by_its_name_with_its_value_and_with_what_would_help() {
    for (arguments, expected) in [
        (
            &["--port", "90x0"][..],
            "--port: \"90x0\" is no port; give a number from 0 to 65535, 0 for a free one",
        ),
        (
            &["--port", "70000"],
            "--port: \"70000\" is no port; give a number from 0 to 65535, 0 for a free one",
        ),
        (&["--port", "1", "--port", "2"], "--port: said twice; say it once"),
        (&["--redirect-url", "x"], "--redirect-url: there is no such argument; did you mean --redirect-uri?"),
        (&["--frobnicate"], "--frobnicate: there is no such argument; --help lists what there is"),
        (&["--client"], "--client: its value is missing; write --client ID"),
        (&["--client", "--public"], "--client: its value is missing; write --client ID"),
        (&["--client", ""], "--client: the value is empty; give one, or leave it out"),
        (&["--consent=yes"], "--consent: takes no value; leave it out"),
        (&["--consent", "yes"], "--consent: takes no value, and \"yes\" is behind it; leave it out"),
        (
            &["--public", "--secret", "x"],
            "--public: a public client has no secret; leave out one of public and secret",
        ),
        (&["-p", "9000"], "-p: there are no short arguments; --help lists what there is"),
        (
            &["provider.toml"],
            "\"provider.toml\": an argument begins with two dashes; --help lists what there is; a file is --config FILE",
        ),
        (
            &["--redirect-uri", "localhost:3000/cb"],
            "--redirect-uri: \"localhost:3000/cb\" is no address; write it whole, as http://localhost:3000/auth/callback",
        ),
        (
            &["--redirect-uri", "http://a.test/#b"],
            "--redirect-uri: \"http://a.test/#b\" has a fragment; take away the # and what is behind it",
        ),
        (
            &["--redirect-uri", "http://a.test/", "http://b.test/"],
            "--redirect-uri: takes one value, and \"http://b.test/\" is behind it; write --redirect-uri again for one more, and quotes around spaces",
        ),
        (
            &["--app", "com.example:/"],
            "--app: \"com.example:/\" is no address that paths can stand behind; write it as http://localhost:3000",
        ),
        (
            &["--issuer", "http://a.test/?b"],
            "--issuer: \"http://a.test/?b\" cannot be an issuer; give an http or https URL without a query",
        ),
        (
            &["--person", ":role=admin"],
            "--person: \":role=admin\" names nobody; begin with the subject, as ada:role=admin",
        ),
        (
            &["--person", "ada:admin"],
            "--person: \"admin\" of ada is no claim; write it as CLAIM=VALUE, with commas between, as role=admin,role=dev",
        ),
        (
            &["--person", "ada:=admin"],
            "--person: a claim of ada has no name: \"=admin\"; write it as CLAIM=VALUE",
        ),
        (
            &["--redirect-uri", "http://a.test/", "--webhook-secret", "x"],
            "--webhook-secret: signs nothing, as there is no webhook; add --webhook URL, or --app URL",
        ),
    ] {
        assert_eq!(told(arguments), expected, "{arguments:?}");
    }
}

#[test]
fn no_error_shows_a_secret() {
    for arguments in [
        &["--secret", "hunter2", "hunter2"][..],
        &["--secret=hunter2", "--secret=hunter2"],
        &["--webhook-secret", "hunter2", "--redirect-uri", "http://a.test/"],
        &["--webhook-secret", "a", "hunter2"],
        &["--secret", "hunter2", "--public"],
    ] {
        let error = settings_of(arguments).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    let summary = provider(&["--secret", "hunter2", "--webhook-secret", "hunter2"]).summary();
    assert!(summary.contains("client my-app") && !summary.contains("hunter2"), "{summary}");
}

#[test]
fn the_help_names_every_word_and_is_no_failure() {
    for arguments in [["--help"], ["-h"]] {
        let Err(ArgumentError::Help(text)) = LocalProvider::from_args(arguments) else { panic!() };
        assert!(WORDS.iter().all(|word| text.contains(&format!("--{}", word.name))), "{text}");
    }
}

#[test]
fn a_port_that_is_taken_is_told_by_its_number() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let error = LocalProvider::from_args(["--port", port.as_str()]).unwrap_err().to_string();
    assert!(error.starts_with(&format!("--port: {port} cannot be listened on (")), "{error}");
}

#[cfg(not(feature = "toml"))]
#[test]
fn without_the_feature_a_file_is_refused_by_its_name() {
    let error = told(&["--config", "provider.toml"]);
    assert!(
        error.starts_with("--config: this program reads no files") && error.contains("`toml`"),
        "{error}"
    );
}

#[cfg(feature = "toml")]
mod files {
    use super::*;

    /// What a file with this text, and these arguments besides, come to.
    fn with_file(text: &str, more: &[&str]) -> Result<LocalProvider, String> {
        let name = format!("landfall-testkit-{}-{:?}.toml", std::process::id(), std::thread::current().id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        let arguments = [&["--config", path.to_str().unwrap()], more].concat();
        let settings = settings_of(&arguments);
        std::fs::remove_file(&path).unwrap();
        let told = |error: ArgumentError| error.to_string().replace(path.to_str().unwrap(), "FILE");
        settings.map_err(told).map(|settings| settings.builder.in_process().unwrap())
    }

    #[test]
    fn a_file_has_the_same_words_and_arguments_stand_before_it() {
        let file = r#"
            port = 0
            client = "shop"
            secret = "a secret"
            consent = true
            public = false
            redirect-uri = ["http://localhost:3000/cb", "http://localhost:3001/cb"]
            person = ["ada:role=admin", "grace"]
        "#;
        let provider = with_file(file, &["--person", "alan"]).unwrap();
        let client = provider.core.client("shop").unwrap();
        assert_eq!(client.redirect_uris, ["http://localhost:3000/cb", "http://localhost:3001/cb"]);
        assert!(client.secret.unwrap().matches(b"a secret"));
        assert_eq!(people(&provider), [Person::new("alan")]);
        let provider = with_file(file, &[]).unwrap();
        assert_eq!(people(&provider)[0], Person::new("ada").claim("roles", ["admin"]));
    }

    #[test]
    fn a_word_of_a_file_that_is_wrong_is_told_with_the_files_name_and_without_a_secret() {
        for (text, expected) in [
            (
                "port = \"x\"",
                "port in FILE: \"x\" is no port; give a number from 0 to 65535, 0 for a free one",
            ),
            ("prot = 1", "prot in FILE: there is no such word; did you mean port?"),
            ("config = \"x\"", "config in FILE: there is no such word; --help lists the words"),
            ("consent = \"yes\"", "consent in FILE: neither true nor false; write true, or leave it out"),
            ("client = 1.5", "client in FILE: a float is no value here; write text in quotes"),
            (
                "person = [true]",
                "person in FILE: a boolean is no value here; write text in quotes, or a list of them",
            ),
            ("client = [\"a\"]", "client in FILE: a array is no value here; write text in quotes"),
        ] {
            assert_eq!(with_file(text, &[]).unwrap_err(), expected, "{text}");
        }
        let error = with_file("port = 0\nsecret = hunter2\n", &[]).unwrap_err();
        assert!(error.starts_with("FILE, line 2: no TOML (") && !error.contains("hunter2"), "{error}");
        let missing = told(&["--config", "no/such.toml"]);
        assert!(missing.starts_with("--config: no/such.toml cannot be read ("), "{missing}");
    }
}
