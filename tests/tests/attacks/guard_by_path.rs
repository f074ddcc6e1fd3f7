//! Guards that are told which paths or which methods they are for, with every reader of paths behind them.

use landfall::{Identity, RelyingParty};
use landfall_testkit::TestBed;
use landfall_tests::{BASE_URL, Framework, on_both_frameworks};

use crate::guarded_apps::{Behind, Got, OPEN, Rule, SECRET, Sent, answers, answers_of_places};

const PLAIN: &str = "/admin/secret.txt";

/// What may stand in front of `admin`.
const LEADS: &[&str] = &[
    "/",
    "//",
    "///",
    "/./",
    "/%2e/",
    "/.//",
    "\\",
    "/\\",
    "/%5c",
    "/%2f",
    "/;/",
    "/.;/",
    "/x/../",
    "/x/%2e%2e/",
    "/x/%252e%252e/",
    "/x%2f../",
    "/x/..%2f",
    "/x%2fy/%2e%2e/",
    "/../",
    "/..\\",
    "/x\\..\\",
    "/public/../",
    "/public/%2e%2e/",
    "/public/.%2e/",
    "/public/..%2f",
    "/public/%2e%2e%2f",
    "/public/%252e%252e/",
    "/public/%252e%252e%252f",
    "/public%2f..%2f",
    "/public/x/../../",
    "/public/..;/",
    "/public/..;x=1/",
    "/public/..%3b/",
    "/public\\..\\",
    "/public/%5c..%5c..%5c",
    "/public//../",
    "/public/a//../../",
    "/public/a%2fb/%2e%2e/%2e%2e/",
    "/public/page.txt/../../",
    "/public/./../",
    "/public/%20/../",
    "/PUBLIC/../",
    "/public/....//",
    "/public/%EF%BC%8E%EF%BC%8E/",
    "/public/..%00/",
    "/%70ublic/../",
];
/// What `admin` may be written as.
const NAMES: &[&str] = &[
    "admin",
    "ADMIN",
    "Admin",
    "%61dmin",
    "%41DMIN",
    "a%64min",
    "%61%64%6d%69%6e",
    "%2561dmin",
    "%252561dmin",
    "admin.",
    "admin%20",
    "%20admin",
    "admin;x",
    "admin;x=1",
    "admin%3bx",
    "admin%3f",
    "admin%23",
    "admin%00",
    "admin/.",
    "admin/x/..",
    "admin/x/%2e%2e",
    "%EF%BD%81dmin",
    "adm%C4%B1n",
];
/// What may stand between `admin` and `secret.txt`.
const BETWEEN: &[&str] = &[
    "/",
    "//",
    "/./",
    "\\",
    "%2f",
    "%2F",
    "%5c",
    "%252f",
    "/%2e/",
    "/x/../",
    "/;/",
    "/../admin/",
    "%2f%2e%2fx%2f..%2f",
];
/// What may follow.
const TAILS: &[&str] = &[
    "",
    "/",
    "//",
    "/.",
    "?",
    "?x=/public",
    "?/public/",
    "#/public",
    "%3f",
    "%3f/../../public",
    "%23",
    ";x",
    "%20",
    "%00",
    ".",
    "/..%2fsecret.txt",
    "/x/..",
    "%2f",
    "%5c",
];

/// Every pair of tricks, each with the rest as it is.
fn spellings() -> Vec<String> {
    let mut spellings = Vec::new();
    for lead in LEADS {
        spellings.extend(NAMES.iter().map(|name| format!("{lead}{name}/secret.txt")));
        spellings.extend(BETWEEN.iter().map(|between| format!("{lead}admin{between}secret.txt")));
        spellings.extend(TAILS.iter().map(|tail| format!("{lead}admin/secret.txt{tail}")));
    }
    for name in NAMES {
        spellings.extend(BETWEEN.iter().map(|between| format!("/{name}{between}%73ecret.txt")));
        spellings.extend(TAILS.iter().map(|tail| format!("/{name}/SECRET.txt{tail}")));
        spellings.extend(TAILS.iter().map(|tail| format!("/{name}/secret.txt{tail}")));
    }
    spellings
}

