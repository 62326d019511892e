//! A signed request, and the ways to damage it.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::Result;

/// Bytes of an id and of a body that are changed, one at a time; of the rest, every byte is.
const MOST_CHANGES: usize = 8;

const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[derive(Clone)]
pub struct Message {
    pub id: String,
    pub timestamp: String,
    pub signature: String,
    pub body: Vec<u8>,
}

impl Message {
    pub fn headers(&self) -> [(&'static str, &str); 3] {
        [
            ("webhook-id", &self.id),
            ("webhook-timestamp", &self.timestamp),
            ("webhook-signature", &self.signature),
        ]
    }

    /// Copies of this message that differ from it in one byte, each with a name.
    pub fn changed(&self) -> Vec<(String, Self)> {
        let mut all = Vec::new();
        for at in spread(self.id.len()) {
            let id = with_byte_changed(&self.id, at, other_letter);
            all.push((format!("byte {at} of the id changed"), Self { id, ..self.clone() }));
        }
        for at in 0..self.timestamp.len() {
            let timestamp = with_byte_changed(&self.timestamp, at, other_digit);
            let name = format!("byte {at} of the timestamp changed");
            all.push((name, Self { timestamp, ..self.clone() }));
        }
        all.extend(self.with_signature_changed(0..self.signature.len()));
        for at in spread(self.body.len()) {
            let mut body = self.body.clone();
            body[at] ^= 1;
            all.push((format!("byte {at} of the body changed"), Self { body, ..self.clone() }));
        }
        let body = [&self.body, b" ".as_slice()].concat();
        all.push(("a byte behind the body added".to_owned(), Self { body, ..self.clone() }));
        all
    }

    /// Copies that differ in one of these characters of the signature, each with a name.
    pub fn with_signature_changed(
        &self,
        places: impl IntoIterator<Item = usize>,
    ) -> impl Iterator<Item = (String, Self)> {
        places.into_iter().map(|at| {
            let signature = with_byte_changed(&self.signature, at, other_base64);
            (format!("byte {at} of the signature changed"), Self { signature, ..self.clone() })
        })
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, timestamp, signature, body } = self;
        let start = String::from_utf8_lossy(&body[..body.len().min(80)]);
        write!(f, "id {id:?}, timestamp {timestamp:?}, signature {signature:?}, ")?;
        write!(f, "{} bytes of body: {start:?}", body.len())
    }
}

/// Now, in Unix seconds: the real time counts, because peers know no other.
pub fn now() -> Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?)
}

/// Positions in a field, the first and the last among them.
fn spread(len: usize) -> Vec<usize> {
    if len <= MOST_CHANGES {
        (0..len).collect()
    } else {
        (0..MOST_CHANGES).map(|n| n * (len - 1) / (MOST_CHANGES - 1)).collect()
    }
}

fn with_byte_changed(text: &str, at: usize, other: fn(char) -> char) -> String {
    let change = |(index, char)| if index == at { other(char) } else { char };
    text.chars().enumerate().map(change).collect()
}

fn other_letter(char: char) -> char {
    if char == 'x' { 'y' } else { 'x' }
}

fn other_digit(char: char) -> char {
    if char == '1' { '2' } else { '1' }
}

/// Sixteen places on, so that the last character of a signature, whose two or four lowest bits
/// stand for nothing, changes in the bits that count.
fn other_base64(char: char) -> char {
    places_on(16, char)
}

/// Goes on by some places in the alphabet of base64; what is not in it becomes an `A`.
pub fn places_on(places: usize, char: char) -> char {
    let place = BASE64.find(char).map_or(0, |place| place + places);
    BASE64.chars().cycle().nth(place).unwrap_or(char)
}
