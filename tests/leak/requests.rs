//! Requests full of marks, for every way in which one can be accepted or refused.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use gemini_webhooks::testing::{
    Ed25519Signer, JwtSigner, ManualClock, SignedRequest, StaticSigner, TestRsaKey, jwks,
};
use gemini_webhooks::{
    Binding, CachedKeys, Clock, DynamicVerifier, DynamicVerifierBuilder, Fetch, FetchFuture,
    FetchProblem, FetchRequest, JobOwner, KeySet, Secret, StaticVerifier, StaticVerifierBuilder,
    Verdict, Verifier,
};
use serde_json::{Value, json};

use crate::marks::{Marks, mark};

thread_local! {
    /// When this test first asked: the programs look at the real time.
    static NOW: u64 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
}

fn now() -> u64 {
    NOW.with(|now| *now)
}

pub(crate) const AUDIENCE: &str = "my-project-client-id";
const ISSUER: &str = "https://issuer.example.com";

/// What nobody may be shown, whatever comes in.
pub(crate) fn secrets() -> Marks {
    let keys = [mark("secret"), mark("old secret")].map(|key| secret_text(key.as_bytes()));
    let marks = Marks::named(["secret", "old secret", "token", "old token", "seed", "password"]);
    keys.iter().fold(marks, |marks, text| marks.and("a secret's text", text))
}

/// What is shown on purpose by few, and by no error and no log.
pub(crate) fn contents() -> Marks {
    Marks::named(["id", "field", "body", "header"])
}

pub(crate) fn secret_text(key: &[u8]) -> String {
    format!("whsec_{}", BASE64_STANDARD.encode(key))
}

pub(crate) fn secret(name: &str) -> Secret {
    Secret::parse(&secret_text(mark(name).as_bytes())).unwrap()
}

pub(crate) fn clock() -> ManualClock {
    ManualClock::at(now())
}

pub(crate) fn ed25519() -> Ed25519Signer {
    Ed25519Signer::from_seed(mark("seed").into_bytes().try_into().unwrap())
}

pub(crate) fn jwt() -> JwtSigner {
    JwtSigner::new("key-1", TestRsaKey::One)
}

pub(crate) fn key_set() -> KeySet {
    KeySet::from_json(jwks([jwt().jwk(), ed25519().jwk()]).as_bytes()).unwrap()
}

fn tell(verdict: &Verdict) {
    tracing::info!(?verdict, outcome = verdict.outcome());
}

pub(crate) fn static_builder() -> StaticVerifierBuilder {
    StaticVerifier::builder().max_body_bytes(16 * 1024).clock(clock()).on_verdict(tell)
}

pub(crate) fn static_verifier() -> StaticVerifier {
    static_builder().secrets([secret("secret"), secret("old secret")]).build().unwrap()
}

pub(crate) fn binding() -> Binding {
    Binding::metadata_tokens("token", [mark("token"), mark("old token")]).unwrap()
}

pub(crate) fn dynamic_builder() -> DynamicVerifierBuilder {
    DynamicVerifier::builder().audience(AUDIENCE).issuer(ISSUER).clock(clock()).on_verdict(tell)
}

fn dynamic_verifier(binding: Binding) -> DynamicVerifier {
    dynamic_builder().binding(binding).keys(Arc::new(key_set())).build().unwrap()
}

/// For both kinds.
pub(crate) fn verifier() -> Verifier {
    Verifier::new(static_verifier(), dynamic_verifier(binding()))
}

/// An event with a mark wherever the sender can put one.
pub(crate) fn event() -> Value {
    json!({
        "type": "batch.succeeded",
        "version": "v1",
        "timestamp": "2026-01-22T12:00:00Z",
        "data": {
            "id": mark("field"),
            "output_file_uri": format!("gs://{}", mark("field")),
            "region": mark("body"),
        },
        "user_metadata": { "token": mark("token"), "other": mark("body") },
        "extra": [mark("body")],
    })
}

