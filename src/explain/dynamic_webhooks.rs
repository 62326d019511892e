//! Why a dynamic webhook is refused.

use super::Kind;
use super::budget::Budget;
use super::cause::Cause;
use super::finding::Finding;
use super::hints;
use super::request::Request;
use super::search::{self, NOTHING_ELSE, Proof};
use super::shown::Shown;
use super::spelling::{Signatures, Spelling};
use super::token;
use crate::error::{Error, HeaderProblem, SeenScheme};
use crate::limits::MAX_V1A_ENTRIES;
use crate::verify_dynamic::explained::Said;
use crate::verify_dynamic::{DynamicVerifier, KeySet, LentKeys};

pub(super) struct DynamicKind<'e> {
    pub(super) verifier: &'e DynamicVerifier,
    /// The caller's keys, or those that the verifier's source holds.
    pub(super) given: Option<&'e KeySet>,
    pub(super) held: Option<LentKeys>,
}

impl Kind for DynamicKind<'_> {
    fn checks(&self, request: &Request<'_>) -> usize {
        if Said::by(request.headers).is_some() {
            return 1;
        }
        let fields = request.fields();
        let count = |header| Signatures::<64>::read(header, b"v1a,").canonical();
        let signatures = fields.map_or(0, |fields| count(fields.signature)).min(MAX_V1A_ENTRIES);
        self.keys().map_or(0, KeySet::ed25519_count).saturating_mul(signatures)
    }

    fn refusal(&self, request: &Request<'_>) -> Option<Error> {
        self.verifier.refusal(self.keys(), request.headers, request.body, request.now)
    }

    fn refusal_unread(&self, request: &Request<'_>) -> Option<Error> {
        self.verifier.refusal_unread(request.headers, request.body.len(), request.now)
    }

    fn finding(&self, error: &Error, request: &Request<'_>, budget: &Budget) -> Finding {
        let said = Said::by(request.headers);
        let detailed = match (error, &said) {
            (Error::UnknownKey, Some(said)) => self.keys().map(|keys| unknown_key(keys, &said.kid)),
            (Error::NotOurs, said) => self.not_ours(said.as_ref(), request),
            (Error::MalformedToken { problem }, _) => Some(token::malformed(*problem, request)),
            (Error::SignatureMismatch, Some(said)) => Some(forged_token(&said.kid)),
            (
                Error::SignatureMismatch
                | Error::SchemeNotConfigured { saw: SeenScheme::Unknown }
                | Error::MalformedHeader { problem: HeaderProblem::NoWellFormedEntry, .. },
                None,
            ) => self
                .signature(request, budget)
                .or_else(|| hints::find(request).filter(|_| *error == Error::SignatureMismatch))
                .or_else(|| self.unexplained(error, budget)),
            (error, Some(said)) => token::finding(error, said, self.verifier.audiences(), request),
            _ => None,
        };
        detailed.unwrap_or_else(|| Finding::of(error))
    }

    /// Looks for the text that a `v1a` signature is right for.
    fn signature(&self, request: &Request<'_>, budget: &Budget) -> Option<Finding> {
        let (fields, keys) = (request.fields()?, self.keys()?);
        let signatures = Signatures::read(fields.signature, b"v1a,");
        if signatures.is_empty() {
            return None;
        }
        let proof = V1a { keys, signatures: &signatures };
        if signatures.has_odd()
            && let Some(fault) =
                search::as_it_should_be(&proof, &fields, budget).and_then(Spelling::fault)
        {
            let what = format!("the signature is right, but {fault}");
            return Some(Finding::new(Cause::SignatureSpelling, what));
        }
        search::otherwise(&proof, &fields, budget)
    }
}

impl DynamicKind<'_> {
    fn keys(&self) -> Option<&KeySet> {
        self.given.or(self.held.as_deref())
    }

    fn not_ours(&self, said: Option<&Said>, request: &Request<'_>) -> Option<Finding> {
        let signed = said.map_or(request.body, |said| &said.claims);
        let missed = self.verifier.binding_missed(signed)?;
        let what = format!("the delivery is authentic, and {missed}");
        Some(Finding::new(Cause::BindingNotOurs, what))
    }

    fn unexplained(&self, error: &Error, budget: &Budget) -> Option<Finding> {
        let keys = self.keys().map_or(0, KeySet::ed25519_count);
        let all = budget.so_far();
        let what = format!(
            "no v1a signature is right by the {keys} Ed25519 keys that are held, and \
             {all}{NOTHING_ELSE}",
        );
        (*error == Error::SignatureMismatch).then(|| Finding::new(Cause::Unexplained, what))
    }
}

fn unknown_key(keys: &KeySet, kid: &str) -> Finding {
    let skipped = keys.skipped().iter().find(|skipped| skipped.kid.as_deref() == Some(kid));
    if let Some(skipped) = skipped {
        let what = format!("the token's key {} was skipped ({})", Shown(kid), skipped.reason);
        return Finding::new(Cause::KeySkipped, what);
    }
    let (usable, skipped) = (keys.kids().count(), keys.skipped().len());
    let what = format!(
        "the token's key {} is not among the {usable} RSA keys that are held, nor among the {skipped} \
         keys that were skipped",
        Shown(kid),
    );
    Finding::new(Cause::KeyUnknown, what)
}

fn forged_token(kid: &str) -> Finding {
    let what = format!(
        "the token names key {}, and that key did not sign it: its header and claims are not what was \
         signed, or another key has this name",
        Shown(kid),
    );
    Finding::new(Cause::Unexplained, what)
}

/// The signatures of dynamic webhooks in the observed form: each with each key.
struct V1a<'k> {
    keys: &'k KeySet,
    signatures: &'k Signatures<64>,
}

impl Proof for V1a<'_> {
    fn of(&self, text: &[&[u8]], budget: &Budget) -> Option<Spelling> {
        let text = text.concat();
        self.signatures.first(|signature| {
            let mut keys = self.keys.ed25519().iter().take_while(|_| budget.take());
            keys.any(|key| key.verifies(&text, signature))
        })
    }
}
