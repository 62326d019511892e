//! Static webhooks beside a bare SHA-256 of the same body and beside the peers.
//!
//! `cargo bench -p gemini-webhooks-benches --bench verify_static`

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use gemini_webhooks::testing::{SignedRequest, StaticSigner};
use gemini_webhooks::{Envelope, Secret, StaticVerifier};
use gemini_webhooks_benches::{Group, print_head};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
const ID: &str = "msg_0f8fad5b-d9cb-469f-a165-70867728950e";

fn main() {
    print_head();
    for bytes in [300, 1024, 4 * 1024, 64 * 1024, 1024 * 1024] {
        valid(bytes);
        wrong(bytes);
    }
    several_secrets(300);
    hostile();
    events();
}

fn secret() -> Secret {
    Secret::parse(SECRET).unwrap()
}

fn other_secret(n: u8) -> Secret {
    Secret::from_raw_bytes([n; 32]).unwrap()
}

fn verifier(secrets: impl IntoIterator<Item = Secret>) -> StaticVerifier {
    StaticVerifier::builder().secrets(secrets).build().unwrap()
}

/// An event of exactly this many bytes.
fn event_of(bytes: usize) -> Vec<u8> {
    let start = r#"{"type":"batch.succeeded","version":"v1","timestamp":"2026-01-22T12:00:00Z","data":{"id":"batches/0f8fad5b-d9cb-469f-a165-70867728950e","output_file_uri":"gs://my-bucket/"#;
    let end = r#".jsonl"}}"#;
    let name = "r".repeat(bytes - start.len() - end.len());
    format!("{start}{name}{end}").into_bytes()
}

fn request(secret: &Secret, body: Vec<u8>, time: SystemTime) -> SignedRequest {
    StaticSigner::new(secret).sign(ID, time, body)
}

fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}

fn counted(secrets: u8) -> String {
    if secrets == 1 { "1 secret".to_owned() } else { format!("{secrets} secrets") }
}

fn valid(bytes: usize) {
    let request = request(&secret(), event_of(bytes), SystemTime::now());
    let SignedRequest { headers, body } = &request;
    let ours = verifier([secret()]);
    let peers = Peers::new();
    let mut group = Group::new(format!("verify, {}", size(bytes)));
    group.case("bare SHA-256", || {
        black_box(Sha256::digest(black_box(body)));
    });
    group.case("gemini-webhooks `check`", || {
        black_box(ours.check(black_box(headers), black_box(body)).unwrap());
    });
    group.case("webhook-verify 0.1.0", || peers.webhook_verify(&request));
    group.case("standardwebhooks 1.0.1", || peers.standardwebhooks(&request));
    group.case("svix 2.9.1", || peers.svix(&request));
    group.run();

    let mut group = Group::new(format!("request to typed event, {}", size(bytes)));
    group.case("bare SHA-256", || {
        black_box(Sha256::digest(black_box(body)));
    });
    group.case("gemini-webhooks `verify`", || {
        black_box(ours.verify(black_box(headers), body.clone()).unwrap());
    });
    group.case("webhook-verify 0.1.0 + JSON tree", || {
        peers.webhook_verify(&request);
        black_box(serde_json::from_slice::<Value>(body).unwrap());
    });
    group.case("standardwebhooks 1.0.1 + JSON tree", || {
        peers.standardwebhooks(&request);
        black_box(serde_json::from_slice::<Value>(body).unwrap());
    });
    group.run();
}

fn wrong(bytes: usize) {
    let SignedRequest { headers, body } =
        request(&other_secret(1), event_of(bytes), SystemTime::now());
    let sixteen = (0..16).fold(StaticSigner::new(&other_secret(100)), |signer, n| match n {
        0 => signer,
        n => signer.and(&other_secret(100 + n)),
    });
    let listed = sixteen.sign(ID, SystemTime::now(), body.clone());
    let ours_alone = verifier([secret()]);
    let mut group = Group::new(format!("wrong signature, {}", size(bytes)));
    group.case("bare SHA-256", || {
        black_box(Sha256::digest(black_box(&body)));
    });
    for secrets in [1_u8, 2, 5] {
        let ours = verifier((0..secrets).map(|n| other_secret(10 + n)));
        group.case(format!("`check`, {}", counted(secrets)), {
            let (ours, headers, body) = (ours.clone(), &headers, &body);
            move || {
                black_box(ours.check(black_box(headers), black_box(body)).unwrap_err());
            }
        });
    }
    group.case("`check`, 1 secret, 16 entries", || {
        black_box(
            ours_alone.check(black_box(&listed.headers), black_box(&listed.body)).unwrap_err(),
        );
    });
    group.run();
}

fn several_secrets(bytes: usize) {
    let SignedRequest { headers, body } = request(&secret(), event_of(bytes), SystemTime::now());
    let mut group = Group::new(format!("verify, {}, last of several secrets", size(bytes)));
    group.case("bare SHA-256", || {
        black_box(Sha256::digest(black_box(&body)));
    });
    for count in [1_u8, 2, 5] {
        let others = (1..count).map(other_secret);
        let ours = verifier(others.chain([secret()]));
        let (headers, body) = (&headers, &body);
        group.case(format!("`check`, {}", counted(count)), move || {
            black_box(ours.check(black_box(headers), black_box(body)).unwrap());
        });
    }
    group.run();
}

