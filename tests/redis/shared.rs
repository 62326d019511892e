//! Several receivers at once, and the simulation over a real server.

use gemini_webhooks::DedupKey;
use redis::aio::MultiplexedConnection;

use crate::server::RedisServer;
use crate::simulation::{StoreClock, simulate};
use crate::steps::{connection, store};
use crate::world::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_claims_at_once_over_two_connections_one_is_ours() {
    let (world, server) = (World::new(), RedisServer::start());
    let receivers = [world.dedup(store(&server)), world.dedup(store(&server))];
    one_is_ours_of_a_thousand(&world, &receivers, 5).await;
}

/// The server goes by the real time: what has ended on the simulated clock is ended there.
struct Server(MultiplexedConnection);

impl StoreClock for Server {
    async fn end(&mut self, key: DedupKey) {
        let name = [b"gemini-webhooks:".as_slice(), key.as_bytes()].concat();
        redis::cmd("PEXPIREAT").arg(name).arg(1).exec_async(&mut self.0).await.unwrap();
    }
}

async fn deliveries(count: u64, seed: u64) {
    let (world, server) = (World::new(), RedisServer::start_with(&[]));
    let dedup = world.dedup(store(&server));
    let clock = Server(connection(&server).await);
    let report = simulate(&world, &dedup, clock, count, seed).await;
    assert!(report.deliveries >= count);
    report.check();
}

#[tokio::test]
async fn nothing_is_processed_twice_or_lost_in_20_000_deliveries() {
    deliveries(20_000, 3).await;
}

#[tokio::test]
#[ignore = "takes minutes: scripts/floods.sh"]
async fn nothing_is_processed_twice_or_lost_in_1_000_000_deliveries() {
    deliveries(1_000_000, 4).await;
}
