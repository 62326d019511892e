//! `process_once`: what the sender learns, and what a handler that does not end well costs.

use std::future::pending;

use gemini_webhooks::{Claim, MemoryStore, NotProcessed};
use http::StatusCode;
use tokio::time::{Duration, timeout};

use crate::world::*;

#[tokio::test]
async fn a_duplicate_is_told_from_the_first() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    let delivery = world.delivery("msg_1");
    assert_eq!(process(&dedup, &delivery).await, PROCESSED);
    assert_eq!(process(&dedup, &delivery).await, DUPLICATE);
    assert_eq!(process(&dedup, &world.delivery("msg_2")).await, PROCESSED);
}

#[tokio::test]
async fn the_work_of_a_duplicate_is_not_started() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    let delivery = world.delivery("msg_1");
    process(&dedup, &delivery).await.unwrap();
    let again = dedup.process_once(&delivery, async { panic!("it was started") });
    assert_eq!(again.await, DUPLICATE);
}

#[tokio::test]
async fn what_is_in_flight_elsewhere_is_told_from_what_is_done() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    let delivery = world.delivery("msg_1");
    let Ok(Claim::Ours(lease)) = dedup.claim(&delivery).await else { panic!() };
    assert_eq!(process(&dedup, &delivery).await, IN_FLIGHT);
    assert_eq!(lease.commit().await, Ok(true));
    assert_eq!(process(&dedup, &delivery).await, DUPLICATE);
}

#[tokio::test]
async fn work_that_fails_runs_again_at_once() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    let delivery = world.delivery("msg_1");
    let failed: Outcome = dedup.process_once(&delivery, async { Err("broken") }).await;
    assert_eq!(failed, Err(NotProcessed::Failed("broken")));
    assert_eq!(process(&dedup, &delivery).await, PROCESSED);
}

#[tokio::test]
async fn a_handler_that_panics_loses_nothing() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    let delivery = world.delivery("msg_1");
    let task = {
        let (dedup, delivery) = (dedup.clone(), delivery.clone());
        tokio::spawn(async move {
            let work = async { panic!("the handler's fault") };
            let _: Outcome = dedup.process_once(&delivery, work).await;
        })
    };
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(process(&dedup, &delivery).await, IN_FLIGHT);
    world.clock.advance(60 * SECOND);
    assert_eq!(process(&dedup, &delivery).await, PROCESSED);
}

#[tokio::test]
async fn a_handler_that_is_dropped_midway_loses_nothing() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    let delivery = world.delivery("msg_1");
    let never = dedup.process_once(&delivery, pending::<Result<(), &str>>());
    assert!(timeout(Duration::from_millis(1), never).await.is_err());
    assert_eq!(process(&dedup, &delivery).await, IN_FLIGHT);
    world.clock.advance(60 * SECOND);
    assert_eq!(process(&dedup, &delivery).await, PROCESSED);
}

#[test]
fn what_was_not_processed_makes_the_sender_come_again() {
    assert_eq!(NotProcessed::<()>::InFlight.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(NotProcessed::<()>::StoreDown.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(NotProcessed::Failed(()).status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_claims_at_once_one_is_ours() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    one_is_ours_of_a_thousand(&world, &[dedup], 20).await;
}