fn hostile() {
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    let stale = request(&secret(), event_of(300), long_ago);
    let ours = verifier([secret()]);
    let peers = Peers::new();
    let mut group = Group::new("refused before any hash, 300 B");
    group.case("bare SHA-256", || {
        black_box(Sha256::digest(black_box(&stale.body)));
    });
    group.case("`check`, stale timestamp", || {
        black_box(ours.check(black_box(&stale.headers), black_box(&stale.body)).unwrap_err());
    });
    group.case("webhook-verify 0.1.0, stale timestamp", || peers.webhook_verify_refuses(&stale));
    group.case("standardwebhooks 1.0.1, stale timestamp", || {
        black_box(peers.standardwebhooks.verify(&stale.body, &stale.headers).unwrap_err());
    });
    group.run();
}

fn events() {
    let body = event_of(300);
    let mut group = Group::new("event JSON, 300 B");
    group.case("hand-written visitor, known members alone", || {
        black_box(handwritten::parse(black_box(&body)));
    });
    group.case("gemini-webhooks", || {
        black_box(Envelope::from_slice(black_box(&body)).unwrap());
    });
    group.case("serde derive, flatten and tag", || {
        black_box(derived::parse(black_box(&body)));
    });
    group.case("serde_json::Value", || {
        black_box(serde_json::from_slice::<Value>(black_box(&body)).unwrap());
    });
    group.run();
}

struct Peers {
    standardwebhooks: standardwebhooks::Webhook,
    svix: svix::webhooks::Webhook,
    webhook_verify: webhook_verify::Secret,
}

impl Peers {
    fn new() -> Self {
        Self {
            standardwebhooks: standardwebhooks::Webhook::new(SECRET).unwrap(),
            svix: svix::webhooks::Webhook::new(SECRET).unwrap(),
            webhook_verify: webhook_verify::Secret::new(SECRET),
        }
    }

    fn standardwebhooks(&self, request: &SignedRequest) {
        self.standardwebhooks.verify(black_box(&request.body), &request.headers).unwrap();
    }

    fn svix(&self, request: &SignedRequest) {
        self.svix.verify(black_box(&request.body), &request.headers).unwrap();
    }

    fn webhook_verify(&self, request: &SignedRequest) {
        self.webhook_verify_result(request).unwrap();
    }

    fn webhook_verify_refuses(&self, request: &SignedRequest) {
        let _ = black_box(self.webhook_verify_result(request).unwrap_err());
    }

    fn webhook_verify_result(
        &self,
        request: &SignedRequest,
    ) -> Result<(), webhook_verify::VerifyError> {
        webhook_verify::verify(
            webhook_verify::Provider::StandardWebhooks,
            black_box(&request.headers),
            black_box(&request.body),
            &self.webhook_verify,
            webhook_verify::VerifyOptions::default(),
        )
        .map(|_| ())
    }
}

/// The least that a one-pass reader of this event must do: owned texts and a parsed time, members
/// in any order. No check for repeated or unknown members, depth, or types other than texts.
mod handwritten {
    use std::fmt;

    use serde::Deserialize;
    use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;

    #[derive(Default)]
    #[allow(dead_code)] // Filled in to be measured, never read.
    pub struct Envelope {
        pub type_name: String,
        pub version: String,
        pub timestamp: Option<OffsetDateTime>,
        pub data: Data,
    }

    #[derive(Default, Deserialize)]
    #[allow(dead_code)]
    pub struct Data {
        pub id: String,
        pub output_file_uri: Option<String>,
    }

    #[derive(Deserialize)]
    #[serde(field_identifier, rename_all = "snake_case")]
    enum Member {
        Type,
        Version,
        Timestamp,
        Data,
        #[serde(other)]
        Other,
    }

    struct EnvelopeVisitor;

    impl<'de> Visitor<'de> for EnvelopeVisitor {
        type Value = Envelope;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an envelope")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Envelope, A::Error> {
            let mut envelope = Envelope::default();
            while let Some(member) = members.next_key()? {
                match member {
                    Member::Type => envelope.type_name = members.next_value()?,
                    Member::Version => envelope.version = members.next_value()?,
                    Member::Timestamp => {
                        let text: &str = members.next_value()?;
                        envelope.timestamp = OffsetDateTime::parse(text, &Rfc3339).ok();
                    }
                    Member::Data => envelope.data = members.next_value()?,
                    Member::Other => {
                        members.next_value::<IgnoredAny>()?;
                    }
                }
            }
            Ok(envelope)
        }
    }

    pub fn parse(body: &[u8]) -> Envelope {
        serde_json::Deserializer::from_slice(body).deserialize_map(EnvelopeVisitor).unwrap()
    }
}

/// What most receivers write.
mod derived {
    use serde::Deserialize;
    use time::OffsetDateTime;

    #[derive(Deserialize)]
    #[allow(dead_code)]
    pub struct Envelope {
        version: String,
        #[serde(with = "time::serde::rfc3339")]
        timestamp: OffsetDateTime,
        #[serde(flatten)]
        event: Event,
    }

    #[derive(Deserialize)]
    #[serde(tag = "type", content = "data")]
    #[allow(dead_code, clippy::enum_variant_names)]
    enum Event {
        #[serde(rename = "batch.succeeded")]
        BatchSucceeded { id: String, output_file_uri: Option<String> },
        #[serde(rename = "batch.failed")]
        BatchFailed { id: String, error_code: Option<String>, error_message: Option<String> },
        #[serde(rename = "batch.expired")]
        BatchExpired { id: String },
    }

    pub fn parse(body: &[u8]) -> Envelope {
        serde_json::from_slice(body).unwrap()
    }
}
