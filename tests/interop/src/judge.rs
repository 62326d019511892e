//! Lets both sides verify a message, and compares with what is expected.

use std::fmt;

use serde_json::Value;

use crate::Result;
use crate::message::Message;
use crate::peer::Peer;
use crate::tally::{Outcome, Tally};

/// Who verifies: this crate, or the packages of a language.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Side {
    Here,
    Python,
    JavaScript,
}

pub const EVERYBODY: &[Side] = &[Side::Here, Side::Python, Side::JavaScript];
/// Everybody but this crate.
pub const PACKAGES: &[Side] = &[Side::Python, Side::JavaScript];
pub const NOBODY: &[Side] = &[];

/// Which side signs; the other one is the one to be convinced.
#[derive(Clone, Copy)]
pub enum Signer {
    Here,
    There,
}

impl Signer {
    /// Starts the section of what this side signs.
    pub fn section(self, scheme: &str, peer: &Peer, tally: &mut Tally) {
        tally.section(match self {
            Self::There => format!("{scheme}, signed by {}, verified here", peer.side),
            Self::Here => format!("{scheme}, signed here, verified by {}", peer.side),
        });
    }
}

/// What was read of a message, null where nothing but its signature was verified; or why it was
/// refused.
pub type Verdict = std::result::Result<Value, String>;

/// What a receiver holds to verify messages with: on this side, or handed to a peer.
pub trait Receiver: fmt::Debug {
    fn verify_here(&self, message: &Message) -> Verdict;
    fn verify_there(&self, peer: &mut Peer, message: &Message) -> Result<Verdict>;
}

/// A message of a table, with those who accept it.
pub struct Row<R> {
    pub what: &'static str,
    pub accepted_by: &'static [Side],
    pub message: Message,
    pub receiver: R,
}

/// Judges every row of a table: each is a case.
pub fn judge_rows<R: Receiver>(
    peer: &mut Peer,
    rows: Vec<Row<R>>,
    tally: &mut Tally,
) -> Result<()> {
    for Row { what, accepted_by, message, receiver } in rows {
        tally.record([judge(peer, what, &message, &receiver, accepted_by)?]);
    }
    Ok(())
}

/// Lets both sides verify a message: those who should accept it do, and read the same.
pub fn judge<R: Receiver>(
    peer: &mut Peer,
    what: &str,
    message: &Message,
    receiver: &R,
    accepted_by: &[Side],
) -> Result<Outcome> {
    let here = receiver.verify_here(message);
    let there = receiver.verify_there(peer, message)?;
    let expected = [Side::Here, peer.side].map(|side| accepted_by.contains(&side));
    if [here.is_ok(), there.is_ok()] == expected && read_the_same(&here, &there) {
        return Ok(Ok(()));
    }
    let [here_expected, there_expected] =
        expected.map(|accepts| if accepts { "to be accepted" } else { "to be refused" });
    let [here, there] = [here, there].map(|verdict| verdict.map(|read| read.to_string()));
    Ok(Err(format!(
        "{what}\n  message: {message}\n  receiver: {receiver:?}\n  \
         here: {here:?}, expected {here_expected}\n  there: {there:?}, expected {there_expected}",
    )))
}

fn read_the_same(here: &Verdict, there: &Verdict) -> bool {
    match (here, there) {
        (Ok(Value::Null), _) | (_, Ok(Value::Null)) => true,
        (Ok(here), Ok(there)) => is_same(here, there),
        _ => true,
    }
}

/// Like `==`, but 1.0 is 1: a language may know one kind of number.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(one), Value::Object(other)) => {
            let in_other =
                |(name, value)| other.get(name).is_some_and(|found| is_same(value, found));
            one.len() == other.len() && one.iter().all(in_other)
        }
        _ => one == other,
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
