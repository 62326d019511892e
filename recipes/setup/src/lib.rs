//! What the recipes have in common: a verifier, an address and a log, from environment variables.
//!
//! | variable | meaning |
//! |---|---|
//! | `WEBHOOK_SIGNING_SECRET` | takes static webhooks: 1 to 8 secrets, one space between |
//! | `GEMINI_AUDIENCE` | takes dynamic ones: whom a JWT must be addressed to |
//! | `GEMINI_TOKEN` | takes dynamic ones: the `user_metadata.token` of your `webhook_config` |
//! | `LISTEN` | the address, `127.0.0.1:8000` if it is not set |
//!
//! Any of the first three will do; with the first and another, the endpoint takes both kinds.

use std::env;
use std::error::Error;

use gemini_webhooks::{
    Binding, CachedKeys, ConfigError, DynamicVerifier, StaticVerifier, Verifier,
};

const SECRET: &str = "WEBHOOK_SIGNING_SECRET";

/// Makes the verifier that the environment asks for.
///
/// # Errors
/// What is wrong with a variable, or that there is none: no verifier accepts everything.
pub fn verifier() -> Result<Verifier, Box<dyn Error + Send + Sync>> {
    let static_webhooks = match env::var_os(SECRET) {
        Some(_) => Some(StaticVerifier::from_env(SECRET)?),
        None => None,
    };
    match (static_webhooks, dynamic_webhooks()?) {
        (Some(static_webhooks), Some(dynamic_webhooks)) => {
            Ok(Verifier::new(static_webhooks, dynamic_webhooks))
        }
        (Some(static_webhooks), None) => Ok(static_webhooks.into()),
        (None, Some(dynamic_webhooks)) => Ok(dynamic_webhooks.into()),
        (None, None) => Err(format!("set {SECRET}, GEMINI_AUDIENCE or GEMINI_TOKEN").into()),
    }
}

fn dynamic_webhooks() -> Result<Option<DynamicVerifier>, Box<dyn Error + Send + Sync>> {
    let (audience, token) = (variable("GEMINI_AUDIENCE")?, variable("GEMINI_TOKEN")?);
    if audience.is_none() && token.is_none() {
        return Ok(None);
    }
    let mut builder = DynamicVerifier::builder().keys(keys()?);
    if let Some(audience) = audience {
        builder = builder.audience(audience);
    }
    if let Some(token) = token {
        builder = builder.binding(Binding::metadata_token("token", token)?);
    }
    Ok(Some(builder.build()?))
}

/// Returns a variable; one that is set to something unreadable is not passed over.
fn variable(name: &str) -> Result<Option<String>, String> {
    match env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(format!("{name} is not text")),
    }
}

#[cfg(not(feature = "testing"))]
fn keys() -> Result<CachedKeys, ConfigError> {
    CachedKeys::google()
}

/// Google's keys, or those of a server on loopback that `GEMINI_KEYS_URL` names.
#[cfg(feature = "testing")]
fn keys() -> Result<CachedKeys, ConfigError> {
    match env::var("GEMINI_KEYS_URL") {
        Ok(url) => {
            let fetch = gemini_webhooks::HttpsFetch::loopback(&url)?;
            CachedKeys::builder(url, fetch).build()
        }
        Err(_) => CachedKeys::google(),
    }
}

/// Returns the address to listen on.
#[must_use]
pub fn address() -> String {
    env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8000".to_owned())
}

/// Writes what `tracing` is told to standard error.
pub fn log() {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
}
