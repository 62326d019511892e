//! `capture`: the shape of real deliveries and of the key set, without anything that they hold.

mod evidence;
mod form;
mod judge;
mod key_set;
mod needs;
mod report;
mod request;
mod retries;
mod shape;
mod signature;
mod token;
mod topic;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use gemini_webhooks::Error;
use gemini_webhooks::client::WebhookClient;
use http::{HeaderMap, StatusCode};

use self::evidence::Evidence;
use self::judge::{Judge, Judged};
use self::report::Report;
use self::retries::Retries;
use crate::api::ApiArgs;
use crate::exit::{Exit, Failure, Run};
use crate::files;
use crate::jwks::JwksArgs;
use crate::moment::unix_seconds;
use crate::output::{self, Output};
use crate::receiver::{self, Receiver, Stop};
use crate::secrets::SecretArgs;
use crate::text::Shown;
use crate::web;

/// Record what real deliveries look like, without anything that they hold.
///
/// Much of the wire is not documented. This receives deliveries on your own endpoint and reports
/// their shape: the form of the headers, the names and types of claims, the names of members, the
/// kinds of keys, what changes between attempts, and which builder calls accept it. The report holds
/// no value, token or body, and nothing from inside `user_metadata`, so that it can be pasted into an
/// issue. Read it before you do.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  gemini-webhooks capture --secret-file secret --report report.md
  gemini-webhooks capture --secret-file secret --ping WEBHOOK_ID --count 1
  gemini-webhooks capture --secret-file secret --refuse-first 2 --for 10m
  gemini-webhooks capture --keys-only

What is answered with 2xx does not come again: capture at an endpoint of its own, or say
--answer 503, so that the sender tries again later.

Exit codes: 0 something verified, 1 nothing did, 2 usage;
with --keys-only: 0 the keys were read, 3 they could not be reached")]
pub(crate) struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,

    /// Serve this path alone [default: every path]
    #[arg(long, value_name = "PATH", value_parser = web::path)]
    path: Option<String>,

    /// Stop after so many requests
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// Stop after this time
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    time: Option<Duration>,

    /// Answer the first so many attempts of each delivery with 503, to see how it is repeated
    #[arg(long, value_name = "N", default_value_t = 0)]
    refuse_first: u64,

    /// The status that authentic deliveries are answered with
    #[arg(long, value_name = "STATUS", default_value_t = 204, value_parser = clap::value_parser!(u16).range(200..=599))]
    answer: u16,

    /// Write the report to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// Look at the key set alone, and listen to nobody
    #[arg(long)]
    keys_only: bool,

    /// Let the service ping this webhook once we listen
    #[arg(long, value_name = "WEBHOOK_ID")]
    ping: Option<String>,

    #[command(flatten)]
    secrets: SecretArgs,

    #[command(flatten)]
    jwks: JwksArgs,

    #[command(flatten)]
    api: ApiArgs,
}

pub(crate) async fn run(args: Args, output: Output) -> Run {
    if let Some(path) = &args.report {
        files::refuse_existing(path)?;
    }
    if args.keys_only {
        let mut evidence = Evidence::default();
        let exit = args.look_at_keys(&mut evidence).await;
        args.tell(&evidence, output)?;
        return Ok(exit);
    }
    let secrets = args.secrets.text()?;
    let judge = Judge::new(secrets.as_ref(), args.jwks.keys_from().cached()?)?;
    let pinger =
        args.ping.as_ref().map(|id| Ok::<_, Failure>((args.api.client()?, id))).transpose()?;
    let receiver = Receiver::bind(args.listen, args.path.clone()).await?;
    output::note(format_args!("listening on {}, Ctrl-C ends and reports", receiver.url()?));
    let stop = Stop::new();
    let recorder = Recorder(Arc::new(Shared {
        judge,
        answer: StatusCode::from_u16(args.answer).map_err(Failure::usage)?,
        refuse_first: args.refuse_first,
        stop: stop.clone(),
        kept: Mutex::new(Kept { left: args.count, ..Kept::default() }),
    }));
    let serving = receiver.serve(recorder.clone(), &stop);
    tokio::select! {
        served = serving => served?,
        never = args.while_serving(pinger, &stop) => match never {},
    }
    let mut evidence = recorder.0.take();
    args.look_at_keys(&mut evidence).await;
    args.tell(&evidence, output)?;
    Ok(if evidence.verified > 0 { Exit::Ok } else { Exit::Refused })
}

