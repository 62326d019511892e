use std::sync::{Arc, LazyLock};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use gemini_webhooks::testing::{Ed25519Signer, ManualClock};
use gemini_webhooks::{
    Binding, BodyAuthentication, Delivery, DynamicVerifier, DynamicVerifierBuilder, Envelope,
    Error, Event, HeaderLookup, KeySet, Scheme, UnreadableReason, Verifier, WebhookHeader,
};
use serde_json::json;

use super::super::{
    Input, NOW, Peers, WINDOW, headers_of, is_legal, legal_timestamp, own_text, with_bit_changed,
};
use super::{AUDIENCE, CLAIMS, RSA_KEYS, SIGNER, TOKEN, at_once, document};

/// Forgeries of every form are refused, what was signed is accepted, one changed bit is too many,
/// and an endpoint for both kinds says the same.
pub fn dynamic_pipeline(data: &[u8]) {
    let mut input = Input(data);
    let (id, timestamp, signature) = (input.line(), input.line(), input.line());
    let (bit, clock) = (input.number(), input.number());
    let body = Bytes::copy_from_slice(input.0);
    // By this clock a forgery is not refused for its age alone.
    let endpoint = Endpoint::new(data, legal_timestamp(timestamp).unwrap_or(NOW));
    endpoint.refuse(&headers_of([id, timestamp, signature]), &body);

    let Ok(id) = std::str::from_utf8(id) else { return };
    if is_legal(WebhookHeader::Id, id.as_bytes()) {
        endpoint.assert_v1a_holds(id, &body, bit);
        endpoint.assert_static_holds(id, &body, bit);
        endpoint.assert_either_holds(id, &body);
        endpoint.assert_window_is_kept(id, &body, clock);
        assert_jwt_holds(id, &body, bit);
    } else {
        let (timestamp, signature) = endpoint.sign(id, &body);
        let headers = [id.as_bytes(), timestamp.as_bytes(), signature.as_bytes()];
        endpoint.refuse(&headers_of(headers), &body);
    }
}

/// Receives both kinds. Its keys, secret and audience are this input's own.
struct Endpoint {
    signer: Ed25519Signer,
    keys: Arc<KeySet>,
    dynamic: DynamicVerifier,
    mixed: Verifier,
    static_peers: Peers,
    clock: ManualClock,
    now: u64,
}

impl Endpoint {
    fn new(data: &[u8], now: u64) -> Self {
        let own = own_text(data);
        let seed = own.as_bytes().last_chunk().copied().unwrap();
        let signer = Ed25519Signer::from_seed(seed);
        let jwks = document([SIGNER.jwk(), signer.jwk()]);
        let keys = Arc::new(KeySet::from_json(jwks.as_bytes()).unwrap());
        let static_peers = Peers::new(data, now);
        let clock = static_peers.clock.clone();
        let dynamic = DynamicVerifier::builder()
            .audience(own)
            .binding(Binding::dangerous_any_tenant())
            .accept_unsigned_body()
            .keys(Arc::clone(&keys))
            .clock(clock.clone())
            .build()
            .unwrap();
        let mixed = Verifier::new(static_peers.verifier.clone(), dynamic.clone());
        Self { signer, keys, dynamic, mixed, static_peers, clock, now }
    }

    fn verify<H: HeaderLookup + Sync>(&self, headers: &H, body: &Bytes) -> Result<Delivery, Error> {
        let verdict = self.dynamic.verify_with(&self.keys, headers, body.clone());
        let by_source = at_once(self.dynamic.verify(headers, body.clone()));
        assert_eq!(verdict.as_ref().err(), by_source.as_ref().err());
        // Before the body is there only what hangs on it, or on a key, is still open.
        let no_body = async { Err::<Bytes, _>(Error::BodyInterrupted) };
        let early = at_once(Verifier::from(self.dynamic.clone()).receive(headers, no_body)).err();
        let open = early == Some(Error::BodyInterrupted);
        assert!(open || early.as_ref() == verdict.as_ref().err(), "{early:?}");
        verdict
    }

    /// In one go, and with a body that is still to be read.
    fn verify_mixed<H: HeaderLookup + Sync>(
        &self,
        headers: &H,
        body: &Bytes,
    ) -> Result<Delivery, Error> {
        let verdict = at_once(self.mixed.verify(headers, body.clone()));
        let received = at_once(self.mixed.receive(headers, async { Ok(body.clone()) }));
        assert_eq!(received.as_ref().err(), verdict.as_ref().err());
        received
    }

