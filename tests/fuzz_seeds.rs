//! Replays the seeds of the fuzz targets, so that what these assert is checked by every test run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::fs;
use std::path::Path;

#[path = "../fuzz/src/targets.rs"]
pub mod targets;

#[test]
fn event_holds_for_its_seeds() {
    replay("event", targets::event);
}

#[cfg(feature = "explain")]
#[test]
fn explain_holds_for_its_seeds() {
    replay("explain", targets::explain);
}

#[test]
fn header_set_holds_for_its_seeds() {
    replay("header_set", targets::header_set);
}

#[test]
fn secret_holds_for_its_seeds() {
    replay("secret", targets::secret);
}

#[test]
fn signature_list_holds_for_its_seeds() {
    replay("signature_list", targets::signature_list);
}

#[test]
fn static_pipeline_holds_for_its_seeds() {
    replay("static_pipeline", targets::static_pipeline);
}

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod dynamic {
    use super::{replay, targets};

    #[test]
    fn binding_holds_for_its_seeds() {
        replay("binding", targets::binding);
    }

    #[test]
    fn jwt_split_holds_for_its_seeds() {
        replay("jwt_split", targets::jwt_split);
    }

    #[test]
    fn jwt_claims_holds_for_its_seeds() {
        replay("jwt_claims", targets::jwt_claims);
    }

    #[test]
    fn jwks_holds_for_its_seeds() {
        replay("jwks", targets::jwks);
    }

    #[test]
    fn v1a_holds_for_its_seeds() {
        replay("v1a", targets::v1a);
    }

    #[test]
    fn key_cache_holds_for_its_seeds() {
        replay("key_cache", targets::key_cache);
    }

    #[test]
    fn dynamic_pipeline_holds_for_its_seeds() {
        replay("dynamic_pipeline", targets::dynamic_pipeline);
    }
}

fn replay(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
    let mut seeds = 0;
    for seed in fs::read_dir(folder).unwrap() {
        let path = seed.unwrap().path();
        // Shown when the test fails: the last one is the one at fault.
        println!("{}", path.display());
        target(&fs::read(path).unwrap());
        seeds += 1;
    }
    assert!(seeds > 0, "no seed of {name}");
}
