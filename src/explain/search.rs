//! Looks for what was signed: one supposition after the other, until a signature is right for it.

use super::body;
use super::budget::Budget;
use super::cause::Cause;
use super::finding::Finding;
use super::joins::{JOINS, date_of, parts};
use super::request::Fields;
use super::spelling::Spelling;

/// Ends the sentence that nothing was found: what was tried, and what cannot be. Who decompresses a
/// body drops `content-encoding` as a rule, so that nothing tells of it.
pub(super) const NOTHING_ELSE: &str = "no other form of the body (its JSON written anew, its line \
     ends, its encoding, base64) and no other way to join id, timestamp and body explains it; a body \
     that was decompressed on the way, or whose content was changed, cannot be recognised";

/// Tells whether one of the signatures of a request is right for a text, and how it is spelled.
pub(super) trait Proof {
    /// `None` where none is right, or where no check is left.
    fn of(&self, text: &[&[u8]], budget: &Budget) -> Option<Spelling>;
}

/// Tries what the sender should have signed, to find a signature in another spelling.
pub(super) fn as_it_should_be(
    proof: &impl Proof,
    fields: &Fields<'_>,
    budget: &Budget,
) -> Option<Spelling> {
    proof.of(&signed(fields, fields.body), budget)
}

/// Tries everything that may have been signed in its place.
pub(super) fn otherwise(
    proof: &impl Proof,
    fields: &Fields<'_>,
    budget: &Budget,
) -> Option<Finding> {
    of_another_body(proof, fields, budget).or_else(|| joined_otherwise(proof, fields, budget))
}

fn of_another_body(proof: &impl Proof, fields: &Fields<'_>, budget: &Budget) -> Option<Finding> {
    let mut spelling = None;
    let (cause, what) = body::find(fields.body, |body| {
        spelling = proof.of(&signed(fields, body), budget);
        spelling.is_some()
    })?;
    Some(Finding::new(cause, with_spelling(what, spelling)))
}

fn joined_otherwise(proof: &impl Proof, fields: &Fields<'_>, budget: &Budget) -> Option<Finding> {
    let date = date_of(fields.timestamp);
    JOINS.iter().find_map(|join| {
        let text = parts(join, fields, date.as_deref())?;
        let spelling = proof.of(&text, budget)?;
        let what = format!("the sender signed `{}`", join.escape_debug());
        Some(Finding::new(Cause::SignedOtherText, with_spelling(what, Some(spelling))))
    })
}

fn signed<'f>(fields: &Fields<'f>, body: &'f [u8]) -> [&'f [u8]; 5] {
    [fields.id, b".", fields.timestamp, b".", body]
}

/// A second fault of the same signature.
fn with_spelling(what: String, spelling: Option<Spelling>) -> String {
    match spelling.and_then(Spelling::fault) {
        Some(fault) => format!("{what}, and {fault}"),
        None => what,
    }
}
