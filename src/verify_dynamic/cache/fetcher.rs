//! What a fetcher is asked, and what it answers.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;

use crate::verify_dynamic::keys::KeySetProblem;

/// Says what to fetch, and how.
///
/// # Examples
/// What a fetcher of yours may answer:
/// ```
/// use gemini_webhooks::{FetchRequest, Fetched};
///
/// fn answer(request: &FetchRequest, document: &'static str, etag: &str) -> Fetched {
///     if request.etag.as_deref() == Some(etag) {
///         Fetched::not_modified(None)
///     } else {
///         Fetched::document(document, None, Some(etag.to_owned()))
///     }
/// }
///
/// let again = FetchRequest::new(Some("7".to_owned()), false);
/// assert!(matches!(answer(&again, "{}", "7"), Fetched::NotModified { .. }));
/// assert!(matches!(answer(&again, "{}", "8"), Fetched::Document { .. }));
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct FetchRequest {
    /// The `ETag` of the answer at hand: a server that has nothing newer may say so.
    pub etag: Option<String>,
    /// Whether caches on the way must ask the server: somebody needs a key that is not at hand.
    pub forced: bool,
}

impl FetchRequest {
    /// Asks for the document: for the tests of a fetcher of yours.
    #[must_use]
    pub fn new(etag: Option<String>, forced: bool) -> Self {
        Self { etag, forced }
    }
}

/// Holds the answer to a fetch.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use gemini_webhooks::Fetched;
///
/// let ten_minutes = Some(Duration::from_secs(600));
/// let answer = Fetched::document(r#"{"keys":[]}"#, ten_minutes, None);
/// let Fetched::Document { body, max_age, .. } = answer else { panic!() };
/// assert_eq!((body.len(), max_age), (11, ten_minutes));
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Fetched {
    /// A document.
    Document {
        /// Its bytes; more than 128 KiB are refused.
        body: Bytes,
        /// How long it may be kept: `Cache-Control: max-age` less `Age`.
        max_age: Option<Duration>,
        /// Its `ETag`.
        etag: Option<String>,
    },
    /// The document at hand is still the newest.
    NotModified {
        /// How much longer it may be kept.
        max_age: Option<Duration>,
    },
}

impl Fetched {
    /// Answers with a document, for how long it may be kept, and its `ETag`.
    pub fn document(
        body: impl Into<Bytes>,
        max_age: Option<Duration>,
        etag: Option<String>,
    ) -> Self {
        Self::Document { body: body.into(), max_age, etag }
    }

    /// Answers that the document at hand is still the newest.
    #[must_use]
    pub fn not_modified(max_age: Option<Duration>) -> Self {
        Self::NotModified { max_age }
    }
}

impl fmt::Debug for Fetched {
    /// Prints how long a document is, since an endpoint may publish what it should not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document { body, max_age, etag } => f
                .debug_struct("Document")
                .field("body_bytes", &body.len())
                .field("max_age", max_age)
                .field("etag", etag)
                .finish(),
            Self::NotModified { max_age } => {
                f.debug_struct("NotModified").field("max_age", max_age).finish()
            }
        }
    }
}

/// Says why a fetch failed.
///
/// # Examples
/// ```
/// use gemini_webhooks::FetchProblem;
///
/// assert_eq!(FetchProblem::Status(404).to_string(), "the key endpoint answered with status 404");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchProblem {
    /// No connection, or it broke.
    #[error("the key endpoint could not be reached")]
    Unreachable,
    /// Longer than the time limit.
    #[error("the key endpoint did not answer in time")]
    Timeout,
    /// Another place has answered, which a client of yours was redirected to.
    #[error("the key endpoint redirects, which is not followed")]
    Redirected,
    /// Another status than 200 (a redirect is one).
    #[error("the key endpoint answered with status {0}")]
    Status(u16),
    /// The document is too large or no key set.
    #[error("the key endpoint's answer: {0}")]
    Document(KeySetProblem),
    /// A key set without a single usable key, which never replaces one that has some.
    #[error("the key endpoint's answer holds no usable key")]
    NoUsableKey,
}

/// The future of a [`Fetch`].
///
/// # Examples
/// See [`Fetch`].
pub type FetchFuture = Pin<Box<dyn Future<Output = Result<Fetched, FetchProblem>> + Send>>;

/// Fetches the key document: the reqwest fetcher of the feature `fetch`, or one of yours.
///
/// # Security
/// Use https with certificate checks, follow no redirect, take nothing but status 200, and stop
/// reading at 128 KiB: whoever can answer in the endpoint's place can forge deliveries.
///
/// # Examples
/// ```
/// use gemini_webhooks::{CachedKeys, Fetch, FetchFuture, FetchProblem, FetchRequest};
///
/// struct Offline;
///
/// impl Fetch for Offline {
///     fn fetch(&self, _: FetchRequest) -> FetchFuture {
///         Box::pin(async { Err(FetchProblem::Unreachable) })
///     }
/// }
///
/// let keys = CachedKeys::builder("https://example.com/jwks.json", Offline).build()?;
/// # Ok::<(), gemini_webhooks::ConfigError>(())
/// ```
pub trait Fetch: Send + Sync + 'static {
    /// Starts a fetch; it is given 5 seconds in all.
    fn fetch(&self, request: FetchRequest) -> FetchFuture;
}
