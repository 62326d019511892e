//! What the `webhook-signature` header holds: a list of versioned signatures, or a JWT.

use memchr::{memchr, memchr_iter};

use crate::error::{Error, HeaderProblem, SeenScheme};
use crate::headers::WebhookHeader;
use crate::limits::{MAX_SIGNATURE_ENTRIES, MAX_SIGNATURE_LIST_BYTES};

/// The two forms, told apart by syntax alone, so that no key of one scheme is tried on another.
pub(crate) enum SignatureHeader<'h> {
    /// No comma and two dots: the documented form of dynamic webhooks.
    Jwt,
    /// Everything else: entries of Standard Webhooks.
    List(SignatureList<'h>),
}

impl<'h> SignatureHeader<'h> {
    /// Tells the form, and bounds a list before any of its entries is looked at.
    #[inline]
    pub(crate) fn parse(value: &'h [u8]) -> Result<Self, Error> {
        if memchr(b',', value).is_none() && memchr_iter(b'.', value).count() == 2 {
            return Ok(Self::Jwt);
        }
        if value.len() > MAX_SIGNATURE_LIST_BYTES {
            return Err(WebhookHeader::Signature
                .malformed(HeaderProblem::TooLong { limit: MAX_SIGNATURE_LIST_BYTES }));
        }
        Ok(Self::List(SignatureList { value }))
    }
}

/// One or more entries `version,signature`, separated by one space (Standard Webhooks, "Webhook
/// headers").
#[derive(Clone, Copy)]
pub(crate) struct SignatureList<'h> {
    value: &'h [u8],
}

impl<'h> SignatureList<'h> {
    /// Hands over the signatures of one version, exactly as written; `prefix` is the version and
    /// the comma. A malformed entry is skipped but counted.
    #[inline]
    pub(crate) fn for_each_of(
        self,
        prefix: &'static [u8],
        mut take: impl FnMut(&'h [u8]),
    ) -> Result<(), Error> {
        let ends = memchr_iter(b' ', self.value).chain([self.value.len()]);
        let mut start = 0;
        for (index, end) in ends.enumerate() {
            if index == MAX_SIGNATURE_ENTRIES {
                let limit = MAX_SIGNATURE_ENTRIES;
                return Err(
                    WebhookHeader::Signature.malformed(HeaderProblem::TooManyEntries { limit })
                );
            }
            let entry = self.value.get(start..end).unwrap_or_default();
            if let Some(signature) = entry.strip_prefix(prefix) {
                take(signature);
            }
            start = end.saturating_add(1);
        }
        Ok(())
    }

    /// Tells whether there is an entry of a version, well formed or not. Of too many entries, which
    /// are an error of their own, it only sees the first.
    pub(crate) fn has_any(self, prefix: &'static [u8]) -> bool {
        let mut found = false;
        let _ = self.for_each_of(prefix, |_| found = true);
        found
    }

    /// The scheme to name in an error when the list has nothing for the verifier at hand.
    pub(crate) fn seen(self) -> SeenScheme {
        if self.has_any(b"v1,") {
            SeenScheme::V1
        } else if self.has_any(b"v1a,") {
            SeenScheme::V1a
        } else {
            SeenScheme::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v1_of(value: &str) -> Vec<String> {
        match SignatureHeader::parse(value.as_bytes()) {
            Ok(SignatureHeader::List(list)) => {
                let mut found = Vec::new();
                let text = |entry: &[u8]| String::from_utf8(entry.to_owned()).unwrap();
                match list.for_each_of(b"v1,", |entry| found.push(text(entry))) {
                    Ok(()) => found,
                    Err(error) => vec![error.code().to_owned()],
                }
            }
            Ok(SignatureHeader::Jwt) => vec!["jwt".to_owned()],
            Err(error) => vec![error.code().to_owned()],
        }
    }

    #[test]
    fn no_comma_and_two_dots_is_a_jwt() {
        assert_eq!(v1_of("a.b.c"), ["jwt"]);
        assert_eq!(v1_of(".."), ["jwt"]);
        assert!(v1_of("a.b").is_empty());
        assert!(v1_of("a.b.c.d").is_empty());
        assert_eq!(v1_of("v1,a.b.c"), ["a.b.c"]);
    }

    #[test]
    fn entries_of_other_versions_are_ignored() {
        assert_eq!(v1_of("v1a,x v1,A v2,y V1,z v1 ,q v1,B"), ["A", "B"]);
    }

    #[test]
    fn a_malformed_entry_is_skipped_but_counted() {
        assert_eq!(v1_of("nonsense  v1,A"), ["A"]);
        let spaces = " ".repeat(MAX_SIGNATURE_ENTRIES - 1);
        assert_eq!(v1_of(&format!("{spaces}v1,A")), ["A"]);
        assert_eq!(v1_of(&format!("{spaces} v1,A")), ["bad_header"]);
    }

    #[test]
    fn a_list_is_bounded_in_bytes() {
        let fits = format!("v1,{}", "A".repeat(MAX_SIGNATURE_LIST_BYTES - 3));
        assert_eq!(v1_of(&fits).len(), 1);
        assert_eq!(v1_of(&format!("{fits}A")), ["bad_header"]);
    }

    #[test]
    fn the_scheme_that_came_is_named() {
        let seen = |value: &str| match SignatureHeader::parse(value.as_bytes()) {
            Ok(SignatureHeader::List(list)) => Some(list.seen()),
            _ => None,
        };
        assert_eq!(seen("v1a,x"), Some(SeenScheme::V1a));
        assert_eq!(seen("v2,x"), Some(SeenScheme::Unknown));
        assert_eq!(seen("x"), Some(SeenScheme::Unknown));
    }
}
