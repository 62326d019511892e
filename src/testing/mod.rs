//! Plays the Gemini side in the tests of a receiver: signed requests, sample bodies, a server of
//! keys, a clock.
//!
//! Nothing here switches verification off: what a signer signs is verified like a real delivery.
//!
//! # Examples
//! ```
//! use gemini_webhooks::testing::{ManualClock, StaticSigner, sample_body};
//! use gemini_webhooks::{Clock, Error, Secret, StaticVerifier};
//! use std::time::Duration;
//!
//! let clock = ManualClock::at(1_800_000_000);
//! let secret = Secret::from_raw_bytes([7; 32])?;
//! let signer = StaticSigner::new(&secret);
//! let verifier = StaticVerifier::builder().secret(secret).clock(clock.clone()).build()?;
//!
//! let body = sample_body("batch.failed").unwrap();
//! let request = signer.sign("msg_1", clock.now(), body);
//! assert!(verifier.verify(&request.headers, request.body.clone()).is_ok());
//!
//! clock.advance(Duration::from_secs(301));
//! let replayed = verifier.verify(&request.headers, request.body);
//! assert_eq!(replayed.unwrap_err(), Error::TooOld { age: 301, limit: 300 });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod dynamic;
#[cfg(feature = "dynamic")]
mod key_answer;
#[cfg(feature = "dynamic")]
mod key_server;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
pub use self::dynamic::{Ed25519Signer, JwtSigner, TestRsaKey, jwks};
#[cfg(feature = "dynamic")]
pub use self::{key_answer::KeyAnswer, key_server::KeyServer};
use crate::clock::{Clock, unix_seconds};
use crate::event::EventType;
use crate::headers::WebhookHeader;
use crate::verify_static::{MacKey, Secret};

/// Signs requests as the Gemini API does for a static webhook.
///
/// # Examples
/// During a rotation a request may carry one signature per valid secret:
/// ```
/// use gemini_webhooks::Secret;
/// use gemini_webhooks::testing::StaticSigner;
///
/// let (old, new) = (Secret::from_raw_bytes([7; 32])?, Secret::from_raw_bytes([8; 32])?);
/// let header = StaticSigner::new(&new).and(&old).signature("msg_1", "1800000000", "{}");
/// assert_eq!(header.split(' ').count(), 2);
/// # Ok::<(), gemini_webhooks::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct StaticSigner {
    keys: Vec<MacKey>,
}

impl StaticSigner {
    /// Makes a signer with one secret.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        Self { keys: vec![secret.key().clone()] }
    }

    /// Adds a secret: every header then has one more entry.
    #[must_use]
    pub fn and(mut self, secret: &Secret) -> Self {
        self.keys.push(secret.key().clone());
        self
    }

    /// Returns the value of `webhook-signature` for these three, whatever they hold.
    #[must_use]
    pub fn signature(&self, id: &str, timestamp: &str, body: impl AsRef<[u8]>) -> String {
        let entry =
            |key: &MacKey| key.sign(id.as_bytes(), timestamp.as_bytes(), body.as_ref()).entry();
        self.keys.iter().map(entry).collect::<Vec<_>>().join(" ")
    }

    /// Signs a request that is sent at `time`.
    ///
    /// An `id` that no HTTP header can hold is left out, so that the request is refused.
    #[must_use]
    pub fn sign(&self, id: &str, time: SystemTime, body: impl Into<Bytes>) -> SignedRequest {
        let body = body.into();
        let timestamp = unix_seconds(time).to_string();
        let signature = self.signature(id, &timestamp, &body);
        SignedRequest::new(id, time, &signature, body)
    }
}

impl std::fmt::Debug for StaticSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaticSigner").field("keys", &self.keys.len()).finish()
    }
}

/// Holds a request as it would arrive: change a field to play an attacker.
///
/// # Examples
/// ```
/// use gemini_webhooks::testing::StaticSigner;
/// use gemini_webhooks::{Error, Secret, StaticVerifier};
///
/// let secret = Secret::from_raw_bytes([7; 32])?;
/// let mut request = StaticSigner::new(&secret).sign("msg_1", std::time::SystemTime::now(), "{}");
/// request.body = "{ }".into();
/// let verifier = StaticVerifier::builder().secret(secret).build()?;
/// let refused = verifier.verify(&request.headers, request.body).unwrap_err();
/// assert_eq!(refused, Error::SignatureMismatch);
/// # Ok::<(), gemini_webhooks::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct SignedRequest {
    /// The three headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl SignedRequest {
    fn new(id: &str, time: SystemTime, signature: &str, body: Bytes) -> Self {
        let mut headers = HeaderMap::new();
        for (header, text) in [
            (WebhookHeader::Id, id),
            (WebhookHeader::Timestamp, &unix_seconds(time).to_string()),
            (WebhookHeader::Signature, signature),
        ] {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(header.header_name().clone(), value);
            }
        }
        Self { headers, body }
    }
}

