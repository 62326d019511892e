//! Claim, commit and release, and whose clock they go by.

use std::time::Duration;

use gemini_webhooks::{Clock, Dedup, Delivery, NotProcessed, RedisStore};
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use tokio::time::sleep;

use crate::server::RedisServer;
use crate::world::*;

pub(crate) fn store(server: &RedisServer) -> RedisStore {
    RedisStore::new(&server.url()).unwrap()
}

/// A connection beside the store, to look behind its back.
pub(crate) async fn connection(server: &RedisServer) -> MultiplexedConnection {
    let client = redis::Client::open(server.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

pub(crate) fn name(dedup: &Dedup, delivery: &Delivery) -> Vec<u8> {
    [b"gemini-webhooks:".as_slice(), dedup.key(delivery).as_bytes()].concat()
}

#[tokio::test]
async fn a_duplicate_is_told_from_the_first_and_from_what_is_in_flight() {
    let (world, server) = (World::new(), RedisServer::start());
    let dedup = world.dedup(store(&server));
    let delivery = world.delivery("msg_1");
    let lease = claim(&dedup, &delivery).await;
    assert_eq!(process(&dedup, &delivery).await, IN_FLIGHT);
    assert_eq!(lease.commit().await, Ok(true));
    assert_eq!(process(&dedup, &delivery).await, DUPLICATE);
    assert_eq!(process(&dedup, &world.delivery("msg_2")).await, PROCESSED);
}

#[tokio::test]
async fn work_that_fails_runs_again_at_once() {
    let (world, server) = (World::new(), RedisServer::start());
    let dedup = world.dedup(store(&server));
    let delivery = world.delivery("msg_1");
    let failed: Outcome = dedup.process_once(&delivery, async { Err("broken") }).await;
    assert_eq!(failed, Err(NotProcessed::Failed("broken")));
    assert_eq!(process(&dedup, &delivery).await, PROCESSED);
}

#[tokio::test]
async fn endpoints_and_prefixes_are_apart() {
    let (world, server) = (World::new(), RedisServer::start());
    let orders = world.builder(store(&server)).namespace("orders").build().unwrap();
    let videos = world.builder(store(&server)).namespace("videos").build().unwrap();
    let other = world.builder(store(&server).prefix("other:")).namespace("orders").build().unwrap();
    let delivery = world.delivery("msg_1");
    for dedup in [&orders, &videos, &other] {
        assert_eq!(process(dedup, &delivery).await, PROCESSED);
        assert_eq!(process(dedup, &delivery).await, DUPLICATE);
    }
    let names: Vec<Vec<u8>> = connection(&server).await.keys("other:*").await.unwrap();
    assert_eq!(names, [[b"other:".as_slice(), other.key(&delivery).as_bytes()].concat()]);
}

#[tokio::test]
async fn leases_and_memories_have_their_length_on_the_server() {
    let (world, server) = (World::new(), RedisServer::start());
    let dedup = world.builder(store(&server)).lease(90 * SECOND).build().unwrap();
    let mut connection = connection(&server).await;
    let delivery = world.delivery("msg_1");
    let mut milliseconds_left =
        async || -> u64 { connection.pttl(name(&dedup, &delivery)).await.unwrap() };
    let lease = claim(&dedup, &delivery).await;
    assert!((80_000..=90_000).contains(&milliseconds_left().await));
    assert_eq!(lease.commit().await, Ok(true));
    let hours = 25 * 3_600_000;
    assert!((hours - 10_000..=hours).contains(&milliseconds_left().await));
}

#[tokio::test]
async fn a_lease_ends_by_the_servers_clock() {
    let (world, server) = (World::new(), RedisServer::start());
    // Long enough that a busy machine still finds it held.
    let dedup = world.builder(store(&server)).lease(5 * SECOND).build().unwrap();
    let delivery = world.delivery("msg_1");
    drop(claim(&dedup, &delivery).await);
    world.clock.advance(48 * HOUR);
    assert_eq!(process(&dedup, &delivery).await, IN_FLIGHT);
    world.clock.set(world.clock.now() - 96 * HOUR);
    sleep(Duration::from_millis(5_100)).await;
    assert_eq!(process(&dedup, &delivery).await, PROCESSED);
}

#[tokio::test]
async fn who_comes_late_never_touches_anothers_claim() {
    let (world, server) = (World::new(), RedisServer::start());
    let brief = world.builder(store(&server)).lease(SECOND).build().unwrap();
    let dedup = world.dedup(store(&server));
    let (one, other) = (world.delivery("msg_1"), world.delivery("msg_2"));
    let late = [claim(&brief, &one).await, claim(&brief, &other).await];
    sleep(Duration::from_millis(1_100)).await;
    let current = [claim(&dedup, &one).await, claim(&dedup, &other).await];
    let [late_one, late_other] = late;
    assert_eq!(late_one.commit().await, Ok(false));
    assert_eq!(late_other.release().await, Ok(false));
    assert_eq!(process(&dedup, &one).await, IN_FLIGHT);
    assert_eq!(process(&dedup, &other).await, IN_FLIGHT);
    let [current_one, current_other] = current;
    assert_eq!(current_one.release().await, Ok(true));
    assert_eq!(current_other.commit().await, Ok(true));
    assert_eq!(process(&dedup, &one).await, PROCESSED);
    assert_eq!(process(&dedup, &other).await, DUPLICATE);
}

#[tokio::test]
async fn who_comes_late_is_done_where_nobody_else_has_begun() {
    let (world, server) = (World::new(), RedisServer::start());
    let dedup = world.builder(store(&server)).lease(SECOND).build().unwrap();
    let (one, other) = (world.delivery("msg_1"), world.delivery("msg_2"));
    let (late_one, late_other) = (claim(&dedup, &one).await, claim(&dedup, &other).await);
    sleep(Duration::from_millis(1_100)).await;
    assert_eq!(late_one.commit().await, Ok(true));
    assert_eq!(late_other.release().await, Ok(false));
    assert_eq!(process(&dedup, &one).await, DUPLICATE);
    assert_eq!(process(&dedup, &other).await, PROCESSED);
}

#[tokio::test]
async fn a_server_that_forgot_the_scripts_learns_them_again() {
    let (world, server) = (World::new(), RedisServer::start());
    let dedup = world.dedup(store(&server));
    for id in ["msg_1", "msg_2"] {
        assert_eq!(process(&dedup, &world.delivery(id)).await, PROCESSED);
        assert_eq!(process(&dedup, &world.delivery(id)).await, DUPLICATE);
        let mut connection = connection(&server).await;
        redis::cmd("SCRIPT").arg("FLUSH").exec_async(&mut connection).await.unwrap();
    }
}
