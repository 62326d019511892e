//! `secret`: makes a signing secret, or checks one without showing it.

use std::fmt;
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::{ArgGroup, Subcommand};
use gemini_webhooks::explain::{self, Cause, Explanation};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::exit::{Exit, Failure, Run};
use crate::files::{Existing, PrivateFile};
use crate::output::{Output, Report};
use crate::secrets::{self, SecretArgs, SecretText};
use crate::style::{BAD, GOOD, WARN};
use crate::text::{Shown, count};

/// What the service gives: 32 bytes.
const BYTES: usize = 32;

/// Make a signing secret, or check one without showing it
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a secret of the form that the service gives, for tests: the real one comes from
    /// `webhooks create`
    #[command(after_help = "\
Examples:
  gemini-webhooks secret new --secret-file secret
  export WEBHOOK_SIGNING_SECRET=$(gemini-webhooks secret new --show-secret)")]
    New(Place),

    /// Check a secret, without showing any of it
    #[command(after_help = "\
Examples:
  gemini-webhooks secret check                       $WEBHOOK_SIGNING_SECRET
  gemini-webhooks secret check --secret-file secret

Exit codes: 0 it can be used, 1 it cannot, 2 there is none")]
    Check(SecretArgs),
}

/// Says where a new secret goes. It is shown once, and nowhere unless told.
#[derive(clap::Args, Debug)]
#[command(group(ArgGroup::new("place").required(true)), next_help_heading = "Where the secret goes")]
pub(crate) struct Place {
    /// Write it to this file, which only you can read (mode 0600)
    #[arg(long, value_name = "FILE", group = "place")]
    pub(crate) secret_file: Option<PathBuf>,

    /// Print it, for whoever looks at the screen or keeps its log
    #[arg(long, group = "place")]
    pub(crate) show_secret: bool,
}

pub(crate) fn run(command: Command, output: Output) -> Run {
    match command {
        Command::New(place) => new(&place, output),
        Command::Check(args) => check(&args, output),
    }
}

fn new(place: &Place, output: Output) -> Run {
    let mut key = Zeroizing::new([0; BYTES]);
    aws_lc_rs::rand::fill(key.as_mut()).map_err(|_| Failure::usage("no random bytes to be had"))?;
    let secret = Zeroizing::new(format!("whsec_{}", BASE64_STANDARD.encode(key.as_ref())));
    match &place.secret_file {
        Some(path) => {
            PrivateFile::prepare(path, Existing::Keep)?.write(&format!("{}\n", &*secret))?;
            output.report(&Made { secret_file: Some(path.display().to_string()), secret: None })?;
        }
        None => output.report(&Made { secret_file: None, secret: Some(&secret) })?,
    }
    Ok(Exit::Ok)
}

/// Tells where the new secret is, or shows it.
#[derive(Serialize)]
struct Made<'s> {
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'s str>,
}

impl Report for Made<'_> {
    const KIND: &'static str = "secret";
}

impl fmt::Display for Made<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.secret_file, self.secret) {
            (Some(path), _) => write!(f, "a new secret is in {}", Shown(path)),
            (None, secret) => f.write_str(secret.unwrap_or_default()),
        }
    }
}

fn check(args: &SecretArgs, output: Output) -> Run {
    let found = args.text()?.ok_or_else(secrets::missing)?;
    let report = Checked::new(args, &found);
    output.report(&report)?;
    Ok(if report.usable { Exit::Ok } else { Exit::Refused })
}

#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    place: String,
    pub(crate) usable: bool,
    /// What is wrong, or may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
    /// How long the keys are that they stand for.
    key_bytes: Vec<usize>,
}

impl Checked {
    /// Says what can be told of secrets without telling them.
    pub(crate) fn new(args: &SecretArgs, found: &SecretText) -> Self {
        let (text, place) = (found.text.as_str(), found.place.clone());
        let parsed = args.parse(text);
        let explained = (!args.raw_secret).then(|| explain::secret_text(text));
        let cause = explained.as_ref().map_or(Cause::NothingWrong, Explanation::cause);
        let usable =
            parsed.is_ok() && matches!(cause, Cause::NothingWrong | Cause::SecretPerhapsText);
        let problem = match (parsed, cause) {
            (Err(error), Cause::NothingWrong) => Some(error.to_string()),
            (_, Cause::NothingWrong) => None,
            (_, Cause::SecretPerhapsText) => {
                explained.map(|text| format!("{text} (here: --raw-secret)"))
            }
            _ => explained.map(|text| text.to_string()),
        };
        let length = |one| if args.raw_secret { bare(one).len() } else { decoded_length(one) };
        let key_bytes = if usable { text.split(' ').map(length).collect() } else { Vec::new() };
        Self { place, usable, problem, key_bytes }
    }

    /// Says in a line what there is.
    pub(crate) fn summary(&self) -> String {
        let lengths: Vec<String> = self.key_bytes.iter().map(ToString::to_string).collect();
        let number = count(self.key_bytes.len(), "secret");
        let keys = if self.key_bytes.len() == 1 { "a key" } else { "keys" };
        format!("{number} in {}, with {keys} of {} bytes", self.place, lengths.join(" and "))
    }
}

fn bare(text: &str) -> &str {
    text.strip_prefix("whsec_").unwrap_or(text)
}

fn decoded_length(text: &str) -> usize {
    Zeroizing::new(BASE64_STANDARD.decode(bare(text)).unwrap_or_default()).len()
}

impl Report for Checked {
    const KIND: &'static str = "secret_check";
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, usable, problem, key_bytes } = self;
        if *usable {
            write!(f, "{GOOD}can be used:{GOOD:#} {}", Shown(&self.summary()))?;
            if problem.is_none() && key_bytes.iter().any(|bytes| *bytes != BYTES) {
                write!(f, "\n  {WARN}hint:{WARN:#} the service gives keys of {BYTES} bytes")?;
            }
        } else {
            write!(f, "{BAD}cannot be used:{BAD:#} {}", Shown(place))?;
        }
        match problem {
            Some(problem) => write!(f, "\n  {WARN}why:{WARN:#} {}", Shown(problem)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, raw_secret: bool) -> Checked {
        let args = SecretArgs { raw_secret, ..SecretArgs::default() };
        let found = SecretText { text: Zeroizing::new(text.to_owned()), place: "here".to_owned() };
        Checked::new(&args, &found)
    }

    #[test]
    fn a_secret_of_the_old_kind_is_pointed_out() {
        let old = check("whsec_0k3v9x2m7q1w8e4r6t5y0u2i9o3p7a1s", false);
        assert!(old.usable && old.problem.unwrap().contains("--raw-secret"));
        let raw = check("whsec_0k3v9x2m7q1w8e4r6t5y0u2i9o3p7a1s", true);
        assert_eq!((raw.usable, raw.problem, raw.key_bytes), (true, None, vec![32]));
        assert!(!check("whsec_short", true).usable);
    }

    #[test]
    fn what_only_looks_like_a_secret_is_none() {
        let id = check("0k3v9x2m7q1w8e4r6t5y0u2i9o3p7a1s0k3v", false);
        assert!(!id.usable && id.problem.unwrap().contains("id"));
    }
}
