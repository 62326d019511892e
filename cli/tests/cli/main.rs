//! The real program, against real servers on loopback: what it does, what it says, and what it never
//! says. Snapshots of helps and outputs stand beside.

mod capture;
mod common;
mod help;
mod keys_and_secrets;
mod listen_and_send;
mod readme;
mod stand_in;
mod verify;
mod webhooks;
