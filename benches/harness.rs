//! A small benchmark harness that reports ratios.
//!
//! The machines this runs on are noisy, so absolute times say little. Within a group every case
//! runs in every round, one after the other, and is divided by the floor of the same round; the
//! median of those ratios is reported.

mod median;

use std::alloc::System;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};

use self::median::median;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROUNDS: usize = 60;
const NANOS_PER_SAMPLE: f64 = 1_000_000.0;

/// Cases that are compared with the first of them.
pub struct Group<'g> {
    title: String,
    cases: Vec<Case<'g>>,
}

struct Case<'g> {
    name: String,
    /// Runs as often as it is told, and says how many nanoseconds one run took.
    run: Box<dyn FnMut(u32) -> f64 + 'g>,
}

impl<'g> Group<'g> {
    /// Starts a group; the first case that is added is its floor.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), cases: Vec::new() }
    }

    /// Adds a case.
    pub fn case(&mut self, name: impl Into<String>, mut run: impl FnMut() + 'g) -> &mut Self {
        self.push(name, move |repeats| timed(repeats, &mut run))
    }

    /// Adds a case that runs on several threads at once; the slowest of them is what counts.
    pub fn case_on_threads(
        &mut self,
        threads: usize,
        name: impl Into<String>,
        run: impl Fn() + Sync + 'g,
    ) -> &mut Self {
        self.push(name, move |repeats| {
            let start = Barrier::new(threads);
            thread::scope(|scope| {
                let one = || {
                    start.wait();
                    timed(repeats, &run)
                };
                let running: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
                running.into_iter().map(|thread| thread.join().unwrap()).fold(0.0, f64::max)
            })
        })
    }

    fn push(&mut self, name: impl Into<String>, run: impl FnMut(u32) -> f64 + 'g) -> &mut Self {
        self.cases.push(Case { name: name.into(), run: Box::new(run) });
        self
    }

    /// Measures all cases and prints a row of a Markdown table for each.
    ///
    /// With the argument `--once` every case runs once and nothing is measured.
    pub fn run(&mut self) {
        if std::env::args().any(|argument| argument == "--once") {
            return self.cases.iter_mut().for_each(|case| {
                (case.run)(1);
            });
        }
        let repeats: Vec<u32> = self.cases.iter_mut().map(|case| repeats(&mut *case.run)).collect();
        let mut times = vec![Vec::with_capacity(ROUNDS); self.cases.len()];
        for _ in 0..ROUNDS {
            for ((case, times), repeats) in self.cases.iter_mut().zip(&mut times).zip(&repeats) {
                times.push((case.run)(*repeats));
            }
        }
        let floor = times[0].clone();
        for (case, times) in self.cases.iter_mut().zip(&times) {
            let ratios = times.iter().zip(&floor).map(|(time, floor)| time / floor).collect();
            // What starting the threads of a case allocates is not the case's.
            let allocations =
                (allocations(&mut *case.run, 101) - allocations(&mut *case.run, 1)) / 100;
            println!(
                "| {} | {} | {:.0} ns | {:.2} | {} |",
                self.title,
                case.name,
                median(times.clone()),
                median(ratios),
                allocations,
            );
        }
    }
}

/// Prints the head of the table that the groups fill.
pub fn print_head() {
    println!("| what | who | median | ratio | allocations |");
    println!("|---|---|---|---|---|");
}

fn allocations(run: &mut dyn FnMut(u32) -> f64, repeats: u32) -> usize {
    allocated_by(|| run(repeats)).1.allocations
}

/// Runs something, and tells what it allocated.
pub fn allocated_by<T>(run: impl FnOnce() -> T) -> (T, Stats) {
    let region = Region::new(ALLOCATOR);
    let result = run();
    (result, region.change())
}

fn repeats(run: &mut dyn FnMut(u32) -> f64) -> u32 {
    let once = (0..20).map(|_| run(10)).fold(f64::INFINITY, f64::min);
    (NANOS_PER_SAMPLE / once).clamp(1.0, 100_000.0) as u32
}

fn timed(repeats: u32, mut run: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..repeats {
        run();
    }
    start.elapsed().as_nanos() as f64 / f64::from(repeats)
}
