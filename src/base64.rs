//! The two alphabets in which the protocol writes bytes, each in its one canonical spelling.

#[cfg(feature = "dynamic")]
use std::sync::LazyLock;

use base64::alphabet;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose;

/// With padding: secrets and signatures (Standard Webhooks, "Signature scheme").
pub(crate) const STANDARD: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, general_purpose::PAD);

/// URL-safe and without padding: JWTs and JWKs (RFC 7515 section 2).
///
/// By vector instructions where there are some, with the same strictness: the claims of a stranger's
/// token, up to 12 KiB, are decoded before anything is known of it.
#[cfg(feature = "dynamic")]
pub(crate) static URL_SAFE: LazyLock<UrlSafe> = LazyLock::new(url_safe);

#[cfg(all(feature = "dynamic", any(target_arch = "x86_64", target_arch = "aarch64")))]
type UrlSafe = base64::engine::simd::Simd;

#[cfg(all(feature = "dynamic", any(target_arch = "x86_64", target_arch = "aarch64")))]
fn url_safe() -> UrlSafe {
    UrlSafe::url_safe(general_purpose::NO_PAD)
}

#[cfg(all(feature = "dynamic", not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
type UrlSafe = GeneralPurpose;

#[cfg(all(feature = "dynamic", not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn url_safe() -> UrlSafe {
    UrlSafe::new(&alphabet::URL_SAFE, general_purpose::NO_PAD)
}
