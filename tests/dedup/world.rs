//! Both sides of an endpoint: signers of every scheme, the verifiers, and a clock to set.

#![allow(dead_code)] // Each test program takes what it needs.

use std::time::{Duration, UNIX_EPOCH};

use gemini_webhooks::testing::{
    Ed25519Signer, JwtSigner, ManualClock, SignedRequest, StaticSigner, TestRsaKey, jwks,
    sample_body,
};
use gemini_webhooks::{
    Binding, Claim, Clock, Dedup, DedupBuilder, DedupStore, Delivery, DynamicVerifier, KeySet,
    Lease, NotProcessed, Once, Secret, StaticVerifier,
};
use serde_json::{Value, json};

pub(crate) const AUDIENCE: &str = "my-project-client-id";
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) static_verifier: StaticVerifier,
    pub(crate) dynamic_verifier: DynamicVerifier,
    keys: KeySet,
}

fn secret() -> Secret {
    Secret::from_raw_bytes([7; 32]).unwrap()
}

fn jwt_signer() -> JwtSigner {
    JwtSigner::new("key-1", TestRsaKey::One)
}

fn ed25519_signer() -> Ed25519Signer {
    Ed25519Signer::from_seed([7; 32])
}

pub(crate) fn body() -> &'static str {
    sample_body("batch.succeeded").unwrap()
}

pub(crate) fn event() -> Value {
    serde_json::from_str(body()).unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::at(1_800_000_000);
        let static_verifier =
            StaticVerifier::builder().secret(secret()).clock(clock.clone()).build().unwrap();
        let dynamic_verifier = DynamicVerifier::builder()
            .audience(AUDIENCE)
            .binding(Binding::dangerous_any_tenant())
            .accept_unsigned_body()
            .leeway(300 * SECOND)
            .longest_token_life(7 * 24 * HOUR)
            .max_token_age(24 * HOUR)
            .clock(clock.clone())
            .build()
            .unwrap();
        let keys = jwks([jwt_signer().jwk(), ed25519_signer().jwk()]);
        let keys = KeySet::from_json(keys.as_bytes()).unwrap();
        Self { clock, static_verifier, dynamic_verifier, keys }
    }

    pub(crate) fn builder(&self, store: impl DedupStore) -> DedupBuilder {
        Dedup::builder(store).clock(self.clock.clone())
    }

    pub(crate) fn dedup(&self, store: impl DedupStore) -> Dedup {
        self.builder(store).build().unwrap()
    }

    pub(crate) fn unix_seconds(&self) -> u64 {
        self.clock.now().duration_since(UNIX_EPOCH).unwrap().as_secs()
    }

    pub(crate) fn static_request(&self, id: &str, body: &str) -> SignedRequest {
        StaticSigner::new(&secret()).sign(id, self.clock.now(), body.to_owned())
    }

    pub(crate) fn delivery(&self, id: &str) -> Delivery {
        self.static_delivery(id, body())
    }

    pub(crate) fn static_delivery(&self, id: &str, body: &str) -> Delivery {
        let request = self.static_request(id, body);
        self.static_verifier.verify(&request.headers, request.body).unwrap()
    }

    pub(crate) fn v1a_delivery(&self, id: &str, body: &str) -> Delivery {
        self.dynamic(ed25519_signer().sign(id, self.clock.now(), body.to_owned()))
    }

    /// An event in the claims, in a token of its own.
    pub(crate) fn jwt_delivery(&self, id: &str, event: &Value, token: Token) -> Delivery {
        let mut claims = event.clone();
        let members = token.claims(self.unix_seconds());
        claims.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        self.dynamic(jwt_signer().sign(id, self.clock.now(), &claims, ""))
    }

    /// An event in the claims, as text: for what `Value` cannot hold.
    pub(crate) fn jwt_delivery_of(&self, id: &str, members: &str, token: Token) -> Delivery {
        let token = token.claims(self.unix_seconds()).to_string();
        let claims = format!("{{{members},{}", &token[1..]);
        let token = jwt_signer().token_of(r#"{"alg":"RS256","kid":"key-1"}"#, claims);
        let mut request = self.static_request(id, "");
        request.headers.insert("webhook-signature", token.parse().unwrap());
        self.dynamic(request)
    }

    /// A token that vouches for whoever holds it, with a body that it does not sign.
    pub(crate) fn bearer_delivery(&self, id: &str, body: &str, token: Token) -> Delivery {
        let claims = token.claims(self.unix_seconds());
        self.dynamic(jwt_signer().sign(id, self.clock.now(), &claims, body.to_owned()))
    }

    fn dynamic(&self, request: SignedRequest) -> Delivery {
        self.dynamic_verifier.verify_with(&self.keys, &request.headers, request.body).unwrap()
    }
}

/// What changes from token to token.
#[derive(Clone, Copy)]
pub(crate) struct Token {
    pub(crate) name: &'static str,
    pub(crate) life: Duration,
}

impl Token {
    pub(crate) const ONE: Self = Self { name: "one", life: Duration::from_secs(300) };
    pub(crate) const TWO: Self = Self { name: "two", life: Duration::from_secs(900) };

    fn claims(self, now: u64) -> Value {
        json!({ "aud": AUDIENCE, "jti": self.name, "iat": now, "exp": now + self.life.as_secs() })
    }
}

pub(crate) type Outcome = Result<Once<()>, NotProcessed<&'static str>>;
pub(crate) const PROCESSED: Outcome = Ok(Once::Processed(()));
pub(crate) const DUPLICATE: Outcome = Ok(Once::Duplicate);
pub(crate) const IN_FLIGHT: Outcome = Err(NotProcessed::InFlight);
pub(crate) const STORE_DOWN: Outcome = Err(NotProcessed::StoreDown);

/// Processes a delivery by work that succeeds.
pub(crate) async fn process(dedup: &Dedup, delivery: &Delivery) -> Outcome {
    dedup.process_once(delivery, async { Ok(()) }).await
}

/// Claims what nobody has claimed.
pub(crate) async fn claim(dedup: &Dedup, delivery: &Delivery) -> Lease {
    match dedup.claim(delivery).await.unwrap() {
        Claim::Ours(lease) => lease,
        other => panic!("{other:?}"),
    }
}

/// Claims each of some deliveries a thousand times at once, by these receivers in turns.
pub(crate) async fn one_is_ours_of_a_thousand(world: &World, receivers: &[Dedup], rounds: usize) {
    for round in 0..rounds {
        let delivery = world.delivery(&format!("msg_{round}"));
        let claims = receivers.iter().cycle().take(1000).map(|dedup| {
            let (dedup, delivery) = (dedup.clone(), delivery.clone());
            tokio::spawn(async move { dedup.claim(&delivery).await.unwrap() })
        });
        let claims: Vec<_> = claims.collect();
        let (mut ours, mut in_flight) = (0, 0);
        for claim in claims {
            match claim.await.unwrap() {
                Claim::Ours(_) => ours += 1,
                Claim::InFlight => in_flight += 1,
                Claim::Done => panic!("nobody has done it"),
            }
        }
        assert_eq!((ours, in_flight), (1, 999));
    }
}
