//! Secrets out of the environment.

use std::env::{self, VarError};

use zeroize::Zeroizing;

use crate::error::ConfigError;

/// Reads an environment variable that holds a secret.
pub(crate) fn secret_text(name: &str) -> Result<Zeroizing<String>, ConfigError> {
    env::var(name).map(Zeroizing::new).map_err(|error| match error {
        VarError::NotPresent => ConfigError::EnvMissing { name: name.to_owned() },
        // What it holds goes with the error, unread; it is not wiped.
        VarError::NotUnicode(_) => ConfigError::EnvNotUnicode { name: name.to_owned() },
    })
}
