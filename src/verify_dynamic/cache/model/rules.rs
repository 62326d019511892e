//! What holds under every schedule, one test per rule.

use std::time::Duration;

use shuttle::future::{JoinError, JoinHandle, spawn, yield_now};
use shuttle::sync::atomic::Ordering;

use super::super::Wanted;
use super::stand_ins::{self, Runtime, advance};
use super::world::{Answer, World, check, snapshot, start, version};
use crate::error::Error;
use crate::limits::{FETCH_TIMEOUT, MAX_WAITERS};

#[test]
fn callers_of_a_cold_cache_share_one_fetch() {
    check(|| async {
        let world = World::new([]);
        let callers: Vec<_> = (0..3).map(|_| world.caller(1)).collect();
        for caller in callers {
            assert_eq!(version(&caller.await.unwrap().unwrap()), 1);
        }
        world.end().await;
        assert_eq!(world.endpoint.fetches(), 1);
    });
}

#[test]
fn a_fetch_that_fails_releases_everybody() {
    for answer in [Answer::Fails, Answer::Panics] {
        check(move || async move {
            let world = World::new([answer]);
            let callers: Vec<_> = (0..3).map(|_| world.caller(1)).collect();
            for caller in callers {
                assert_eq!(caller.await.unwrap().unwrap_err(), Error::KeysUnreachable);
            }
            world.end().await;
            assert_eq!((world.endpoint.fetches(), world.failures()), (1, 1));
        });
    }
}

#[test]
fn a_fetch_that_hangs_is_given_up_and_releases_everybody() {
    check(|| async {
        let world = World::new([Answer::Hangs]);
        let callers: Vec<_> = (0..2).map(|_| world.caller(1)).collect();
        for caller in callers {
            // Who came after the first fetch was given up has started another.
            let answer = while_time_passes(caller).await.unwrap();
            assert!(matches!(answer, Err(Error::KeysUnreachable) | Ok(_)), "{answer:?}");
        }
        for task in stand_ins::tasks() {
            while_time_passes(task).await.unwrap();
        }
        world.end().await;
    });
}

async fn while_time_passes<T>(task: JoinHandle<T>) -> Result<T, JoinError> {
    while !task.is_finished() {
        yield_now().await;
        advance(FETCH_TIMEOUT);
    }
    task.await
}

#[test]
fn a_fetch_whose_task_is_dropped_releases_everybody() {
    check(|| async {
        let world = World::new([]);
        let callers: Vec<_> = (0..2).map(|_| world.caller(1)).collect();
        let drops = spawn(async {
            yield_now().await;
            stand_ins::tasks().iter().for_each(JoinHandle::abort);
        });
        for caller in callers {
            let answer = caller.await.unwrap();
            assert!(matches!(answer, Err(Error::KeysUnreachable) | Ok(_)), "{answer:?}");
        }
        drops.await.unwrap();
        world.end().await;
        assert!(world.endpoint.fetches() <= 1);
    });
}

#[test]
fn a_runtime_that_starts_no_task_releases_everybody() {
    for runtime in [Runtime::Drops, Runtime::Missing] {
        check(move || async move {
            let world = World::on(runtime, []);
            let callers: Vec<_> = (0..2).map(|_| world.caller(1)).collect();
            for caller in callers {
                assert_eq!(caller.await.unwrap().unwrap_err(), Error::KeysUnreachable);
            }
            world.end().await;
        });
    }
}

#[test]
fn a_caller_who_goes_away_stops_no_one_else() {
    check(|| async {
        let world = World::new([]);
        let (stays, goes) = (world.caller(1), [world.caller(1), world.caller(1)]);
        goes.iter().for_each(JoinHandle::abort);
        assert_eq!(version(&stays.await.unwrap().unwrap()), 1);
        for caller in goes {
            let _ = caller.await;
        }
        world.end().await;
        assert_eq!(world.endpoint.fetches(), 1);
    });
}

#[test]
fn no_more_than_the_limit_wait() {
    check(|| async {
        let world = World::new([Answer::Hangs]);
        world.keys.inner.waiters.store(MAX_WAITERS - 1, Ordering::SeqCst);
        let callers: Vec<_> = (0..3).map(|_| world.caller(1)).collect();
        // All but one are sent away while the fetch goes on.
        while callers.iter().filter(|caller| caller.is_finished()).count() < 2 {
            yield_now().await;
        }
        for caller in callers {
            let answer = while_time_passes(caller).await.unwrap();
            assert_eq!(answer.unwrap_err(), Error::KeysUnreachable);
        }
        world.keys.inner.waiters.fetch_sub(MAX_WAITERS - 1, Ordering::SeqCst);
        for task in stand_ins::tasks() {
            while_time_passes(task).await.unwrap();
        }
        world.end().await;
        assert_eq!(world.endpoint.fetches(), 1);
    });
}

