//! Some days of deliveries on a simulated clock: duplicates, retries, handlers that fail, crash or
//! outlast their lease, lost answers. What each claim, commit and release must answer is told by a
//! reference that is too simple to be wrong.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::{Duration, SystemTime};

use gemini_webhooks::{Claim, Clock, Dedup, DedupKey, Lease};

use crate::world::*;

const LEASE: u64 = 60_000;
const KEEP: u64 = 25 * 3_600_000;
const GIVE_UP: u64 = 24 * 3_600_000;

/// Ends the time of a key where the store has a clock of its own.
pub(crate) trait StoreClock {
    async fn end(&mut self, key: DedupKey);
}

#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) events: usize,
    pub(crate) deliveries: u64,
    pub(crate) duplicates: u64,
    pub(crate) in_flight: u64,
    pub(crate) failed: u64,
    pub(crate) crashed: u64,
    pub(crate) leases_outlasted: u64,
    pub(crate) double_fresh: usize,
    pub(crate) lost: usize,
}

/// In the order in which they happen when at one time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    TimeIsUp,
    Ends { run: u64 },
    Attempt { number: u32 },
}

/// What the reference knows of an event.
#[derive(Clone, Copy, Default)]
enum Known {
    #[default]
    Nothing,
    Claimed {
        by: u64,
        until: u64,
    },
    Done {
        until: u64,
    },
}

#[derive(Clone, Copy, Default)]
struct Event {
    born: u64,
    known: Known,
    acknowledged: bool,
    completed_in_time: u32,
    completed: u32,
}

struct Run {
    lease: Lease,
    begun: u64,
    succeeds: bool,
}

struct Simulation<'w, S> {
    world: &'w World,
    dedup: &'w Dedup,
    store_clock: S,
    random: Random,
    start: SystemTime,
    now: u64,
    queue: BinaryHeap<Reverse<(u64, What, usize)>>,
    events: Vec<Event>,
    runs: HashMap<u64, Run>,
    next_run: u64,
    report: Report,
}

/// Runs until there were so many deliveries; one event is born every 1.5 s.
pub(crate) async fn simulate(
    world: &World,
    dedup: &Dedup,
    store_clock: impl StoreClock,
    deliveries: u64,
    seed: u64,
) -> Report {
    let mut simulation = Simulation {
        world,
        dedup,
        store_clock,
        random: Random(seed),
        start: world.clock.now(),
        now: 0,
        queue: BinaryHeap::new(),
        events: Vec::new(),
        runs: HashMap::new(),
        next_run: 0,
        report: Report::default(),
    };
    simulation.bear();
    while let Some(Reverse((time, what, event))) = simulation.queue.pop() {
        simulation.now = time;
        world.clock.set(simulation.start + Duration::from_millis(time));
        match what {
            What::TimeIsUp => simulation.time_is_up(event).await,
            What::Ends { run } => simulation.end(event, run).await,
            What::Attempt { number } => simulation.attempt(event, number).await,
        }
        let youngest = simulation.events.len() - 1;
        let more = simulation.report.deliveries < deliveries;
        if more && matches!(what, What::Attempt { number: 0 }) && event == youngest {
            simulation.bear();
        }
    }
    simulation.report()
}

