//! Verifiers as a configuration says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gemini_webhooks::testing::ManualClock;
use gemini_webhooks::{
    Binding, ConfigError, DynamicVerifier, JobOwner, KeySet, ReplayWindow, Secret, StaticVerifier,
    Verifier,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Result;

#[derive(Deserialize)]
pub struct Config {
    #[serde(rename = "static")]
    static_part: Option<StaticPart>,
    dynamic: Option<DynamicPart>,
}

#[derive(Deserialize)]
pub struct StaticPart {
    pub secrets: Vec<SecretPart>,
    window: Option<(u64, u64)>,
    max_body: Option<usize>,
}

#[derive(Deserialize)]
pub struct SecretPart {
    pub text: Option<String>,
    pub raw: Option<String>,
    #[serde(default)]
    odd: bool,
    label: Option<String>,
    pub retire_at: Option<u64>,
}

#[derive(Deserialize)]
pub struct DynamicPart {
    pub audiences: Vec<String>,
    pub issuers: Vec<String>,
    pub leeway: Option<u64>,
    life: Option<u64>,
    age: Option<u64>,
    binding: Option<BindingPart>,
    unsigned: bool,
    pub keys: String,
    window: Option<(u64, u64)>,
    max_body: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum BindingPart {
    Token { member: String, tokens: Vec<String> },
    Job { ours: Vec<String>, not_ours: Vec<String> },
    Any {},
}

/// What requests are judged by, until the next configuration.
pub struct Setup {
    pub static_verifier: Option<StaticVerifier>,
    pub dynamic_verifier: Option<DynamicVerifier>,
    pub mixed_verifier: Option<Verifier>,
    pub clock: ManualClock,
    pub keys: Arc<KeySet>,
    pub static_part: Option<StaticPart>,
    pub dynamic_part: Option<DynamicPart>,
    pub document: Vec<u8>,
}

impl Setup {
    /// The inner error is what the library has against the configuration.
    pub fn new(config: Config) -> Result<std::result::Result<Self, String>> {
        let document = match &config.dynamic {
            Some(part) => BASE64.decode(&part.keys)?,
            None => br#"{"keys":[]}"#.to_vec(),
        };
        let keys = match KeySet::from_json(&document) {
            Ok(keys) => Arc::new(keys),
            Err(problem) => return Ok(Err(format!("config/keys/{problem:?}"))),
        };
        Ok(Self::with_keys(config, keys, document).map_err(|error| describe(&error)))
    }

    fn with_keys(
        Config { static_part, dynamic: dynamic_part }: Config,
        keys: Arc<KeySet>,
        document: Vec<u8>,
    ) -> std::result::Result<Self, ConfigError> {
        let clock = ManualClock::at(0);
        let static_verifier = match &static_part {
            Some(part) => Some(part.verifier(clock.clone())?),
            None => None,
        };
        let dynamic_verifier = match &dynamic_part {
            Some(part) => Some(part.verifier(clock.clone(), Arc::clone(&keys))?),
            None => None,
        };
        let both = static_verifier.clone().zip(dynamic_verifier.clone());
        let mixed_verifier = both.map(|(one, other)| Verifier::new(one, other));
        Ok(Self {
            static_verifier,
            dynamic_verifier,
            mixed_verifier,
            clock,
            keys,
            static_part,
            dynamic_part,
            document,
        })
    }

    /// The keys that were taken, and why the others were not.
    pub fn describe_keys(&self) -> Value {
        let mut kids: Vec<_> = self.keys.kids().collect();
        kids.sort_unstable();
        let skipped: BTreeMap<_, _> = self
            .keys
            .skipped()
            .iter()
            .map(|key| (key.index.to_string(), format!("{:?}", key.reason)))
            .collect();
        json!({ "kids": kids, "ed25519": self.keys.ed25519_count(), "skipped": skipped })
    }
}

impl StaticPart {
    fn verifier(&self, clock: ManualClock) -> std::result::Result<StaticVerifier, ConfigError> {
        let mut builder = StaticVerifier::builder().clock(clock);
        for secret in &self.secrets {
            builder = builder.secret(secret.secret()?);
        }
        if let Some(window) = self.window {
            builder = builder.replay_window(replay_window(window)?);
        }
        if let Some(bytes) = self.max_body {
            builder = builder.max_body_bytes(bytes);
        }
        builder.build()
    }
}

impl SecretPart {
    fn secret(&self) -> std::result::Result<Secret, ConfigError> {
        let mut secret = match (self.text.as_deref().unwrap_or_default(), self.raw(), self.odd) {
            (text, None, false) => Secret::parse(text)?,
            (text, None, true) => Secret::dangerous_parse_odd_length(text)?,
            (_, Some(key), false) => Secret::from_raw_bytes(key)?,
            (_, Some(key), true) => Secret::dangerous_from_raw_bytes_odd_length(key)?,
        };
        if let Some(label) = &self.label {
            secret = secret.with_label(label.as_str());
        }
        Ok(match self.retire_at {
            Some(time) => secret.retire_at(at(time, 0)),
            None => secret,
        })
    }

    /// The key, where it is not given as text.
    pub fn raw(&self) -> Option<Vec<u8>> {
        self.raw.as_ref().map(|raw| BASE64.decode(raw).unwrap_or_default())
    }
}

impl DynamicPart {
    fn verifier(
        &self,
        clock: ManualClock,
        keys: Arc<KeySet>,
    ) -> std::result::Result<DynamicVerifier, ConfigError> {
        let mut builder = DynamicVerifier::builder().clock(clock).keys(keys);
        for audience in &self.audiences {
            builder = builder.audience(audience);
        }
        for issuer in &self.issuers {
            builder = builder.issuer(issuer);
        }
        if let Some(leeway) = self.leeway {
            builder = builder.leeway(Duration::from_secs(leeway));
        }
        if let Some(life) = self.life {
            builder = builder.longest_token_life(Duration::from_secs(life));
        }
        if let Some(age) = self.age {
            builder = builder.max_token_age(Duration::from_secs(age));
        }
        if let Some(binding) = &self.binding {
            builder = builder.binding(binding.binding()?);
        }
        if let Some(window) = self.window {
            builder = builder.replay_window(replay_window(window)?);
        }
        if let Some(bytes) = self.max_body {
            builder = builder.max_body_bytes(bytes);
        }
        if self.unsigned { builder.accept_unsigned_body() } else { builder }.build()
    }
}

impl BindingPart {
    fn binding(&self) -> std::result::Result<Binding, ConfigError> {
        match self {
            Self::Any {} => Ok(Binding::dangerous_any_tenant()),
            Self::Token { member, tokens } => Binding::metadata_tokens(member.as_str(), tokens),
            Self::Job { ours, not_ours } => {
                let (ours, not_ours) = (ours.clone(), not_ours.clone());
                Ok(Binding::job(move |id| match id {
                    id if ours.iter().any(|job| job == id) => JobOwner::Ours,
                    id if not_ours.iter().any(|job| job == id) => JobOwner::NotOurs,
                    _ => JobOwner::NotYetKnown,
                }))
            }
        }
    }
}

fn replay_window((past, future): (u64, u64)) -> std::result::Result<ReplayWindow, ConfigError> {
    ReplayWindow::new(Duration::from_secs(past), Duration::from_secs(future))
}

/// A time in Unix seconds and nanoseconds.
pub fn at(seconds: u64, nanoseconds: u32) -> SystemTime {
    UNIX_EPOCH + Duration::new(seconds, nanoseconds)
}

/// The names of the variants alone.
fn describe(error: &ConfigError) -> String {
    let named = |text: String| text.split([' ', '(']).next().unwrap_or_default().to_owned();
    match error {
        ConfigError::InvalidSecret { problem, .. } => {
            format!("config/InvalidSecret/{}", named(format!("{problem:?}")))
        }
        other => format!("config/{}", named(format!("{other:?}"))),
    }
}
