//! Whether a request is authentic: by the user's secrets, or by the published keys for whatever
//! audience and tenant it is. Only its shape is kept, so nobody is let in by this.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use gemini_webhooks::{
    Binding, CachedKeys, Delivery, DynamicVerifier, Error, Secret, SeenScheme, StaticVerifier,
};
use http::HeaderMap;

use super::signature::Signature;
use crate::exit::Failure;
use crate::moment::At;
use crate::secrets::SecretText;

/// One secret, read in one of the ways that it may be meant.
struct Candidate {
    position: usize,
    reading: Reading,
    verifier: StaticVerifier,
}

/// How the text of a secret becomes a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reading {
    Base64,
    Text,
    WholeText,
}

impl Reading {
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::Base64 => "its base64, decoded",
            Self::Text => "its text behind whsec_",
            Self::WholeText => "its whole text, whsec_ included",
        }
    }
}

/// What is known of a request: whether it is authentic, and by which secrets.
pub(super) struct Judged {
    pub(super) result: Result<Delivery, Error>,
    /// Position and reading of the secrets that match.
    pub(super) matched: Vec<(usize, Reading)>,
}

pub(super) struct Judge {
    candidates: Vec<Candidate>,
    keys: CachedKeys,
}

/// The widest that the library allows: what came is to be seen, not judged.
const LEEWAY: Duration = Duration::from_secs(300);
pub(super) const LONGEST_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
pub(super) const GREATEST_AGE: Duration = Duration::from_secs(24 * 3600);

impl Judge {
    pub(super) fn new(secrets: Option<&SecretText>, keys: CachedKeys) -> Result<Self, Failure> {
        let mut candidates = Vec::new();
        let texts = secrets.map(|found| found.text.split(' ')).into_iter().flatten();
        for (position, text) in (1..).zip(texts) {
            let before = candidates.len();
            let behind = text.strip_prefix("whsec_").unwrap_or(text);
            for (reading, secret) in [
                (Reading::Base64, Secret::parse(text)),
                (Reading::Text, Secret::from_raw_bytes(behind)),
                (Reading::WholeText, Secret::from_raw_bytes(text)),
            ] {
                let Ok(secret) = secret else { continue };
                let verifier = StaticVerifier::builder().secret(secret).build();
                let verifier = verifier.map_err(Failure::usage)?;
                candidates.push(Candidate { position, reading, verifier });
            }
            if let (Some(found), true) = (secrets, candidates.len() == before) {
                let text = format!("{}: secret {position} cannot be used", found.place);
                return Err(Failure::usage(text).remedy("`gemini-webhooks secret check` says why"));
            }
        }
        Ok(Self { candidates, keys })
    }

    /// The largest body that is looked at, in bytes.
    pub(super) const fn max_body_bytes() -> usize {
        gemini_webhooks::limits::DEFAULT_MAX_BODY_BYTES
    }

    pub(super) async fn judge(&self, headers: &HeaderMap, body: Bytes, now: SystemTime) -> Judged {
        let signature = Signature::of(headers);
        let (of_static, matched) = self.by_secrets(headers, &body);
        let is_for_keys = signature.is_of_keys() || self.candidates.is_empty();
        let result = if matched.is_empty() && is_for_keys {
            self.by_keys(headers, body, &signature, now).await
        } else {
            of_static
        };
        Judged { result, matched }
    }

    fn by_secrets(
        &self,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> (Result<Delivery, Error>, Vec<(usize, Reading)>) {
        let mut result = Err(Error::SchemeNotConfigured { saw: SeenScheme::V1 });
        let mut matched = Vec::new();
        for Candidate { position, reading, verifier } in &self.candidates {
            match verifier.verify(headers, body.clone()) {
                Ok(delivery) => {
                    matched.push((*position, *reading));
                    result = Ok(delivery);
                }
                Err(error) if result.is_err() => result = Err(error),
                Err(_) => {}
            }
        }
        (result, matched)
    }

    async fn by_keys(
        &self,
        headers: &HeaderMap,
        body: Bytes,
        signature: &Signature,
        now: SystemTime,
    ) -> Result<Delivery, Error> {
        let mut builder = DynamicVerifier::builder()
            .binding(Binding::dangerous_any_tenant())
            .leeway(LEEWAY)
            .longest_token_life(LONGEST_LIFE)
            .max_token_age(GREATEST_AGE)
            .clock(At(now))
            .keys(self.keys.clone());
        for audience in signature.audiences() {
            builder = builder.audience(audience).accept_unsigned_body();
        }
        // What it is given is within its bounds.
        let verifier = builder.build().map_err(|_| Error::WrongAudience)?;
        verifier.verify(headers, body).await
    }
}
