//! The store of one process: what it forgets, and what it shows.

use gemini_webhooks::MemoryStore;

use crate::world::*;

/// moka evicts after up to this many writes: what its channel of pending writes holds.
const SLACK: usize = 384;

#[tokio::test]
async fn a_full_store_forgets_the_oldest_first() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::with_capacity(1000));
    let delivery = |n: usize| world.delivery(&format!("msg_{n}"));
    for n in 0..3000 {
        assert_eq!(process(&dedup, &delivery(n)).await, PROCESSED);
    }
    for n in 2000..3000 {
        assert_eq!(process(&dedup, &delivery(n)).await, DUPLICATE, "{n}");
    }
    for n in 0..2000 - SLACK {
        assert_eq!(process(&dedup, &delivery(n)).await, PROCESSED, "{n}");
    }
}

#[tokio::test]
async fn a_store_for_nothing_keeps_one() {
    let world = World::new();
    let dedup = world.dedup(MemoryStore::with_capacity(0));
    assert_eq!(process(&dedup, &world.delivery("msg_1")).await, PROCESSED);
    assert_eq!(process(&dedup, &world.delivery("msg_1")).await, DUPLICATE);
}

#[tokio::test]
async fn clones_are_one_store() {
    let world = World::new();
    let store = MemoryStore::default();
    let (one, other) = (world.dedup(store.clone()), world.dedup(store));
    assert_eq!(process(&one, &world.delivery("msg_1")).await, PROCESSED);
    assert_eq!(process(&other, &world.delivery("msg_1")).await, DUPLICATE);
}

#[tokio::test]
async fn debug_shows_settings_and_no_key() {
    let world = World::new();
    let dedup = world.builder(MemoryStore::new()).namespace("orders").build().unwrap();
    let delivery = world.delivery("msg_1");
    let shown = format!("{dedup:?} {:?} {:?}", dedup.key(&delivery), dedup.claim(&delivery).await);
    assert!(shown.contains("MemoryStore { capacity: Some(100000), .. }"), "{shown}");
    assert!(shown.contains("DedupKey { .. }") && !shown.contains("msg_1"), "{shown}");
}
