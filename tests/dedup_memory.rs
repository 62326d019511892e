//! How much memory the store of one process takes, counted by the allocator: a program of its own,
//! so that nothing else is counted.

use std::alloc::System;
use std::time::SystemTime;

use gemini_webhooks::testing::StaticSigner;
use gemini_webhooks::{Dedup, MemoryStore, Once, Secret, StaticVerifier};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_hundred_thousand_ids_take_less_than_32_mib_and_more_ids_take_no_more() {
    let secret = Secret::from_raw_bytes([7; 32]).unwrap();
    let signer = StaticSigner::new(&secret);
    let verifier = StaticVerifier::builder().secret(secret).build().unwrap();
    let region = Region::new(ALLOCATOR);
    let in_use = || {
        let stats = region.change();
        stats.bytes_allocated - stats.bytes_deallocated
    };
    let dedup = Dedup::builder(MemoryStore::new()).build().unwrap();
    let mut most = 0;
    for n in 0..150_000 {
        let request = signer.sign(&format!("msg_{n}"), SystemTime::now(), "{}");
        let delivery = verifier.verify(&request.headers, request.body).unwrap();
        let outcome = dedup.process_once(&delivery, async { Ok::<_, ()>(()) }).await;
        assert_eq!(outcome, Ok(Once::Processed(())));
        drop(delivery);
        most = most.max(in_use());
        if n == 99_999 {
            println!("100 000 ids: {} KiB", in_use() / 1024);
            assert!(in_use() > 4 * MIB, "then it does not hold them");
        }
    }
    println!("at most, over 150 000 ids: {} KiB", most / 1024);
    assert!(most < 32 * MIB, "{most}");
}