impl Args {
    /// Asks for the ping, without which other deliveries are recorded, and stops at the time.
    async fn while_serving(
        &self,
        pinger: Option<(WebhookClient, &String)>,
        stop: &Stop,
    ) -> Infallible {
        if let Some((client, id)) = pinger {
            match client.ping(id).await {
                Ok(()) => output::note(format_args!("pinged {}", Shown(id))),
                Err(error) => {
                    output::warning(format_args!("no ping: {}", Shown(&error.to_string())));
                }
            }
        }
        if let Some(time) = self.time {
            tokio::time::sleep(time).await;
            stop.stop();
        }
        std::future::pending().await
    }

    /// Takes note of the key set, or of why there is none.
    async fn look_at_keys(&self, evidence: &mut Evidence) -> Exit {
        let fetched = self.jwks.keys_from().fetch().await;
        key_set::note(&fetched, evidence);
        if fetched.is_ok() { Exit::Ok } else { Exit::Undecided }
    }

    fn tell(&self, evidence: &Evidence, output: Output) -> Result<(), Failure> {
        let report = Report::of(evidence);
        let Some(path) = &self.report else { return output.report(&report) };
        let text = output.text(&report)?;
        let written = files::refuse_existing(path).and_then(|()| files::write_public(path, &text));
        match written {
            Ok(()) => output::note(format_args!("the report is in {}", path.display())),
            // What was recorded does not come again.
            Err(failure) => {
                output::warning(Shown(&failure.message));
                output.report(&report)?;
            }
        }
        Ok(())
    }
}

/// Records the shape of what comes, and answers.
#[derive(Clone)]
struct Recorder(Arc<Shared>);

struct Shared {
    judge: Judge,
    answer: StatusCode,
    refuse_first: u64,
    stop: Stop,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    evidence: Evidence,
    retries: Retries,
    /// How many more until we stop.
    left: Option<u64>,
}

impl receiver::Judge for Recorder {
    fn max_body_bytes(&self) -> usize {
        Judge::max_body_bytes()
    }

    async fn judge(&self, headers: HeaderMap, body: Result<Bytes, Error>) -> StatusCode {
        let now = SystemTime::now();
        let (judged, body) = match body {
            Ok(body) => (self.0.judge.judge(&headers, body.clone(), now).await, body),
            Err(error) => (Judged { result: Err(error), matched: Vec::new() }, Bytes::new()),
        };
        self.0.record(&headers, &body, &judged, now)
    }
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the evidence out, at the end.
    fn take(&self) -> Evidence {
        std::mem::take(&mut self.kept().evidence)
    }

    fn record(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        judged: &Judged,
        now: SystemTime,
    ) -> StatusCode {
        let mut kept = self.kept();
        let Kept { evidence, retries, left } = &mut *kept;
        request::note(headers, body, judged, unix_seconds(now), evidence);
        let status = match &judged.result {
            Ok(delivery) => {
                let (id, sent_at) = (delivery.id().as_str(), delivery.timestamp().unix_timestamp());
                let attempt = retries.note(id, sent_at, headers, body, evidence);
                output::note(format_args!("recorded: verified, attempt {attempt}"));
                if attempt <= self.refuse_first {
                    StatusCode::SERVICE_UNAVAILABLE
                } else {
                    self.answer
                }
            }
            Err(error) => {
                output::note(format_args!("recorded: not verified, {}", error.code()));
                error.status()
            }
        };
        if let Some(left) = left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.stop.stop();
            }
        }
        status
    }
}
