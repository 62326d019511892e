//! The calls of the API, as requests.

use std::fmt;

use http::Method;
use serde_json::{Value, json};

use super::error::{ClientError, RequestProblem};
use super::request::{NewWebhook, WebhookUpdate};
use crate::limits::{
    MAX_PAGE_ANSWER_BYTES, MAX_PAGE_TOKEN_BYTES, MAX_WEBHOOK_ANSWER_BYTES, MAX_WEBHOOK_ID_BYTES,
    PAGE_SIZES,
};
use crate::verify_static::Revocation;

/// Names a call of the API.
///
/// # Examples
/// ```
/// use gemini_webhooks::client::Call;
///
/// assert!(Call::Get.is_repeatable());
/// assert!(!Call::Rotate.is_repeatable());
/// assert_eq!(Call::Rotate.as_str(), "rotate");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Call {
    /// Registers a webhook.
    Create,
    /// Removes a webhook.
    Delete,
    /// Looks a webhook up.
    Get,
    /// Lists webhooks.
    List,
    /// Has an event sent.
    Ping,
    /// Makes a new secret.
    Rotate,
    /// Changes a webhook.
    Update,
}

impl Call {
    /// Tells whether sending it twice is the same as sending it once, so that it may be repeated.
    #[must_use]
    pub const fn is_repeatable(self) -> bool {
        match self {
            Self::Delete | Self::Get | Self::List | Self::Update => true,
            Self::Create | Self::Ping | Self::Rotate => false,
        }
    }

    /// Returns its name, in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Get => "get",
            Self::List => "list",
            Self::Ping => "ping",
            Self::Rotate => "rotate",
            Self::Update => "update",
        }
    }
}

/// One call: what is sent below the base URL, and how much of the answer is read.
pub(super) struct Request {
    pub(super) call: Call,
    pub(super) method: Method,
    /// What follows `/webhooks` in the path.
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
    /// In bytes; where it is none, the status says it all.
    pub(super) answer_limit: Option<usize>,
}

impl Request {
    pub(super) fn create(webhook: &NewWebhook) -> Self {
        let request = Self::new(Call::Create, Method::POST, String::new());
        Self { body: Some(webhook.to_json()), ..request }
    }

    pub(super) fn get(id: &str) -> Result<Self, ClientError> {
        Ok(Self::new(Call::Get, Method::GET, one(id, "")?))
    }

    pub(super) fn list(page_size: u16, page_token: Option<&str>) -> Result<Self, ClientError> {
        if !PAGE_SIZES.contains(&page_size) {
            return Err(RequestProblem::PageSize.into());
        }
        let mut query = vec![("page_size", page_size.to_string())];
        if let Some(token) = page_token {
            if !(1..=MAX_PAGE_TOKEN_BYTES).contains(&token.len()) {
                return Err(RequestProblem::PageToken.into());
            }
            query.push(("page_token", token.to_owned()));
        }
        let request = Self::new(Call::List, Method::GET, String::new());
        Ok(Self { query, answer_limit: Some(MAX_PAGE_ANSWER_BYTES), ..request })
    }

    pub(super) fn update(id: &str, update: &WebhookUpdate) -> Result<Self, ClientError> {
        let request = Self::new(Call::Update, Method::PATCH, one(id, "")?);
        let query = vec![("update_mask", update.mask())];
        Ok(Self { query, body: Some(update.to_json()), ..request })
    }

    pub(super) fn delete(id: &str) -> Result<Self, ClientError> {
        let request = Self::new(Call::Delete, Method::DELETE, one(id, "")?);
        Ok(Self { answer_limit: None, ..request })
    }

    pub(super) fn rotate(id: &str, previous: Revocation) -> Result<Self, ClientError> {
        let request = Self::new(Call::Rotate, Method::POST, one(id, ":rotateSigningSecret")?);
        let body = json!({ "revocation_behavior": previous.as_str() });
        Ok(Self { body: Some(body), ..request })
    }

    pub(super) fn ping(id: &str) -> Result<Self, ClientError> {
        let request = Self::new(Call::Ping, Method::POST, one(id, ":ping")?);
        Ok(Self { body: Some(json!({})), answer_limit: None, ..request })
    }

    fn new(call: Call, method: Method, path: String) -> Self {
        let answer_limit = Some(MAX_WEBHOOK_ANSWER_BYTES);
        Self { call, method, path, query: Vec::new(), body: None, answer_limit }
    }
}

/// The path of one webhook. An id has no character that could lead to another path (observed: 36 of
/// `a-z0-9`).
fn one(id: &str, verb: &str) -> Result<String, ClientError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if (1..=MAX_WEBHOOK_ID_BYTES).contains(&id.len()) && id.bytes().all(allowed) {
        Ok(format!("/{id}{verb}"))
    } else {
        Err(RequestProblem::WebhookId.into())
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
