//! Counts what a request may cost: instructions by valgrind's callgrind, allocations by a counting
//! allocator. Both are the same in every run, so that they can be compared with what is committed.
//!
//! ```text
//! cargo bench -p gemini-webhooks-benches --bench instructions             # compares
//! cargo bench -p gemini-webhooks-benches --bench instructions -- --renew  # writes the baseline
//! ```

mod baseline;
mod callgrind;
mod cases;
mod page;

use std::hint::black_box;
use std::process::ExitCode;

use gemini_webhooks_benches::allocated_by;

use self::baseline::{Count, Counts};
use self::cases::Case;

fn main() -> ExitCode {
    let asked = |option: &str| std::env::args().any(|argument| argument == option);
    if asked("--count") || asked("--once") {
        println!("{}", processor());
        cases::all().iter().for_each(count);
        return ExitCode::SUCCESS;
    }
    let counts = counts();
    if asked("--renew") {
        counts.write();
        page::write(&counts);
        return ExitCode::SUCCESS;
    }
    let before = Counts::baseline();
    let mut faults = counts.faults(&before);
    if !page::is_current(&before) {
        faults
            .push("docs/LIMITS.md does not say what the baseline and src/limits.rs say".to_owned());
    }
    if counts.processor != before.processor {
        println!("another processor ({}): instructions are judged loosely", counts.processor);
    }
    println!("{} cases counted, {} faults", counts.cases.len(), faults.len());
    faults.iter().for_each(|fault| println!("{fault}"));
    if faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        println!("if this is meant: scripts/instructions.sh --renew");
        ExitCode::FAILURE
    }
}

/// Runs a case, and prints what it allocated.
fn count(case: &Case) {
    // What is set up once, such as the look at the processor's features, is not the request's.
    let warm = one_case(&case.run, false);
    let (outcome, memory) = allocated_by(|| one_case(&case.run, true));
    assert_eq!([warm, outcome], [case.outcome; 2], "{}: {}", case.stage, case.name);
    let allocations = memory.allocations + memory.reallocations;
    println!("{allocations}\t{}\t{}\t{}", memory.bytes_allocated, case.stage, case.name);
}

/// When this returns, callgrind writes a profile: it finds it by its name.
#[inline(never)]
fn one_case(run: &dyn Fn() -> &'static str, counted: bool) -> &'static str {
    if counted { measured(run) } else { run() }
}

/// What callgrind counts: found by its name.
#[inline(never)]
fn measured(run: &dyn Fn() -> &'static str) -> &'static str {
    black_box(run())
}

fn counts() -> Counts {
    let folder =
        std::env::temp_dir().join(format!("gemini-webhooks-instructions-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (printed, profiles) = callgrind::run(&folder);
    std::fs::remove_dir_all(&folder).unwrap();
    let (processor, rows) = printed.split_once('\n').unwrap();
    let rows: Vec<_> = rows.lines().collect();
    assert_eq!(rows.len(), profiles.len(), "callgrind has not seen every case");
    let cases = rows.iter().zip(&profiles).map(|(row, profile)| {
        let mut fields = row.split('\t');
        let mut field = || fields.next().unwrap();
        Count {
            allocations: field().parse().unwrap(),
            allocated_bytes: field().parse().unwrap(),
            stage: field().to_owned(),
            name: field().to_owned(),
            instructions: profile.own,
            hash_instructions: profile.hashes,
            signature_checks: profile.checks,
        }
    });
    Counts { processor: processor.to_owned(), cases: cases.collect() }
}

/// The features that the code under test chooses its paths by, as far as they can be seen here.
#[cfg(target_arch = "x86_64")]
fn processor() -> String {
    let features = [
        ("avx2", std::is_x86_feature_detected!("avx2")),
        ("bmi2", std::is_x86_feature_detected!("bmi2")),
        ("sha", std::is_x86_feature_detected!("sha")),
    ];
    let found = features.into_iter().filter_map(|(name, found)| found.then_some(name));
    ["x86_64"].into_iter().chain(found).collect::<Vec<_>>().join(" ")
}

#[cfg(not(target_arch = "x86_64"))]
fn processor() -> String {
    std::env::consts::ARCH.to_owned()
}
