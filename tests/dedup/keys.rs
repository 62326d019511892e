//! What makes two deliveries one event (ruling by ruling), and what a forger cannot do to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use gemini_webhooks::{
    ClaimId, Claimed, DedupKey, DedupStore, Delivery, Event, MemoryStore, StoreFuture,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::*;

fn key(world: &World, delivery: &Delivery) -> DedupKey {
    world.dedup(MemoryStore::new()).key(delivery)
}

/// Processes one after the other; tells whether the second was taken for the first.
async fn one_event(world: &World, first: &Delivery, second: &Delivery) -> bool {
    let dedup = world.dedup(MemoryStore::new());
    assert_eq!(process(&dedup, first).await, PROCESSED);
    let second = process(&dedup, second).await;
    assert!(second == PROCESSED || second == DUPLICATE, "{second:?}");
    second == DUPLICATE
}

fn with_data(data: Value) -> Value {
    let mut event = event();
    event["data"] = data;
    event
}

#[tokio::test]
async fn a_static_delivery_goes_by_its_signed_id() {
    let world = World::new();
    let first = world.delivery("msg_1");
    world.clock.advance(SECOND);
    assert!(one_event(&world, &first, &world.delivery("msg_1")).await);
    assert!(!one_event(&world, &first, &world.delivery("msg_2")).await);
}

#[tokio::test]
async fn a_v1a_delivery_goes_by_its_signed_id() {
    let world = World::new();
    let first = world.v1a_delivery("msg_1", body());
    world.clock.advance(SECOND);
    assert!(one_event(&world, &first, &world.v1a_delivery("msg_1", body())).await);
    assert!(!one_event(&world, &first, &world.v1a_delivery("msg_2", body())).await);
}

#[tokio::test]
async fn the_schemes_are_apart() {
    let world = World::new();
    let deliveries = [
        world.delivery("msg_1"),
        world.v1a_delivery("msg_1", body()),
        world.jwt_delivery("msg_1", &event(), Token::ONE),
        world.bearer_delivery("msg_1", body(), Token::ONE),
    ];
    for (at, one) in deliveries.iter().enumerate() {
        for other in &deliveries[at + 1..] {
            assert!(!one_event(&world, one, other).await);
        }
    }
}

#[tokio::test]
async fn endpoints_are_apart() {
    let world = World::new();
    let store = MemoryStore::new();
    let orders = world.builder(store.clone()).namespace("orders").build().unwrap();
    let videos = world.builder(store.clone()).namespace("videos").build().unwrap();
    let unnamed = world.dedup(store);
    let delivery = world.delivery("msg_1");
    for dedup in [&orders, &videos, &unnamed] {
        assert_eq!(process(dedup, &delivery).await, PROCESSED);
        assert_eq!(process(dedup, &delivery).await, DUPLICATE);
    }
}

#[tokio::test]
async fn two_tokens_with_one_event_run_once() {
    let world = World::new();
    let first = world.jwt_delivery("msg_1", &event(), Token::ONE);
    world.clock.advance(SECOND);
    assert!(one_event(&world, &first, &world.jwt_delivery("msg_1", &event(), Token::TWO)).await);
}

#[tokio::test]
async fn a_captured_token_under_a_fresh_id_is_a_duplicate() {
    let world = World::new();
    let first = world.jwt_delivery("msg_1", &event(), Token::ONE);
    assert!(one_event(&world, &first, &world.jwt_delivery("msg_2", &event(), Token::ONE)).await);
}

#[tokio::test]
async fn a_token_goes_by_the_signed_type_and_timestamp_and_data() {
    let world = World::new();
    let first = world.jwt_delivery("msg_1", &event(), Token::ONE);
    for (member, value) in [
        ("type", json!("batch.expired")),
        ("timestamp", json!("2026-01-22T12:00:01Z")),
        ("data", json!({"id": "batch_123457"})),
    ] {
        let mut other = event();
        other[member] = value;
        let other = world.jwt_delivery("msg_1", &other, Token::ONE);
        assert!(!one_event(&world, &first, &other).await, "{member}");
    }
    let mut same = event();
    same["version"] = json!("v2");
    let same = world.jwt_delivery("msg_1", &same, Token::ONE);
    assert!(one_event(&world, &first, &same).await);
}

