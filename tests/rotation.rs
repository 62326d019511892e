//! A new secret in a running verifier: added whole, with the ones before it ending in their time.

use std::thread;
use std::time::Duration;

use gemini_webhooks::testing::{ManualClock, SignedRequest, StaticSigner};
use gemini_webhooks::{Clock, ConfigError, Error, Revocation, Scheme, Secret, StaticVerifier};

const DAY: Duration = Duration::from_secs(24 * 3600);
const ALMOST_A_DAY: Duration = Duration::from_secs(24 * 3600 - 1);
const SECOND: Duration = Duration::from_secs(1);

fn secret(n: u8) -> Secret {
    Secret::from_raw_bytes([n; 32]).unwrap()
}

/// A verifier with these secrets, and its clock.
fn verifier(secrets: impl IntoIterator<Item = Secret>) -> (StaticVerifier, ManualClock) {
    let clock = ManualClock::at(1_800_000_000);
    let builder = StaticVerifier::builder().secrets(secrets).clock(clock.clone());
    (builder.build().unwrap(), clock)
}

fn signed(n: u8, clock: &ManualClock) -> SignedRequest {
    StaticSigner::new(&secret(n)).sign("msg_1", clock.now(), "{}")
}

fn check(verifier: &StaticVerifier, clock: &ManualClock, n: u8) -> Result<usize, Error> {
    let request = signed(n, clock);
    verifier.check(&request.headers, &request.body).map(|checked| checked.secret().position())
}

#[test]
fn the_new_secret_is_the_first_and_the_old_one_lasts_a_day() {
    let (verifier, clock) = verifier([secret(1)]);
    verifier.add_secret(secret(2), Revocation::After24Hours).unwrap();
    assert_eq!((check(&verifier, &clock, 2), check(&verifier, &clock, 1)), (Ok(1), Ok(2)));
    clock.advance(ALMOST_A_DAY);
    assert_eq!(check(&verifier, &clock, 1), Ok(2));
    clock.advance(SECOND);
    assert_eq!(check(&verifier, &clock, 1), Err(Error::SignatureMismatch));
    assert_eq!(check(&verifier, &clock, 2), Ok(1));
}

#[test]
fn immediate_revocation_ends_all_that_came_before() {
    let (verifier, clock) = verifier([secret(1), secret(2)]);
    verifier.add_secret(secret(3), Revocation::Immediate).unwrap();
    for n in [1, 2] {
        assert_eq!(check(&verifier, &clock, n), Err(Error::SignatureMismatch));
    }
    assert_eq!(check(&verifier, &clock, 3), Ok(1));
    // They are gone, and not only past their end.
    clock.set(clock.now() - DAY);
    assert_eq!(check(&verifier, &clock, 1), Err(Error::SignatureMismatch));
}

#[test]
fn a_secret_that_ends_sooner_still_does() {
    let soon = ManualClock::at(1_800_000_000).now() + SECOND;
    let (verifier, clock) = verifier([secret(1).retire_at(soon)]);
    verifier.add_secret(secret(2), Revocation::After24Hours).unwrap();
    assert_eq!(check(&verifier, &clock, 1), Ok(2));
    clock.advance(SECOND);
    assert_eq!(check(&verifier, &clock, 1), Err(Error::SignatureMismatch));
}

#[test]
fn the_new_secret_keeps_an_end_and_a_label_of_its_own() {
    let (verifier, clock) = verifier([secret(1).with_label("old")]);
    let new = secret(2).with_label("new").retire_at(clock.now() + SECOND);
    verifier.add_secret(new, Revocation::After24Hours).unwrap();
    for (n, label) in [(1, "old"), (2, "new")] {
        let request = signed(n, &clock);
        let delivery = verifier.verify(&request.headers, request.body).unwrap();
        let Scheme::Static(matched) = delivery.scheme() else { panic!("{delivery:?}") };
        assert_eq!(matched.label(), Some(label));
    }
    clock.advance(SECOND);
    assert_eq!(check(&verifier, &clock, 2), Err(Error::SignatureMismatch));
}

#[test]
fn a_ninth_secret_is_refused_and_the_eight_stay() {
    let (verifier, clock) = verifier((1..=8).map(secret));
    let refused = verifier.add_secret(secret(9), Revocation::After24Hours);
    assert_eq!(refused, Err(ConfigError::TooManySecrets));
    for n in 1..=8 {
        assert_eq!(check(&verifier, &clock, n), Ok(usize::from(n)));
    }
    // Nothing of the refused call is left: they do not end either.
    clock.advance(DAY);
    assert_eq!(check(&verifier, &clock, 8), Ok(8));
    assert_eq!(check(&verifier, &clock, 9), Err(Error::SignatureMismatch));
}

#[test]
fn what_has_ended_makes_room() {
    let (verifier, clock) = verifier((1..=7).map(secret));
    verifier.add_secret(secret(8), Revocation::After24Hours).unwrap();
    assert!(verifier.add_secret(secret(9), Revocation::After24Hours).is_err());
    clock.advance(DAY);
    verifier.add_secret(secret(9), Revocation::After24Hours).unwrap();
    assert_eq!((check(&verifier, &clock, 9), check(&verifier, &clock, 8)), (Ok(1), Ok(2)));
    assert!(format!("{verifier:?}").contains("secrets: 2"), "{verifier:?}");
}

#[test]
fn clones_have_the_new_secret_too() {
    let (verifier, clock) = verifier([secret(1)]);
    let clone = verifier.clone();
    verifier.add_secret(secret(2), Revocation::Immediate).unwrap();
    assert_eq!(check(&clone, &clock, 2), Ok(1));
}

#[test]
fn of_secrets_that_are_added_at_once_none_is_lost() {
    for _ in 0..200 {
        let (verifier, clock) = verifier([secret(1)]);
        thread::scope(|scope| {
            for n in 2..=8 {
                let verifier = &verifier;
                scope.spawn(move || {
                    verifier.add_secret(secret(n), Revocation::After24Hours).unwrap();
                });
            }
        });
        for n in 1..=8 {
            assert!(check(&verifier, &clock, n).is_ok(), "secret {n} is lost");
        }
    }
}

#[test]
fn of_too_many_secrets_that_are_added_at_once_only_the_last_are_refused() {
    for _ in 0..200 {
        let (verifier, clock) = verifier([secret(1)]);
        let add = |n: u8| verifier.add_secret(secret(n), Revocation::After24Hours).is_ok();
        let added: Vec<(u8, bool)> = thread::scope(|scope| {
            let start = |n| scope.spawn(move || (n, add(n)));
            let threads: Vec<_> = (2..=11).map(start).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(added.iter().filter(|(_, added)| *added).count(), 7);
        for (n, added) in added {
            assert_eq!(check(&verifier, &clock, n).is_ok(), added, "secret {n}");
        }
    }
}

#[test]
fn a_revocation_has_the_name_that_the_api_has_for_it() {
    let names = [Revocation::default(), Revocation::Immediate].map(Revocation::as_str);
    assert_eq!(names, ["revoke_previous_secrets_after_h24", "revoke_previous_secrets_immediately"]);
}

#[test]
fn a_secret_added_under_load_never_refuses_a_request() {
    let (verifier, clock) = verifier([secret(1)]);
    let old = signed(1, &clock);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    verifier.check(&old.headers, &old.body).unwrap();
                }
            });
        }
        for n in 0..200 {
            let new = 2 + n % 7;
            verifier.add_secret(secret(new), Revocation::After24Hours).unwrap();
            assert!(check(&verifier, &clock, new).is_ok());
            verifier.replace_secrets([secret(1)]).unwrap();
        }
    });
}