impl std::fmt::Debug for SignedRequest {
    /// Prints names and lengths: whoever tests may sign with a secret that is in use.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { headers, body } = self;
        f.debug_struct("SignedRequest")
            .field("headers", &headers.keys().map(HeaderName::as_str).collect::<Vec<_>>())
            .field("body_bytes", &body.len())
            .finish()
    }
}

/// Returns a body of this type as the Gemini API would send it.
///
/// # Examples
/// ```
/// use gemini_webhooks::testing::sample_body;
///
/// assert!(sample_body("interaction.completed").unwrap().contains("v1_Chd"));
/// assert_eq!(sample_body("no.such.type"), None);
/// ```
#[must_use]
pub fn sample_body(type_name: &str) -> Option<&'static str> {
    EventType::parse(type_name).map(sample_body_of)
}

/// Returns a body of this type as the Gemini API would send it.
///
/// # Examples
/// ```
/// use gemini_webhooks::testing::sample_body_of;
/// use gemini_webhooks::{Envelope, EventType};
///
/// for event_type in EventType::ALL {
///     let envelope: Envelope = serde_json::from_str(sample_body_of(*event_type))?;
///     assert_eq!(envelope.event().event_type(), Some(*event_type));
/// }
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub const fn sample_body_of(event_type: EventType) -> &'static str {
    match event_type {
        EventType::BatchSucceeded => {
            r#"{"type":"batch.succeeded","version":"v1","timestamp":"2026-01-22T12:00:00Z","data":{"id":"batch_123456","output_file_uri":"gs://my-bucket/results.jsonl"}}"#
        }
        EventType::BatchCancelled => {
            r#"{"type":"batch.cancelled","version":"v1","timestamp":"2026-01-22T12:00:00Z","data":{"id":"batches/123456"}}"#
        }
        EventType::BatchExpired => {
            r#"{"type":"batch.expired","version":"v1","timestamp":"2026-01-22T12:00:00Z","data":{"id":"batch_123456"}}"#
        }
        EventType::BatchFailed => {
            r#"{"type":"batch.failed","version":"v1","timestamp":"2026-01-22T12:00:00Z","data":{"id":"batch_123456","error_code":"INVALID_ARGUMENT","error_message":"The input file is empty."}}"#
        }
        EventType::InteractionRequiresAction => {
            r#"{"type":"interaction.requires_action","version":"v1","timestamp":"2026-01-22T12:00:00Z","data":{"id":"v1_ChdZOFJvYXZ"}}"#
        }
        EventType::InteractionCompleted => {
            r#"{"type":"interaction.completed","version":"v1","timestamp":"2026-01-22T12:00:00Z","data":{"id":"v1_ChdZOFJvYXZ"}}"#
        }
        EventType::InteractionFailed => {
            r#"{"type":"interaction.failed","version":"v1","timestamp":"2026-01-22T12:00:00Z","data":{"id":"v1_ChdZOFJvYXZ","error_code":13,"error_message":"Internal error."}}"#
        }
        EventType::InteractionCancelled => {
            r#"{"type":"interaction.cancelled","version":"v1","timestamp":"2026-01-22T12:00:00Z","data":{"id":"v1_ChdZOFJvYXZ"}}"#
        }
        EventType::VideoGenerated => {
            r#"{"type":"video.generated","version":"v1","timestamp":"2026-01-22T12:00:00Z","data":{"id":"operations/7","output_file_uri":"gs://my-bucket/video.mp4","file_name":"video.mp4"}}"#
        }
    }
}

/// Stands still until it is set: a clock for tests. Clones show the same time.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use gemini_webhooks::Clock;
/// use gemini_webhooks::testing::ManualClock;
///
/// let clock = ManualClock::at(1_800_000_000);
/// let before = clock.now();
/// clock.advance(Duration::from_secs(5));
/// assert_eq!(clock.now().duration_since(before).unwrap(), Duration::from_secs(5));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock {
    now: Arc<Mutex<SystemTime>>,
}

impl ManualClock {
    /// Makes a clock that shows this time, in Unix seconds.
    #[must_use]
    pub fn at(unix_seconds: u64) -> Self {
        Self { now: Arc::new(Mutex::new(UNIX_EPOCH)) }.advanced(unix_seconds)
    }

    /// Sets the time, forwards or backwards.
    pub fn set(&self, time: SystemTime) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = time;
    }

    /// Moves the time forward, as far as a `SystemTime` goes.
    pub fn advance(&self, by: Duration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add(by).unwrap_or(*now);
    }

    fn advanced(self, seconds: u64) -> Self {
        self.advance(Duration::from_secs(seconds));
        self
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