#[tokio::test]
async fn the_order_of_members_does_not_matter() {
    let world = World::new();
    let one = r#""type":"webhook.ping","data":{"a":1,"b":{"c":2,"d":[3,4]}}"#;
    let other = r#""data":{"b":{"d":[3,4],"c":2},"a":1},"type":"webhook.ping""#;
    let first = world.jwt_delivery_of("msg_1", one, Token::ONE);
    assert!(one_event(&world, &first, &world.jwt_delivery_of("msg_1", other, Token::TWO)).await);
    let turned = r#""type":"webhook.ping","data":{"a":1,"b":{"c":2,"d":[4,3]}}"#;
    assert!(!one_event(&world, &first, &world.jwt_delivery_of("msg_1", turned, Token::ONE)).await);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_runs_once_as_well() {
    let world = World::new();
    for members in [
        r#""type":"batch.succeeded","data":{"id":7}"#,
        r#""type":"batch.succeeded","data":{"id":"b","id":"c"}"#,
        r#""type":"batch.succeeded","data":null"#,
        r#""type":7,"data":{"id":"b"}"#,
    ] {
        let first = world.jwt_delivery_of("msg_1", members, Token::ONE);
        assert!(matches!(first.event(), Event::Unreadable { .. }), "{members}");
        let retry = world.jwt_delivery_of("msg_1", members, Token::TWO);
        assert!(one_event(&world, &first, &retry).await, "{members}");
    }
}

#[tokio::test]
async fn two_events_that_cannot_be_read_do_not_merge() {
    let world = World::new();
    let of = |id: &str| {
        let members = format!(r#""type":"batch.succeeded","data":{{"id":{id}}}"#);
        world.jwt_delivery_of("msg_1", &members, Token::ONE)
    };
    assert!(!one_event(&world, &of("7"), &of("8")).await);
}

#[tokio::test]
async fn numbers_too_large_for_a_float_do_not_merge_events() {
    let world = World::new();
    let number = |n: &str| {
        let members = format!(r#""type":"webhook.ping","data":{{"n":{n}}}"#);
        world.jwt_delivery_of("msg_1", &members, Token::ONE)
    };
    let (one, other) = (number("18446744073709551617"), number("18446744073709551618"));
    assert!(!one_event(&world, &one, &other).await);
}

#[tokio::test]
async fn one_bearer_token_with_two_bodies_runs_both() {
    let world = World::new();
    let first = world.bearer_delivery("msg_1", r#"{"type":"a","data":{}}"#, Token::ONE);
    let second = world.bearer_delivery("msg_1", r#"{"type":"b","data":{}}"#, Token::ONE);
    assert!(!one_event(&world, &first, &second).await);
}

#[tokio::test]
async fn a_bearer_delivery_goes_by_id_and_body_and_not_by_token() {
    let world = World::new();
    let first = world.bearer_delivery("msg_1", body(), Token::ONE);
    assert!(one_event(&world, &first, &world.bearer_delivery("msg_1", body(), Token::TWO)).await);
    assert!(!one_event(&world, &first, &world.bearer_delivery("msg_2", body(), Token::ONE)).await);
}

#[tokio::test]
async fn an_unsigned_id_occupies_nobody_elses_key() {
    // Who holds a captured token writes the id of an event that is yet to come.
    let world = World::new();
    let dedup = world.dedup(MemoryStore::new());
    for delivery in [
        world.jwt_delivery("msg_2", &event(), Token::ONE),
        world.bearer_delivery("msg_2", "{}", Token::ONE),
        world.jwt_delivery("msg_2", &with_data(json!({"id": "batch_2"})), Token::ONE),
        world.bearer_delivery("msg_2", body(), Token::ONE),
        world.v1a_delivery("msg_2", body()),
        world.delivery("msg_2"),
    ] {
        assert_eq!(process(&dedup, &delivery).await, PROCESSED);
    }
}

/// Counts how often it is asked.
#[derive(Clone, Debug, Default)]
struct Spy(Arc<AtomicUsize>);

impl Spy {
    fn asked<T: Send + 'static>(&self, answer: T) -> StoreFuture<'_, T> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(answer) })
    }
}

impl DedupStore for Spy {
    fn claim(
        &self,
        _: DedupKey,
        _: ClaimId,
        _: Duration,
        _: SystemTime,
    ) -> StoreFuture<'_, Claimed> {
        self.asked(Claimed::Ours)
    }

    fn commit(&self, _: DedupKey, _: ClaimId, _: Duration, _: SystemTime) -> StoreFuture<'_, bool> {
        self.asked(true)
    }

    fn release(&self, _: DedupKey, _: ClaimId, _: SystemTime) -> StoreFuture<'_, bool> {
        self.asked(true)
    }
}

#[tokio::test]
async fn a_forged_request_never_reaches_the_store() {
    let world = World::new();
    let spy = Spy::default();
    let dedup = world.dedup(spy.clone());
    let mut forged = world.static_request("msg_1", body());
    forged.headers.insert("webhook-id", "msg_2".parse().unwrap());
    // The receiver as one writes it: what is not verified cannot be handed to `process_once`.
    for request in [forged, world.static_request("msg_2", body())] {
        if let Ok(delivery) = world.static_verifier.verify(&request.headers, request.body) {
            assert_eq!(process(&dedup, &delivery).await, PROCESSED);
        }
    }
    assert_eq!(spy.0.load(Ordering::Relaxed), 2, "one claim and one commit of the genuine one");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0_i64..3).prop_map(Value::from),
        "[ab\"\\\\\u{e9}]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("[ab]{0,2}", inner, 0..3).prop_map(Value::from_iter),
        ]
    })
}

proptest! {
    #[test]
    fn two_events_have_one_key_exactly_if_they_are_equal(one in any_json(), other in any_json()) {
        let world = World::new();
        let of = |data: &Value, token| {
            let event = json!({"type": "webhook.ping", "data": {"x": data}});
            key(&world, &world.jwt_delivery("msg_1", &event, token))
        };
        prop_assert_eq!(of(&one, Token::ONE), of(&one, Token::TWO));
        prop_assert_eq!(of(&one, Token::ONE) == of(&other, Token::ONE), one == other);
    }
}
