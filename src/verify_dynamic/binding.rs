//! How a delivery is tied to us: a `v1a` signature has no audience, so that any user of the Gemini
//! API can make Google sign an event for any URL.

use std::fmt;
use std::sync::Arc;

use ctutils::CtEq as _;
use sha2::{Digest as _, Sha256};

use crate::error::{ConfigError, Error};
use crate::event::Envelope;
use crate::limits::{MAX_BINDING_TOKENS, MIN_BINDING_TOKEN_BYTES};

/// Says how a delivery is known to be ours and not another tenant's.
///
/// Required before `v1a` signatures are accepted, and checked for JWTs too where one is given.
///
/// # Security
/// A delivery that was sent elsewhere can be re-posted here within the replay window. Of the three
/// choices [`job`](Self::job) is the strongest: Google sets `data.id`, and another tenant cannot
/// have a job of ours.
///
/// # Examples
/// ```
/// use gemini_webhooks::{Binding, JobOwner};
///
/// let by_job = Binding::job(|id| match id {
///     "batches/1" => JobOwner::Ours,
///     _ => JobOwner::NotOurs,
/// });
/// let by_token = Binding::metadata_token("token", "8f2d6e0c-1a55-4f0b-9c0e-2d5a7b1c4e88")?;
/// # Ok::<(), gemini_webhooks::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Binding(Kind);

#[derive(Clone)]
enum Kind {
    MetadataToken { member: Arc<str>, hashes: Arc<[[u8; 32]]> },
    Job(Arc<dyn Fn(&str) -> JobOwner + Send + Sync>),
    AnyTenant,
}

/// Answers whose job an event is about.
///
/// # Examples
/// See [`Binding::job`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobOwner {
    /// We started it.
    Ours,
    /// We did not, and will not.
    NotOurs,
    /// We cannot tell yet: a webhook may outrun the answer to the call that started the job. The
    /// request is answered with 503, and the sender comes again.
    NotYetKnown,
}

impl Binding {
    /// Ties deliveries to us by a token that we put into `user_metadata` of `webhook_config`, as a
    /// text under this member: Google signs it with the body.
    ///
    /// # Errors
    /// [`ConfigError::BindingToken`] when the token has less than 16 bytes.
    ///
    /// # Security
    /// Use one random token per endpoint: a delivery to one endpoint could be re-posted to another
    /// with the same token. Only a hash of it is held, and compared in constant time.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{Binding, ConfigError};
    ///
    /// assert!(Binding::metadata_token("token", "0123456789abcdef").is_ok());
    /// assert_eq!(
    ///     Binding::metadata_token("token", "too short").unwrap_err(),
    ///     ConfigError::BindingToken,
    /// );
    /// ```
    pub fn metadata_token(
        member: impl Into<Arc<str>>,
        token: impl AsRef<[u8]>,
    ) -> Result<Self, ConfigError> {
        Self::metadata_tokens(member, [token])
    }

