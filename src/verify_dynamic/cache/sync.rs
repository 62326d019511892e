//! What tasks and threads share and wait on; the model has stand-ins of the same names.

pub(super) use std::sync::atomic::AtomicUsize;
pub(super) use std::sync::{Mutex, MutexGuard};

pub(super) use arc_swap::ArcSwap;
pub(super) use tokio::runtime::Handle;
pub(super) use tokio::sync::watch;
pub(super) use tokio::time::timeout;
