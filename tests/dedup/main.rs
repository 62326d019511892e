//! Once-only processing by its public face, over the store of one process.

mod in_memory_simulation;
mod keys;
mod leases;
mod memory;
mod once;
mod outages;
mod simulation;
mod world;