impl<S: StoreClock> Simulation<'_, S> {
    fn schedule(&mut self, after: u64, what: What, event: usize) {
        self.queue.push(Reverse((self.now + after, what, event)));
    }

    fn bear(&mut self) {
        let after = if self.events.is_empty() { 0 } else { 1_500 };
        self.events.push(Event { born: self.now + after, ..Event::default() });
        self.schedule(after, What::Attempt { number: 0 }, self.events.len() - 1);
    }

    async fn attempt(&mut self, event: usize, number: u32) {
        self.report.deliveries += 1;
        if self.random.below(100) < 20 {
            // The network doubles it: at once, soon, or much later.
            let within = [10, 90_000, GIVE_UP][self.random.index(3)];
            let after = self.random.below(within);
            self.attempt_after(after, u32::MAX, event);
        }
        let delivery = self.world.delivery(&format!("msg_{event}"));
        let claim = self.dedup.claim(&delivery).await.unwrap();
        match (claim, self.events[event].known) {
            (Claim::Ours(lease), Known::Nothing) => self.begin(event, number, lease),
            (Claim::InFlight, Known::Claimed { .. }) => {
                self.report.in_flight += 1;
                self.retry(event, number, 0);
            }
            (Claim::Done, Known::Done { .. }) => {
                self.report.duplicates += 1;
                self.events[event].acknowledged = true;
            }
            (claim, _) => panic!("msg_{event} at {}: {claim:?}", self.now),
        }
    }

    fn begin(&mut self, event: usize, number: u32, lease: Lease) {
        let run = self.next_run;
        self.next_run += 1;
        self.events[event].known = Known::Claimed { by: run, until: self.now + LEASE };
        self.schedule(LEASE, What::TimeIsUp, event);
        let luck = self.random.below(100);
        if luck < 15 {
            self.report.crashed += 1;
            self.retry(event, number, 30_000);
            return;
        }
        let slow = luck < 25;
        let takes =
            if slow { LEASE + self.random.below(2 * LEASE) } else { self.random.below(LEASE) };
        let succeeds = self.random.below(100) < 75;
        self.runs.insert(run, Run { lease, begun: self.now, succeeds });
        self.schedule(takes, What::Ends { run }, event);
        // A failure, an answer that is lost, and a sender that will not wait for it.
        if !succeeds || slow || self.random.below(100) < 10 {
            self.retry(event, number, takes.min(30_000));
        }
    }

    async fn end(&mut self, event: usize, run: u64) {
        let Run { lease, begun, succeeds } = self.runs.remove(&run).unwrap();
        let known = self.events[event].known;
        if succeeds {
            let in_time = self.now - begun < LEASE;
            let nobody_elses = match known {
                Known::Nothing => true,
                Known::Claimed { by, .. } => by == run,
                Known::Done { .. } => false,
            };
            assert_eq!(lease.commit().await, Ok(nobody_elses), "msg_{event}");
            self.report.leases_outlasted += u64::from(!in_time);
            let event_state = &mut self.events[event];
            event_state.completed += 1;
            event_state.completed_in_time += u32::from(in_time);
            if nobody_elses {
                event_state.known = Known::Done { until: self.now + KEEP };
                self.schedule(KEEP, What::TimeIsUp, event);
            }
        } else {
            let ours = matches!(known, Known::Claimed { by, .. } if by == run);
            assert_eq!(lease.release().await, Ok(ours), "msg_{event}");
            self.report.failed += 1;
            if ours {
                self.events[event].known = Known::Nothing;
            }
        }
    }

    async fn time_is_up(&mut self, event: usize) {
        let (Known::Claimed { until, .. } | Known::Done { until }) = self.events[event].known
        else {
            return;
        };
        // Else it is about an earlier claim.
        if until == self.now {
            self.events[event].known = Known::Nothing;
            let delivery = self.world.delivery(&format!("msg_{event}"));
            self.store_clock.end(self.dedup.key(&delivery)).await;
        }
    }

    /// As the sender does: exponential backoff, for 24 hours.
    fn retry(&mut self, event: usize, number: u32, after: u64) {
        if number == u32::MAX {
            return;
        }
        let backoff = (5_000_u64 << number.min(10)).min(3_600_000);
        let after = after + backoff / 2 + self.random.below(backoff);
        self.attempt_after(after, number + 1, event);
    }

    fn attempt_after(&mut self, after: u64, number: u32, event: usize) {
        if self.now + after < self.events[event].born + GIVE_UP {
            self.schedule(after, What::Attempt { number }, event);
        }
    }

    fn report(mut self) -> Report {
        assert!(self.runs.is_empty());
        self.report.events = self.events.len();
        self.report.double_fresh = self.events.iter().filter(|e| e.completed_in_time > 1).count();
        self.report.lost = self.events.iter().filter(|e| e.completed == 0).count();
        let told_so = self.events.iter().filter(|e| e.acknowledged && e.completed == 0);
        assert_eq!(told_so.count(), 0, "answered as a duplicate, but never completed");
        self.report
    }
}

/// `SplitMix64`, so that a failing seed can be run again.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).unwrap())).unwrap()
    }
}

impl Report {
    /// Nothing twice, nothing lost, and nothing of what was to be played left out.
    pub(crate) fn check(&self) {
        println!("{self:?}");
        assert_eq!((self.double_fresh, self.lost), (0, 0));
        let played = [self.duplicates, self.in_flight, self.failed, self.crashed];
        for count in played.into_iter().chain([self.leases_outlasted]) {
            assert!(count > self.deliveries / 200, "{self:?}");
        }
    }
}
