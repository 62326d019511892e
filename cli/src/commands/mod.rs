//! One file, or folder, for each command.

pub(crate) mod capture;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod keys;
pub(crate) mod listen;
pub(crate) mod secret;
pub(crate) mod send;
pub(crate) mod verify;
pub(crate) mod webhooks;
