//! The server is down, hangs, vanishes, refuses: 503 within the time limit, and as before once it is
//! back, with the same store.

use std::time::{Duration, Instant};

use gemini_webhooks::{ConfigError, Dedup, RedisStore};
use redis::AsyncCommands as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::server::RedisServer;
use crate::steps::{connection, name, store};
use crate::world::*;

/// The two seconds of the store, and what a busy machine adds.
const LIMIT: Duration = Duration::from_millis(3_500);

/// What is sent while the store is down comes to nothing, and soon.
async fn is_down(world: &World, dedup: &Dedup) {
    for n in 0..3 {
        let started = Instant::now();
        let outcome = process(dedup, &world.delivery(&format!("msg_down_{n}"))).await;
        assert_eq!(outcome, STORE_DOWN);
        assert_eq!(outcome.unwrap_err().status(), 503);
        assert!(started.elapsed() < LIMIT, "{:?}", started.elapsed());
    }
}

/// The sender comes again, and by the second attempt at the latest it works.
async fn is_back(world: &World, dedup: &Dedup) {
    let delivery = world.delivery("msg_back");
    if process(dedup, &delivery).await != PROCESSED {
        assert_eq!(process(dedup, &delivery).await, PROCESSED);
    }
    assert_eq!(process(dedup, &delivery).await, DUPLICATE);
}

#[tokio::test]
async fn a_server_that_is_down_is_503_and_all_is_well_when_it_is_back() {
    let (world, mut server) = (World::new(), RedisServer::start());
    let dedup = world.dedup(store(&server));
    let delivery = world.delivery("msg_1");
    assert_eq!(process(&dedup, &delivery).await, PROCESSED);
    for _ in 0..3 {
        server.kill();
        is_down(&world, &dedup).await;
        server.restart().unwrap();
        assert_eq!(process(&dedup, &delivery).await, DUPLICATE, "what was done is remembered");
    }
    is_back(&world, &dedup).await;
}

#[tokio::test]
async fn a_server_that_restarts_between_two_deliveries_costs_one_attempt_at_most() {
    let (world, mut server) = (World::new(), RedisServer::start());
    let dedup = world.dedup(store(&server));
    for n in 0..5 {
        assert_eq!(process(&dedup, &world.delivery(&format!("msg_{n}"))).await, PROCESSED);
        server.kill();
        server.restart().unwrap();
        let again = world.delivery(&format!("msg_{n}"));
        let outcome = process(&dedup, &again).await;
        if outcome != DUPLICATE {
            assert_eq!(outcome, STORE_DOWN);
            assert_eq!(process(&dedup, &again).await, DUPLICATE);
        }
    }
}

#[tokio::test]
async fn a_server_that_dies_under_the_work_loses_nothing() {
    let (world, mut server) = (World::new(), RedisServer::start());
    let dedup = world.builder(store(&server)).lease(SECOND).build().unwrap();
    let (done, failed) = (world.delivery("msg_1"), world.delivery("msg_2"));
    let (done_lease, failed_lease) = (claim(&dedup, &done).await, claim(&dedup, &failed).await);
    server.kill();
    assert!(done_lease.commit().await.is_err());
    assert!(failed_lease.release().await.is_err());
    server.restart().unwrap();
    sleep(Duration::from_millis(1_100)).await;
    // Work that was done runs again, rather than work that was not done being lost.
    assert_eq!(process(&dedup, &done).await, PROCESSED);
    assert_eq!(process(&dedup, &failed).await, PROCESSED);
}

#[tokio::test]
async fn work_is_2xx_though_the_server_dies_before_the_commit() {
    let (world, mut server) = (World::new(), RedisServer::start());
    let dedup = world.dedup(store(&server));
    let outcome: Outcome = dedup
        .process_once(&world.delivery("msg_1"), async {
            server.kill();
            Ok(())
        })
        .await;
    assert_eq!(outcome, PROCESSED);
}

#[tokio::test]
async fn a_server_that_hangs_is_503_within_the_time_limit() {
    let (world, server) = (World::new(), RedisServer::start());
    let dedup = world.dedup(store(&server));
    assert_eq!(process(&dedup, &world.delivery("msg_1")).await, PROCESSED);
    server.pause();
    is_down(&world, &dedup).await;
    server.resume();
    is_back(&world, &dedup).await;
}

#[tokio::test]
async fn a_server_that_hangs_before_the_first_connection_is_503_as_well() {
    let (world, server) = (World::new(), RedisServer::start());
    let dedup = world.dedup(store(&server));
    server.pause();
    is_down(&world, &dedup).await;
    server.resume();
    is_back(&world, &dedup).await;
}

#[tokio::test]
async fn many_deliveries_at_once_to_a_server_that_hangs_do_not_wait_for_one_another() {
    let (world, server) = (World::new(), RedisServer::start());
    let dedup = world.dedup(store(&server));
    server.pause();
    let started = Instant::now();
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let (dedup, delivery) = (dedup.clone(), world.delivery(&format!("msg_{n}")));
            tokio::spawn(async move { process(&dedup, &delivery).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), STORE_DOWN);
    }
    assert!(started.elapsed() < LIMIT, "{:?}", started.elapsed());
    server.resume();
    is_back(&world, &dedup).await;
}

