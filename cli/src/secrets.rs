//! Where secrets come from: the environment or a file, and never an argument unless told so loudly.

use std::env::{self, VarError};
use std::path::{Path, PathBuf};

use clap::Args;
use gemini_webhooks::{ConfigError, Secret};
use zeroize::Zeroizing;

use crate::exit::Failure;
use crate::files;
use crate::output;

/// The variable that is read where nothing else is said.
pub(crate) const DEFAULT_VARIABLE: &str = "WEBHOOK_SIGNING_SECRET";

/// Most bytes of a file with secrets: eight of them have a few hundred.
const MAX_SECRET_FILE_BYTES: usize = 64 * 1024;

/// Says where the signing secrets of static webhooks are.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Signing secrets of static webhooks")]
pub(crate) struct SecretArgs {
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "secret_file",
        help = "Environment variable with 1 to 8 secrets, a space between \
                [default: WEBHOOK_SIGNING_SECRET]"
    )]
    pub(crate) secret_env: Option<String>,

    /// File with 1 to 8 secrets, one per line; the newest first during a rotation
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,

    /// The secret itself. Everybody on this machine can read it in the list of processes, and it
    /// stays in the history of your shell: for a secret that is worth nothing
    #[arg(long, value_name = "SECRET", conflicts_with_all = ["secret_env", "secret_file"])]
    pub(crate) insecure_secret_on_command_line: Option<String>,

    /// Take the text of a secret as the key itself, without `whsec_`: for one from before
    /// 2026-05-04 that is not base64
    #[arg(long)]
    pub(crate) raw_secret: bool,
}

/// The text of secrets, wiped from memory when dropped, and where it was found.
pub(crate) struct SecretText {
    pub(crate) text: Zeroizing<String>,
    pub(crate) place: String,
}

impl SecretArgs {
    /// Reads the secrets; `None` where none were named and the usual variable is not set.
    pub(crate) fn read(&self) -> Result<Option<Vec<Secret>>, Failure> {
        let Some(found) = self.text()? else { return Ok(None) };
        let secrets = self.parse(&found.text).map_err(|error| found.failure(&error))?;
        Ok(Some(secrets))
    }

    /// Reads the secrets, which there must be.
    pub(crate) fn require(&self) -> Result<Vec<Secret>, Failure> {
        self.read()?.ok_or_else(missing)
    }

    /// Finds their text, as one list with single spaces where it comes from a file.
    pub(crate) fn text(&self) -> Result<Option<SecretText>, Failure> {
        if let Some(secret) = &self.insecure_secret_on_command_line {
            output::warning("the secret is on the command line, where others can read it");
            let text = Zeroizing::new(secret.clone());
            return Ok(Some(SecretText { text, place: "the command line".to_owned() }));
        }
        if let Some(path) = &self.secret_file {
            return Ok(Some(SecretText {
                text: read_file(path)?,
                place: path.display().to_string(),
            }));
        }
        let name = self.secret_env.as_deref().unwrap_or(DEFAULT_VARIABLE);
        match variable(name)? {
            Some(text) => Ok(Some(SecretText { text, place: format!("${name}") })),
            None if self.secret_env.is_some() => {
                Err(Failure::usage(ConfigError::EnvMissing { name: name.to_owned() }))
            }
            None => Ok(None),
        }
    }

    /// Reads a list of secrets.
    pub(crate) fn parse(&self, text: &str) -> Result<Vec<Secret>, ConfigError> {
        if !self.raw_secret {
            return Secret::parse_list(text);
        }
        let raw = |one: &str| Secret::from_raw_bytes(one.strip_prefix("whsec_").unwrap_or(one));
        text.split(' ').map(raw).collect()
    }
}

impl SecretText {
    /// Says what is wrong with it, and where it stands.
    pub(crate) fn failure(&self, error: &ConfigError) -> Failure {
        Failure::usage(format_args!("{}: {error}", self.place))
    }
}

/// Reads a variable of the environment.
pub(crate) fn variable(name: &str) -> Result<Option<Zeroizing<String>>, Failure> {
    match env::var(name) {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => {
            Err(Failure::usage(ConfigError::EnvNotUnicode { name: name.to_owned() }))
        }
    }
}

/// Reads a file of secrets: lines become a list, and the line end of an editor is not part of one.
pub(crate) fn read_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = files::read_private(path, MAX_SECRET_FILE_BYTES)?;
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Ok(Zeroizing::new(lines.join(" ")))
}

/// Says how a secret is given.
pub(crate) fn missing() -> Failure {
    Failure::usage("there is no signing secret").remedy(format_args!(
        "put it into the environment as {DEFAULT_VARIABLE}, or into a file for --secret-file"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn a_legacy_secret_is_taken_as_the_key_itself() {
        let raw = SecretArgs { raw_secret: true, ..SecretArgs::default() };
        assert!(raw.parse("whsec_0k3v9x2m7q1w8e4r6t5y0u2i9o3p7a1s").is_ok());
        assert!(raw.parse("whsec_not*base64*but*raw*bytes!").is_ok());
        assert!(SecretArgs::default().parse("whsec_not*base64*but*raw*bytes!").is_err());
        assert_eq!(SecretArgs::default().parse(&format!("{GOOD} {GOOD}")).unwrap().len(), 2);
    }

    #[test]
    fn a_failure_names_the_place_and_nothing_of_the_secret() {
        let found =
            SecretText { text: Zeroizing::new("v1,SECRET".to_owned()), place: "here".to_owned() };
        let error = SecretArgs::default().parse(&found.text).unwrap_err();
        let failure = found.failure(&error);
        assert!(failure.message.starts_with("here: "), "{}", failure.message);
        assert!(!format!("{failure:?}").contains("SECRET"));
    }
}
