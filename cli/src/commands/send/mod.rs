//! `send`: signs events as the Gemini API does, and posts them.

mod answers;
mod event;
mod key_server;
mod post;
mod signer;
mod tamper;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::ValueEnum;
use gemini_webhooks::KeySet;
use gemini_webhooks::limits::MAX_JWKS_BYTES;

use self::answers::Expected;
use self::event::EventArgs;
use self::post::Load;
use self::signer::Signer;
use self::tamper::Tamper;
use crate::exit::{Exit, Failure, Run};
use crate::files;
use crate::moment;
use crate::output::{self, Output};
use crate::secrets::SecretArgs;
use crate::web;

/// Sign events as the Gemini API does, and post them to a receiver.
///
/// A static webhook is signed with the secret of your receiver. For a dynamic one a key is made on
/// the fly, or kept in a file: let your receiver take its public half from --serve-jwks or --jwks-out
/// in the place of Google's.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  gemini-webhooks send http://127.0.0.1:8000/ --secret-file secret
  gemini-webhooks send http://127.0.0.1:8000/ --event video.generated --duplicates 2
  gemini-webhooks send http://127.0.0.1:8000/ --age 10m --expect 400          a replay
  gemini-webhooks send http://127.0.0.1:8000/ --tamper body --expect 400
  gemini-webhooks send http://127.0.0.1:8000/ --count 10000 --concurrency 16

  gemini-webhooks listen --jwks http://127.0.0.1:9000/ --audience me --dangerous-any-tenant
  gemini-webhooks send http://127.0.0.1:8000/ --as jwt --audience me --serve-jwks 127.0.0.1:9000
  gemini-webhooks send http://127.0.0.1:8000/ --as v1a --serve-jwks 127.0.0.1:9000

Exit codes: 0 every answer is as expected, 1 one is not, 2 usage, 3 there was no answer")]
pub(crate) struct Args {
    /// Where to post to
    #[arg(value_name = "URL", value_parser = web::url)]
    url: reqwest::Url,

    /// Which kind of webhook to play
    #[arg(long = "as", value_name = "FORM", default_value = "static")]
    form: Form,

    #[command(flatten)]
    event: EventArgs,

    #[command(flatten)]
    delivery: DeliveryArgs,

    #[command(flatten)]
    load: LoadArgs,

    #[command(flatten)]
    secrets: SecretArgs,

    #[command(flatten)]
    dynamic: DynamicArgs,
}

/// The three forms of `webhook-signature`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// `v1` with your secrets; several make several entries, as during a rotation
    Static,
    /// An RS256 JWT, as Google documents it for dynamic webhooks
    Jwt,
    /// `v1a` with Ed25519, as the live service was seen to sign dynamic webhooks
    V1a,
}

/// How each delivery is sent.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Delivery")]
struct DeliveryArgs {
    /// The webhook-id [default: a new one for each event]
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    /// Say that it was sent at this time: RFC 3339 or Unix seconds
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    at: Option<SystemTime>,

    /// Say that it was sent so long ago, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, conflicts_with = "at")]
    age: Option<Duration>,

    /// Send each event so many times more under the same id, as retries do
    #[arg(long, value_name = "N", default_value_t = 0)]
    duplicates: u32,

    /// Change something after it was signed
    #[arg(long, value_name = "WHAT")]
    tamper: Option<Tamper>,

    /// The status that is right: `2xx`, `400`, `5xx`
    #[arg(long, value_name = "STATUS", default_value = "2xx")]
    expect: Expected,

    /// How long to wait for an answer
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "10s")]
    timeout: Duration,
}

/// How many are sent.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Load")]
struct LoadArgs {
    /// How many events
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    count: u64,

    /// How many at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: u16,
}

/// What a dynamic webhook is signed with, and what its JWT says.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Dynamic webhooks")]
struct DynamicArgs {
    /// Keep the private key in this file, made if it is not there; several for `v1a` make several
    /// entries
    #[arg(long, value_name = "FILE")]
    key_file: Vec<PathBuf>,

    /// Serve the public key as a key set on this loopback address while sending
    #[arg(long, value_name = "IP:PORT")]
    serve_jwks: Option<SocketAddr>,

    /// Write the public key as a key set to this file
    #[arg(long, value_name = "FILE")]
    jwks_out: Option<PathBuf>,

    /// Whom the JWT is addressed to (`aud`)
    #[arg(long, value_name = "AUDIENCE")]
    audience: Option<String>,

    /// Who issued the JWT (`iss`)
    #[arg(long, value_name = "ISSUER")]
    issuer: Option<String>,

    /// How long the JWT lives (`exp` less `iat`)
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "5m")]
    lifetime: Duration,

    /// Leave the event out of the JWT, so that the body is not signed
    #[arg(long)]
    bearer: bool,
}

pub(crate) async fn run(args: Args, output: Output) -> Run {
    let events = args.event.events()?;
    let signer = Signer::new(args.form, &args.secrets, &args.dynamic)?;
    let served = publish(&signer, &args.dynamic).await?;
    let delivery = args.delivery;
    let load = Load {
        url: args.url,
        timeout: delivery.timeout,
        events,
        signer,
        id: delivery.id,
        time: Sent { at: delivery.at, age: delivery.age },
        attempts: u64::from(delivery.duplicates).saturating_add(1),
        tamper: delivery.tamper,
        count: args.load.count,
        concurrency: args.load.concurrency,
    };
    let tally = post::send_all(Arc::new(load), delivery.expect, output).await?;
    drop(served);
    if tally.unexpected > 0 {
        output::note(
            "a receiver does not tell the sender why: look at what it says on its own side",
        );
    }
    Ok(if tally.unexpected > 0 {
        Exit::Refused
    } else if tally.unanswered() > 0 {
        Exit::Undecided
    } else {
        Exit::Ok
    })
}

/// Makes the public keys known, where that was asked for.
async fn publish(
    signer: &Signer,
    args: &DynamicArgs,
) -> Result<Option<key_server::Serving>, Failure> {
    let wanted = args.serve_jwks.is_some() || args.jwks_out.is_some();
    let Some(jwks) = signer.jwks() else {
        return if wanted {
            Err(Failure::usage("a static webhook has no public key: say --as jwt or --as v1a"))
        } else {
            Ok(None)
        };
    };
    if !wanted && args.key_file.is_empty() {
        output::warning(
            "nobody has the key that this is signed with: say --serve-jwks or --jwks-out, and let \
             your receiver take its keys from there",
        );
    }
    if let Some(path) = &args.jwks_out {
        if !holds_key_set(path) {
            files::refuse_existing(path)?;
        }
        files::write_public(path, &format!("{jwks}\n"))?;
        output::note(format_args!("the key set is in {}", path.display()));
    }
    match args.serve_jwks {
        Some(address) => Ok(Some(key_server::serve(address, jwks).await?)),
        None => Ok(None),
    }
}

/// Whether a key set, or nothing, is in the place of the one that is to be written.
fn holds_key_set(path: &Path) -> bool {
    path.is_file()
        && files::read(path, MAX_JWKS_BYTES)
            .is_ok_and(|bytes| bytes.is_empty() || KeySet::from_json(&bytes).is_ok())
}

/// When a delivery says that it was sent.
#[derive(Clone, Copy, Debug)]
struct Sent {
    at: Option<SystemTime>,
    age: Option<Duration>,
}

impl Sent {
    fn time(self) -> SystemTime {
        let now = SystemTime::now();
        let aged = self.age.and_then(|age| now.checked_sub(age));
        self.at.or(aged).unwrap_or(now)
    }
}
