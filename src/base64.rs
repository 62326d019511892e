//! The two alphabets in which the protocol writes bytes, each in its one canonical spelling.

use base64::alphabet;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose;

/// With padding: secrets and signatures (Standard Webhooks, "Signature scheme").
pub(crate) const STANDARD: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, general_purpose::PAD);

/// URL-safe and without padding: JWTs and JWKs (RFC 7515 section 2).
#[cfg(feature = "dynamic")]
pub(crate) const URL_SAFE: GeneralPurpose =
    GeneralPurpose::new(&alphabet::URL_SAFE, general_purpose::NO_PAD);
