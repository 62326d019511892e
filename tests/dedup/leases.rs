//! How long a claim and what was processed are kept, and that nobody touches another's claim.

use std::time::Duration;

use gemini_webhooks::{Clock, ConfigError, MemoryStore};

use crate::world::*;

#[tokio::test]
async fn a_crash_costs_a_lease_and_never_an_event() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    let delivery = world.delivery("msg_1");
    drop(claim(&dedup, &delivery).await);
    world.clock.advance(59 * SECOND);
    assert_eq!(process(&dedup, &delivery).await, IN_FLIGHT);
    world.clock.advance(SECOND);
    assert_eq!(process(&dedup, &delivery).await, PROCESSED);
}

#[tokio::test]
async fn the_lease_can_be_set() {
    let world = World::new();
    let dedup = world.builder(MemoryStore::new()).lease(5 * SECOND).build().unwrap();
    let delivery = world.delivery("msg_1");
    drop(claim(&dedup, &delivery).await);
    world.clock.advance(4 * SECOND);
    assert_eq!(process(&dedup, &delivery).await, IN_FLIGHT);
    world.clock.advance(SECOND);
    assert_eq!(process(&dedup, &delivery).await, PROCESSED);
}

#[tokio::test]
async fn cv6_28449_what_was_processed_is_remembered_for_25_hours() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    let delivery = world.delivery("msg_1");
    assert_eq!(process(&dedup, &delivery).await, PROCESSED);
    world.clock.advance((25 * 3600 - 1) * SECOND);
    assert_eq!(process(&dedup, &delivery).await, DUPLICATE);
    world.clock.advance(SECOND);
    assert_eq!(process(&dedup, &delivery).await, PROCESSED);
}

#[tokio::test]
async fn a_token_is_remembered_for_as_long_as_it_is_valid() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    let life = 3 * 24 * HOUR;
    let delivery = world.jwt_delivery("msg_1", &event(), Token { name: "long", life });
    assert_eq!(process(&dedup, &delivery).await, PROCESSED);
    // The longest leeway that a verifier can have.
    world.clock.advance(life + 299 * SECOND);
    assert_eq!(process(&dedup, &delivery).await, DUPLICATE);
    world.clock.advance(SECOND);
    assert_eq!(process(&dedup, &delivery).await, PROCESSED);
}

#[tokio::test]
async fn a_token_that_expires_soon_is_remembered_for_25_hours() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    let delivery = world.jwt_delivery("msg_1", &event(), Token::ONE);
    assert_eq!(process(&dedup, &delivery).await, PROCESSED);
    world.clock.advance((25 * 3600 - 1) * SECOND);
    assert_eq!(process(&dedup, &delivery).await, DUPLICATE);
}

#[tokio::test]
async fn who_commits_late_is_done_where_nobody_else_has_begun() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    let delivery = world.delivery("msg_1");
    let lease = claim(&dedup, &delivery).await;
    world.clock.advance(61 * SECOND);
    assert_eq!(lease.commit().await, Ok(true));
    assert_eq!(process(&dedup, &delivery).await, DUPLICATE);
}

#[tokio::test]
async fn who_releases_late_has_nothing_to_release() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    let lease = claim(&dedup, &world.delivery("msg_1")).await;
    world.clock.advance(60 * SECOND);
    assert_eq!(lease.release().await, Ok(false));
    assert_eq!(process(&dedup, &world.delivery("msg_1")).await, PROCESSED);
}

#[tokio::test]
async fn who_commits_late_never_touches_anothers_claim() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    let delivery = world.delivery("msg_1");
    let late = claim(&dedup, &delivery).await;
    world.clock.advance(60 * SECOND);
    let current = claim(&dedup, &delivery).await;
    assert_eq!(late.commit().await, Ok(false));
    assert_eq!(process(&dedup, &delivery).await, IN_FLIGHT);
    // The other one fails, and its retry runs at once: the late one has not marked it as done.
    assert_eq!(current.release().await, Ok(true));
    assert_eq!(process(&dedup, &delivery).await, PROCESSED);
}

#[tokio::test]
async fn who_releases_late_never_touches_anothers_claim() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    let delivery = world.delivery("msg_1");
    let late = claim(&dedup, &delivery).await;
    world.clock.advance(60 * SECOND);
    let current = claim(&dedup, &delivery).await;
    assert_eq!(late.release().await, Ok(false));
    assert_eq!(process(&dedup, &delivery).await, IN_FLIGHT);
    assert_eq!(current.commit().await, Ok(true));
    assert_eq!(process(&dedup, &delivery).await, DUPLICATE);
}

#[tokio::test]
async fn who_comes_late_never_undoes_what_another_has_done() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    let delivery = world.delivery("msg_1");
    let (first, second) = (claim(&dedup, &delivery).await, {
        world.clock.advance(60 * SECOND);
        claim(&dedup, &delivery).await
    });
    world.clock.advance(60 * SECOND);
    assert_eq!(process(&dedup, &delivery).await, PROCESSED);
    assert_eq!(first.release().await, Ok(false));
    assert_eq!(second.commit().await, Ok(false));
    // Nor does the late commit make it be remembered for longer.
    world.clock.advance(25 * HOUR);
    assert_eq!(process(&dedup, &delivery).await, PROCESSED);
}

#[tokio::test]
async fn a_lease_can_be_handed_to_a_task() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    let delivery = world.delivery("msg_1");
    let lease = claim(&dedup, &delivery).await;
    let committed = tokio::spawn(async move { lease.commit().await });
    assert_eq!(committed.await.unwrap(), Ok(true));
    assert_eq!(process(&dedup, &delivery).await, DUPLICATE);
}

#[tokio::test]
async fn a_clock_that_was_set_back_neither_runs_twice_nor_loses() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    let (crashed, done) = (world.delivery("msg_1"), world.delivery("msg_2"));
    drop(claim(&dedup, &crashed).await);
    assert_eq!(process(&dedup, &done).await, PROCESSED);
    world.clock.set(world.clock.now() - 365 * 24 * HOUR);
    assert_eq!(process(&dedup, &crashed).await, IN_FLIGHT);
    assert_eq!(process(&dedup, &done).await, DUPLICATE);
    // From here the lease lasts as long as a lease lasts, and not a year.
    world.clock.advance(59 * SECOND);
    assert_eq!(process(&dedup, &crashed).await, IN_FLIGHT);
    world.clock.advance(SECOND);
    assert_eq!(process(&dedup, &crashed).await, PROCESSED);
    world.clock.advance(24 * HOUR);
    assert_eq!(process(&dedup, &done).await, DUPLICATE);
}

#[test]
fn times_are_bounded_on_both_sides() {
    let world = World::new();
    let builder = || world.builder(MemoryStore::new());
    let refused = ConfigError::DedupTimesOutOfRange;
    for lease in [Duration::ZERO, SECOND / 2, 3601 * SECOND] {
        assert_eq!(builder().lease(lease).build().unwrap_err(), refused);
    }
    for keep in [Duration::ZERO, (25 * 3600 - 1) * SECOND, 30 * 24 * HOUR + SECOND] {
        assert_eq!(builder().keep(keep).build().unwrap_err(), refused);
    }
    assert!(builder().lease(SECOND).keep(25 * HOUR).build().is_ok());
    assert!(builder().lease(HOUR).keep(30 * 24 * HOUR).build().is_ok());
}
