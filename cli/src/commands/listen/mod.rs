//! `listen`: a local receiver that tells what arrives.

mod forward;
mod journal;
mod server;

use std::net::SocketAddr;
use std::time::Duration;

use gemini_webhooks::SystemClock;

use self::forward::Forwarder;
use self::journal::Journal;
use self::server::{App, Listening};
use crate::endpoint::{Endpoint, EndpointArgs};
use crate::exit::{Failure, Run};
use crate::output::Output;
use crate::receiver::{Receiver, Stop};
use crate::web;

/// Run a local receiver that prints each delivery, and why one is refused.
///
/// It answers as a receiver should: 204 to what is authentic, 400 with an empty body to what is not,
/// 503 while the keys cannot be reached. Why something is refused is told here alone, never to the
/// sender. For your own machine: a receiver that serves the internet is written with the library.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  gemini-webhooks listen --secret-file secret
  gemini-webhooks listen --secret-file secret --forward http://127.0.0.1:3000/gemini-callback
  gemini-webhooks listen --audience my-project-client-id --jobs-file jobs.txt --json
  gemini-webhooks listen --count 1 --json | jq .delivery

Gemini posts to public https URLs alone: point a tunnel of yours to the address that is printed.

Exit codes: 0 once it is stopped, 2 usage;
with --count: 0 all were accepted, 1 one was refused, 3 one could not be judged")]
pub(crate) struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,

    /// Serve this path alone [default: every path]
    #[arg(long, value_name = "PATH", value_parser = web::path)]
    path: Option<String>,

    /// Pass what verifies on to this URL, with the same headers and body, and answer the status that
    /// comes back: 502 where nobody answers, and 503 where nobody answers in time, so that the sender
    /// tries again
    #[arg(long, value_name = "URL", value_parser = web::url)]
    forward: Option<reqwest::Url>,

    /// How long to wait for the answer to what is passed on
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "10s", requires = "forward")]
    forward_timeout: Duration,

    /// Stop after so many requests
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    #[command(flatten)]
    endpoint: EndpointArgs,
}

pub(crate) async fn run(args: Args, output: Output) -> Run {
    let keys = || args.endpoint.jwks.keys_from().cached();
    let Endpoint { verifier, accepts, explainer } = args.endpoint.endpoint(&SystemClock, keys)?;
    let forward = args.forward.map(|url| Forwarder::new(url, args.forward_timeout)).transpose()?;
    let receiver = Receiver::bind(args.listen, args.path).await?;
    output.report(&Listening {
        url: receiver.url()?,
        accepts,
        forward: forward.as_ref().map(|forward| web::shown(&forward.url)),
    })?;
    let (stop, closed) = (Stop::new(), Stop::new());
    let (journal, lines) =
        Journal::new(explainer, args.count, stop.clone(), closed.clone(), output);
    let journal = tokio::spawn(journal.write());
    receiver.serve(App::new(verifier, forward, lines)?, &stop).await?;
    closed.stop();
    journal.await.map_err(Failure::usage)?
}
