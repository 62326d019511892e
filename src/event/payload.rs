//! What the `data` of each event holds.

use std::fmt;
use std::sync::LazyLock;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// Keeps JSON members that have no field of their own.
///
/// `Debug` prints their names only, since a caller's secret may be among the values.
///
/// # Examples
/// ```
/// use gemini_webhooks::{Envelope, Event};
///
/// let body = r#"{"type":"batch.expired","data":{"id":"b1","region":"eu"}}"#;
/// let envelope: Envelope = serde_json::from_str(body)?;
/// let Event::BatchExpired(batch) = envelope.event() else { panic!() };
/// assert_eq!(batch.extra.get("region").unwrap(), "eu");
/// assert_eq!(format!("{:?}", batch.extra), r#"{"region"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Members(Option<Box<Map<String, Value>>>);

/// What there is where there is none: hardly any event has such members, and those pay for a map.
static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

impl Members {
    /// Returns the value of the member of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.as_ref()?.get(name)
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|members| members.is_empty())
    }

    /// Returns all of them.
    #[must_use]
    pub fn as_map(&self) -> &Map<String, Value> {
        self.0.as_deref().unwrap_or(&NONE)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.0.as_mut()?.get_mut(name)
    }

    /// Returns the map to put members into.
    #[cold]
    pub(super) fn as_map_mut(&mut self) -> &mut Map<String, Value> {
        self.0.get_or_insert_default()
    }

    #[inline]
    fn keep(&mut self, name: &str, member: &mut Option<Value>) {
        if let Some(value) = member.take() {
            self.as_map_mut().insert(name.to_owned(), value);
        }
    }
}

impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        self.as_map() == other.as_map()
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_map().serialize(serializer)
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.as_map().keys()).finish()
    }
}

/// Names the job that an event is about.
///
/// # Examples
/// ```
/// use gemini_webhooks::{Envelope, Event};
///
/// let body = r#"{"type":"interaction.completed","data":{"id":"v1_ChdXYZ"}}"#;
/// let envelope: Envelope = serde_json::from_str(body)?;
/// let Event::InteractionCompleted(job) = envelope.event() else { panic!() };
/// assert_eq!(job.id, "v1_ChdXYZ");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Job {
    /// The job's id, bare or with its collection (`batches/...`), as the service wrote it.
    pub id: String,
    /// Members that are not documented.
    #[serde(flatten)]
    pub extra: Members,
}

/// Points at the output of a batch.
///
/// # Examples
/// ```
/// use gemini_webhooks::{Envelope, Event};
///
/// let inline_batch = r#"{"type":"batch.succeeded","data":{"id":"b1"}}"#;
/// let envelope: Envelope = serde_json::from_str(inline_batch)?;
/// let Event::BatchSucceeded(batch) = envelope.event() else { panic!() };
/// assert_eq!(batch.output_file_uri, None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BatchOutput {
    /// The batch's id, bare or as `batches/...`.
    pub id: String,
    /// Where the results are; absent for inline batches (observed).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_file_uri: Option<String>,
    /// Members that are not documented.
    #[serde(flatten)]
    pub extra: Members,
}

/// Says why a job failed.
///
/// # Examples
/// ```
/// use gemini_webhooks::{Envelope, ErrorCode, Event};
///
/// let body = r#"{"type":"batch.failed","data":{"id":"b1","error_code":3,"error_message":"no"}}"#;
/// let envelope: Envelope = serde_json::from_str(body)?;
/// let Event::BatchFailed(failure) = envelope.event() else { panic!() };
/// assert_eq!(failure.error_code, Some(ErrorCode::Number(3)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct JobFailure {
    /// The job's id.
    pub id: String,
    /// The error's code; the page does not state whether a text or a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<ErrorCode>,
    /// The error's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// Members that are not documented.
    #[serde(flatten)]
    pub extra: Members,
}

/// Points at a generated video. All fields are optional: the page documents three of them, and
/// Google's own cookbook reads the fourth.
///
/// # Examples
/// ```
/// use gemini_webhooks::{Envelope, Event};
///
/// let body = r#"{"type":"video.generated","data":{"video_uri":"gs://b/v.mp4"}}"#;
/// let envelope: Envelope = serde_json::from_str(body)?;
/// let Event::VideoGenerated(video) = envelope.event() else { panic!() };
/// assert_eq!(video.uri(), Some("gs://b/v.mp4"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct VideoOutput {
    /// The operation's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where the video is (documented).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_file_uri: Option<String>,
    /// The video's file name (documented).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Where the video is (read by Google's cookbook).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video_uri: Option<String>,
    /// Members that are not documented.
    #[serde(flatten)]
    pub extra: Members,
}

