//! Nothing that is printed, traced or answered shows a secret, a token, a signature or a body.
//!
//! What must not be shown is marked with texts that occur nowhere else, and everything that comes
//! out is searched for eight characters of a mark, in plain text, in base64, in hexadecimal digits
//! and as lists of bytes.
//!
//! Shown on purpose, each to whoever asks for it: the webhook-id by its `Display` and `Debug`; the
//! documented fields of an event by the event's `Debug`; the whole event by serde.

mod adapters;
mod errors;
#[cfg(feature = "explain")]
mod explained;
mod log;
mod marks;
mod programs;
mod requests;
mod shown;
mod source;
mod types;