/// A relying party, and the cookie of somebody who is signed in there.
async fn somebody() -> (TestBed, RelyingParty, String) {
    let bed = TestBed::new(BASE_URL).unwrap();
    let auth = bed.relying_party().build().unwrap();
    let cookie = auth.sessions().create(Identity::new(bed.issuer(), "ada")).await.unwrap();
    (bed, auth, cookie.split(';').next().unwrap().to_owned())
}

fn is_secret(got: &Got) -> bool {
    got.as_ref().is_some_and(|(_, body)| body.contains(SECRET))
}

fn said(status: u16, body: &str) -> (u16, String) {
    (status, body.to_owned())
}

async fn no_spelling_gets_around(framework: Framework, rule: Rule) {
    let (_bed, auth, cookie) = somebody().await;
    let sent: Vec<_> = spellings().into_iter().map(Sent::get).collect();
    for behind in Behind::FILES {
        // What the application would serve, and what a stranger gets of it.
        let bare = answers(framework, &auth, behind, Rule::Nobody, &sent).await;
        let guarded = answers(framework, &auth, behind, rule, &sent).await;
        for ((sent, bare), guarded) in sent.iter().zip(&bare).zip(&guarded) {
            assert!(!is_secret(guarded), "{behind:?}: {} is served", sent.target);
            let is_asked = guarded.as_ref().is_some_and(|(status, _)| *status == 401);
            assert!(!is_secret(bare) || is_asked, "{behind:?}: {}: {guarded:?}", sent.target);
        }
        let served = bare.iter().filter(|bare| is_secret(bare)).count();
        let least = if behind == Behind::Careless { 1_000 } else { 4 };
        assert!(served >= least, "{behind:?} serves {served} spellings: nothing was tried");

        let open = [Sent::get("/public/page.txt"), Sent::get("/public/page.txt?x=/admin")];
        for got in answers(framework, &auth, behind, rule, &open).await {
            assert_eq!(got.unwrap(), said(200, OPEN), "{behind:?}");
        }
        let hers = Sent::get(PLAIN).with("cookie", cookie.clone());
        assert_eq!(
            answers(framework, &auth, behind, rule, &[hers]).await,
            [Some(said(200, SECRET))],
            "{behind:?}"
        );
    }
}

