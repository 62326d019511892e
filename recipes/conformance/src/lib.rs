//! What every receiver must do, whatever server it is built on.
//!
//! A case sends real requests to a real program over loopback, and judges what comes back on the
//! wire and what the program writes to its log. Each case has a program of its own, so that none
//! depends on what another left behind. The test of a recipe is one call of [`check`].
//!
//! Where a server cannot do what a case asks for, [`EXCEPTIONS`] says so, with the reason.

mod cases;
mod exceptions;
mod gemini;
mod server;
mod wire;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};

use self::cases::Case;
pub use self::exceptions::{EXCEPTIONS, Exception};
pub use self::server::{Front, Subject};

/// Runs every case against every subject, with the arguments of a test.
#[must_use]
pub fn check(subjects: &[Subject]) -> ExitCode {
    let trials = subjects.iter().flat_map(|subject| {
        let cases = cases::all().into_iter().map(|case| trial(*subject, case));
        cases.chain([trial_without_configuration(*subject)])
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// No verifier accepts everything.
fn trial_without_configuration(subject: Subject) -> Trial {
    Trial::test(format!("{}::no_start_without_a_configuration", subject.name()), move || {
        subject.needs_a_configuration();
        Ok(())
    })
}

fn trial(subject: Subject, case: Case) -> Trial {
    let name = format!("{}::{}", subject.name(), case.name);
    Trial::ignorable_test(name, move || {
        let exception = Exception::of(subject.name(), &case.name);
        if let Some(Exception { code: None, reason, .. }) = exception {
            return Ok(Completion::ignored_with(reason));
        }
        let other_code = exception.and_then(|exception| exception.code);
        let server = subject.start(case.endpoint, other_code);
        (case.run)(&server);
        server.is_still_there();
        Ok(Completion::Completed)
    })
}
