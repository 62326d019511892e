//! The store cannot be reached: the caller's choice, closed if not chosen.

use std::time::{Duration, SystemTime};

use gemini_webhooks::{
    ClaimId, Claimed, DedupKey, DedupStore, Delivery, MemoryStore, NotProcessed, StoreFuture,
    StoreUnavailable,
};

use crate::world::*;

/// A store in memory of which some steps fail.
#[derive(Debug)]
struct Broken {
    store: MemoryStore,
    claim: bool,
    afterwards: bool,
}

impl Broken {
    fn new(claim: bool, afterwards: bool) -> Self {
        Self { store: MemoryStore::new(), claim, afterwards }
    }
}

fn unavailable<T: 'static>() -> StoreFuture<'static, T> {
    Box::pin(async { Err(StoreUnavailable) })
}

impl DedupStore for Broken {
    fn claim(
        &self,
        key: DedupKey,
        claim: ClaimId,
        lease: Duration,
        now: SystemTime,
    ) -> StoreFuture<'_, Claimed> {
        if self.claim { unavailable() } else { self.store.claim(key, claim, lease, now) }
    }

    fn commit(
        &self,
        key: DedupKey,
        claim: ClaimId,
        keep: Duration,
        now: SystemTime,
    ) -> StoreFuture<'_, bool> {
        if self.afterwards { unavailable() } else { self.store.commit(key, claim, keep, now) }
    }

    fn release(&self, key: DedupKey, claim: ClaimId, now: SystemTime) -> StoreFuture<'_, bool> {
        if self.afterwards { unavailable() } else { self.store.release(key, claim, now) }
    }
}

fn delivery(world: &World) -> Delivery {
    world.delivery("msg_1")
}

#[tokio::test]
async fn the_store_down_is_503_and_the_work_is_not_started() {
    let world = World::new();
    let dedup = world.dedup(Broken::new(true, true));
    let work = async { panic!("it was started") };
    let refused: Outcome = dedup.process_once(&delivery(&world), work).await;
    assert_eq!(refused, STORE_DOWN);
    assert_eq!(refused.unwrap_err().status(), 503);
    assert_eq!(dedup.claim(&delivery(&world)).await.unwrap_err(), StoreUnavailable);
}

#[tokio::test]
async fn who_chose_so_processes_while_the_store_is_down() {
    let world = World::new();
    let builder = world.builder(Broken::new(true, true));
    let dedup = builder.process_when_store_is_down().build().unwrap();
    assert_eq!(process(&dedup, &delivery(&world)).await, PROCESSED);
    assert_eq!(process(&dedup, &delivery(&world)).await, PROCESSED, "perhaps more than once");
    let failed: Outcome = dedup.process_once(&delivery(&world), async { Err("broken") }).await;
    assert_eq!(failed, Err(NotProcessed::Failed("broken")));
}

#[tokio::test]
async fn that_choice_changes_nothing_while_the_store_is_up() {
    let world = World::new();
    let builder = world.builder(MemoryStore::new());
    let dedup = builder.process_when_store_is_down().build().unwrap();
    assert_eq!(process(&dedup, &delivery(&world)).await, PROCESSED);
    assert_eq!(process(&dedup, &delivery(&world)).await, DUPLICATE);
}

#[tokio::test]
async fn work_that_is_done_is_2xx_even_where_the_store_takes_no_note() {
    let world = World::new();
    let dedup = world.dedup(Broken::new(false, true));
    assert_eq!(process(&dedup, &delivery(&world)).await, PROCESSED);
    assert_eq!(process(&dedup, &delivery(&world)).await, IN_FLIGHT);
}

#[tokio::test]
async fn work_that_failed_runs_again_even_where_the_store_takes_no_note() {
    let world = World::new();
    let dedup = world.dedup(Broken::new(false, true));
    let failed: Outcome = dedup.process_once(&delivery(&world), async { Err("broken") }).await;
    assert_eq!(failed, Err(NotProcessed::Failed("broken")));
    assert_eq!(process(&dedup, &delivery(&world)).await, IN_FLIGHT);
    world.clock.advance(60 * SECOND);
    assert_eq!(process(&dedup, &delivery(&world)).await, PROCESSED);
}
