use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use gemini_webhooks::limits::{MAX_BINDING_TOKENS, MIN_BINDING_TOKEN_BYTES};
use gemini_webhooks::testing::{Ed25519Signer, ManualClock};
use gemini_webhooks::{
    Binding, Clock, Delivery, DynamicVerifier, Envelope, Error, JobOwner, KeySet,
};
use serde_json::Value;

use super::super::{Input, NOW};
use super::key_set;
use super::tree::Tree;

/// A delivery is ours by its token or by its job and in no other way, and what goes into a queue holds
/// no token.
pub fn binding(data: &[u8]) {
    let mut input = Input(data);
    let (member, token, count) = (input.line(), input.line(), input.number());
    let body = Bytes::copy_from_slice(input.0);
    let member = String::from_utf8_lossy(member).into_owned();
    // What cannot be read as an event is nobody's, even if it could be read as JSON.
    let event = Envelope::from_slice(&body).ok().and_then(|_| Tree::read(&body));
    let mut tokens = vec![ANOTHER; count % (MAX_BINDING_TOKENS + 2)];
    if let Some(last) = tokens.last_mut() {
        *last = token;
    }
    if let Some(binding) = binding_of(&member, &tokens) {
        let found = event.as_ref().and_then(|event| token_in(event, &member));
        let ours = found.is_some_and(|found| tokens.contains(&found.as_bytes()));
        match verify(binding, &body) {
            Ok(delivery) => {
                assert!(ours, "the delivery of a stranger");
                assert_queue_holds_no_token(delivery, &member);
            }
            Err(error) => assert_eq!((error, ours), (Error::NotOurs, false)),
        }
    }
    let job = event.as_ref().and_then(|event| event.get("data")?.get("id")?.text());
    for (owner, expected) in [
        (JobOwner::Ours, None),
        (JobOwner::NotOurs, Some(Error::NotOurs)),
        (JobOwner::NotYetKnown, Some(Error::JobNotYetKnown)),
    ] {
        let asked_for = job.map(str::to_owned);
        let binding = Binding::job(move |id| {
            assert_eq!(Some(id), asked_for.as_deref());
            owner
        });
        let expected = if job.is_some() { expected } else { Some(Error::NotOurs) };
        assert_eq!(verify(binding, &body).err(), expected);
    }
}

/// A token that is valid at the same time.
const ANOTHER: &[u8] = b"another token, for a rotation";

fn binding_of(member: &str, tokens: &[&[u8]]) -> Option<Binding> {
    let legal = (1..=MAX_BINDING_TOKENS).contains(&tokens.len())
        && tokens.iter().all(|token| token.len() >= MIN_BINDING_TOKEN_BYTES);
    let binding = match tokens {
        [token] => Binding::metadata_token(member, token),
        tokens => Binding::metadata_tokens(member, tokens),
    };
    assert_eq!(binding.is_ok(), legal);
    let shown = format!("{binding:?}");
    assert!(["Ok(Binding(metadata token))", "Err(BindingToken)"].contains(&shown.as_str()));
    binding.ok()
}

/// At the top level, or else inside `data`.
fn token_in<'t>(event: &'t Tree, member: &str) -> Option<&'t str> {
    let top = event.get("user_metadata");
    let inside = event.get("data").and_then(|data| data.get("user_metadata"));
    [top, inside].into_iter().flatten().find_map(|metadata| metadata.get(member)?.text())
}

static SENDER: LazyLock<Ed25519Signer> = LazyLock::new(|| Ed25519Signer::from_seed([1; 32]));
static KEYS: LazyLock<Arc<KeySet>> = LazyLock::new(|| Arc::new(key_set([SENDER.jwk()])));

/// By a verifier that had another binding before.
fn verify(binding: Binding, body: &Bytes) -> Result<Delivery, Error> {
    let clock = ManualClock::at(NOW);
    let request = SENDER.sign("msg_1", clock.now(), body.clone());
    let nobody = Binding::job(|_| JobOwner::NotOurs);
    let builder = DynamicVerifier::builder().binding(nobody).keys(Arc::clone(&KEYS));
    let verifier = builder.clock(clock).build().unwrap();
    verifier.replace_binding(binding);
    let verdict = verifier.verify_with(&KEYS, &request.headers, request.body);
    #[cfg(feature = "explain")]
    if let Err(refusal) = &verdict {
        let explainer = gemini_webhooks::explain::Explainer::new(verifier);
        let explanation = explainer.explain(&request.headers, body);
        super::super::explain::assert_explains(&explanation, refusal);
    }
    verdict
}

fn assert_queue_holds_no_token(delivery: Delivery, member: &str) {
    let metadata = delivery.user_metadata().cloned();
    let record = serde_json::to_value(delivery.into_record()).unwrap();
    let envelope = &record["envelope"];
    for place in [&envelope["user_metadata"], &envelope["data"]["user_metadata"]] {
        assert_eq!(place.get(member), None);
    }
    // Nothing else is taken away.
    let kept = [&envelope["user_metadata"], &envelope["data"]["user_metadata"]];
    let without_token = |mut metadata: Value| {
        metadata.as_object_mut().map(|members| members.remove(member));
        metadata
    };
    if let Some(metadata) = metadata.map(without_token) {
        assert!(kept.contains(&&metadata), "{metadata} was lost");
    }
}
