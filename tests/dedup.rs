//! Once-only processing by its public face, over the store of one process.

use std::time::Duration;

use gemini_webhooks::testing::{ManualClock, StaticSigner, sample_body};
use gemini_webhooks::{
    Claim, Clock, Dedup, Delivery, MemoryStore, NotProcessed, Once, Secret, StaticVerifier,
};

struct World {
    clock: ManualClock,
    dedup: Dedup,
    verifier: StaticVerifier,
}

fn secret() -> Secret {
    Secret::from_raw_bytes([7; 32]).unwrap()
}

impl World {
    fn new() -> Self {
        let clock = ManualClock::at(1_800_000_000);
        let dedup = Dedup::builder(MemoryStore::new()).clock(clock.clone()).build().unwrap();
        let verifier =
            StaticVerifier::builder().secret(secret()).clock(clock.clone()).build().unwrap();
        Self { clock, dedup, verifier }
    }

    fn delivery(&self, id: &str) -> Delivery {
        let body = sample_body("batch.succeeded").unwrap();
        let request = StaticSigner::new(&secret()).sign(id, self.clock.now(), body);
        self.verifier.verify(&request.headers, request.body).unwrap()
    }

    async fn process(&self, delivery: &Delivery) -> Result<Once<()>, NotProcessed<&'static str>> {
        self.dedup.process_once(delivery, async { Ok(()) }).await
    }
}

#[tokio::test]
async fn a_duplicate_is_told_from_the_first() {
    let world = World::new();
    let delivery = world.delivery("msg_1");
    assert_eq!(world.process(&delivery).await, Ok(Once::Processed(())));
    assert_eq!(world.process(&delivery).await, Ok(Once::Duplicate));
    assert_eq!(world.process(&world.delivery("msg_2")).await, Ok(Once::Processed(())));
}

#[tokio::test]
async fn what_is_in_flight_elsewhere_is_told_from_what_is_done() {
    let world = World::new();
    let delivery = world.delivery("msg_1");
    let Ok(Claim::Ours(lease)) = world.dedup.claim(&delivery).await else { panic!() };
    assert_eq!(world.process(&delivery).await, Err(NotProcessed::InFlight));
    assert_eq!(lease.commit().await, Ok(true));
    assert_eq!(world.process(&delivery).await, Ok(Once::Duplicate));
}

#[tokio::test]
async fn work_that_fails_runs_again_at_once() {
    let world = World::new();
    let delivery = world.delivery("msg_1");
    let failed: Result<Once<()>, _> =
        world.dedup.process_once(&delivery, async { Err("broken") }).await;
    assert_eq!(failed, Err(NotProcessed::Failed("broken")));
    assert_eq!(world.process(&delivery).await, Ok(Once::Processed(())));
}

#[tokio::test]
async fn a_crash_costs_a_lease_and_never_an_event() {
    let world = World::new();
    let delivery = world.delivery("msg_1");
    let Ok(Claim::Ours(lease)) = world.dedup.claim(&delivery).await else { panic!() };
    drop(lease);
    world.clock.advance(Duration::from_secs(59));
    assert_eq!(world.process(&delivery).await, Err(NotProcessed::InFlight));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.process(&delivery).await, Ok(Once::Processed(())));
}
