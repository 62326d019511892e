//! What an endpoint accepts: the arguments from which a verifier is made.

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Args;
use gemini_webhooks::explain::Explainer;
use gemini_webhooks::{
    Binding, Clock, DynamicVerifier, DynamicVerifierBuilder, JobOwner, KeySource, Secret,
    StaticVerifier, Verifier,
};
use serde::Serialize;

use crate::exit::Failure;
use crate::files;
use crate::jwks::JwksArgs;
use crate::output;
use crate::secrets::{self, SecretArgs, SecretText};
use crate::text::{Shown, count};

/// Most bytes of a file with the ids of jobs.
const MAX_JOBS_FILE_BYTES: usize = 4 * 1024 * 1024;

/// Says what an endpoint accepts.
#[derive(Args, Debug, Default)]
pub(crate) struct EndpointArgs {
    #[command(flatten)]
    pub(crate) secrets: SecretArgs,

    #[command(flatten)]
    pub(crate) old_secrets: OldSecretArgs,

    #[command(flatten)]
    pub(crate) dynamic: DynamicArgs,

    #[command(flatten)]
    pub(crate) jwks: JwksArgs,
}

/// Says which secrets were in use before.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Signing secrets of static webhooks")]
pub(crate) struct OldSecretArgs {
    /// File with secrets that were in use before, one per line: what they signed is refused all the
    /// same, and you are told that one of them signed it
    #[arg(long, value_name = "FILE")]
    pub(crate) old_secret_file: Option<PathBuf>,
}

/// Says what is accepted of dynamic webhooks.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Dynamic webhooks: JWTs")]
pub(crate) struct DynamicArgs {
    /// Accept JWTs that are addressed to this audience, exactly; may be repeated
    #[arg(long, value_name = "AUDIENCE")]
    pub(crate) audience: Vec<String>,

    /// Accept JWTs of this issuer alone; may be repeated
    #[arg(long, value_name = "ISSUER", requires = "audience")]
    pub(crate) issuer: Vec<String>,

    /// Accept a body beside a JWT that does not hold the event: it is not signed
    #[arg(long, requires = "audience")]
    pub(crate) accept_unsigned_body: bool,

    #[command(flatten)]
    pub(crate) binding: BindingArgs,
}

/// Says how a delivery is known to be ours, which lets `v1a` signatures in.
#[derive(Args, Debug, Default)]
#[command(
    next_help_heading = "Dynamic webhooks: v1a, which needs one of these to tell whose a delivery is"
)]
pub(crate) struct BindingArgs {
    /// Accept events of this job, by `data.id`; may be repeated
    #[arg(long, value_name = "ID", conflicts_with_all = ["metadata_token_env", "metadata_token_file"])]
    pub(crate) job: Vec<String>,

    /// Accept events of the jobs in this file, one id per line
    #[arg(long, value_name = "FILE", conflicts_with_all = ["metadata_token_env", "metadata_token_file"])]
    pub(crate) jobs_file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) token: MetadataTokenArgs,

    /// Accept events of every tenant of the Gemini API: whoever can start a job can then post here
    #[arg(long, conflicts_with_all = ["job", "jobs_file", "metadata_token_env", "metadata_token_file"])]
    pub(crate) dangerous_any_tenant: bool,
}

/// Says which secret token stands in `user_metadata` of the job's `webhook_config`.
#[derive(Args, Debug, Default)]
pub(crate) struct MetadataTokenArgs {
    /// Environment variable with the secret token that `user_metadata` of the job holds
    #[arg(id = "metadata_token_env", long = "metadata-token-env", value_name = "NAME")]
    pub(crate) token_env: Option<String>,

    /// File with that token; several, one per line, during a rotation
    #[arg(
        id = "metadata_token_file",
        long = "metadata-token-file",
        value_name = "FILE",
        conflicts_with = "metadata_token_env"
    )]
    pub(crate) token_file: Option<PathBuf>,

    /// Member of `user_metadata` that holds the token
    #[arg(
        id = "metadata_member",
        long = "metadata-member",
        value_name = "NAME",
        default_value = "token"
    )]
    pub(crate) member: String,
}

impl MetadataTokenArgs {
    /// Reads the tokens; none where none were named.
    pub(crate) fn tokens(&self) -> Result<Vec<zeroize::Zeroizing<String>>, Failure> {
        let text = if let Some(name) = &self.token_env {
            secrets::variable(name)?.ok_or_else(|| {
                Failure::usage(format_args!("environment variable {name} is not set"))
            })?
        } else if let Some(path) = &self.token_file {
            secrets::read_file(path)?
        } else {
            return Ok(Vec::new());
        };
        Ok(text.split(' ').map(|token| token.to_owned().into()).collect())
    }
}

/// A verifier, what it accepts in words, and who explains what it refuses.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) verifier: Verifier,
    pub(crate) accepts: Accepts,
    pub(crate) explainer: Explainer,
}

/// What an endpoint accepts, for its owner.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Accepts {
    #[serde(rename = "static", skip_serializing_if = "Option::is_none")]
    pub(crate) static_webhooks: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jwt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) v1a: Option<String>,
}

impl std::fmt::Display for Accepts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rows = [("v1 (static)", &self.static_webhooks), ("JWT", &self.jwt), ("v1a", &self.v1a)];
        for (form, what) in rows {
            let what = what.as_deref().unwrap_or("no");
            writeln!(f, "  {form:<12} {what}")?;
        }
        Ok(())
    }
}

