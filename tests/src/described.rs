//! Answers of our endpoints, held against the document that describes them.

use http::{Method, StatusCode};
use landfall::RelyingParty;
use serde_json::Value;

/// What the document says of an answer at this path: the id of its operation. `None` for what is no endpoint of ours, and
/// for methods that no document lists (HEAD, preflights, refused ones).
///
/// # Panics
/// When an operation of ours answered with a status that the document does not list, and that is not the application's.
pub fn described(
    auth: &RelyingParty,
    method: &Method,
    path: &str,
    status: StatusCode,
) -> Option<(String, Value)> {
    let document = auth.openapi();
    let path = path.split('?').next().unwrap_or_default();
    if path == "/" {
        // There the callback shares its path with the application's own page.
        return None;
    }
    let methods = document["paths"].get(path)?;
    let Some(operation) = methods.get(method.as_str().to_ascii_lowercase()) else {
        let is_unlisted = matches!(status.as_u16(), 204 | 400 | 405 | 421) || *method == Method::HEAD;
        assert!(is_unlisted, "{method} {path} answers {status}, and is no operation of the document");
        return None;
    };
    let id = operation["operationId"].as_str().unwrap().to_owned();
    let answers = &operation["responses"];
    let answer = answers.get(status.as_str()).or_else(|| answers.get("default"));
    let answer = answer.unwrap_or_else(|| panic!("{id} answers {status}, which the document does not list"));
    Some((id, answer.clone()))
}
