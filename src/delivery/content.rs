//! What was authenticated, read or not.

use crate::event::{Envelope, Event, Unreadable};

/// An envelope, or the event that says why there is none.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    Envelope(Envelope),
    Unreadable(Event),
}

impl Content {
    pub(super) fn read(raw: &[u8]) -> Self {
        match Envelope::read(raw) {
            Ok(envelope) => Self::Envelope(envelope),
            Err(Unreadable { type_name, reason }) => {
                Self::Unreadable(Event::Unreadable { type_name, reason })
            }
        }
    }

    pub(super) fn event(&self) -> &Event {
        match self {
            Self::Envelope(envelope) => envelope.event(),
            Self::Unreadable(event) => event,
        }
    }

    pub(super) fn into_event(self) -> Event {
        match self {
            Self::Envelope(envelope) => envelope.into_event(),
            Self::Unreadable(event) => event,
        }
    }

    pub(super) fn envelope(&self) -> Option<&Envelope> {
        match self {
            Self::Envelope(envelope) => Some(envelope),
            Self::Unreadable(_) => None,
        }
    }
}