on_both_frameworks! {
    async fn no_spelling_of_a_path_gets_around_a_guard_of_some_paths(framework) {
        no_spelling_gets_around(framework, Rule::Under).await;
    }

    async fn no_spelling_of_a_path_gets_around_a_guard_of_all_paths_but_some(framework) {
        no_spelling_gets_around(framework, Rule::Except).await;
    }

    async fn what_nobody_named_is_guarded_where_all_is_but_some(framework) {
        let (_bed, auth, _) = somebody().await;
        let sent = ["/", "/publicity", "/PUBLIC/page.txt", "/new", "/public/../new", "/public%2fpage.txt"].map(Sent::get);
        for behind in [Behind::Careless, Behind::Deeds] {
            for (sent, got) in sent.iter().zip(answers(framework, &auth, behind, Rule::Except, &sent).await) {
                assert_eq!(got.unwrap().0, 401, "{behind:?} {}", sent.target);
            }
        }
    }

    async fn the_page_that_a_post_came_from_does_not_stand_for_its_path(framework) {
        let (_bed, auth, _) = somebody().await;
        let from = |path: &str, page: &str| Sent::new("POST", path).with("referer", format!("{BASE_URL}{page}")).with("origin", BASE_URL);
        for (rule, path, page, status) in [
            (Rule::Except, "/admin/x", "/public/form", 401),
            (Rule::Except, "/public/x", "/admin/form", 200),
            (Rule::Under, "/admin/x", "/public/form", 401),
            (Rule::Under, "/x", "/admin/form", 200),
        ] {
            let got = answers(framework, &auth, Behind::Deeds, rule, &[from(path, page)]).await.remove(0);
            assert_eq!(got.unwrap().0, status, "{rule:?} {path} from {page}");
        }
    }

    async fn a_path_is_guarded_whether_a_proxy_took_the_base_path_away_or_not(framework) {
        let bed = TestBed::new(&format!("{BASE_URL}/app")).unwrap();
        let auth = bed.relying_party().build().unwrap();
        for (rule, path, status) in [
            (Rule::Except, "/app/public/x", 200),
            (Rule::Except, "/public/x", 200),
            (Rule::Except, "/app/x", 401),
            (Rule::Except, "/app", 401),
            (Rule::Except, "/app/public/../x", 401),
            (Rule::Except, "/app/../public/x", 401),
            (Rule::Under, "/app/admin", 401),
            (Rule::Under, "/admin", 401),
            (Rule::Under, "/APP/ADMIN/x", 401),
            (Rule::Under, "/x/../app/admin", 401),
            (Rule::Under, "/app/x", 200),
            (Rule::Under, "/app", 200),
        ] {
            let got = answers(framework, &auth, Behind::Deeds, rule, &[Sent::get(path)]).await.remove(0);
            assert_eq!(got.unwrap().0, status, "{rule:?} {path}");
        }
    }

    async fn no_method_gets_around_a_guard_of_writes(framework) {
        let (_bed, auth, cookie) = somebody().await;
        let asked = async |behind: Behind, sent: Sent| answers(framework, &auth, behind, Rule::Writes, &[sent]).await.remove(0).unwrap();
        for behind in [Behind::Deeds, Behind::OverriddenDeeds] {
            for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "QUERY", "get", "Head", "X"] {
                assert_eq!(asked(behind, Sent::new(method, "/page")).await.0, 401, "{method}");
                for read in ["GET", "HEAD"] {
                    let sent = Sent::new(method, "/page").with("x-http-method-override", read);
                    assert_eq!(asked(behind, sent).await.0, 401, "{method} as {read} with {behind:?}");
                }
            }
            assert_eq!(asked(behind, Sent::get("/page")).await, said(200, "did GET"));
            assert_eq!(asked(behind, Sent::new("HEAD", "/page")).await.0, 200);
            let hers = Sent::new("POST", "/page").with("cookie", cookie.clone());
            assert_eq!(asked(behind, hers).await, said(200, "did POST"));
        }
        let overridden = |method| Sent::get("/page").with("x-http-method-override", method);
        assert_eq!(asked(Behind::Deeds, overridden("DELETE")).await, said(200, "did GET"), "it has no say");
        assert_eq!(asked(Behind::OverriddenDeeds, overridden("DELETE")).await.0, 401, "it is a write by now");
        for upgrade in ["websocket", "WebSocket", "websocket/13", "xwebsocket, h2c"] {
            let socket = Sent::get("/page").with("connection", "upgrade").with("upgrade", upgrade);
            assert_eq!(asked(Behind::Deeds, socket).await.0, 401, "a handshake is no read: {upgrade}");
        }
    }

    async fn no_stranger_gets_into_files_fallbacks_websockets_or_nested_routers(framework) {
        let (_bed, auth, cookie) = somebody().await;
        let socket = Sent::get("/socket").with("connection", "upgrade").with("upgrade", "websocket").with("origin", BASE_URL);
        let mut inside = vec![socket, Sent::get("/files/secret.txt")];
        inside.extend(["/fallback/x", "/fallback", "/nested/deeper/page", "/merged"].map(Sent::get));
        let hers: Vec<_> = inside.iter().map(|sent| sent.clone().with("cookie", cookie.clone())).collect();
        for (sent, got) in inside.iter().zip(answers_of_places(framework, &auth, &inside).await) {
            assert_eq!(got.unwrap().0, 401, "{}", sent.target);
        }
        for (sent, got) in hers.iter().zip(answers_of_places(framework, &auth, &hers).await) {
            let expected = if sent.target.starts_with("/files") { SECRET } else { "inside" };
            assert_eq!(got.unwrap(), said(200, expected), "{}", sent.target);
        }
        // Nor are there files to be told apart from none.
        let missing = ["/files/no-such-file", "/files/"].map(Sent::get);
        for (sent, got) in missing.iter().zip(answers_of_places(framework, &auth, &missing).await) {
            assert_eq!(got.unwrap().0, 401, "{}", sent.target);
        }
        assert_eq!(answers_of_places(framework, &auth, &[Sent::get("/else")]).await, [Some(said(200, "outside"))]);
    }
}
