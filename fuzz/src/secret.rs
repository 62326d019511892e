//! Secrets: their texts, their bytes, and errors that show neither.

use std::mem::discriminant;

use gemini_webhooks::limits::{MAX_SECRETS, ODD_SECRET_BYTES, SECRET_BYTES};
use gemini_webhooks::testing::StaticSigner;
use gemini_webhooks::{Clock, ConfigError, Secret, SecretProblem};

use super::{NOW, Peers};

/// No text is a secret by accident, no error shows it, and a key has one spelling.
pub fn secret(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    assert_parses_strictly(&text);
    assert_list_is_its_parts(&text);
    let (raw, odd) =
        (Secret::from_raw_bytes(data), Secret::dangerous_from_raw_bytes_odd_length(data));
    assert_eq!(raw.is_ok(), SECRET_BYTES.contains(&data.len()));
    assert_eq!(odd.is_ok(), ODD_SECRET_BYTES.contains(&data.len()));
    for outcome in [raw, odd] {
        assert_works_or_says_why(outcome, data.len());
    }
}

fn assert_parses_strictly(text: &str) {
    let (strict, odd) = (Secret::parse(text), Secret::dangerous_parse_odd_length(text));
    match (&strict, &odd) {
        (Ok(secret), odd) => {
            assert_eq!(odd.as_ref().map(tag_of).ok(), Some(tag_of(secret)));
            assert_one_spelling(text, secret);
        }
        // Nothing is decoded of a text that is too long for any key.
        (Err(strict), odd) => {
            assert!(is_about_length(strict) || odd.as_ref().err() == Some(strict), "{strict:?}");
        }
    }
    for outcome in [strict, odd] {
        assert_works_or_says_why(outcome, text.len());
    }
}

fn is_about_length(error: &ConfigError) -> bool {
    use SecretProblem::{TooLong, TooShort};
    matches!(error, ConfigError::InvalidSecret { problem: TooLong { .. } | TooShort { .. }, .. })
}

/// Another last character or another padding is another key, or none.
fn assert_one_spelling(text: &str, secret: &Secret) {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let tag = tag_of(secret);
    let mut start = text.trim_end_matches('=').to_owned();
    start.pop();
    for last in ALPHABET.chars() {
        for padding in ["", "=", "==", "==="] {
            let other = format!("{start}{last}{padding}");
            if other != text
                && let Ok(secret) = Secret::parse(&other)
            {
                assert_ne!(tag_of(&secret), tag, "a second spelling");
            }
        }
    }
}

/// Stands for the key, which cannot be asked for.
fn tag_of(secret: &Secret) -> String {
    StaticSigner::new(secret).signature("msg_1", "1", "{}")
}

fn assert_list_is_its_parts(text: &str) {
    let parts = text.split(' ').count();
    let list = Secret::parse_list(text);
    if parts > MAX_SECRETS {
        assert_eq!(list.unwrap_err(), ConfigError::TooManySecrets);
        return;
    }
    let first_bad = (1..).zip(text.split(' ')).find_map(|(position, part)| {
        match Secret::parse(part).err()? {
            // Between secrets nothing is a space too much.
            ConfigError::InvalidSecret { .. } if part.is_empty() && parts > 1 => {
                let problem = SecretProblem::WhiteSpace;
                Some(ConfigError::InvalidSecret { position, problem })
            }
            ConfigError::InvalidSecret { position: 1, problem } => {
                Some(ConfigError::InvalidSecret { position, problem })
            }
            other => panic!("{other:?}"),
        }
    });
    match (list, first_bad) {
        (Ok(secrets), None) => assert_eq!(secrets.len(), parts),
        (Err(error), Some(expected)) => {
            assert_eq!(error, expected);
            assert_shows_no_secret(&error, text.len());
        }
        (list, expected) => panic!("{list:?} instead of {expected:?}"),
    }
}

fn assert_works_or_says_why(outcome: Result<Secret, ConfigError>, bytes: usize) {
    let secret = match outcome {
        Ok(secret) => secret,
        Err(error) => return assert_shows_no_secret(&error, bytes),
    };
    assert_eq!(format!("{secret:?}"), "Secret { key: [redacted], label: None }");
    let peers = Peers::with(secret, NOW);
    let request = peers.signer.sign("msg_1", peers.clock.now(), "{}");
    assert!(peers.verifier.verify(&request.headers, request.body).is_ok());
}

/// The error reads like one that was made from nothing, but for its numbers, which are lengths.
fn assert_shows_no_secret(error: &ConfigError, bytes: usize) {
    use SecretProblem as P;
    let from_nothing = [
        P::Empty,
        P::NotCanonical,
        P::NotBase64,
        P::OddPrefix,
        P::PrivateKey,
        P::PublicKey,
        P::Quoted,
        P::SignaturePrefix,
        P::TooLong { bytes: 0, most: 0 },
        P::TooShort { bytes: 0, least: 0 },
        P::UrlSafeBase64,
        P::WhiteSpace,
    ];
    let ConfigError::InvalidSecret { position, problem } = error else { panic!("{error:?}") };
    assert!((1..=MAX_SECRETS).contains(position));
    if let P::TooLong { bytes: told, most: limit } | P::TooShort { bytes: told, least: limit } =
        problem
    {
        // What is too long may be told by a length rounded up to whole groups of base64.
        assert!(*told <= bytes.saturating_add(2), "not the length of a key");
        let limits = [SECRET_BYTES, ODD_SECRET_BYTES];
        assert!(limits.iter().any(|range| [range.start(), range.end()].contains(&limit)));
    }
    let same_kind = |other: &P| discriminant(other) == discriminant(problem);
    let problem = from_nothing.into_iter().find(same_kind).unwrap();
    let plain = ConfigError::InvalidSecret { position: 0, problem };
    assert_eq!(texts_without_digits(error), texts_without_digits(&plain));
}

fn texts_without_digits(error: &ConfigError) -> String {
    format!("{error} {error:?}").replace(|c: char| c.is_ascii_digit(), "")
}
