//! The simulation over the store of one process.

use gemini_webhooks::{DedupKey, MemoryStore};

use crate::simulation::{StoreClock, simulate};
use crate::world::World;

/// The store goes by the simulated clock.
struct Simulated;

impl StoreClock for Simulated {
    async fn end(&mut self, _: DedupKey) {}
}

async fn deliveries(count: u64, seed: u64) {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    let report = simulate(&world, &dedup, Simulated, count, seed).await;
    assert!(report.deliveries >= count);
    report.check();
}

#[tokio::test]
async fn nothing_is_processed_twice_or_lost_in_100_000_deliveries() {
    deliveries(100_000, 1).await;
}

#[tokio::test]
#[ignore = "takes a minute: scripts/floods.sh"]
async fn nothing_is_processed_twice_or_lost_in_1_000_000_deliveries() {
    deliveries(1_000_000, 2).await;
}
