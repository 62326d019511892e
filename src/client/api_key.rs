//! The API key: read strictly, never shown.

use std::fmt;

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

use crate::env;
use crate::error::ConfigError;
use crate::limits::MAX_API_KEY_BYTES;

/// Holds a key of the Gemini API.
///
/// Wiped from memory on drop, and `Debug` does not show it. There is no `Display`, no serde, no
/// comparison and no clone.
///
/// # Examples
/// ```
/// use gemini_webhooks::client::ApiKey;
///
/// let key = ApiKey::new("AIza-not-a-real-key")?;
/// assert_eq!(format!("{key:?}"), "ApiKey([redacted])");
/// # Ok::<(), gemini_webhooks::ConfigError>(())
/// ```
/// ```compile_fail,E0277
/// # let key = gemini_webhooks::client::ApiKey::new("AIza-not-a-real-key").unwrap();
/// println!("{key}");
/// ```
pub struct ApiKey {
    /// Marked as sensitive; it and its clones share the bytes, which are wiped with the last one.
    header: HeaderValue,
}

impl ApiKey {
    /// Takes a key as Google shows it.
    ///
    /// # Errors
    /// [`ConfigError::ApiKey`] when it is empty, longer than 1 KiB, or has a character that is not
    /// an ASCII letter, a digit or one of `-._~+/=:`: white space or quotes, pasted with it.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::ConfigError;
    /// use gemini_webhooks::client::ApiKey;
    ///
    /// assert_eq!(ApiKey::new("AIza-not-a-real-key\n").unwrap_err(), ConfigError::ApiKey);
    /// ```
    pub fn new(key: impl AsRef<str>) -> Result<Self, ConfigError> {
        let key = key.as_ref();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=:".contains(&byte);
        if !(1..=MAX_API_KEY_BYTES).contains(&key.len()) || !key.bytes().all(allowed) {
            return Err(ConfigError::ApiKey);
        }
        let bytes = Bytes::from_owner(Zeroizing::new(key.as_bytes().to_vec()));
        let mut header = HeaderValue::from_maybe_shared(bytes).map_err(|_| ConfigError::ApiKey)?;
        header.set_sensitive(true);
        Ok(Self { header })
    }

    /// Takes the key in an environment variable.
    ///
    /// # Errors
    /// [`ConfigError::EnvMissing`], [`ConfigError::EnvNotUnicode`], and that of [`new`](Self::new).
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::ConfigError;
    /// use gemini_webhooks::client::ApiKey;
    ///
    /// let error = ApiKey::from_env("NOT_SET_ANYWHERE").unwrap_err();
    /// assert_eq!(error, ConfigError::EnvMissing { name: "NOT_SET_ANYWHERE".to_owned() });
    /// ```
    pub fn from_env(name: &str) -> Result<Self, ConfigError> {
        Self::new(env::secret_text(name)?.as_str())
    }

    /// The value of `x-goog-api-key`.
    pub(super) fn header(&self) -> &HeaderValue {
        &self.header
    }

    /// Removes the key from a text that somebody else wrote.
    pub(super) fn redact(&self, text: &str) -> String {
        match self.header.to_str() {
            Ok(key) => text.replace(key, "[redacted]"),
            Err(_) => String::new(),
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A new field breaks this line, so that somebody decides whether it may be shown.
        let Self { header: _ } = self;
        f.write_str("ApiKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_marked_so_that_nobody_prints_it() {
        let key = ApiKey::new("AIza-not-a-real-key").unwrap();
        assert_eq!(format!("{:?}", key.header().clone()), "Sensitive");
    }

    #[test]
    fn the_key_is_removed_wherever_it_stands() {
        let key = ApiKey::new("AIza").unwrap();
        assert_eq!(key.redact("AIza 'AIza'AIzaAIz"), "[redacted] '[redacted]'[redacted]AIz");
    }
}
