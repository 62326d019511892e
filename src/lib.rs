#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

#[cfg(feature = "actix-web")]
#[cfg_attr(docsrs, doc(cfg(feature = "actix-web")))]
pub mod actix_web;
#[cfg(any(feature = "axum", feature = "tower"))]
mod adapter;
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub mod axum;
mod base64;
#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub mod client;
mod clock;
mod dedup;
mod delivery;
mod env;
mod error;
mod event;
#[cfg(feature = "explain")]
#[cfg_attr(docsrs, doc(cfg(feature = "explain")))]
pub mod explain;
mod headers;
#[cfg(any(feature = "client", feature = "fetch"))]
mod http_client;
mod json;
pub mod limits;
mod observe;
mod replay;
mod settings;
mod signature_header;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub mod tower;
mod verifier;
#[cfg(feature = "dynamic")]
mod verify_dynamic;
mod verify_static;

#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use redis;
#[cfg(any(feature = "client", feature = "fetch"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "client", feature = "fetch"))))]
pub use reqwest;

pub use crate::clock::{Clock, SystemClock};
#[cfg(feature = "dedup-memory")]
#[cfg_attr(docsrs, doc(cfg(feature = "dedup-memory")))]
pub use crate::dedup::MemoryStore;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use crate::dedup::RedisStore;
pub use crate::dedup::{
    Claim, ClaimId, Claimed, Dedup, DedupBuilder, DedupKey, DedupStore, Lease, NotProcessed, Once,
    StoreFuture, StoreUnavailable,
};
pub use crate::delivery::{
    BodyAuthentication, Delivery, JwtMatch, Record, Scheme, SecretMatch, WebhookId,
};
pub use crate::error::{
    ConfigError, Error, HeaderProblem, Party, SecretProblem, SeenScheme, TokenProblem,
};
pub use crate::event::{
    BatchOutput, Envelope, ErrorCode, Event, EventType, Job, JobFailure, Members, UnreadableReason,
    VideoOutput,
};
pub use crate::headers::{FoundHeaders, HeaderLookup, Lookup, WebhookHeader};
pub use crate::observe::Verdict;
pub use crate::replay::ReplayWindow;
pub use crate::verifier::Verifier;
#[cfg(feature = "dynamic")]
#[cfg_attr(docsrs, doc(cfg(feature = "dynamic")))]
pub use crate::verify_dynamic::{
    Binding, CachedKeys, CachedKeysBuilder, DynamicVerifier, DynamicVerifierBuilder, Fetch,
    FetchFuture, FetchProblem, FetchRequest, Fetched, JobOwner, KeyEvent, KeyHealth, KeySet,
    KeySetProblem, KeySnapshot, KeySource, KeysFuture, LentKeys, SkipReason, SkippedKey,
    SnapshotProblem, Wanted,
};
#[cfg(feature = "fetch")]
#[cfg_attr(docsrs, doc(cfg(feature = "fetch")))]
pub use crate::verify_dynamic::{GOOGLE_KEYS_URL, HttpsFetch};
pub use crate::verify_static::{
    Checked, Revocation, Secret, StaticVerifier, StaticVerifierBuilder,
};
