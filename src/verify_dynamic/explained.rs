//! What a diagnosis asks of a dynamic verifier.

use std::time::SystemTime;

use bytes::Bytes;

use super::jwt::Token;
use super::{DynamicVerifier, KeySet, LentKeys, Wanted};
use crate::clock::unix_seconds;
use crate::error::Error;
use crate::event::Envelope;
use crate::headers::{HeaderLookup, Headers};
use crate::observe::Verdict;

/// What a token says of itself, which is anybody's word.
pub(crate) struct Said {
    pub(crate) kid: String,
    pub(crate) claims: Vec<u8>,
}

impl Said {
    pub(crate) fn by(headers: &dyn HeaderLookup) -> Option<Self> {
        let signature = Headers::read(&headers).ok()?.signature;
        let Token { kid, claims, .. } = Token::parse(signature).ok()?;
        Some(Self { kid, claims })
    }
}

impl DynamicVerifier {
    pub(crate) fn now(&self) -> SystemTime {
        self.shared.settings.now()
    }

    /// Why it refuses a request, if it does, with the keys of [`held`](Self::held) or of the caller.
    /// Nobody is told: it is no delivery that is looked at.
    pub(crate) fn refusal(
        &self,
        keys: Option<&KeySet>,
        headers: &dyn HeaderLookup,
        body: &[u8],
        now: SystemTime,
    ) -> Option<Error> {
        let Some(keys) = keys else {
            let no_key = if self.shared.keys.is_some() {
                Error::KeysUnreachable
            } else {
                Error::NoKeySource
            };
            return self.refusal_unread(headers, body.len(), now).or(Some(no_key));
        };
        let (body, now) = (Bytes::copy_from_slice(body), unix_seconds(now));
        self.judge(keys, &headers, body, now, &mut Verdict::default()).err()
    }

    /// Why it refuses a request whose body is not looked into, if it does.
    pub(crate) fn refusal_unread(
        &self,
        headers: &dyn HeaderLookup,
        body_bytes: usize,
        now: SystemTime,
    ) -> Option<Error> {
        let size = self.shared.settings.check_body_size(body_bytes);
        let now = unix_seconds(now);
        size.and_then(|()| self.prepare(&headers, now, &mut Verdict::default()).map(drop)).err()
    }

    /// The keys that its source would answer with at once. Nothing is fetched.
    pub(crate) fn held(&self, headers: &dyn HeaderLookup, now: SystemTime) -> Option<LentKeys> {
        let source = self.shared.keys.as_ref()?;
        let said = Said::by(headers);
        let wanted = said.as_ref().map_or(Wanted::Ed25519, |said| Wanted::Kid(&said.kid));
        source.held(now).or_else(|| source.at_hand(wanted, now))
    }

    pub(crate) fn audiences(&self) -> &[String] {
        self.shared.expected.as_ref().map_or(&[], |expected| &expected.audiences)
    }

    /// What the binding missed in these bytes, which were authenticated.
    pub(crate) fn binding_missed(&self, signed: &[u8]) -> Option<&'static str> {
        let binding = self.shared.binding.load();
        Some((*binding).as_ref()?.missed(Envelope::from_slice(signed).ok().as_ref()))
    }
}
