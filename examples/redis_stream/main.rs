//! x
mod server;
fn main() {
    let _ = server::RedisServer::start();
}