    /// Ties deliveries to us by one of 1 to 4 tokens that are valid at once: for a rotation.
    ///
    /// # Errors
    /// [`ConfigError::BindingToken`] when one has less than 16 bytes, or there are none or more
    /// than 4.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::Binding;
    ///
    /// let tokens = ["the new one, of 16 bytes or more", "the old one, of 16 bytes or more"];
    /// let binding = Binding::metadata_tokens("token", tokens)?;
    /// # Ok::<(), gemini_webhooks::ConfigError>(())
    /// ```
    pub fn metadata_tokens(
        member: impl Into<Arc<str>>,
        tokens: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Result<Self, ConfigError> {
        let hash = |token: &[u8]| (token.len() >= MIN_BINDING_TOKEN_BYTES).then(|| digest(token));
        let tokens = tokens.into_iter().take(MAX_BINDING_TOKENS.saturating_add(1));
        let hashes: Option<Arc<[_]>> = tokens.map(|token| hash(token.as_ref())).collect();
        match hashes {
            Some(hashes) if (1..=MAX_BINDING_TOKENS).contains(&hashes.len()) => {
                Ok(Self(Kind::MetadataToken { member: member.into(), hashes }))
            }
            _ => Err(ConfigError::BindingToken),
        }
    }

    /// Ties deliveries to us by the id of their job, which Google sets: the preferred choice.
    ///
    /// The function must answer at once; it may look into a map or a cache. An id comes bare or
    /// with its collection (`batches/...`), as the service wrote it.
    ///
    /// # Examples
    /// ```
    /// use std::collections::HashSet;
    /// use std::sync::{Arc, RwLock};
    /// use gemini_webhooks::{Binding, JobOwner};
    ///
    /// let started: Arc<RwLock<HashSet<String>>> = Arc::default();
    /// let ours = Arc::clone(&started);
    /// let binding = Binding::job(move |id| match ours.read() {
    ///     Ok(jobs) if jobs.contains(id) => JobOwner::Ours,
    ///     _ => JobOwner::NotYetKnown,
    /// });
    /// ```
    pub fn job(owner: impl Fn(&str) -> JobOwner + Send + Sync + 'static) -> Self {
        Self(Kind::Job(Arc::new(owner)))
    }

    /// Accepts deliveries of every tenant of the Gemini API.
    ///
    /// # Security
    /// Whoever can start a job can then make Google post an event of it here. Right only where
    /// something else keeps strangers out, such as a secret in the path of the URL.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::Binding;
    ///
    /// assert_eq!(format!("{:?}", Binding::dangerous_any_tenant()), "Binding(any tenant)");
    /// ```
    #[must_use]
    pub fn dangerous_any_tenant() -> Self {
        Self(Kind::AnyTenant)
    }

    /// Tells whether the delivery is ours; `None` stands for a body without a readable envelope.
    pub(super) fn check(&self, envelope: Option<&Envelope>) -> Result<(), Error> {
        match &self.0 {
            Kind::AnyTenant => Ok(()),
            Kind::MetadataToken { member, hashes } => {
                let token = envelope.and_then(|envelope| envelope.metadata_text(member));
                let token = token.ok_or(Error::NotOurs)?;
                let found = digest(token.as_bytes());
                // No early end: which of the tokens matched is nobody's business.
                let ours = hashes.iter().fold(false, |ours, hash| {
                    ours | bool::from(found.as_slice().ct_eq(hash.as_slice()))
                });
                if ours { Ok(()) } else { Err(Error::NotOurs) }
            }
            Kind::Job(owner) => {
                let id = envelope.and_then(Envelope::job_id);
                match owner(id.ok_or(Error::NotOurs)?) {
                    JobOwner::Ours => Ok(()),
                    JobOwner::NotOurs => Err(Error::NotOurs),
                    JobOwner::NotYetKnown => Err(Error::JobNotYetKnown),
                }
            }
        }
    }

    /// Says to a developer what [`check`](Self::check) missed in an authentic delivery.
    #[cfg(feature = "explain")]
    pub(super) fn missed(&self, envelope: Option<&Envelope>) -> &'static str {
        let Some(envelope) = envelope else { return "what is signed is not an event" };
        match &self.0 {
            Kind::MetadataToken { member, .. } if envelope.metadata_text(member).is_none() => {
                "its `user_metadata` has no text under the binding's member"
            }
            Kind::MetadataToken { .. } => "its `user_metadata` holds another token",
            Kind::Job(_) if envelope.job_id().is_none() => "its event names no job",
            Kind::Job(_) | Kind::AnyTenant => "the binding says that its job is not ours",
        }
    }

    /// The member of `user_metadata` that holds a token, which records leave out.
    pub(super) fn secret_member(&self) -> Option<&Arc<str>> {
        match &self.0 {
            Kind::MetadataToken { member, .. } => Some(member),
            Kind::Job(_) | Kind::AnyTenant => None,
        }
    }
}

/// Tokens are compared by their hashes, so that nothing is learned of their length either.
fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Kind::MetadataToken { .. } => "Binding(metadata token)",
            Kind::Job(_) => "Binding(job)",
            Kind::AnyTenant => "Binding(any tenant)",
        })
    }
}
