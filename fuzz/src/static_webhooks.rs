//! Deliveries of static webhooks, from the headers to the event.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use gemini_webhooks::limits::{MAX_SIGNATURE_ENTRIES, MAX_SIGNATURE_LIST_BYTES};
use gemini_webhooks::testing::ManualClock;
use gemini_webhooks::{
    Clock, ConfigError, Error, ReplayWindow, Revocation, Secret, StaticVerifier, WebhookHeader,
};
use http::HeaderMap;

use super::{
    Input, NOW, Peers, WINDOW, headers_of, is_legal, is_visible, legal_timestamp, own_text,
    with_bit_changed,
};

/// Among arbitrary entries only the good one verifies, wherever it stands, within the limits.
pub fn signature_list(data: &[u8]) {
    let mut input = Input(data);
    let place = input.number();
    let others = input.0;
    let (id, timestamp, body) = ("msg_1", NOW.to_string(), b"{}");
    let peers = Peers::new(data, NOW);
    let verifies = |list: &[u8]| {
        let headers = headers_of([id.as_bytes(), timestamp.as_bytes(), list]);
        peers.verifier.check(&headers, body).is_ok()
    };
    assert!(!verifies(others), "nobody signed this");

    let good = peers.signer.signature(id, &timestamp, body);
    let mut entries: Vec<_> = others.split(|byte| *byte == b' ').collect();
    entries.insert(place % (entries.len() + 1), good.as_bytes());
    let list = entries.join(&b' ');
    let within_limits = entries.len() <= MAX_SIGNATURE_ENTRIES
        && list.len() <= MAX_SIGNATURE_LIST_BYTES
        && is_visible(&list);
    assert_eq!(verifies(&list), within_limits);
}

/// Forgeries are refused, what was signed is accepted, and one changed bit is too many.
pub fn static_pipeline(data: &[u8]) {
    let mut input = Input(data);
    let (id, timestamp, signature) = (input.line(), input.line(), input.line());
    let (bit, clock) = (input.number(), input.number());
    let body = Bytes::copy_from_slice(input.0);
    // By this clock a forgery is not refused for its age alone.
    let peers = Peers::new(data, legal_timestamp(timestamp).unwrap_or(NOW));
    let forged = headers_of([id, timestamp, signature]);
    assert!(peers.verifier.verify(&forged, body.clone()).is_err(), "nobody signed this");

    let Ok(id) = std::str::from_utf8(id) else { return };
    let request = peers.signer.sign(id, peers.clock.now(), body.clone());
    let outcome = peers.verifier.verify(&request.headers, request.body);
    if !is_legal(WebhookHeader::Id, id.as_bytes()) {
        assert!(outcome.is_err());
        return;
    }
    let delivery = outcome.unwrap();
    assert_eq!((delivery.id().as_str(), delivery.raw()), (id, &body));
    let checked = peers.verifier.check(&request.headers, &body).unwrap();
    assert_eq!((checked.id(), checked.timestamp()), (id, delivery.timestamp()));
    assert_eq!(u64::try_from(delivery.timestamp().unix_timestamp()), Ok(peers.now));
    assert_changed_bit_is_refused(&peers, id, &body, bit);
    assert_window_is_kept(&peers, &request.headers, &body, clock);
    assert_own_window_is_kept(data, peers.now, &request.headers, &body, clock);
    assert_rotation_ends(data, peers.now, &request.headers, &body);
}

/// A window of the caller's choice, for each direction.
fn assert_own_window_is_kept(
    data: &[u8],
    now: u64,
    headers: &HeaderMap,
    body: &Bytes,
    clock: usize,
) {
    let clock = u64::try_from(clock).unwrap();
    let [past, future] = [clock % 3_700, clock / 3_700 % 3_700];
    let [back, ahead] = [past, future].map(Duration::from_secs);
    let window = ReplayWindow::new(back, ahead);
    assert_eq!(window.is_ok(), (1..=3_600).contains(&past) && (1..=3_600).contains(&future));
    let Ok(window) = window else { return };
    assert_eq!((window.past(), window.future()), (back, ahead));
    let peers = Peers::with(Secret::from_raw_bytes(own_text(data)).unwrap(), now);
    let verifier =
        StaticVerifier::builder().secret(Secret::from_raw_bytes(own_text(data)).unwrap());
    let verifier = verifier.replay_window(window).clock(peers.clock.clone()).build().unwrap();
    for (time, accepted) in [
        (now.checked_add(past), true),
        (now.checked_add(past + 1), false),
        (now.checked_sub(future), true),
        (now.checked_sub(future + 1), false),
    ] {
        let Some(time) = time else { continue };
        peers.clock.set(UNIX_EPOCH + Duration::from_secs(time));
        assert_eq!(verifier.check(headers, body).is_ok(), accepted);
    }
}