#[tokio::test]
async fn a_server_that_vanishes_without_a_word_is_given_up() {
    let (world, server) = (World::new(), RedisServer::start());
    let line = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("redis://{}/", line.local_addr().unwrap());
    let dedup = world.dedup(RedisStore::new(&url).unwrap());
    let port = server.port();
    let (cut, is_cut) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        loop {
            let (mut near, _) = line.accept().await.unwrap();
            let mut is_cut = is_cut.clone();
            let cut_before = *is_cut.borrow();
            tokio::spawn(async move {
                let mut far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut near, &mut far) => (),
                    _ = is_cut.changed(), if !cut_before => {
                        // Open, and for ever silent.
                        sleep(Duration::from_secs(600)).await;
                    }
                }
            });
        }
    });
    assert_eq!(process(&dedup, &world.delivery("msg_1")).await, PROCESSED);
    cut.send(true).unwrap();
    let started = Instant::now();
    assert_eq!(process(&dedup, &world.delivery("msg_2")).await, STORE_DOWN);
    assert!(started.elapsed() < LIMIT, "{:?}", started.elapsed());
    assert_eq!(process(&dedup, &world.delivery("msg_2")).await, PROCESSED);
}

#[tokio::test]
async fn a_refused_password_is_503_until_the_server_takes_it() {
    let world = World::new();
    let server = RedisServer::start_with(&["--requirepass", "old"]);
    let with = |password: &str| format!("redis://:{password}@127.0.0.1:{}/", server.port());
    let dedup = world.dedup(RedisStore::new(&with("new")).unwrap());
    is_down(&world, &dedup).await;
    let client = redis::Client::open(with("old")).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut set = redis::cmd("CONFIG");
    set.arg(&["SET", "requirepass", "new"]).exec_async(&mut connection).await.unwrap();
    is_back(&world, &dedup).await;
    // Without any, too.
    is_down(&world, &world.dedup(store(&server))).await;
}

#[tokio::test]
async fn a_server_that_takes_no_more_connections_is_503_until_it_does() {
    let world = World::new();
    let server = RedisServer::start_with(&["--requirepass", "secret", "--maxclients", "1"]);
    let url = format!("redis://:secret@127.0.0.1:{}/", server.port());
    let client = redis::Client::open(url.as_str()).unwrap();
    // The server may not have noticed yet that whoever saw it start has gone.
    let other = loop {
        match client.get_multiplexed_async_connection().await {
            Ok(other) => break other,
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    };
    let dedup = world.dedup(RedisStore::new(&url).unwrap());
    is_down(&world, &dedup).await;
    drop(other);
    sleep(Duration::from_millis(200)).await;
    is_back(&world, &dedup).await;
}

#[tokio::test]
async fn a_server_without_memory_left_is_503() {
    let (world, server) = (World::new(), RedisServer::start());
    let dedup = world.dedup(store(&server));
    let mut connection = connection(&server).await;
    let mut set = async |bytes: &str| {
        let mut set = redis::cmd("CONFIG");
        set.arg(&["SET", "maxmemory", bytes]).exec_async(&mut connection).await.unwrap();
    };
    set("1").await;
    is_down(&world, &dedup).await;
    set("0").await;
    is_back(&world, &dedup).await;
}

#[tokio::test]
async fn what_somebody_else_wrote_under_a_key_is_no_claim_and_no_panic() {
    let (world, server) = (World::new(), RedisServer::start());
    let dedup = world.dedup(store(&server));
    let (list, text) = (world.delivery("msg_1"), world.delivery("msg_2"));
    let mut connection = connection(&server).await;
    let _: () = connection.lpush(name(&dedup, &list), "x").await.unwrap();
    let _: () = connection.set(name(&dedup, &text), b"\xff").await.unwrap();
    assert_eq!(process(&dedup, &list).await, STORE_DOWN);
    assert_eq!(process(&dedup, &text).await, IN_FLIGHT);
    is_back(&world, &dedup).await;
}

#[test]
fn a_store_can_be_made_before_there_is_a_runtime_or_a_server() {
    let world = World::new();
    let mut server = RedisServer::start();
    server.kill();
    let dedup = world.dedup(store(&server));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(is_down(&world, &dedup));
    server.restart().unwrap();
    runtime.block_on(is_back(&world, &dedup));
}

#[test]
fn a_url_that_is_none_is_a_mistake_at_build_time() {
    for url in ["", "redis", "http://127.0.0.1/", "redis://:secret@host:port/", "redis://h/db"] {
        let refused = RedisStore::new(url).unwrap_err();
        assert_eq!(refused, ConfigError::RedisUrl, "{url}");
        assert!(!format!("{refused} {refused:?}").contains("secret"));
    }
}

#[tokio::test]
async fn no_password_or_address_is_shown() {
    let world = World::new();
    let store = RedisStore::new("redis://user:secret@127.0.0.1:1/").unwrap();
    let dedup = world.dedup(store.clone());
    let delivery = world.delivery("msg_1");
    let not_claimed = dedup.claim(&delivery).await.unwrap_err();
    let not_processed = process(&dedup, &delivery).await.unwrap_err();
    let builder = world.builder(store.clone());
    for shown in [
        format!("{store:?} {store:#?} {dedup:?} {builder:?}"),
        format!("{not_claimed} {not_claimed:?} {not_processed} {not_processed:?}"),
    ] {
        for hidden in ["secret", "user", "127.0.0.1"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}