pub(crate) fn claims() -> Value {
    let mut claims = event();
    claims["aud"] = AUDIENCE.into();
    claims["iss"] = ISSUER.into();
    claims["iat"] = now().into();
    claims["exp"] = (now() + 600).into();
    claims["jti"] = mark("body").into();
    claims
}

/// A request as it arrives; its headers may hold what HTTP does not allow.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Bytes,
}

impl From<SignedRequest> for Request {
    fn from(SignedRequest { headers, body }: SignedRequest) -> Self {
        let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.as_str().to_owned(), value.as_bytes().to_owned())
        };
        Self { headers: headers.iter().map(text).collect(), body }
    }
}

impl Request {
    pub(crate) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.retain(|(found, _)| found != name);
        self.and(name, value)
    }

    fn and(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    fn with_body(self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self }
    }

    fn with_signature(self, value: impl AsRef<[u8]>) -> Self {
        self.with("webhook-signature", value)
    }

    /// The signature as marks: the whole header, and what its base64 stands for.
    pub(crate) fn signatures(&self) -> Marks {
        let values = self.headers.iter().filter(|(name, _)| name == "webhook-signature");
        values.fold(Marks::default(), |marks, (_, value)| {
            let segments = value.split(|byte| b" ,.".contains(byte));
            let signature = segments.max_by_key(|segment| segment.len()).unwrap_or_default();
            let decoded = BASE64_STANDARD.decode(signature).unwrap_or_default();
            marks.and("the signature", value).and("the signature", decoded)
        })
    }
}

pub(crate) fn static_request() -> Request {
    let signer = StaticSigner::new(&secret("secret")).and(&secret("old secret"));
    signer.sign(&mark("id"), clock().now(), event().to_string()).into()
}

pub(crate) fn v1a_request() -> Request {
    ed25519().sign(&mark("id"), clock().now(), event().to_string()).into()
}

pub(crate) fn jwt_request(claims: &Value) -> Request {
    jwt().sign(&mark("id"), clock().now(), claims, event().to_string()).into()
}

/// A token with this header and these claims, signed with the good key.
fn token_request(header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> Request {
    jwt_request(&claims_with("jti", mark("body"))).with_signature(jwt().token_of(header, claims))
}

fn claims_with(claim: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims();
    claims[claim] = value.into();
    claims
}

pub(crate) fn accepted() -> Vec<Request> {
    vec![static_request(), v1a_request(), jwt_request(&claims())]
}

/// Every refusal that one verifier for both kinds can come to.
pub(crate) fn refused() -> Vec<Request> {
    [headers(), lists(), tokens(), events()].concat()
}

fn headers() -> Vec<Request> {
    let good = static_request;
    let marked = mark("header");
    let mut requests = Vec::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        requests.extend([
            good().with(name, ""),
            good().and(name, &marked),
            good().with(name, format!("{marked}\u{e9}")),
            good().with(name, [marked.as_bytes(), b"\r\n\0"].concat()),
            good().with(name, marked.repeat(1000)),
        ]);
    }
    requests.extend([
        good().with("webhook-id", format!("{marked}.{marked}")),
        good().with("webhook-timestamp", "1700000000"),
        good().with("webhook-timestamp", "1900000000"),
        good().with("webhook-timestamp", format!("0{}", now())),
        good().with_body(mark("body").repeat(1000)),
        good().with_body(mark("body")),
    ]);
    requests
}

fn lists() -> Vec<Request> {
    let marked = mark("header");
    let entries = |entry: &str, count: usize| vec![entry; count].join(" ");
    let v1 = format!("v1,{}", BASE64_STANDARD.encode(&marked));
    let v1a = format!("v1a,{}", BASE64_STANDARD.encode(marked.repeat(2)));
    vec![
        static_request().with_signature(&v1),
        static_request().with_signature(entries(&v1, 16)),
        static_request().with_signature(entries(&v1, 17)),
        static_request().with_signature(format!("v1,{marked}")),
        static_request().with_signature(format!("v9,{marked}")),
        v1a_request().with_signature(&v1a),
        v1a_request().with_signature(entries(&v1a, 5)),
        v1a_request().with_signature(format!("v1a,{marked}")),
    ]
}