impl EndpointArgs {
    /// Makes the verifier; the keys are asked for only where dynamic webhooks are accepted.
    pub(crate) fn endpoint<K: KeySource>(
        &self,
        clock: &(impl Clock + Clone),
        keys: impl FnOnce() -> Result<K, Failure>,
    ) -> Result<Endpoint, Failure> {
        let static_webhooks = self.static_verifier(clock.clone())?;
        let dynamic_webhooks = self.dynamic_verifier(clock.clone(), keys)?;
        let mut accepts = self.accepts();
        accepts.static_webhooks = static_webhooks.as_ref().map(|(_, accepts)| accepts.clone());
        let verifier = match (static_webhooks, dynamic_webhooks) {
            (Some((of_static, _)), Some(dynamic)) => Verifier::new(of_static, dynamic),
            (Some((of_static, _)), None) => of_static.into(),
            (None, Some(dynamic)) => dynamic.into(),
            (None, None) => return Err(nothing_to_accept()),
        };
        let explainer = Explainer::new(verifier.clone());
        let explainer = self.old_secrets()?.into_iter().fold(explainer, Explainer::retired_secret);
        Ok(Endpoint { verifier, accepts, explainer })
    }

    fn old_secrets(&self) -> Result<Vec<Secret>, Failure> {
        let Some(path) = &self.old_secrets.old_secret_file else { return Ok(Vec::new()) };
        let text = secrets::read_file(path)?;
        let found = SecretText { text, place: path.display().to_string() };
        self.secrets.parse(&found.text).map_err(|error| found.failure(&error))
    }

    fn static_verifier(
        &self,
        clock: impl Clock,
    ) -> Result<Option<(StaticVerifier, String)>, Failure> {
        let Some(text) = self.secrets.text()? else { return Ok(None) };
        let secrets = self.secrets.parse(&text.text).map_err(|error| text.failure(&error))?;
        let accepts = format!("{} from {}", count(secrets.len(), "secret"), text.place);
        let verifier = StaticVerifier::builder().secrets(secrets).clock(clock).build();
        Ok(Some((verifier.map_err(Failure::usage)?, accepts)))
    }

    fn dynamic_verifier<K: KeySource>(
        &self,
        clock: impl Clock,
        keys: impl FnOnce() -> Result<K, Failure>,
    ) -> Result<Option<DynamicVerifier>, Failure> {
        let DynamicArgs { audience, issuer, accept_unsigned_body, binding } = &self.dynamic;
        let binding = binding.binding()?;
        if audience.is_empty() && binding.is_none() {
            return Ok(None);
        }
        let mut builder = DynamicVerifier::builder().clock(clock).keys(keys()?);
        builder = audience.iter().fold(builder, DynamicVerifierBuilder::audience);
        builder = issuer.iter().fold(builder, DynamicVerifierBuilder::issuer);
        if *accept_unsigned_body {
            builder = builder.accept_unsigned_body();
        }
        if let Some(binding) = binding {
            builder = builder.binding(binding);
        }
        builder.build().map(Some).map_err(Failure::usage)
    }

    /// What is accepted of dynamic webhooks.
    fn accepts(&self) -> Accepts {
        let DynamicArgs { audience, binding, .. } = &self.dynamic;
        let keys = self.jwks.keys_from().to_string();
        let of = |what: String| format!("{what}, by keys of {}", Shown(&keys));
        let audiences: Vec<String> = audience.iter().map(|text| Shown(text).to_string()).collect();
        Accepts {
            static_webhooks: None,
            jwt: (!audiences.is_empty()).then(|| of(format!("for {}", audiences.join(", ")))),
            v1a: binding.in_words().map(of),
        }
    }
}

impl BindingArgs {
    fn binding(&self) -> Result<Option<Binding>, Failure> {
        if self.dangerous_any_tenant {
            output::warning("events of every tenant of the Gemini API are accepted");
            return Ok(Some(Binding::dangerous_any_tenant()));
        }
        let tokens = self.token.tokens()?;
        if !tokens.is_empty() {
            let tokens = tokens.iter().map(|token| token.as_bytes());
            let binding = Binding::metadata_tokens(self.token.member.as_str(), tokens);
            return binding.map(Some).map_err(Failure::usage);
        }
        let jobs = self.jobs()?;
        let owner = |jobs: &HashSet<String>, id: &str| {
            if jobs.contains(id) { JobOwner::Ours } else { JobOwner::NotOurs }
        };
        Ok(jobs.map(|jobs| Binding::job(move |id| owner(&jobs, id))))
    }

    fn jobs(&self) -> Result<Option<HashSet<String>>, Failure> {
        let mut jobs: HashSet<String> = self.job.iter().cloned().collect();
        if let Some(path) = &self.jobs_file {
            let bytes = files::read(path, MAX_JOBS_FILE_BYTES)?;
            let text = String::from_utf8_lossy(&bytes);
            jobs.extend(text.lines().map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned));
        }
        let asked = !self.job.is_empty() || self.jobs_file.is_some();
        Ok(asked.then_some(jobs))
    }

    fn in_words(&self) -> Option<String> {
        let by_token = self.token.token_env.is_some() || self.token.token_file.is_some();
        if self.dangerous_any_tenant {
            Some("of every tenant".to_owned())
        } else if by_token {
            let member = Shown(&self.token.member);
            Some(format!("with the secret token in user_metadata.{member}"))
        } else {
            let asked = !self.job.is_empty() || self.jobs_file.is_some();
            asked.then(|| "of the jobs that were named".to_owned())
        }
    }
}

fn nothing_to_accept() -> Failure {
    Failure::usage("nothing is accepted yet").remedy(format_args!(
        "static webhooks: put the secret into ${} or a --secret-file;\n  \
         dynamic webhooks: say --audience for JWTs, and one of --job, --jobs-file, \
         --metadata-token-env, --metadata-token-file for v1a",
        secrets::DEFAULT_VARIABLE
    ))
}
