//! `verify`: a captured request, at a given time.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use clap::ArgGroup;
use gemini_webhooks::explain::Explanation;
use gemini_webhooks::{
    Clock, Error, Fetch, FetchProblem, FetchRequest, Fetched, KeySet, KeySource, KeysFuture,
    LentKeys, SystemClock, Wanted,
};
use serde::Serialize;

use crate::captured::{Captured, MAX_REQUEST_BYTES};
use crate::endpoint::EndpointArgs;
use crate::error_view::ErrorView;
use crate::exit::{Exit, Failure, Run};
use crate::files;
use crate::jwks::Fetcher;
use crate::moment::{self, At};
use crate::output::{self, Output, Report};
use crate::style::{BAD, GOOD, WARN};
use crate::text::Shown;
use crate::view::DeliveryView;

/// Verify a captured request, and say why it is refused.
///
/// The request is one file as on the wire (request line, headers, an empty line, the body), or its
/// headers and its body in two files, byte by byte as they arrived.
#[derive(clap::Args, Debug)]
#[command(
    group(ArgGroup::new("what").required(true).multiple(true)),
    after_help = "\
Examples:
  gemini-webhooks verify request.http --secret-file secret --at 2026-01-22T12:00:05Z
  gemini-webhooks verify --headers headers.txt --body body.json --at-its-own-time
  gemini-webhooks verify - < request.http
  gemini-webhooks verify request.http --audience my-project-client-id --jwks keys.json

Exit codes: 0 accepted, 1 refused, 2 usage, 3 the keys could not be reached"
)]
pub(crate) struct Args {
    /// The request as on the wire; `-` reads standard input
    #[arg(value_name = "REQUEST", group = "what", conflicts_with_all = ["headers", "body"])]
    request: Option<PathBuf>,

    /// Its headers alone: `Name: value` lines, or a JSON object
    #[arg(long, value_name = "FILE", group = "what", requires = "body")]
    headers: Option<PathBuf>,

    /// Its body alone, byte by byte
    #[arg(long, value_name = "FILE", group = "what", requires = "headers")]
    body: Option<PathBuf>,

    /// Judge at this time instead of now: RFC 3339 or Unix seconds
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    at: Option<SystemTime>,

    /// Judge at the time that the request itself names. Then every replay passes: this tells whether
    /// a signature is right, and not whether the request should have been accepted
    #[arg(long, conflicts_with = "at")]
    at_its_own_time: bool,

    #[command(flatten)]
    endpoint: EndpointArgs,
}

pub(crate) async fn run(args: Args, output: Output) -> Run {
    let request = args.captured()?;
    let now = args.now(&request)?;
    let (from, mut look) = (args.endpoint.jwks.keys_from(), None);
    let keys = || Ok(look.insert(OneLook::new(from.fetcher()?)).clone());
    let endpoint = args.endpoint.endpoint(&At(now), keys)?;
    let result = endpoint.verifier.verify(&request.headers, request.body.clone()).await;
    let verdict = Judged {
        at: moment::rfc3339(now),
        verdict: "accepted",
        delivery: None,
        error: None,
        explanation: None,
        notes: request.notes.clone(),
    };
    let verdict = match &result {
        Ok(delivery) => Judged { delivery: Some(DeliveryView::new(delivery)), ..verdict },
        Err(error) => {
            let explanation = endpoint.explainer.explain_at(&request.headers, &request.body, now);
            let (error, explanation) = (ErrorView::new(error), Some(explanation));
            Judged { verdict: error.verdict(), error: Some(error), explanation, ..verdict }
        }
    };
    if let Some(problem) = look.and_then(|look| look.problem()) {
        output::warning(format_args!("{from}: {problem}"));
    }
    output.report(&verdict)?;
    Ok(verdict.error.as_ref().map_or(Exit::Ok, ErrorView::exit))
}