fn tokens() -> Vec<Request> {
    const RS256: &str = r#"{"alg":"RS256","kid":"key-1"}"#;
    let claims = claims();
    let header = |members: Value| token_request(members.to_string(), claims.to_string());
    let of = |claim: &str, value: Value| jwt_request(&claims_with(claim, value));
    let marked = mark("header");
    let text = BASE64_URL_SAFE_NO_PAD.encode(&marked);
    let signed = |header: &str, claims: &str| {
        jwt_request(&Value::Null).with_signature(format!("{header}.{claims}.{text}"))
    };
    vec![
        signed(
            &BASE64_URL_SAFE_NO_PAD.encode(RS256),
            &BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()),
        ),
        signed(&text, &text),
        signed("", &text),
        signed("a", &text),
        signed(&text.repeat(100), &text),
        jwt_request(&claims).with_signature(format!("e30.e30.{}", text.repeat(100))),
        header(json!({ "alg": marked, "kid": "key-1" })),
        header(json!({ "alg": "RS256", "kid": format!("{marked}\n") })),
        header(json!({ "alg": "RS256", "kid": marked })),
        header(json!({ "alg": "RS256", "kid": "key-1", "typ": marked })),
        header(json!({ "alg": "RS256", "kid": "key-1", "jku": marked })),
        token_request(RS256, format!(r#"{{"aud":{marked}}}"#)),
        token_request(RS256, json!({ "aud": AUDIENCE, "iss": ISSUER, "jti": marked }).to_string()),
        of("aud", marked.clone().into()),
        of("iss", marked.clone().into()),
        of("exp", (now() - 60).into()),
        of("exp", (now() + 100_000_000).into()),
        of("nbf", (now() + 100).into()),
        of("iat", (now() - 1000).into()),
        of("type", Value::Null).with_body(event().to_string().replace("batch", "other")),
    ]
}

fn events() -> Vec<Request> {
    let mut without_event = claims();
    without_event.as_object_mut().unwrap().remove("data");
    let mut other = event();
    other["user_metadata"]["token"] = mark("header").into();
    let foreign = ed25519().sign(&mark("id"), clock().now(), other.to_string()).into();
    let unreadable = format!("{{{}", event());
    let unreadable = ed25519().sign(&mark("id"), clock().now(), unreadable).into();
    let differs = event().to_string().replace("batch.succeeded", "batch.expired");
    vec![
        jwt_request(&without_event),
        jwt_request(&claims()).with_body(differs),
        foreign,
        unreadable,
    ]
}

/// Answers no fetch.
pub(crate) struct Down;

impl Fetch for Down {
    fn fetch(&self, _: FetchRequest) -> FetchFuture {
        Box::pin(async { Err(FetchProblem::Unreachable) })
    }
}

/// A cache whose endpoint is down, at a URL with a password.
pub(crate) fn cache_without_keys() -> CachedKeys {
    let url = format!("https://user:{}@keys.example.com", mark("password"));
    CachedKeys::builder(url, Down).clock(clock()).build().unwrap()
}

/// Verifiers that have a refusal of their own, each with a request that would be accepted.
pub(crate) fn set_up_wrongly() -> Vec<(Verifier, Request)> {
    let retired = secret("secret").retire_at(UNIX_EPOCH + Duration::from_secs(now()));
    let retired = static_builder().secret(retired).build().unwrap();
    let not_yet = dynamic_verifier(Binding::job(|_| JobOwner::NotYetKnown));
    let without_keys = dynamic_builder().build().unwrap();
    let unreachable = dynamic_builder().keys(cache_without_keys()).build().unwrap();
    let static_alone = || Verifier::from(static_verifier());
    let dynamic_alone = dynamic_verifier(binding());
    vec![
        (retired.into(), static_request()),
        (not_yet.into(), v1a_request()),
        (without_keys.into(), jwt_request(&claims())),
        (unreachable.into(), jwt_request(&claims())),
        (static_alone(), v1a_request()),
        (static_alone(), jwt_request(&claims())),
        (dynamic_alone.into(), static_request()),
    ]
}