    fn refuse<H: HeaderLookup + Sync>(&self, headers: &H, body: &Bytes) {
        let refusal = self.verify(headers, body).unwrap_err();
        assert!(refusal.status() == 400, "{refusal:?}");
        assert!(self.verify_mixed(headers, body).is_err(), "nobody signed this");
    }

    fn sign(&self, id: &str, body: &[u8]) -> (String, String) {
        let timestamp = self.now.to_string();
        let signature = self.signer.signature(id, &timestamp, body);
        (timestamp, signature)
    }

    fn assert_v1a_holds(&self, id: &str, body: &Bytes, bit: usize) {
        let (timestamp, signature) = self.sign(id, body);
        let fields = [id.as_bytes(), timestamp.as_bytes(), signature.as_bytes(), body];
        let headers = headers_of([fields[0], fields[1], fields[2]]);
        for delivery in [self.verify(&headers, body), self.verify_mixed(&headers, body)] {
            let delivery = delivery.unwrap();
            assert_eq!(*delivery.scheme(), Scheme::Ed25519);
            assert_eq!(delivery.body_authentication(), BodyAuthentication::Signed);
            assert_eq!((delivery.id().as_str(), delivery.raw()), (id, body));
            assert_event_is(&delivery, body);
        }
        self.refuse_changed(fields, bit);
    }

    fn assert_static_holds(&self, id: &str, body: &Bytes, bit: usize) {
        let timestamp = self.now.to_string();
        let signature = self.static_peers.signer.signature(id, &timestamp, body);
        let fields = [id.as_bytes(), timestamp.as_bytes(), signature.as_bytes(), body];
        let headers = headers_of([fields[0], fields[1], fields[2]]);
        let delivery = self.verify_mixed(&headers, body).unwrap();
        assert!(matches!(delivery.scheme(), Scheme::Static(_)));
        self.refuse_changed(fields, bit);
        // The dynamic side has nothing to judge there.
        self.verify(&headers, body).unwrap_err();
    }

    /// Of a header with entries for both verifiers one is enough.
    fn assert_either_holds(&self, id: &str, body: &Bytes) {
        let (timestamp, v1a) = self.sign(id, body);
        let v1 = self.static_peers.signer.signature(id, &timestamp, body);
        let (no_v1, short, no_v1a) =
            (format!("v1,{}=", "A".repeat(43)), "v1,short", format!("v1a,{}==", "A".repeat(86)));
        for (signature, is_static) in [
            (format!("{v1} {v1a}"), true),
            (format!("{no_v1a} {v1}"), true),
            (format!("{no_v1} {v1a}"), false),
            (format!("{v1a} {short}"), false),
        ] {
            let headers = headers_of([id.as_bytes(), timestamp.as_bytes(), signature.as_bytes()]);
            let delivery = self.verify_mixed(&headers, body).unwrap();
            assert_eq!(matches!(delivery.scheme(), Scheme::Static(_)), is_static);
        }
        let neither = format!("{no_v1} {no_v1a}");
        let headers = headers_of([id.as_bytes(), timestamp.as_bytes(), neither.as_bytes()]);
        assert_eq!(self.verify_mixed(&headers, body).unwrap_err(), Error::SignatureMismatch);
    }

    fn refuse_changed(&self, fields: [&[u8]; 4], bit: usize) {
        let [id, timestamp, signature, body] = with_bit_changed(fields, bit);
        self.refuse(&headers_of([&id, &timestamp, &signature]), &body.into());
    }

    /// The same request at another time, just inside or just outside the window.
    fn assert_window_is_kept(&self, id: &str, body: &Bytes, clock: usize) {
        let (timestamp, signature) = self.sign(id, body);
        let headers = headers_of([id.as_bytes(), timestamp.as_bytes(), signature.as_bytes()]);
        let shift = u64::try_from(clock).unwrap() % (2 * WINDOW + 3);
        let later = (self.now + shift).saturating_sub(WINDOW + 1);
        self.clock.set(UNIX_EPOCH + Duration::from_secs(later));
        let (off, limit) = (later.abs_diff(self.now), WINDOW);
        let expected = match later > self.now {
            _ if off <= limit => None,
            true => Some(Error::TooOld { age: off, limit }),
            false => Some(Error::TooNew { ahead: off, limit }),
        };
        assert_eq!(self.verify(&headers, body).err(), expected);
        assert_eq!(self.verify_mixed(&headers, body).err(), expected);
    }
}