impl VideoOutput {
    /// Returns where the video is, under either of its two names.
    #[must_use]
    pub fn uri(&self) -> Option<&str> {
        self.output_file_uri.as_deref().or(self.video_uri.as_deref())
    }
}

/// Holds the code of an error, a text or a number.
///
/// # Examples
/// ```
/// use gemini_webhooks::ErrorCode;
///
/// assert_eq!(ErrorCode::Text("INVALID_ARGUMENT".to_owned()).to_string(), "INVALID_ARGUMENT");
/// assert_eq!(ErrorCode::Number(3).to_string(), "3");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ErrorCode {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// The members of `data`, each name at most once, before the type of the event is known.
#[derive(Default)]
pub(super) struct DataMembers {
    pub(super) id: Option<Value>,
    pub(super) output_file_uri: Option<Value>,
    pub(super) file_name: Option<Value>,
    pub(super) video_uri: Option<Value>,
    pub(super) error_code: Option<Value>,
    pub(super) error_message: Option<Value>,
    pub(super) extra: Members,
}

impl DataMembers {
    /// What no field has taken: undocumented members, and documented ones of other types.
    fn rest(&mut self) -> Members {
        let Self { id, output_file_uri, file_name, video_uri, error_code, error_message, extra } =
            self;
        let mut members = std::mem::take(extra);
        members.keep("id", id);
        members.keep("output_file_uri", output_file_uri);
        members.keep("file_name", file_name);
        members.keep("video_uri", video_uri);
        members.keep("error_code", error_code);
        members.keep("error_message", error_message);
        members
    }
}

/// A required text.
fn text(member: &mut Option<Value>) -> Option<String> {
    optional_text(member)?
}

/// An optional text, absent or `null`; `None` where there is something else.
#[allow(clippy::option_option)]
fn optional_text(member: &mut Option<Value>) -> Option<Option<String>> {
    match member.take() {
        None | Some(Value::Null) => Some(None),
        Some(Value::String(text)) => Some(Some(text)),
        Some(_) => None,
    }
}

/// An optional code; `None` where there is neither a text nor a whole number.
#[allow(clippy::option_option)]
fn optional_code(member: &mut Option<Value>) -> Option<Option<ErrorCode>> {
    match member.take() {
        None | Some(Value::Null) => Some(None),
        Some(Value::String(text)) => Some(Some(ErrorCode::Text(text))),
        Some(Value::Number(number)) => Some(Some(ErrorCode::Number(number.as_i64()?))),
        Some(_) => None,
    }
}

/// What all payloads have in common.
pub(super) trait Payload: fmt::Debug {
    /// Makes the payload, or `None` where a documented member is missing or of another kind.
    fn from_members(members: &mut DataMembers) -> Option<Self>
    where
        Self: Sized;
    fn id(&self) -> Option<&str>;
}

impl Payload for Job {
    fn from_members(members: &mut DataMembers) -> Option<Self> {
        Some(Self { id: text(&mut members.id)?, extra: members.rest() })
    }
    fn id(&self) -> Option<&str> {
        Some(&self.id)
    }
}

impl Payload for BatchOutput {
    fn from_members(members: &mut DataMembers) -> Option<Self> {
        Some(Self {
            id: text(&mut members.id)?,
            output_file_uri: optional_text(&mut members.output_file_uri)?,
            extra: members.rest(),
        })
    }
    fn id(&self) -> Option<&str> {
        Some(&self.id)
    }
}

impl Payload for JobFailure {
    fn from_members(members: &mut DataMembers) -> Option<Self> {
        Some(Self {
            id: text(&mut members.id)?,
            error_code: optional_code(&mut members.error_code)?,
            error_message: optional_text(&mut members.error_message)?,
            extra: members.rest(),
        })
    }
    fn id(&self) -> Option<&str> {
        Some(&self.id)
    }
}

impl Payload for VideoOutput {
    fn from_members(members: &mut DataMembers) -> Option<Self> {
        Some(Self {
            id: optional_text(&mut members.id)?,
            output_file_uri: optional_text(&mut members.output_file_uri)?,
            file_name: optional_text(&mut members.file_name)?,
            video_uri: optional_text(&mut members.video_uri)?,
            extra: members.rest(),
        })
    }
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}
