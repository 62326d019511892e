//! The signing secret of a static webhook: read strictly, never shown.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine as _;
use zeroize::Zeroizing;

use crate::base64::STANDARD as BASE64;
use crate::error::{ConfigError, SecretProblem};
use crate::limits::{MAX_SECRETS, ODD_SECRET_BYTES, SECRET_BYTES};
#[cfg(feature = "explain")]
use crate::verify_static::readings::{self, Reading};
use crate::verify_static::signature::MacKey;

/// What the service puts before the base64 text of a secret.
pub(super) const PREFIX: &str = "whsec_";

/// Holds the signing secret of one static webhook.
///
/// Google shows it once, at creation or rotation: `whsec_` and 44 characters of base64, which
/// stand for 32 key bytes (observed). The key is what the base64 decodes to, never the text
/// (Google's page, Standard Webhooks).
///
/// Only the keyed HMAC state is held, wiped from memory on drop, and `Debug` does not show it; with
/// the feature `explain`, those of the other keys that the same text could stand for as well. There
/// is no `Display`, no serde, no comparison and no clone.
///
/// # Examples
/// ```
/// use gemini_webhooks::Secret;
///
/// let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?.with_label("2026-11");
/// assert_eq!(format!("{secret:?}"), r#"Secret { key: [redacted], label: Some("2026-11") }"#);
/// # Ok::<(), gemini_webhooks::ConfigError>(())
/// ```
///
/// It cannot be printed, and two cannot be compared:
/// ```compile_fail,E0277
/// # let secret = gemini_webhooks::Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
/// println!("{secret}");
/// ```
/// ```compile_fail,E0369
/// # let secret = gemini_webhooks::Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
/// assert!(secret == secret);
/// ```
pub struct Secret {
    pub(super) key: MacKey,
    pub(super) label: Option<Arc<str>>,
    pub(super) retire_at: Option<SystemTime>,
    /// The keys that the same text could stand for as well.
    #[cfg(feature = "explain")]
    pub(super) readings: Box<[(Reading, MacKey)]>,
}

