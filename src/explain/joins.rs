//! What a signer can have signed in place of id, timestamp and body, joined by dots.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::request::Fields;

/// Everything that is tried, the likely ones first; `{date}` is the timestamp in RFC 3339, and the
/// rest is as it is written here.
pub(super) const JOINS: &[&str] = &[
    "{body}",
    "{timestamp}.{body}",
    "{id}.{body}",
    "{id}{timestamp}{body}",
    "{timestamp}{body}",
    "{timestamp}.{id}.{body}",
    "{id}:{timestamp}:{body}",
    "{id}\n{timestamp}\n{body}",
    "{id}.{timestamp}000.{body}",
    "{id}.{timestamp}.0.{body}",
    "{id}.{date}.{body}",
    "{body}.{timestamp}.{id}",
    "{id}.{timestamp}",
    "{id},{timestamp},{body}",
    "{id}{body}",
    "v0:{timestamp}:{body}",
];

/// Cuts a signed text that is described so into its parts; `None` where there is no such text.
pub(super) fn parts<'f>(
    join: &'static str,
    fields: &Fields<'f>,
    date: Option<&'f str>,
) -> Option<Vec<&'f [u8]>> {
    let part = |piece: &'static str| match piece {
        "id" => Some(fields.id),
        "timestamp" => Some(fields.timestamp),
        "body" => Some(fields.body),
        "date" => date.map(str::as_bytes),
        other => Some(other.as_bytes()),
    };
    join.split(['{', '}']).filter(|piece| !piece.is_empty()).map(part).collect()
}

/// The timestamp as a date, where it is one.
pub(super) fn date_of(timestamp: &[u8]) -> Option<String> {
    let seconds = std::str::from_utf8(timestamp).ok()?.parse().ok()?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: Fields<'_> =
        Fields { id: b"msg_1", timestamp: b"1800000000", signature: b"", body: b"{}" };

    #[test]
    fn a_join_is_what_it_looks_like() {
        let date = date_of(FIELDS.timestamp).unwrap();
        let joined =
            |join| String::from_utf8(parts(join, &FIELDS, Some(&date)).unwrap().concat()).unwrap();
        assert_eq!(joined("{id}.{timestamp}.{body}"), "msg_1.1800000000.{}");
        assert_eq!(joined("{id}.{timestamp}000.{body}"), "msg_1.1800000000000.{}");
        assert_eq!(joined("{id}.{date}.{body}"), "msg_1.2027-01-15T08:00:00Z.{}");
        assert_eq!(parts("{date}", &FIELDS, None), None);
        assert_eq!(joined("{body}"), "{}");
        assert_eq!(joined("v0:{timestamp}:{body}"), "v0:1800000000:{}");
    }

    #[test]
    fn no_join_is_the_right_one_and_none_stands_twice() {
        let mut texts: Vec<_> =
            JOINS.iter().map(|join| parts(join, &FIELDS, Some("date")).unwrap().concat()).collect();
        texts.push(b"msg_1.1800000000.{}".to_vec());
        let distinct: std::collections::HashSet<_> = texts.iter().collect();
        assert_eq!(distinct.len(), JOINS.len() + 1);
    }
}
