//! Claims as a token may hold them, and as no receiver takes them.

use gemini_webhooks::EventType;
use gemini_webhooks::testing::sample_body_of;
use serde_json::{Value, json};

use crate::Result;
use crate::dynamic::AUDIENCE;

/// What is different from the usual claims: members to set, or, if null, to take away.
pub type Change = (&'static str, Value);

/// The usual claims: an event, each type in turn, for our audience and for five minutes.
pub fn usual(n: usize, now: i64) -> Result<Value> {
    let event = sample_body_of(EventType::ALL[n % EventType::ALL.len()]);
    let claims = serde_json::from_str(event)?;
    Ok(changed(claims, &json!({ "aud": AUDIENCE, "exp": now + 300 })))
}

/// Sets members of an object, or takes them away (as RFC 7396 says, of one level).
pub fn changed(mut object: Value, change: &Value) -> Value {
    let (Some(members), Some(change)) = (object.as_object_mut(), change.as_object()) else {
        return object;
    };
    for (name, value) in change {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    object
}

/// Accepted by everybody.
pub fn accepted(now: i64) -> Vec<Change> {
    let mut many: Vec<_> = (0..100).map(|n| format!("https://example.com/{n}")).collect();
    many.push(AUDIENCE.to_owned());
    let unicode = json!({
        "größe": "日本語, עברית, Ελληνικά",
        "rocket": "🚀\u{10ffff}",
        "forms": ["\u{e9}", "e\u{301}", "\u{fb01}"],
        "breaks": "\u{2028}\u{85}\u{feff}\0\t\"\\/",
    });
    let kinds = json!([null, true, false, 0, -1, 1.5, 1e300, -0.25, "", [], {}, [[{ "a": [{}] }]]]);
    vec![
        ("an event", json!({})),
        ("a list of our audience alone", json!({ "aud": [AUDIENCE] })),
        ("our audience first in a list", json!({ "aud": [AUDIENCE, "other"] })),
        ("our audience between others", json!({ "aud": ["other", AUDIENCE, "third"] })),
        ("our audience twice in a list", json!({ "aud": [AUDIENCE, AUDIENCE] })),
        ("our audience behind a hundred", json!({ "aud": many })),
        ("issued now", json!({ "iat": now })),
        ("issued four minutes ago", json!({ "iat": now - 240 })),
        ("issued ahead of our clock, within the leeway", json!({ "iat": now + 40 })),
        ("valid from now", json!({ "nbf": now })),
        ("valid since a year", json!({ "nbf": now - 31_536_000 })),
        ("valid from a moment on, within the leeway", json!({ "nbf": now + 40 })),
        ("all three times", json!({ "iat": now - 1, "nbf": now - 1, "exp": now + 3600 })),
        ("expired, within the leeway", json!({ "exp": now - 10 })),
        ("valid for almost a day", json!({ "exp": now + 86_000 })),
        (
            "times with fractions",
            json!({ "exp": seconds(now + 300) + 0.75, "iat": seconds(now) - 0.25 }),
        ),
        (
            "times as whole numbers with a point",
            json!({ "exp": seconds(now + 300), "nbf": seconds(now) }),
        ),
        (
            "the other registered claims",
            json!({
                "iss": "https://accounts.example.com", "sub": "1234567890", "jti": "0f8fad5b-d9cb",
            }),
        ),
        ("claims of every kind", json!({ "kinds": kinds, "azp": "a", "email_verified": true })),
        ("claims in many scripts", json!({ "text": unicode, "ключ": "значение", "sub": "größer" })),
        ("an unknown event", json!({ "type": "größer.als", "data": { "id": "日本" } })),
        ("an event with metadata", json!({ "user_metadata": { "token": "ü", "n": [1, 2.5] } })),
        ("an event with nothing in it", json!({ "data": {} })),
        ("a claim of 8 KiB", json!({ "padding": "0123456789abcdef".repeat(512) })),
        ("four hundred claims", numbered(400)),
        ("no event", json!({ "type": null, "data": null })),
        (
            "nothing but audience and expiry",
            json!({
                "type": null, "version": null, "timestamp": null, "data": null,
            }),
        ),
    ]
}

/// Accepted by nobody.
pub fn refused(now: i64) -> Vec<Change> {
    let upper = AUDIENCE.to_uppercase();
    vec![
        ("another audience", json!({ "aud": "other" })),
        ("a list of other audiences", json!({ "aud": ["other", "third"] })),
        ("an empty list of audiences", json!({ "aud": [] })),
        ("an empty audience", json!({ "aud": "" })),
        ("no audience", json!({ "aud": null })),
        ("a number as audience", json!({ "aud": 1 })),
        ("an object as audience", json!({ "aud": { AUDIENCE: AUDIENCE } })),
        ("our audience in a list of lists", json!({ "aud": [[AUDIENCE]] })),
        ("the beginning of our audience", json!({ "aud": &AUDIENCE[..10] })),
        ("our audience and more", json!({ "aud": format!("{AUDIENCE}/") })),
        ("our audience with a space", json!({ "aud": format!("{AUDIENCE} ") })),
        ("our audience in the other letter case", json!({ "aud": upper })),
        ("our audience as the issuer", json!({ "aud": "other", "iss": AUDIENCE })),
        ("expired two minutes ago", json!({ "exp": now - 120 })),
        ("expired a day ago", json!({ "exp": now - 86_400 })),
        ("expired, with a fraction", json!({ "exp": seconds(now) - 120.5 })),
        ("expired in 1970", json!({ "exp": 0 })),
        ("expired before 1970", json!({ "exp": -1 })),
        ("an expiry in words", json!({ "exp": "tomorrow" })),
        ("a list as expiry", json!({ "exp": [now + 300] })),
        ("an object as expiry", json!({ "exp": {} })),
        ("true as expiry", json!({ "exp": true })),
        ("valid from two minutes on", json!({ "nbf": now + 120 })),
        ("valid from tomorrow on", json!({ "nbf": now + 86_400, "exp": now + 90_000 })),
        ("a start in words", json!({ "nbf": "now" })),
        ("a list as start", json!({ "nbf": [now] })),
        ("a time of issue in words", json!({ "iat": "now" })),
        ("an object as time of issue", json!({ "iat": {} })),
    ]
}

/// As a number with a point; no time is so late that it would be rounded.
#[allow(clippy::cast_precision_loss)]
fn seconds(seconds: i64) -> f64 {
    seconds as f64
}

fn numbered(count: usize) -> Value {
    (0..count).map(|n| (format!("claim {n}"), Value::from(n))).collect()
}
