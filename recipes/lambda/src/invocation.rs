//! What a function is invoked with and what it returns, as far as it matters here.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gemini_webhooks::{Error, FoundHeaders, HeaderLookup};
use serde::{Deserialize, Serialize};

/// A request: payload 1.0 of a REST API or an HTTP API, or payload 2.0 of an HTTP API or a function
/// URL.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invocation {
    /// One value under each name.
    headers: Option<HashMap<String, String>>,
    /// Payload 1.0 alone: every value under each name.
    multi_value_headers: Option<HashMap<String, Vec<String>>>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

impl Invocation {
    /// Returns the body as it arrived at the gateway.
    pub(crate) fn body(&self) -> Result<Vec<u8>, Error> {
        let text = self.body.as_deref().unwrap_or_default();
        if self.is_base64_encoded {
            STANDARD.decode(text).map_err(|_| Error::BodyInterrupted)
        } else {
            Ok(text.as_bytes().to_vec())
        }
    }
}

/// Every value under each name, so that a repeated header is seen.
impl HeaderLookup for Invocation {
    fn lookup(&self) -> FoundHeaders<'_> {
        if let Some(headers) = &self.multi_value_headers {
            return FoundHeaders::among(headers.iter().flat_map(|(name, values)| {
                values.iter().map(move |value| (name.as_str(), value.as_bytes()))
            }));
        }
        let headers = self.headers.iter().flatten();
        FoundHeaders::among(headers.map(|(name, value)| (name.as_str(), value.as_bytes())))
    }
}

/// A status, without a body.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    pub(crate) status_code: u16,
}
