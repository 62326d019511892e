//! A secret that the service shows once: where it goes, made sure of before there is one.

use std::fmt;

use gemini_webhooks::Revocation;
use gemini_webhooks::client::NewSecret;
use gemini_webhooks::limits::MAX_SECRETS;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::commands::secret::Place;
use crate::exit::Failure;
use crate::files::{Existing, PrivateFile};
use crate::output::{self, Output, Report};
use crate::secrets;
use crate::style::WARN;
use crate::text::Shown;

/// Runs a call that brings a secret to its end: whoever stops it in the middle loses the secret.
pub(super) async fn to_its_end<T, E>(call: impl Future<Output = Result<T, E>>) -> Result<T, Failure>
where
    Failure: From<E>,
{
    let warn = async {
        while tokio::signal::ctrl_c().await.is_ok() {
            output::warning("the new secret is on its way, and is shown once: wait for it");
        }
        std::future::pending().await
    };
    tokio::select! {
        result = call => Ok(result?),
        never = warn => never,
    }
}

/// Where a new secret goes, made sure of before there is one.
pub(super) enum Kept {
    File { file: PrivateFile, path: String, old: Vec<Zeroizing<String>> },
    Shown,
}

impl Kept {
    /// A place for the secret alone.
    pub(super) fn alone(place: &Place, existing: Existing) -> Result<Self, Failure> {
        Self::prepare(place, existing, Vec::new())
    }

    /// A place for the secret before the old ones, as long as those are valid.
    pub(super) fn before_old_ones(place: &Place, previous: Revocation) -> Result<Self, Failure> {
        let old = match &place.secret_file {
            Some(path) if path.exists() && previous != Revocation::Immediate => {
                let text = secrets::read_file(path)?;
                text.split(' ').map(|one| Zeroizing::new(one.to_owned())).collect()
            }
            _ => Vec::new(),
        };
        Self::prepare(place, Existing::Replace, old)
    }

    fn prepare(
        place: &Place,
        existing: Existing,
        old: Vec<Zeroizing<String>>,
    ) -> Result<Self, Failure> {
        match &place.secret_file {
            Some(path) => {
                let file = PrivateFile::prepare(path, existing)?;
                Ok(Self::File { file, path: path.display().to_string(), old })
            }
            None => Ok(Self::Shown),
        }
    }

    pub(super) fn keep(self, secret: &NewSecret, id: &str, output: Output) -> Result<(), Failure> {
        let secret = secret.expose_secret();
        match self {
            Self::Shown => output.report(&Given { id, secret: Some(secret), secret_file: None }),
            Self::File { file, path, old } => {
                let old = old.iter().map(|one| one.as_str()).filter(|one| !one.is_empty());
                let lines: Vec<&str> =
                    std::iter::once(secret).chain(old).take(MAX_SECRETS).collect();
                file.write(&Zeroizing::new(format!("{}\n", lines.join("\n")))).map_err(
                    |failure| {
                        failure.remedy(format_args!("the secret is lost: rotate it, webhook {id}"))
                    },
                )?;
                output.report(&Given { id, secret: None, secret_file: Some(path) })
            }
        }
    }
}

/// Tells where the new secret is, or shows it.
#[derive(Serialize)]
struct Given<'s> {
    id: &'s str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'s str>,
}

impl Report for Given<'_> {
    const KIND: &'static str = "secret";
}

impl fmt::Display for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.secret_file, self.secret) {
            (Some(path), _) => {
                write!(f, "the new secret of {} is in {}", Shown(self.id), Shown(path))
            }
            (None, secret) => write!(
                f,
                "{WARN}the new secret, which is not shown again:{WARN:#} {}",
                Shown(secret.unwrap_or_default())
            ),
        }
    }
}
