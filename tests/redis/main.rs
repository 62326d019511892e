//! The store that several machines share, over real redis-servers that the tests start, kill, stop
//! and restart.

mod outages;
#[path = "../../examples/redis_stream/server.rs"]
mod server;
mod shared;
#[path = "../dedup/simulation.rs"]
mod simulation;
mod steps;
#[path = "../dedup/world.rs"]
mod world;