impl Secret {
    /// Reads a secret as the service shows it: `whsec_` and canonical standard base64 of 24 to 64
    /// bytes. The prefix may be missing, as in the reference libraries of Standard Webhooks.
    ///
    /// # Errors
    /// [`ConfigError::InvalidSecret`] with a [`SecretProblem`] that names the mistake: `v1,`
    /// pasted before it, quotes, white space, a key of another kind, a cut-off end.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::Secret;
    ///
    /// assert!(Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_ok());
    /// let error = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap_err();
    /// assert!(error.to_string().contains("line end"));
    /// ```
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::parse_at(1, text, &SECRET_BYTES)
    }

    /// Reads 1 to 8 secrets with one space between them: the form of the environment variable, so
    /// that a rotation needs no change of code.
    ///
    /// # Errors
    /// [`ConfigError::InvalidSecret`] with the position of the first that is wrong, counted from
    /// 1; [`ConfigError::TooManySecrets`].
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::Secret;
    ///
    /// let both = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    /// assert_eq!(Secret::parse_list(both)?.len(), 2);
    /// # Ok::<(), gemini_webhooks::ConfigError>(())
    /// ```
    pub fn parse_list(text: &str) -> Result<Vec<Self>, ConfigError> {
        if text.split(' ').nth(MAX_SECRETS).is_some() {
            return Err(ConfigError::TooManySecrets);
        }
        let several = text.contains(' ');
        let numbered = (1..).zip(text.split(' '));
        let parse = |(position, one): (usize, &str)| {
            if one.is_empty() && several {
                let problem = SecretProblem::WhiteSpace;
                return Err(ConfigError::InvalidSecret { position, problem });
            }
            Self::parse_at(position, one, &SECRET_BYTES)
        };
        numbered.map(parse).collect()
    }

    /// Takes 24 to 64 raw key bytes, which are used as the HMAC key as they are.
    ///
    /// This is also the constructor for a legacy secret: before 2026-05-04 some were raw text
    /// (`whsec_` and 32 characters of `a-z0-9`; observed). Such a text is valid base64 as well, so
    /// that [`parse`](Self::parse) accepts it and then no signature matches. Nobody has published
    /// whether the service keyed its HMAC with the 32 characters or with all 38: try the 32 first.
    ///
    /// # Errors
    /// [`ConfigError::InvalidSecret`] when the length is out of range.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::Secret;
    ///
    /// let legacy = "whsec_0k3v9x2m7q1w8e4r6t5y0u2i9o3p7a1s";
    /// let text = legacy.strip_prefix("whsec_").unwrap_or(legacy);
    /// assert!(Secret::from_raw_bytes(text.as_bytes()).is_ok());
    /// ```
    pub fn from_raw_bytes(key: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        Self::from_raw(key.as_ref(), &SECRET_BYTES)
    }

    /// Reads a secret like [`parse`](Self::parse), with a key of 16 to 128 bytes.
    ///
    /// # Errors
    /// [`ConfigError::InvalidSecret`], as for `parse`.
    ///
    /// # Security
    /// Standard Webhooks asks for 24 to 64 bytes; a short key can be guessed. The Gemini API gives
    /// 32. This is for a stand-in of the service that you run yourself.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::Secret;
    ///
    /// let sixteen_bytes = "whsec_AAECAwQFBgcICQoLDA0ODw==";
    /// assert!(Secret::parse(sixteen_bytes).is_err());
    /// assert!(Secret::dangerous_parse_odd_length(sixteen_bytes).is_ok());
    /// ```
    pub fn dangerous_parse_odd_length(text: &str) -> Result<Self, ConfigError> {
        Self::parse_at(1, text, &ODD_SECRET_BYTES)
    }

    /// Takes raw key bytes like [`from_raw_bytes`](Self::from_raw_bytes), 16 to 128 of them.
    ///
    /// # Errors
    /// [`ConfigError::InvalidSecret`] when the length is out of range.
    ///
    /// # Security
    /// See [`dangerous_parse_odd_length`](Self::dangerous_parse_odd_length).
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::Secret;
    ///
    /// assert!(Secret::dangerous_from_raw_bytes_odd_length([7; 128]).is_ok());
    /// assert!(Secret::dangerous_from_raw_bytes_odd_length([7; 15]).is_err());
    /// ```
    pub fn dangerous_from_raw_bytes_odd_length(key: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        Self::from_raw(key.as_ref(), &ODD_SECRET_BYTES)
    }

    /// Names the secret in what a delivery tells of itself, so that an operator knows when an old
    /// one is no longer used. The label is shown in logs: put nothing secret into it.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::Secret;
    ///
    /// let secret = Secret::from_raw_bytes([7; 32])?.with_label("before the rotation of 1 November");
    /// assert!(format!("{secret:?}").contains("before the rotation"));
    /// # Ok::<(), gemini_webhooks::ConfigError>(())
    /// ```
    #[must_use]
    pub fn with_label(mut self, label: impl Into<Arc<str>>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Stops accepting this secret from `time` on, by the verifier's clock.
    ///
    /// After a rotation the service keeps the old secret valid for 24 hours, or revokes it at once
    /// (observed); this ends it here without another deployment.
    ///
    /// # Examples
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use gemini_webhooks::Secret;
    ///
    /// let tomorrow = SystemTime::now() + Duration::from_secs(24 * 3600);
    /// let old = Secret::from_raw_bytes([7; 32])?.retire_at(tomorrow);
    /// # Ok::<(), gemini_webhooks::ConfigError>(())
    /// ```
    #[must_use]
    pub fn retire_at(mut self, time: impl Into<SystemTime>) -> Self {
        self.retire_at = Some(time.into());
        self
    }

    /// The same secret, for another ring: nobody outside this crate gets two of one.
    pub(super) fn copy(&self) -> Self {
        Self {
            key: self.key.clone(),
            label: self.label.clone(),
            retire_at: self.retire_at,
            #[cfg(feature = "explain")]
            readings: self.readings.clone(),
        }
    }

    /// The same secret, which ends no later than this.
    pub(super) fn ending_by(&self, end: SystemTime) -> Self {
        let end = self.retire_at.map_or(end, |earlier| earlier.min(end));
        self.copy().retire_at(end)
    }

    /// Tells whether it is no longer accepted at this time.
    #[inline]
    pub(crate) fn is_retired(&self, now: SystemTime) -> bool {
        self.retire_at.is_some_and(|end| now >= end)
    }

    /// The key that a signer uses too.
    #[cfg(any(feature = "explain", feature = "testing"))]
    pub(crate) fn key(&self) -> &MacKey {
        &self.key
    }

    fn parse_at(
        position: usize,
        text: &str,
        range: &RangeInclusive<usize>,
    ) -> Result<Self, ConfigError> {
        let key =
            decode(text).map_err(|problem| ConfigError::InvalidSecret { position, problem })?;
        let secret = Self::from_key(position, &key, range)?;
        #[cfg(feature = "explain")]
        let secret = Self { readings: readings::of_text(text), ..secret };
        Ok(secret)
    }

    fn from_raw(key: &[u8], range: &RangeInclusive<usize>) -> Result<Self, ConfigError> {
        let secret = Self::from_key(1, key, range)?;
        #[cfg(feature = "explain")]
        let secret = Self { readings: readings::of_raw_bytes(key), ..secret };
        Ok(secret)
    }

    fn from_key(
        position: usize,
        key: &[u8],
        range: &RangeInclusive<usize>,
    ) -> Result<Self, ConfigError> {
        let (bytes, least, most) = (key.len(), *range.start(), *range.end());
        let invalid = |problem| ConfigError::InvalidSecret { position, problem };
        if bytes == 0 {
            return Err(invalid(SecretProblem::Empty));
        }
        if bytes < least {
            return Err(invalid(SecretProblem::TooShort { bytes, least }));
        }
        let too_long = invalid(SecretProblem::TooLong { bytes, most });
        match MacKey::new(key) {
            Ok(key) if bytes <= most => Ok(Self {
                key,
                label: None,
                retire_at: None,
                #[cfg(feature = "explain")]
                readings: Box::default(),
            }),
            _ => Err(too_long),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A new field breaks this line, so that somebody decides whether it may be shown.
        let Self {
            key: _,
            label,
            retire_at: _,
            #[cfg(feature = "explain")]
                readings: _,
        } = self;
        f.debug_struct("Secret")
            .field("key", &format_args!("[redacted]"))
            .field("label", label)
            .finish()
    }
}

/// Decodes what follows the prefix, after the mistakes that people make were ruled out by name.
fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, SecretProblem> {
    name_the_mistake(text)?;
    let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
    let mut key = Zeroizing::new(vec![0; encoded.len().div_ceil(4).saturating_mul(3)]);
    let length = BASE64.decode_slice(encoded, &mut key).map_err(|error| problem_of(&error))?;
    key.truncate(length);
    Ok(key)
}

fn name_the_mistake(text: &str) -> Result<(), SecretProblem> {
    let quotes = ['"', '\'', '`', '“', '”', '‘', '’'];
    let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
    let problem = if encoded.is_empty() {
        SecretProblem::Empty
    } else if text.contains(quotes) {
        SecretProblem::Quoted
    } else if text.contains(char::is_whitespace) {
        SecretProblem::WhiteSpace
    } else if text.starts_with("v1,") {
        SecretProblem::SignaturePrefix
    } else if text.starts_with("whsk_") {
        SecretProblem::PrivateKey
    } else if text.starts_with("whpk_") {
        SecretProblem::PublicKey
    } else if has_odd_prefix(encoded) {
        SecretProblem::OddPrefix
    } else if encoded.contains(['-', '_']) {
        SecretProblem::UrlSafeBase64
    } else {
        return Ok(());
    };
    Err(problem)
}

/// Tells whether the prefix is still there: twice, or in capitals.
fn has_odd_prefix(encoded: &str) -> bool {
    encoded.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

fn problem_of(error: &base64::DecodeSliceError) -> SecretProblem {
    use base64::{DecodeError, DecodeSliceError};
    match error {
        DecodeSliceError::DecodeError(DecodeError::InvalidByte(_, byte)) if *byte != b'=' => {
            SecretProblem::NotBase64
        }
        _ => SecretProblem::NotCanonical,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn problem(text: &str) -> SecretProblem {
        match Secret::parse(text) {
            Err(ConfigError::InvalidSecret { position: 1, problem }) => problem,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn encoded(bytes: usize) -> String {
        format!("{PREFIX}{}", BASE64.encode(vec![7; bytes]))
    }

    fn assert_same_key(secret: &Secret, key: &[u8]) {
        let raw = Secret::from_raw_bytes(key).unwrap();
        let sign = |key: &MacKey| key.sign(b"id", b"1", b"body").entry();
        assert_eq!(sign(&secret.key), sign(&raw.key));
    }

    #[test]
    fn the_key_is_what_the_base64_decodes_to() {
        let observed_form = encoded(32);
        assert_eq!(observed_form.len(), PREFIX.len() + 44);
        assert_same_key(&Secret::parse(&observed_form).unwrap(), &[7; 32]);
    }

    #[test]
    fn the_prefix_may_be_missing() {
        let bare = GOOD.strip_prefix(PREFIX).unwrap();
        let key = BASE64.decode(bare).unwrap();
        assert_same_key(&Secret::parse(bare).unwrap(), &key);
        assert_same_key(&Secret::parse(GOOD).unwrap(), &key);
    }

    #[test]
    fn every_pasting_mistake_is_named() {
        use SecretProblem as P;
        assert_eq!(problem(""), P::Empty);
        assert_eq!(problem(PREFIX), P::Empty);
        assert_eq!(problem(&format!("v1,{GOOD}")), P::SignaturePrefix);
        assert_eq!(problem(&format!("\"{GOOD}\"")), P::Quoted);
        assert_eq!(problem(&format!("'v1,{GOOD}'")), P::Quoted);
        assert_eq!(problem(&format!("“{GOOD}”")), P::Quoted);
        for (before, after) in [(" ", ""), ("", " "), ("", "\n"), ("\t", ""), ("", "\r\n")] {
            assert_eq!(problem(&format!("{before}{GOOD}{after}")), P::WhiteSpace);
        }
        assert_eq!(problem("whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), P::PrivateKey);
        assert_eq!(problem("whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), P::PublicKey);
        assert_eq!(problem("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-w"), P::UrlSafeBase64);
        assert_eq!(problem("WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), P::OddPrefix);
        assert_eq!(problem(&format!("whsec_{GOOD}")), P::OddPrefix);
        assert_eq!(problem("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa*w"), P::NotBase64);
        assert_eq!(problem("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaéé"), P::NotBase64);
        assert_eq!(problem("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwBr"), P::NotCanonical);
        assert_eq!(problem("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwBr="), P::NotCanonical);
        assert_eq!(problem("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwBr=="), P::NotCanonical);
        assert_eq!(problem("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwBg=A"), P::NotCanonical);
    }

    #[test]
    fn the_length_of_a_key_is_bounded() {
        assert!(Secret::parse(&encoded(24)).is_ok());
        assert!(Secret::parse(&encoded(64)).is_ok());
        assert_eq!(problem(&encoded(23)), SecretProblem::TooShort { bytes: 23, least: 24 });
        assert_eq!(problem(&encoded(65)), SecretProblem::TooLong { bytes: 65, most: 64 });
        assert_eq!(problem(&encoded(100_000)), SecretProblem::TooLong { bytes: 100_000, most: 64 });
        assert_eq!(problem(&"*".repeat(200)), SecretProblem::NotBase64);
        assert!(Secret::from_raw_bytes([0; 24]).is_ok());
        assert!(Secret::from_raw_bytes([0; 23]).is_err());
        assert!(Secret::from_raw_bytes([0; 64]).is_ok());
        assert!(Secret::from_raw_bytes([0; 65]).is_err());
        assert!(Secret::from_raw_bytes([]).is_err());
    }

    #[test]
    fn an_odd_length_needs_the_opt_out() {
        for (bytes, allowed) in [(15, false), (16, true), (23, true), (65, true), (128, true)] {
            assert_eq!(Secret::dangerous_parse_odd_length(&encoded(bytes)).is_ok(), allowed);
            let raw = vec![7; bytes];
            assert_eq!(Secret::dangerous_from_raw_bytes_odd_length(raw).is_ok(), allowed);
        }
        assert!(Secret::dangerous_parse_odd_length(&encoded(129)).is_err());
    }

    #[test]
    fn a_list_names_the_position_of_the_bad_one() {
        let list = format!("{GOOD} v1,{GOOD}");
        let problem = SecretProblem::SignaturePrefix;
        let expected = ConfigError::InvalidSecret { position: 2, problem };
        assert_eq!(Secret::parse_list(&list).unwrap_err(), expected);
        let double_space = format!("{GOOD}  {GOOD}");
        let problem = SecretProblem::WhiteSpace;
        let expected = ConfigError::InvalidSecret { position: 2, problem };
        assert_eq!(Secret::parse_list(&format!("{GOOD} ")).unwrap_err(), expected);
        assert_eq!(Secret::parse_list(&double_space).unwrap_err(), expected);
    }

    #[test]
    fn a_list_holds_one_to_eight() {
        let list = |n: usize| vec![GOOD; n].join(" ");
        assert_eq!(Secret::parse_list(&list(8)).unwrap().len(), 8);
        assert_eq!(Secret::parse_list(&list(9)).unwrap_err(), ConfigError::TooManySecrets);
        assert!(Secret::parse_list("").is_err());
    }

    #[test]
    fn no_error_shows_the_secret() {
        for text in ["whsec_SECRETSECRET*", "v1,whsec_SECRET", "'SECRET'", "SECRET SECRET"] {
            let error = Secret::parse(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
        }
    }
}
