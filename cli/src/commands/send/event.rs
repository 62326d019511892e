//! What is sent: events of the catalogue, or a file.

use std::path::PathBuf;

use bytes::Bytes;
use clap::builder::PossibleValuesParser;
use gemini_webhooks::EventType;
use gemini_webhooks::limits::GREATEST_MAX_BODY_BYTES;
use gemini_webhooks::testing::sample_body_of;
use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::endpoint::MetadataTokenArgs;
use crate::exit::Failure;
use crate::files;

/// One of each.
const ALL: &str = "all";

/// Says what to send.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Event")]
pub(super) struct EventArgs {
    /// An event of the catalogue, or `all` for one of each
    #[arg(long, value_name = "TYPE", default_value = EventType::BatchSucceeded.as_str(), hide_possible_values = false,
        value_parser = PossibleValuesParser::new(EventType::ALL.iter().map(|one| one.as_str()).chain([ALL])))]
    event: String,

    /// Send this file instead, byte by byte
    #[arg(long, value_name = "FILE", conflicts_with_all = ["event", "job_id", "metadata_token_env", "metadata_token_file"])]
    file: Option<PathBuf>,

    /// The id of the job that the event is about (`data.id`)
    #[arg(long, value_name = "ID")]
    job_id: Option<String>,

    #[command(flatten)]
    token: MetadataTokenArgs,
}

/// What stands in the body of a delivery.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Sample(Box<Sample>),
    File(Bytes),
}

/// An event of the catalogue, with what the user has set.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Sample {
    #[serde(rename = "type")]
    type_name: &'static str,
    version: Value,
    timestamp: String,
    data: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_metadata: Option<Value>,
}

impl EventArgs {
    /// The events, one or each of the catalogue.
    pub(super) fn events(&self) -> Result<Vec<Event>, Failure> {
        if let Some(path) = &self.file {
            return Ok(vec![Event::File(files::read(path, GREATEST_MAX_BODY_BYTES)?.into())]);
        }
        let tokens = self.token.tokens()?;
        let metadata = tokens.first().map(|token| json!({ &self.token.member: **token }));
        let types =
            EventType::ALL.iter().filter(|one| self.event == ALL || self.event == one.as_str());
        let sample = |event_type: &EventType| {
            let mut sample = Sample::new(*event_type)?;
            if let Some(id) = &self.job_id {
                *sample.data.get_mut("id")? = id.as_str().into();
            }
            sample.user_metadata.clone_from(&metadata);
            Some(Event::Sample(Box::new(sample)))
        };
        types.map(sample).collect::<Option<_>>().ok_or_else(|| Failure::usage("no such event"))
    }
}

impl Sample {
    fn new(event_type: EventType) -> Option<Self> {
        let sample: Value = serde_json::from_str(sample_body_of(event_type)).ok()?;
        Some(Self {
            type_name: event_type.as_str(),
            version: sample.get("version")?.clone(),
            timestamp: String::new(),
            data: sample.get("data")?.clone(),
            user_metadata: None,
        })
    }
}

impl Event {
    /// The body of a delivery; an event of the catalogue happens now.
    pub(super) fn body(&self) -> Result<Bytes, Failure> {
        match self {
            Self::File(bytes) => Ok(bytes.clone()),
            Self::Sample(sample) => {
                let sample = Sample { timestamp: now(), ..(**sample).clone() };
                serde_json::to_vec(&sample).map(Bytes::from).map_err(Failure::usage)
            }
        }
    }
}

/// Now, to the microsecond, so that no two events are the same.
fn now() -> String {
    let now = OffsetDateTime::now_utc();
    let seconds = now.replace_nanosecond(0).ok().and_then(|now| now.format(&Rfc3339).ok());
    let seconds = seconds.unwrap_or_default();
    format!("{}.{:06}Z", seconds.trim_end_matches('Z'), now.microsecond())
}
