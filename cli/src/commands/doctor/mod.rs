//! `doctor`: looks whether this machine can receive and verify.

mod machine;
mod setup;

use std::fmt;
use std::time::SystemTime;

use serde::Serialize;

use crate::api::ApiArgs;
use crate::exit::{Exit, Run};
use crate::jwks::{Document, JwksArgs, Unfetched};
use crate::output::{Output, Report};
use crate::secrets::SecretArgs;
use crate::style::{BAD, DIM, GOOD, WARN};
use crate::text::Shown;

/// Look whether this machine can receive and verify
///
/// Looks at its certificates, the way to the keys, its clock, the keys and the secrets, and says what
/// to do about each that is not as it should be.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  gemini-webhooks doctor
  gemini-webhooks doctor --secret-file secret --api
  gemini-webhooks doctor --json | jq 'select(.state == \"fail\")'

Exit codes: 0 nothing failed (warnings may be there), 1 a check failed, 2 usage")]
pub(crate) struct Args {
    /// Ask the API for the webhooks of the project as well, and whether they are enabled
    #[arg(long)]
    api: bool,

    #[command(flatten)]
    secrets: SecretArgs,

    #[command(flatten)]
    jwks: JwksArgs,

    #[command(flatten)]
    client: ApiArgs,
}

pub(crate) async fn run(args: Args, output: Output) -> Run {
    let from = args.jwks.keys_from();
    let asked_at = SystemTime::now();
    let fetched = from.fetch().await;
    let answered_at = SystemTime::now();
    let headers = match &fetched {
        Ok(Document { headers, .. }) | Err(Unfetched { headers, .. }) => headers,
    };
    let mut checks = vec![
        machine::certificates(),
        machine::proxy(),
        machine::egress(&from, &fetched),
        machine::clock(headers, asked_at, answered_at),
        setup::keys(&fetched),
        setup::key_age(&fetched),
        setup::secret(&args.secrets),
    ];
    if args.api {
        checks.extend(setup::webhooks(&args.client).await);
    }
    for check in &checks {
        output.report(check)?;
    }
    let failed = checks.iter().any(|check| check.state == State::Fail);
    Ok(if failed { Exit::Refused } else { Exit::Ok })
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    Warn,
    Fail,
    Skipped,
}

/// One check: what was found, and what to do.
#[derive(Debug, Serialize)]
struct Check {
    #[serde(rename = "check")]
    name: &'static str,
    state: State,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
}

impl Check {
    fn new(name: &'static str, state: State, found: impl fmt::Display) -> Self {
        Self { name, state, found: found.to_string(), remedy: None }
    }

    fn remedy(self, remedy: &'static str) -> Self {
        Self { remedy: Some(remedy), ..self }
    }
}

impl Report for Check {
    const KIND: &'static str = "check";
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, state, found, remedy } = self;
        let (style, word) = match state {
            State::Ok => (GOOD, "ok"),
            State::Warn => (WARN, "warn"),
            State::Fail => (BAD, "FAIL"),
            State::Skipped => (DIM, "skipped"),
        };
        write!(f, "{style}{word:<7}{style:#} {name:<12} {}", Shown(found))?;
        match remedy {
            Some(remedy) => write!(f, "\n{:21}{remedy}", ""),
            None => Ok(()),
        }
    }
}