#[test]
fn a_kid_is_refused_only_after_a_look_that_ended_since() {
    for (answer, failures) in [(Answer::Right, 0), (Answer::Fails, 1)] {
        check(move || async move {
            let world = World::warm([answer]).await;
            let callers = [2, 3, 4].map(|unknown: u64| {
                let world = world.clone();
                spawn(async move {
                    let before = world.looks();
                    match world.ask(Wanted::Kid(&unknown.to_string())).await.unwrap_err() {
                        Error::UnknownKey => assert!(world.looks() > before, "judged too early"),
                        other => assert_eq!(other, Error::KeysUnreachable),
                    }
                    assert!(world.failures() <= failures);
                })
            });
            for caller in callers {
                caller.await.unwrap();
            }
            world.end().await;
            assert_eq!(world.failures(), failures);
        });
    }
}

#[test]
fn a_v1a_caller_gets_a_set_that_was_looked_for_after_theirs() {
    check(|| async {
        let world = World::warm([]).await;
        world.endpoint.publish(2);
        let callers = [0, 1].map(|_| {
            let world = world.clone();
            spawn(async move {
                let mut old = world.ask(Wanted::Ed25519).await.unwrap();
                for _ in 0..2 {
                    let before = world.looks();
                    match world.ask(Wanted::Ed25519Beyond(&old)).await {
                        Ok(newer) => {
                            assert!(version(&newer) > version(&old));
                            old = newer;
                        }
                        Err(Error::SignatureMismatch) => {
                            assert!(world.looks() > before, "judged too early");
                        }
                        Err(other) => assert_eq!(other, Error::KeysUnreachable),
                    }
                }
            })
        });
        for caller in callers {
            caller.await.unwrap();
        }
        world.end().await;
        assert_eq!(version(&world.current().unwrap().keys), 2);
    });
}

#[test]
fn the_bucket_is_never_overdrawn() {
    for (seconds, most) in [(0, 2), (30, 3)] {
        check(move || async move {
            let world = World::warm([]).await;
            let before = world.endpoint.fetches();
            let callers: Vec<_> = (2..6).map(|unknown| world.caller(unknown)).collect();
            advance(Duration::from_secs(seconds));
            for caller in callers {
                assert!(caller.await.unwrap().is_err());
            }
            world.end().await;
            assert!(world.endpoint.fetches() - before <= most);
        });
    }
}

#[test]
fn a_reader_never_sees_an_older_set_after_a_newer_one() {
    check(|| async {
        let world = World::warm([]).await;
        let rotation = {
            let world = world.clone();
            spawn(async move {
                for newer in [2, 3] {
                    world.endpoint.publish(newer);
                    let _ = world.ask(Wanted::Kid(&newer.to_string())).await;
                    advance(Duration::from_secs(1));
                }
            })
        };
        let refresh = world.caller(9);
        let mut last = (0, 0);
        for _ in 0..6 {
            let current = world.current().unwrap();
            let seen = (current.asked_at, version(&current.keys));
            assert!(seen >= last && seen.1 >= last.1, "{last:?}, then {seen:?}");
            last = seen;
            yield_now().await;
        }
        rotation.await.unwrap();
        let _ = refresh.await;
        world.end().await;
    });
}

#[test]
fn the_answer_to_the_last_question_is_kept() {
    check(|| async {
        let world = World::warm([]).await;
        world.endpoint.publish_with_each_fetch();
        for caller in [world.caller(8), world.caller(9)] {
            let _ = caller.await;
        }
        world.end().await;
        assert_eq!(Some(version(&world.current().unwrap().keys)), world.endpoint.answered());
    });
}

#[test]
fn of_an_import_and_a_fetch_the_later_look_wins() {
    let rule = |published: u64, exported_after: u64| {
        check(move || async move {
            let world = World::warm([]).await;
            world.endpoint.publish(published);
            let looked = world.caller(9);
            yield_now().await;
            advance(Duration::from_secs(1));
            let (snapshot, exported_at) = snapshot(2, Duration::from_secs(exported_after));
            world.keys.import(&snapshot).unwrap();
            let _ = looked.await;
            world.end().await;
            // The look was in the 60th or in the 61st second.
            let current = world.current().unwrap();
            let latest = exported_at.max(start() + 60_000);
            assert!(current.asked_at >= latest, "the older one has won");
            let is_import = current.asked_at == exported_at;
            assert_eq!(version(&current.keys), if is_import { 2 } else { published });
        });
    };
    // A new set, and the old one once more, so that the endpoint says that nothing has changed.
    for published in [1, 3] {
        // Before the look, and in the same second or after it.
        for exported_after in [30, 61] {
            rule(published, exported_after);
        }
    }
}