/// The secret in its places among others, until it retires.
fn assert_rotation_ends(data: &[u8], now: u64, headers: &HeaderMap, body: &Bytes) {
    let own = || Secret::from_raw_bytes(own_text(data)).unwrap().with_label("own");
    let other = |n| Secret::from_raw_bytes([n; 32]).unwrap();
    let retires_at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let builder = StaticVerifier::builder().clock(ManualClock::at(now));
    let verifier = builder.secrets([other(1), own(), other(2)]).build().unwrap();
    let position = || verifier.check(headers, body).map(|checked| checked.secret().position());
    // The second time it is tried first.
    assert_eq!((position(), position()), (Ok(2), Ok(2)));
    verifier.replace_secrets([own().retire_at(retires_at(now + 1)), other(1)]).unwrap();
    assert_eq!(position(), Ok(1));
    verifier.replace_secrets([own().retire_at(retires_at(now)), other(1)]).unwrap();
    assert_eq!(position(), Err(Error::SignatureMismatch));
    verifier.replace_secrets([own().retire_at(retires_at(now))]).unwrap();
    assert_eq!(position(), Err(Error::NoActiveSecret));
    // The new one comes first, and the retired one goes.
    verifier.add_secret(own(), Revocation::After24Hours).unwrap();
    assert_eq!(position(), Ok(1));
    verifier.add_secret(other(3), Revocation::After24Hours).unwrap();
    assert_eq!(position(), Ok(2));
    verifier.add_secret(other(4), Revocation::Immediate).unwrap();
    assert_eq!(position(), Err(Error::SignatureMismatch));
    for n in 5..12 {
        verifier.add_secret(other(n), Revocation::After24Hours).unwrap();
    }
    let too_many = verifier.add_secret(own(), Revocation::After24Hours);
    assert_eq!(too_many, Err(ConfigError::TooManySecrets));
    assert_eq!(verifier.replace_secrets([]), Err(ConfigError::NoSecret));
    assert_eq!(verifier.replace_secrets((0..9).map(other)), Err(ConfigError::TooManySecrets));
}

fn assert_changed_bit_is_refused(peers: &Peers, id: &str, body: &[u8], bit: usize) {
    let timestamp = peers.now.to_string();
    let signature = peers.signer.signature(id, &timestamp, body);
    let fields = [id.as_bytes(), timestamp.as_bytes(), signature.as_bytes(), body];
    let [id, timestamp, signature, body] = with_bit_changed(fields, bit);
    let headers = headers_of([&id, &timestamp, &signature]);
    assert!(peers.verifier.verify(&headers, body).is_err(), "a changed bit went unnoticed");
}

/// The same request at another time, just inside or just outside the window.
fn assert_window_is_kept(peers: &Peers, headers: &HeaderMap, body: &Bytes, clock: usize) {
    let shift = u64::try_from(clock).unwrap() % (2 * WINDOW + 3);
    let later = (peers.now + shift).saturating_sub(WINDOW + 1);
    peers.clock.set(UNIX_EPOCH + Duration::from_secs(later));
    let (off, limit) = (later.abs_diff(peers.now), WINDOW);
    let refusal = peers.verifier.verify(headers, body.clone()).err();
    let expected = match later > peers.now {
        _ if off <= limit => None,
        true => Some(Error::TooOld { age: off, limit }),
        false => Some(Error::TooNew { ahead: off, limit }),
    };
    assert_eq!(refusal, expected);
}
