//! Somebody reads all that the engine holds.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use landfall_testkit::{Endpoint, Fault};
use landfall_tests::{World, everywhere};

use crate::support::{Ask, SESSION, ask, cookie_value, sign_in, whoami};

const PERSONAL: [(&str, &str); 3] = [
    ("email", "augusta.ada.king@lovelace.example"),
    ("name", "Augusta Ada King-Noel"),
    ("picture", "https://pictures.example/countess-of-lovelace"),
];

/// The tokens that the provider gives from now on.
fn listen(world: &World) -> Arc<Mutex<Vec<String>>> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let tokens = Arc::clone(&heard);
    world.provider.inject_always(Fault::json(Endpoint::Token, move |answer| {
        for name in ["access_token", "refresh_token", "id_token"] {
            tokens.lock().unwrap().extend(answer[name].as_str().map(str::to_owned));
        }
    }));
    heard
}

/// As it is, in hexadecimal, and in base64 wherever it may begin in a longer text.
fn disguises(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![secret.to_vec(), hex(secret).into_bytes(), hex(secret).to_uppercase().into_bytes()];
    for before in 0..3 {
        let padded = [&vec![0; before][..], secret].concat();
        for alphabet in [STANDARD, URL_SAFE_NO_PAD] {
            let text = alphabet.encode(&padded).into_bytes();
            // What stands at the ends depends on the neighbours.
            all.push(text[4 * usize::from(before > 0)..text.len() - 4].to_vec());
        }
    }
    all
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn holds(dump: &[u8], what: &[u8]) -> bool {
    dump.windows(what.len()).any(|window| window == what)
}

everywhere! {
    async fn a_stolen_store_holds_neither_cookie_nor_token_nor_name(world) {
        let mut world = world;
        if !world.kind.has_store() {
            return;
        }
        let scopes = ["openid", "profile", "email", "offline_access"];
        world.switch_to(world.builder().scopes(scopes)).await;
        for (claim, value) in PERSONAL {
            world.provider.inject_always(Fault::id_token_claim(claim, value));
        }
        let tokens = listen(&world);
        sign_in(&world.browser).await;
        // Changed once, so that an engine that keeps what was before is searched for that, too.
        world.wait(std::time::Duration::from_secs(5 * 3600));
        assert_eq!(whoami(&world.browser).await, "hello ada");

        let cookie = cookie_value(&world.browser, SESSION).unwrap();
        let halves = URL_SAFE_NO_PAD.decode(&cookie).unwrap();
        let mut secrets: Vec<Vec<u8>> = halves.chunks(16).map(<[u8]>::to_vec).collect();
        secrets.push(cookie.into_bytes());
        secrets.extend(PERSONAL.iter().map(|(_, value)| value.as_bytes().to_vec()));
        let tokens = tokens.lock().unwrap().clone();
        assert_eq!(tokens.len(), 3);
        secrets.extend(tokens.into_iter().map(String::into_bytes));
        secrets.extend(["https://op.example", "eyJhbGciOi"].map(|text| text.as_bytes().to_vec()));

        let dump = world.engine.dump().await;
        let stored = world.engine.stored().await;
        assert_eq!(stored.len(), 1);
        let searched = disguises(&stored[0].0.0).iter().any(|key| holds(&dump, key));
        assert!(searched, "the record is not in the dump: the search proves nothing");
        for secret in secrets {
            for disguise in disguises(&secret) {
                assert!(!holds(&dump, &disguise), "{}", String::from_utf8_lossy(&secret));
            }
        }
    }

    async fn a_stolen_store_can_not_be_turned_into_a_session(world) {
        if !world.kind.has_store() {
            return;
        }
        sign_in(&world.browser).await;
        let stored = world.engine.stored().await;
        assert_eq!(stored.len(), 1);
        for (key, record) in stored {
            let (sealed, admin) = (&record.sealed[..], &record.admin[..]);
            let hex = hex(&key.0);
            let half = [&key.0[..16], &key.0[16..]];
            let parts: [&[u8]; 8] = [
                &key.0, hex.as_bytes(), &record.subject.0, sealed, admin,
                &sealed[..32], &sealed[sealed.len() - 32..], &[half[1], half[0]].concat(),
            ];
            for part in parts {
                for cookie in [URL_SAFE_NO_PAD.encode(part), String::from_utf8_lossy(part).into_owned()] {
                    let Ok(header) = http::HeaderValue::from_bytes(format!("{SESSION}={cookie}").as_bytes()) else {
                        continue;
                    };
                    let Ok(header) = header.to_str() else { continue };
                    let answer = ask(&world.other_browser(), Ask::get("/").cookie(header)).await;
                    assert_eq!(answer.body, "hello nobody", "{cookie}");
                }
            }
        }
        assert_eq!(whoami(&world.browser).await, "hello ada");
    }
}
