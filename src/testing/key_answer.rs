//! What a key server says: good answers, and the ways in which an answer can be bad.

use std::time::Duration;

use crate::limits::MAX_JWKS_BYTES;

/// Says how a [`KeyServer`](super::KeyServer) answers: like the real endpoint, or badly.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use gemini_webhooks::testing::KeyAnswer;
///
/// let document = r#"{"keys":[]}"#;
/// let good = KeyAnswer::document(document)
///     .with_max_age(Duration::from_secs(300))
///     .with_etag("\"one\"");
/// let bad = [
///     KeyAnswer::outage(),
///     KeyAnswer::status(503),
///     KeyAnswer::redirect("/elsewhere"),
///     KeyAnswer::document("<html>"),
///     KeyAnswer::oversized(),
///     KeyAnswer::endless(),
///     good.clone().hanging_up(),
///     good.clone().delayed(Duration::from_secs(20)),
///     good.clone().trickling(Duration::from_millis(100)),
/// ];
/// ```
#[derive(Clone, Debug)]
#[must_use = "an answer does nothing until a server gives it"]
pub struct KeyAnswer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    pub(super) ending: Ending,
    pub(super) delay: Duration,
    /// The time between two bytes of the body.
    pub(super) pause: Duration,
}

/// How far an answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Complete,
    /// The body never ends.
    Never,
    /// The connection ends in the middle.
    Midway,
    /// The connection ends before the first byte.
    AtOnce,
}

const NOT_MODIFIED: u16 = 304;

impl KeyAnswer {
    /// Answers 200 with this document, whatever it holds.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::testing::KeyAnswer;
    ///
    /// let empty_set = KeyAnswer::document(r#"{"keys":[]}"#);
    /// let malformed = KeyAnswer::document(r#"{"keys":["#);
    /// ```
    pub fn document(document: impl Into<String>) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: document.into(),
            ending: Ending::Complete,
            delay: Duration::ZERO,
            pause: Duration::ZERO,
        }
    }

    /// Answers with this status and an empty body.
    pub fn status(status: u16) -> Self {
        Self::document("").with_status(status)
    }

    /// Answers 302 and names another place.
    pub fn redirect(location: &str) -> Self {
        Self::status(302).with_header("location", location)
    }

    /// Answers 200 with a document of one byte more than a fetcher may take, and says so in
    /// advance.
    pub fn oversized() -> Self {
        Self::document(" ".repeat(MAX_JWKS_BYTES.saturating_add(1)))
    }

    /// Answers 200 with a body that does not say how long it is and never ends.
    pub fn endless() -> Self {
        Self { ending: Ending::Never, ..Self::status(200) }
            .with_header("transfer-encoding", "chunked")
    }

    /// Reads the request and closes the connection without a word.
    pub fn outage() -> Self {
        Self { ending: Ending::AtOnce, ..Self::status(503) }
    }

    /// Sets the status; the body stays.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::testing::KeyAnswer;
    ///
    /// let good_body_of_an_error = KeyAnswer::document(r#"{"keys":[]}"#).with_status(500);
    /// ```
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Says for how long the answer may be kept, in whole seconds.
    pub fn with_max_age(self, max_age: Duration) -> Self {
        self.with_header("cache-control", &format!("public, max-age={}", max_age.as_secs()))
    }

    /// Says how long the answer has been in a cache on the way, in whole seconds.
    pub fn with_age(self, age: Duration) -> Self {
        self.with_header("age", &age.as_secs().to_string())
    }

    /// Names the document, with the quotes. Whoever asks whether this one is still the newest is
    /// answered 304 without a body.
    pub fn with_etag(self, etag: &str) -> Self {
        self.with_header("etag", etag)
    }

    /// Adds a header, written as it stands.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::testing::KeyAnswer;
    ///
    /// let document = KeyAnswer::document(r#"{"keys":[]}"#);
    /// let not_to_be_kept = document.with_header("cache-control", "no-store");
    /// ```
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Waits for this long before the first byte.
    pub fn delayed(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Waits for this long before each byte of the body.
    pub fn trickling(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// Closes the connection in the middle of the answer.
    pub fn hanging_up(self) -> Self {
        Self { ending: Ending::Midway, ..self }
    }

    /// Becomes 304 for a request that has this document already.
    pub(super) fn for_holder_of(self, etag: Option<&str>) -> Self {
        let is_the_same = |(name, value): &(String, String)| {
            name.eq_ignore_ascii_case("etag") && Some(value.as_str()) == etag
        };
        if self.status == 200 && self.headers.iter().any(is_the_same) {
            self.with_status(NOT_MODIFIED)
        } else {
            self
        }
    }

    /// The status line and the headers, as they are sent.
    pub(super) fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} \r\n", self.status);
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        if self.has_body() && self.ending != Ending::Never {
            head.extend(["content-length: ", &self.body.len().to_string(), "\r\n"]);
        }
        head.push_str("\r\n");
        head
    }

    /// The body, as it is sent.
    pub(super) fn body(&self) -> &[u8] {
        if self.has_body() { self.body.as_bytes() } else { &[] }
    }

    fn has_body(&self) -> bool {
        self.status != NOT_MODIFIED
    }
}