impl Args {
    fn captured(&self) -> Result<Captured, Failure> {
        match (&self.request, &self.headers, &self.body) {
            (None, Some(headers), Some(body)) => {
                let headers = files::read(headers, MAX_REQUEST_BYTES)?;
                Captured::from_parts(&headers, files::read(body, MAX_REQUEST_BYTES)?)
            }
            (Some(request), ..) => {
                Captured::from_message(&files::read(request, MAX_REQUEST_BYTES)?)
            }
            _ => Err(Failure::usage("name a request, or its headers and its body")),
        }
    }

    fn now(&self, request: &Captured) -> Result<SystemTime, Failure> {
        if !self.at_its_own_time {
            return Ok(self.at.unwrap_or_else(|| SystemClock.now()));
        }
        let own = request
            .single("webhook-timestamp")
            .and_then(|text| moment::parse(std::str::from_utf8(text).ok()?).ok());
        let own = own.ok_or_else(|| {
            Failure::usage(
                "the request does not name its time: webhook-timestamp is not there once, or is no \
                 Unix time",
            )
        })?;
        output::warning(format_args!(
            "judged at the request's own time, {}: the replay check passes by itself, and says \
             nothing",
            moment::rfc3339(own)
        ));
        Ok(own)
    }
}

/// Keys that are fetched once, when a dynamic delivery asks for them.
#[derive(Clone, Debug)]
struct OneLook(Arc<Look>);

#[derive(Debug)]
struct Look {
    fetcher: Fetcher,
    /// What was fetched, with a usable key in it or not.
    keys: OnceLock<Arc<KeySet>>,
    problem: Mutex<Option<FetchProblem>>,
}

impl OneLook {
    fn new(fetcher: Fetcher) -> Self {
        Self(Arc::new(Look { fetcher, keys: OnceLock::new(), problem: Mutex::new(None) }))
    }

    /// Why there are no keys, if they were needed.
    fn problem(&self) -> Option<FetchProblem> {
        *self.0.problem.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn keys(&self) -> Result<&Arc<KeySet>, FetchProblem> {
        let keys = if let Some(keys) = self.0.keys.get() {
            keys
        } else {
            let fetched = self.fetch().await?;
            self.0.keys.get_or_init(|| fetched)
        };
        if keys.is_empty() { Err(FetchProblem::NoUsableKey) } else { Ok(keys) }
    }

    async fn fetch(&self) -> Result<Arc<KeySet>, FetchProblem> {
        match self.0.fetcher.fetch(FetchRequest::default()).await? {
            Fetched::Document { body, .. } => {
                KeySet::from_json(&body).map(Arc::new).map_err(FetchProblem::Document)
            }
            _ => Err(FetchProblem::Unreachable),
        }
    }
}

impl KeySource for OneLook {
    fn at_hand(&self, wanted: Wanted<'_>, now: SystemTime) -> Option<LentKeys> {
        self.0.keys.get()?.at_hand(wanted, now)
    }

    fn look<'k>(&'k self, wanted: Wanted<'k>) -> KeysFuture<'k> {
        Box::pin(async move {
            let keys = self.keys().await.map_err(|problem| {
                *self.0.problem.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
                Error::KeysUnreachable
            })?;
            match keys.at_hand(wanted, SystemTime::UNIX_EPOCH) {
                Some(lent) => Ok(lent),
                None => keys.look(wanted).await,
            }
        })
    }

    fn held(&self, now: SystemTime) -> Option<LentKeys> {
        self.0.keys.get()?.held(now)
    }
}

#[derive(Debug, Serialize)]
struct Judged {
    verdict: &'static str,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<DeliveryView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

impl Report for Judged {
    const KIND: &'static str = "verdict";
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verdict, at, delivery, error, explanation, notes } = self;
        let style = if error.is_none() { GOOD } else { BAD };
        write!(f, "{style}{verdict}{style:#} at {at}")?;
        if let Some(delivery) = delivery {
            write!(f, "\n  {delivery}")?;
        }
        if let Some(error) = error {
            f.write_str("\n  ")?;
            error.show(f, explanation.as_ref())?;
        }
        for note in notes {
            write!(f, "\n  {WARN}note:{WARN:#} {}", Shown(note))?;
        }
        Ok(())
    }
}
