//! A server for each adapter, with nothing but the adapter: what the conformance cases run against.
//!
//! `examples` shows how to use them.

use gemini_webhooks::{Delivery, Error};

/// What every server here has in common with the others.
pub type Problem = Box<dyn std::error::Error + Send + Sync>;

/// Tells of a delivery.
pub fn accepted(delivery: &Delivery) {
    tracing::info!(id = delivery.id().as_str(), event = ?delivery.event(), "accepted");
}

/// Tells of a refusal.
pub fn refused(error: &Error) {
    tracing::info!(code = error.code(), "refused: {error}");
}
