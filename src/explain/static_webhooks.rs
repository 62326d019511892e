//! Why a static webhook is refused.

use super::Kind;
use super::budget::Budget;
use super::cause::Cause;
use super::finding::Finding;
use super::hints;
use super::request::{Fields, Request};
use super::search::{self, NOTHING_ELSE, Proof};
use super::shown::Shown;
use super::spelling::{Signatures, Spelling};
use crate::error::{Error, HeaderProblem, SeenScheme};
use crate::verify_static::{MacKey, Reading, Secret, StaticVerifier};

pub(super) struct StaticKind<'e> {
    pub(super) verifier: &'e StaticVerifier,
    /// Secrets that the caller remembers.
    pub(super) retired: &'e [Secret],
}

impl Kind for StaticKind<'_> {
    fn checks(&self, request: &Request<'_>) -> usize {
        self.verifier.with_secrets(|secrets| active(secrets, request).count())
    }

    fn refusal(&self, request: &Request<'_>) -> Option<Error> {
        self.verifier.refusal(request.headers, request.body, request.now)
    }

    fn refusal_unread(&self, request: &Request<'_>) -> Option<Error> {
        self.verifier.refusal_unread(request.headers, request.body.len(), request.now)
    }

    fn finding(&self, error: &Error, request: &Request<'_>, budget: &Budget) -> Finding {
        match error {
            Error::SignatureMismatch
            | Error::NoActiveSecret
            | Error::SchemeNotConfigured { saw: SeenScheme::Unknown }
            | Error::MalformedHeader { problem: HeaderProblem::NoWellFormedEntry, .. } => self
                .signature(request, budget)
                .or_else(|| hints::find(request).filter(|_| *error == Error::SignatureMismatch))
                .unwrap_or_else(|| self.unexplained(error, request, budget)),
            error => Finding::of(error),
        }
    }

    /// Looks for the secret and the text that the signature is right for.
    fn signature(&self, request: &Request<'_>, budget: &Budget) -> Option<Finding> {
        let fields = request.fields()?;
        let signatures = Signatures::read(fields.signature, b"v1,");
        if signatures.is_empty() {
            return None;
        }
        let search = Search { request, fields, signatures, budget };
        self.verifier.with_secrets(|secrets| {
            search
                .spelled_otherwise(secrets)
                .or_else(|| search.signed_by_retired(secrets, self.retired))
                .or_else(|| search.read_otherwise(secrets))
                .or_else(|| search.of_another_text(secrets))
        })
    }
}

impl StaticKind<'_> {
    fn unexplained(&self, error: &Error, request: &Request<'_>, budget: &Budget) -> Finding {
        if *error != Error::SignatureMismatch {
            return Finding::of(error);
        }
        let secrets = self.verifier.with_secrets(|secrets| active(secrets, request).count());
        let (plural, retired) = (if secrets == 1 { "" } else { "s" }, self.retired.len());
        let all = budget.so_far();
        let what = format!(
            "no signature is right by {secrets} secret{plural} and {retired} retired ones, and {all}no \
             other reading of a secret, {NOTHING_ELSE}",
        );
        Finding::new(Cause::Unexplained, what)
    }
}

/// The secrets that are accepted, each with its place.
fn active<'s>(
    secrets: &'s [Secret],
    request: &Request<'_>,
) -> impl Iterator<Item = (usize, &'s Secret)> {
    let now = request.now;
    (1..).zip(secrets).filter(move |(_, secret)| !secret.is_retired(now))
}

struct Search<'s> {
    request: &'s Request<'s>,
    fields: Fields<'s>,
    signatures: Signatures<32>,
    budget: &'s Budget,
}

impl Search<'_> {
    fn by<'k>(&'k self, keys: impl IntoIterator<Item = &'k MacKey>) -> V1<'k> {
        V1 { keys: keys.into_iter().collect(), signatures: &self.signatures }
    }

    fn spelling_by(&self, key: &MacKey) -> Option<Spelling> {
        search::as_it_should_be(&self.by([key]), &self.fields, self.budget)
    }

    /// In the right spelling the verifier itself would have found it.
    fn spelled_otherwise(&self, secrets: &[Secret]) -> Option<Finding> {
        if !self.signatures.has_odd() {
            return None;
        }
        let keys = self.by(active(secrets, self.request).map(|(_, secret)| secret.key()));
        let fault = search::as_it_should_be(&keys, &self.fields, self.budget)?.fault()?;
        Some(Finding::new(Cause::SignatureSpelling, format!("the signature is right, but {fault}")))
    }

    fn signed_by_retired(&self, secrets: &[Secret], remembered: &[Secret]) -> Option<Finding> {
        let numbered = (1..).zip(secrets);
        let retired = numbered.filter(|(_, secret)| secret.is_retired(self.request.now));
        let ours = retired.map(|(place, secret)| (format!("secret {place}"), secret));
        let numbered = (1..).zip(remembered);
        let theirs = numbered.map(|(place, secret)| (format!("retired secret {place}"), secret));
        ours.chain(theirs).find_map(|(name, secret)| {
            self.spelling_by(secret.key())?;
            let name = named(&name, secret);
            let what = format!("the request is signed with {name}, which is no longer accepted");
            Some(Finding::new(Cause::SecretRetired, what))
        })
    }

    fn read_otherwise(&self, secrets: &[Secret]) -> Option<Finding> {
        active(secrets, self.request).find_map(|(place, secret)| {
            let signed_by = |(_, key): &&(Reading, MacKey)| self.spelling_by(key).is_some();
            let (reading, _) = secret.readings().iter().find(signed_by)?;
            let how = match reading {
                Reading::Text => {
                    "the characters behind `whsec_` (Secret::from_raw_bytes), as of some secrets from \
                     before 2026-05-04"
                }
                Reading::WholeText => "all its characters, with `whsec_` (Secret::from_raw_bytes)",
                Reading::Decoded => "what its base64 decodes to (Secret::parse)",
            };
            let name = named(&format!("secret {place}"), secret);
            let what = format!("the request is signed with {name}, and its key is {how}");
            Some(Finding::new(Cause::SecretReading, what))
        })
    }

    fn of_another_text(&self, secrets: &[Secret]) -> Option<Finding> {
        let keys = self.by(active(secrets, self.request).map(|(_, secret)| secret.key()));
        search::otherwise(&keys, &self.fields, self.budget)
    }
}

/// The signatures of static webhooks: a MAC for each key.
struct V1<'k> {
    keys: Vec<&'k MacKey>,
    signatures: &'k Signatures<32>,
}

impl Proof for V1<'_> {
    fn of(&self, text: &[&[u8]], budget: &Budget) -> Option<Spelling> {
        let mut keys = self.keys.iter().take_while(|_| budget.take());
        keys.find_map(|key| self.signatures.spelling_of(&key.tag(text)))
    }
}

fn named(name: &str, secret: &Secret) -> String {
    match secret.label() {
        Some(label) => format!("{name} ({})", Shown(label)),
        None => name.to_owned(),
    }
}
