//! The example `redis_stream` as a test: it plays 10 000 deliveries with duplicates, two receivers
//! and a worker that is killed, and ends with an error if an event was lost or had its effect twice.

#[path = "../examples/redis_stream/main.rs"]
mod example;

fn main() -> example::Result<()> {
    example::main()
}
