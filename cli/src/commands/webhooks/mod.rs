//! `webhooks`: registers and manages static webhooks, through the `WebhookService` of the Gemini API.

mod new_secret;
mod view;

use std::fmt;

use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Subcommand};
use gemini_webhooks::client::{NewWebhook, SubscribedEvent, WebhookClient, WebhookUpdate};
use gemini_webhooks::{EventType, Revocation};
use serde::Serialize;

use self::new_secret::{Kept, to_its_end};
use self::view::View;
use crate::api::ApiArgs;
use crate::commands::secret::Place;
use crate::exit::{Exit, Failure, Run};
use crate::output::{self, Output, Report};
use crate::style::GOOD;
use crate::text::{Shown, count};

/// Register and manage static webhooks.
///
/// They belong to the project of your API key. The service shows a secret once, when a webhook is
/// created or its secret is rotated: say where it goes.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  gemini-webhooks webhooks create https://example.com/hook --all-events --secret-file secret
  gemini-webhooks webhooks list
  gemini-webhooks webhooks rotate ID --secret-file secret
  gemini-webhooks webhooks ping ID

Exit codes: 0 done, 1 the service refused, 2 usage,
3 the service could not be asked, has a problem, or its answer was lost")]
pub(crate) struct Args {
    #[command(flatten)]
    api: ApiArgs,

    #[command(subcommand)]
    call: Call,
}

#[derive(Debug, Subcommand)]
enum Call {
    /// Register a webhook, and keep its secret
    Create(Create),
    /// List the webhooks of the project
    List,
    /// Show a webhook
    Get(Id),
    /// Change a webhook
    Update(Update),
    /// Remove a webhook, for good
    Delete(Delete),
    /// Make a new secret, and keep it
    Rotate(Rotate),
    /// Let the service send a test event
    Ping(Id),
}

#[derive(clap::Args, Debug)]
struct Id {
    /// The id of the webhook
    id: String,
}

#[derive(clap::Args, Debug)]
#[command(group(ArgGroup::new("what").required(true)))]
struct Create {
    /// Where events are sent to: a public https URL
    uri: String,

    /// A name for people
    #[arg(long)]
    name: Option<String>,

    /// A type to be told of; may be repeated
    #[arg(long = "event", value_name = "TYPE", group = "what", value_parser = subscribable())]
    events: Vec<String>,

    /// All types that can be subscribed to
    #[arg(long, group = "what")]
    all_events: bool,

    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args, Debug)]
#[command(group(ArgGroup::new("change").required(true).multiple(true)))]
struct Update {
    /// The id of the webhook
    id: String,

    /// A name for people
    #[arg(long, group = "change")]
    name: Option<String>,

    /// Where events are sent to: a public https URL
    #[arg(long, group = "change")]
    uri: Option<String>,

    /// The types to be told of, in the place of the present ones; may be repeated
    #[arg(long = "event", value_name = "TYPE", group = "change", value_parser = subscribable())]
    events: Vec<String>,

    /// Send events again
    #[arg(long, group = "change", conflicts_with = "disable")]
    enable: bool,

    /// Send no events
    #[arg(long, group = "change")]
    disable: bool,
}

#[derive(clap::Args, Debug)]
struct Delete {
    /// The id of the webhook
    id: String,

    /// Yes, remove it
    #[arg(long)]
    yes: bool,
}

#[derive(clap::Args, Debug)]
#[command(after_help = "\
With --secret-file the new secret comes first in the file and the old ones stay behind it, so
that a receiver accepts both until you remove the old one a day later; with --immediately the
old ones go at once. A file that holds anything else than secrets is not replaced.")]
struct Rotate {
    /// The id of the webhook
    id: String,

    /// Revoke the old secrets now, and not in 24 hours: what is signed with them is then refused
    #[arg(long)]
    immediately: bool,

    #[command(flatten)]
    place: Place,
}

fn subscribable() -> PossibleValuesParser {
    PossibleValuesParser::new(EventType::subscribable().map(EventType::as_str))
}

pub(crate) async fn run(args: Args, output: Output) -> Run {
    let Args { api, call } = args;
    if matches!(&call, Call::Delete(Delete { yes: false, .. })) {
        return Err(Failure::usage("this removes the webhook and its secrets for good")
            .remedy("say --yes, if that is what you want"));
    }
    let client = api.client()?;
    match call {
        Call::Create(create) => create.run(&client, output).await?,
        Call::List => list(&client, output).await?,
        Call::Get(Id { id }) => output.report(&View::new(client.get(&id).await?))?,
        Call::Update(update) => update.run(&client, output).await?,
        Call::Delete(Delete { id, .. }) => {
            client.delete(&id).await?;
            output.report(&Done { done: "removed", id })?;
        }
        Call::Rotate(rotate) => rotate.run(&client, output).await?,
        Call::Ping(Id { id }) => {
            client.ping(&id).await?;
            output.report(&Done { done: "pinged", id })?;
        }
    }
    Ok(Exit::Ok)
}

async fn list(client: &WebhookClient, output: Output) -> Result<(), Failure> {
    let (mut webhooks, mut number) = (client.list(), 0_usize);
    while let Some(webhook) = webhooks.next().await {
        output.report(&View::new(webhook?))?;
        number = number.saturating_add(1);
    }
    output::note(count(number, "webhook"));
    Ok(())
}

impl Create {
    async fn run(self, client: &WebhookClient, output: Output) -> Result<(), Failure> {
        let events: Vec<SubscribedEvent> = if self.all_events {
            EventType::subscribable().map(Into::into).collect()
        } else {
            self.events.iter().map(|name| SubscribedEvent::parse(name)).collect()
        };
        let mut webhook = NewWebhook::new(self.uri, events);
        if let Some(name) = self.name {
            webhook = webhook.name(name);
        }
        let kept = Kept::alone(&self.place)?;
        let created = to_its_end(client.create(&webhook)).await?;
        kept.keep(&created.new_signing_secret, &created.webhook.id, output)?;
        output.report(&View::new(created.webhook))
    }
}

impl Update {
    async fn run(self, client: &WebhookClient, output: Output) -> Result<(), Failure> {
        let mut update = WebhookUpdate::new();
        if let Some(name) = self.name {
            update = update.name(name);
        }
        if let Some(uri) = self.uri {
            update = update.uri(uri);
        }
        if !self.events.is_empty() {
            update = update
                .subscribed_events(self.events.iter().map(|name| SubscribedEvent::parse(name)));
        }
        if self.enable {
            update = update.enable();
        }
        if self.disable {
            update = update.disable();
        }
        output.report(&View::new(client.update(&self.id, &update).await?))
    }
}

impl Rotate {
    async fn run(self, client: &WebhookClient, output: Output) -> Result<(), Failure> {
        let previous =
            if self.immediately { Revocation::Immediate } else { Revocation::After24Hours };
        let kept = Kept::before_old_ones(&self.place, previous)?;
        let secret = to_its_end(client.rotate(&self.id, previous)).await?;
        kept.keep(&secret, &self.id, output)?;
        output.report(&Done { done: "rotated", id: self.id })
    }
}

#[derive(Debug, Serialize)]
struct Done {
    done: &'static str,
    id: String,
}

impl Report for Done {
    const KIND: &'static str = "done";
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{GOOD}{}{GOOD:#} {}", self.done, Shown(&self.id))
    }
}
