//! The API key and the client of the `WebhookService`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use gemini_webhooks::client::{ApiKey, ClientError, GEMINI_API_URL, WebhookClient};
use http::StatusCode;

use crate::exit::Failure;
use crate::secrets;

/// The variable that Google's SDKs read.
const DEFAULT_VARIABLE: &str = "GEMINI_API_KEY";

/// Says how the API is reached.
#[derive(Args, Debug)]
#[command(next_help_heading = "Gemini API")]
pub(crate) struct ApiArgs {
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "api_key_file",
        global = true,
        help = "Environment variable with the API key [default: GEMINI_API_KEY]"
    )]
    pub(crate) api_key_env: Option<String>,

    /// File with the API key
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) api_key_file: Option<PathBuf>,

    /// Where the API is: https, or http on a loopback address
    #[arg(long, value_name = "URL", default_value = GEMINI_API_URL, global = true)]
    pub(crate) base_url: String,

    /// How long a call may take, with its repeats
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, default_value = "30s", global = true)]
    pub(crate) api_timeout: Duration,
}

impl ApiArgs {
    pub(crate) fn client(&self) -> Result<WebhookClient, Failure> {
        let key = self.key()?;
        let client = WebhookClient::builder(key).base_url(&self.base_url).timeout(self.api_timeout);
        client.build().map_err(Failure::usage)
    }

    fn key(&self) -> Result<ApiKey, Failure> {
        let (text, place) = if let Some(path) = &self.api_key_file {
            (secrets::read_file(path)?, path.display().to_string())
        } else {
            let name = self.api_key_env.as_deref().unwrap_or(DEFAULT_VARIABLE);
            let text = secrets::variable(name)?.ok_or_else(|| {
                Failure::usage("there is no API key").remedy(format_args!(
                    "put it into the environment as {name}, or into a file for --api-key-file"
                ))
            })?;
            (text, format!("${name}"))
        };
        ApiKey::new(text.as_str()).map_err(|error| Failure::usage(format_args!("{place}: {error}")))
    }
}

/// What a call that failed means: the service said no, it was not asked, or nobody knows.
impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::InvalidRequest { .. } => Self::usage(&error),
            ClientError::Interrupted
            | ClientError::OutcomeUnknown { .. }
            | ClientError::TimedOut
            | ClientError::Unreachable => Self::undecided(&error),
            ClientError::Service { status, .. } if is_for_now(status) => Self::undecided(&error),
            _ => Self::refused(&error),
        }
    }
}

/// A server that has a problem, or too much to do, has not refused anything.
fn is_for_now(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}
