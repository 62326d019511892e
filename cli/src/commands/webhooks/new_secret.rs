//! A secret that the service shows once: where it goes, made sure of before there is one.

use std::fmt;
use std::path::Path;

use gemini_webhooks::client::NewSecret;
use gemini_webhooks::limits::MAX_SECRETS;
use gemini_webhooks::{Revocation, Secret};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::commands::secret::Place;
use crate::exit::Failure;
use crate::files::{Existing, PrivateFile};
use crate::output::{self, Output, Report};
use crate::secrets;
use crate::signals;
use crate::style::WARN;
use crate::text::Shown;

/// Runs a call that brings a secret to its end: whoever stops it in the middle loses the secret.
pub(super) async fn to_its_end<T, E>(call: impl Future<Output = Result<T, E>>) -> Result<T, Failure>
where
    Failure: From<E>,
{
    let warn = async {
        loop {
            signals::interrupted_or_hung_up().await;
            output::warning("the new secret is on its way, and is shown once: wait for it");
        }
    };
    tokio::select! {
        biased;
        never = warn => never,
        result = call => Ok(result?),
    }
}

/// Where a new secret goes, made sure of before there is one.
pub(super) enum Kept {
    File { file: PrivateFile, path: String, old: Vec<Zeroizing<String>> },
    Shown,
}

impl Kept {
    /// A place for the secret alone.
    pub(super) fn alone(place: &Place) -> Result<Self, Failure> {
        Self::prepare(place, Existing::Keep, |_| Ok(Vec::new()))
    }

    /// A place for the secret before the old ones, as long as those are valid. A file that holds
    /// anything else is somebody's, and stays.
    pub(super) fn before_old_ones(place: &Place, previous: Revocation) -> Result<Self, Failure> {
        Self::prepare(place, Existing::Replace, |path| {
            let old = old_ones(path)?;
            Ok(if previous == Revocation::Immediate { Vec::new() } else { old })
        })
    }

    fn prepare(
        place: &Place,
        existing: Existing,
        old: impl FnOnce(&Path) -> Result<Vec<Zeroizing<String>>, Failure>,
    ) -> Result<Self, Failure> {
        let Some(path) = &place.secret_file else { return Ok(Self::Shown) };
        let file = PrivateFile::prepare(path, existing)?;
        Ok(Self::File { file, old: old(path)?, path: path.display().to_string() })
    }

    /// Brings the secret there. Where that fails, the failure says where it is now, or what to do.
    pub(super) fn keep(self, secret: &NewSecret, id: &str, output: Output) -> Result<(), Failure> {
        let secret = secret.expose_secret();
        let lost = |failure: Failure| {
            let remedy = format_args!("the secret is lost: rotate it, webhook {}", Shown(id));
            failure.too_late().or_remedy(remedy)
        };
        match self {
            Self::Shown => {
                output.report(&Given { id, secret: Some(secret), secret_file: None }).map_err(lost)
            }
            Self::File { file, path, old } => {
                let old = old.iter().map(|one| one.as_str());
                let lines: Vec<&str> =
                    std::iter::once(secret).chain(old).take(MAX_SECRETS).collect();
                let text = Zeroizing::new(format!("{}\n", lines.join("\n")));
                file.write(&text).map_err(lost)?;
                output.report(&Given { id, secret: None, secret_file: Some(path) })
            }
        }
    }
}

/// Reads the secrets of a file that is to be written again; none where there is no file yet, or
/// nothing in it.
fn old_ones(path: &Path) -> Result<Vec<Zeroizing<String>>, Failure> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = secrets::read_file(path)?;
    let old: Vec<_> =
        text.split_ascii_whitespace().map(str::to_owned).map(Zeroizing::new).collect();
    if old.iter().all(|one| is_secret(one)) {
        return Ok(old);
    }
    let message =
        format!("{} holds something else than secrets, and is not replaced", path.display());
    Err(Failure::usage(message).remedy("name another file, or one that does not exist yet"))
}

/// One that can be used, be it of the old kind, whose text is the key.
fn is_secret(text: &str) -> bool {
    let of_the_old_kind = text.strip_prefix("whsec_").map(Secret::from_raw_bytes);
    Secret::parse(text).is_ok() || of_the_old_kind.is_some_and(|secret| secret.is_ok())
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
            // The service gave one, and said nothing else that can be read.
            (Some(path), _) if self.id.is_empty() => {
                write!(f, "the new secret is in {}: `webhooks list` shows the webhook", Shown(path))
            }
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