/// The token of a bearer, which says nothing of an event.
static BEARER: LazyLock<String> =
    LazyLock::new(|| SIGNER.token(&json!({ "aud": AUDIENCE, "exp": NOW + 300, "iat": NOW })));
static TIMESTAMP: LazyLock<String> = LazyLock::new(|| NOW.to_string());
static STRICT: LazyLock<DynamicVerifier> = LazyLock::new(|| builder().build().unwrap());
static ACCEPTING: LazyLock<DynamicVerifier> =
    LazyLock::new(|| builder().accept_unsigned_body().build().unwrap());

fn builder() -> DynamicVerifierBuilder {
    DynamicVerifier::builder().audience(AUDIENCE).clock(ManualClock::at(NOW))
}

/// Tokens that were signed beforehand, beside any id and any body.
fn assert_jwt_holds(id: &str, body: &Bytes, bit: usize) {
    let verify = |verifier: &DynamicVerifier, token: &[u8]| {
        let headers = headers_of([id.as_bytes(), TIMESTAMP.as_bytes(), token]);
        verifier.verify_with(&RSA_KEYS, &headers, body.clone())
    };
    for verifier in [&*STRICT, &*ACCEPTING] {
        match verify(verifier, TOKEN.as_bytes()) {
            Ok(delivery) => {
                assert!(agrees(body), "the body is another event");
                assert_eq!(delivery.body_authentication(), BodyAuthentication::Claims);
                assert_eq!((delivery.id().as_str(), delivery.request_body()), (id, body));
                assert_event_is(&delivery, CLAIMS.to_string().as_bytes());
            }
            Err(error) => {
                assert_eq!(error, Error::BodyDiffers);
                assert!(!agrees(body));
            }
        }
        let bytes = TOKEN.len();
        let mut changed = TOKEN.clone().into_bytes();
        changed[bit / 8 % bytes] ^= 1 << (bit % 8);
        verify(verifier, &changed).unwrap_err();
    }
    assert_eq!(verify(&STRICT, BEARER.as_bytes()).unwrap_err(), Error::BodyNotSigned);
    let delivery = verify(&ACCEPTING, BEARER.as_bytes()).unwrap();
    assert_eq!(delivery.body_authentication(), BodyAuthentication::Unsigned);
    assert_event_is(&delivery, body);
}

/// Empty, no event at all, or an event that contradicts none of the claims.
fn agrees(body: &[u8]) -> bool {
    if body.is_empty() {
        return true;
    }
    let claims = Envelope::from_slice(CLAIMS.to_string().as_bytes()).unwrap();
    // Some readers skip a byte order mark, or take a zero in front for UTF-16.
    let text = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body).trim_ascii_start();
    let is_object = text.first() == Some(&b'{') || body.first() == Some(&0);
    let body = match Envelope::from_slice(body) {
        Ok(body) => body,
        Err(UnreadableReason::NotUtf8) => return false,
        Err(UnreadableReason::NotAnEnvelope) => return true,
        Err(_) => return !is_object,
    };
    let data = |envelope: &Envelope| serde_json::to_value(envelope).unwrap().get("data").cloned();
    body.event().type_name() == claims.event().type_name()
        && data(&body) == data(&claims)
        && body.timestamp().is_none_or(|time| Some(time) == claims.timestamp())
        && body.version().is_none_or(|version| Some(version) == claims.version())
        // The claims have both in their usual form, so that any other contradicts them.
        && ["timestamp", "version"].iter().all(|name| body.extra().get(name).is_none())
}

fn assert_event_is(delivery: &Delivery, json: &[u8]) {
    match (Envelope::from_slice(json), delivery.event()) {
        (Ok(envelope), event) => assert_eq!(*event, envelope.into_event()),
        (Err(expected), Event::Unreadable { reason, .. }) => assert_eq!(*reason, expected),
        (Err(expected), event) => panic!("{event:?} although {expected}"),
    }
}
