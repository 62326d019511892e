//! The builder calls that accept what came.

use std::collections::BTreeSet;

use gemini_webhooks::limits::MAX_AUDIENCES;

/// What a verifier must be told so that it accepts what was seen.
#[derive(Debug, Default)]
pub(super) struct Needs {
    pub(super) secrets: bool,
    /// How the text of a secret was read, where it was not base64.
    pub(super) raw_secret: Option<&'static str>,
    /// What `aud` looks like.
    pub(super) audiences: BTreeSet<String>,
    pub(super) unsigned_body: bool,
    /// Of all JWTs together.
    pub(super) allowance: Allowance,
    pub(super) v1a: bool,
}

/// What the times of a JWT need: its life, its age, and the difference of the clocks, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Allowance {
    pub(super) life: u64,
    pub(super) age: u64,
    pub(super) leeway: u64,
}

/// What the library allows if it is told nothing; the age has the leeway on top.
const DEFAULT: Allowance = Allowance { life: 24 * 3600, age: 300, leeway: 60 };

impl Allowance {
    /// Allows what another does as well.
    pub(super) fn add(&mut self, other: Self) {
        self.life = self.life.max(other.life);
        self.age = self.age.max(other.age);
        self.leeway = self.leeway.max(other.leeway);
    }
}

impl Needs {
    /// Adds a form of audience, as many as a verifier takes.
    pub(super) fn audience(&mut self, form: String) {
        if self.audiences.len() < MAX_AUDIENCES {
            self.audiences.insert(form);
        }
    }

    /// Rust that makes such a verifier, without anything that was sent.
    pub(super) fn to_rust(&self) -> String {
        let mut parts = Vec::new();
        if let Some(reading) = self.raw_secret {
            parts.push(format!(
                "let static_webhooks = StaticVerifier::builder()\n    \
                 .secret(Secret::from_raw_bytes(text)?) // {reading}\n    .build()?;"
            ));
        } else if self.secrets {
            let call = "StaticVerifier::from_env(\"WEBHOOK_SIGNING_SECRET\")?";
            parts.push(format!("let static_webhooks = {call};"));
        }
        if !self.audiences.is_empty() || self.v1a {
            parts.push(format!("let dynamic_webhooks = {};", self.dynamic()));
        }
        if parts.len() == 2 {
            parts.push(
                "let verifier = Verifier::new(static_webhooks, dynamic_webhooks);".to_owned(),
            );
        }
        parts.join("\n")
    }

    fn dynamic(&self) -> String {
        let mut calls = vec!["DynamicVerifier::builder()".to_owned()];
        for form in &self.audiences {
            calls.push(format!(".audience(\"...\") // what `aud` holds: {form}"));
        }
        if self.unsigned_body {
            calls.push(".accept_unsigned_body() // the JWT does not hold the event".to_owned());
        }
        let Allowance { life, age, leeway } = self.allowance;
        for (call, seconds, default) in [
            ("longest_token_life", life, DEFAULT.life),
            ("max_token_age", age, DEFAULT.age),
            ("leeway", leeway, DEFAULT.leeway),
        ] {
            if seconds > default {
                calls.push(format!(".{call}(Duration::from_secs({seconds}))"));
            }
        }
        if self.v1a {
            let call = ".binding(Binding::job(|id| owner_of(id)))";
            calls.push(format!("{call} // v1a: whose a delivery is, you must say"));
        }
        calls.push(".keys(CachedKeys::google()?)".to_owned());
        calls.push(".build()?".to_owned());
        calls.join("\n    ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_seen_needs_nothing() {
        assert_eq!(Needs::default().to_rust(), "");
    }

    #[test]
    fn calls_are_asked_for_only_where_the_defaults_do_not_do() {
        let needs = Needs {
            audiences: BTreeSet::from(["an https URL".to_owned()]),
            allowance: DEFAULT,
            ..Needs::default()
        };
        assert_eq!(
            needs.to_rust(),
            "let dynamic_webhooks = DynamicVerifier::builder()\n    \
             .audience(\"...\") // what `aud` holds: an https URL\n    \
             .keys(CachedKeys::google()?)\n    .build()?;"
        );
        let needs = Needs {
            allowance: Allowance { life: 90_000, age: 301, leeway: 61 },
            unsigned_body: true,
            v1a: true,
            secrets: true,
            ..needs
        };
        let rust = needs.to_rust();
        for call in [
            "from_env",
            "longest_token_life(Duration::from_secs(90000))",
            "max_token_age(Duration::from_secs(301))",
            "leeway(Duration::from_secs(61))",
            "accept_unsigned_body",
            "Binding::job",
            "Verifier::new",
        ] {
            assert!(rust.contains(call), "{call}: {rust}");
        }
    }
}
