//! A rotation from end to end: the service makes a secret, and a running verifier takes it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gemini_webhooks::client::{ClientError, WebhookClient};
use gemini_webhooks::testing::{ManualClock, SignedRequest, StaticSigner};
use gemini_webhooks::{Clock, ConfigError, Error, Revocation, Secret, StaticVerifier};
use serde_json::json;

use crate::service::{Fault, Service};
use crate::{client, new_webhook};

const ALMOST_A_DAY: Duration = Duration::from_secs(24 * 3600 - 1);

struct Receiver {
    verifier: StaticVerifier,
    clock: ManualClock,
}

impl Receiver {
    fn check(&self, secret: &str) -> Result<(), Error> {
        let SignedRequest { headers, body } = self.signed(secret);
        self.verifier.verify(&headers, body).map(drop)
    }

    /// What the service sends that has this secret.
    fn signed(&self, secret: &str) -> SignedRequest {
        StaticSigner::new(&Secret::parse(secret).unwrap()).sign("msg_1", self.clock.now(), "{}")
    }
}

/// A registered webhook, and a receiver that knows its secret.
async fn registered(client: &WebhookClient) -> (String, Receiver) {
    let created = client.create(&new_webhook()).await.unwrap();
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let clock = ManualClock::at(seconds);
    let secret = created.new_signing_secret.to_secret().unwrap();
    let builder = StaticVerifier::builder().secret(secret).clock(clock.clone());
    (created.webhook.id, Receiver { verifier: builder.build().unwrap(), clock })
}

async fn rotate(client: &WebhookClient, id: &str, receiver: &Receiver, previous: Revocation) {
    let new_secret = client.rotate(id, previous).await.unwrap();
    receiver.verifier.add_secret(new_secret.to_secret().unwrap(), previous).unwrap();
}

#[tokio::test]
async fn a_rotation_keeps_the_old_secret_for_a_day() {
    let service = Service::start();
    let client = client(&service);
    let (id, receiver) = registered(&client).await;
    let old = service.secrets(&id).remove(0);
    rotate(&client, &id, &receiver, Revocation::After24Hours).await;
    let seen = service.seen().pop().unwrap();
    assert_eq!(seen.line, format!("POST /v1beta/webhooks/{id}:rotateSigningSecret"));
    assert_eq!(seen.body, json!({"revocation_behavior": "revoke_previous_secrets_after_h24"}));

    let [new, still] = &service.secrets(&id)[..] else { panic!() };
    assert_eq!(*still, old);
    let shown = client.get(&id).await.unwrap().signing_secrets;
    assert_eq!(shown.len(), 2);
    assert!(shown[0].expire_time.is_none() && shown[1].expire_time.is_some());

    assert_eq!((receiver.check(new), receiver.check(&old)), (Ok(()), Ok(())));
    receiver.clock.advance(ALMOST_A_DAY);
    assert_eq!((receiver.check(new), receiver.check(&old)), (Ok(()), Ok(())));
    receiver.clock.advance(Duration::from_secs(1));
    assert_eq!(receiver.check(new), Ok(()));
    assert_eq!(receiver.check(&old), Err(Error::SignatureMismatch));
}

#[tokio::test]
async fn a_rotation_can_end_the_old_secret_at_once() {
    let service = Service::start();
    let client = client(&service);
    let (id, receiver) = registered(&client).await;
    let old = service.secrets(&id).remove(0);
    rotate(&client, &id, &receiver, Revocation::Immediate).await;
    let body = service.seen().pop().unwrap().body;
    assert_eq!(body, json!({"revocation_behavior": "revoke_previous_secrets_immediately"}));
    let [new] = &service.secrets(&id)[..] else { panic!() };
    assert_eq!(receiver.check(new), Ok(()));
    assert_eq!(receiver.check(&old), Err(Error::SignatureMismatch));
}

#[tokio::test]
async fn many_rotations_in_a_day_are_refused_before_a_secret_is_lost() {
    let service = Service::start();
    let client = client(&service);
    let (id, receiver) = registered(&client).await;
    for _ in 0..7 {
        rotate(&client, &id, &receiver, Revocation::After24Hours).await;
    }
    for secret in service.secrets(&id) {
        assert_eq!(receiver.check(&secret), Ok(()));
    }
    let ninth = client.rotate(&id, Revocation::After24Hours).await.unwrap();
    let refused =
        receiver.verifier.add_secret(ninth.to_secret().unwrap(), Revocation::After24Hours);
    assert_eq!(refused, Err(ConfigError::TooManySecrets));
    for secret in &service.secrets(&id)[1..] {
        assert_eq!(receiver.check(secret), Ok(()));
    }
}

#[tokio::test]
async fn a_secret_of_another_form_can_still_be_stored() {
    let service = Service::start();
    let odd = "whsec_of_tomorrow";
    service.fail_next(Fault::answer(200, json!({ "secret": odd }).to_string()));
    let secret = client(&service).rotate("a", Revocation::After24Hours).await.unwrap();
    assert!(matches!(secret.to_secret(), Err(ConfigError::InvalidSecret { .. })));
    assert_eq!(secret.expose_secret(), odd);
}

#[tokio::test]
async fn a_refused_rotation_changes_nothing() {
    let service = Service::start();
    let id = &service.fill(1)[0];
    let secrets = service.secrets(id);
    service.fail_next(Fault::status(429, &[]));
    let refused = client(&service).rotate(id, Revocation::Immediate).await.unwrap_err();
    assert!(matches!(refused, ClientError::Service { .. }), "{refused:?}");
    assert_eq!(service.secrets(id), secrets);
}
