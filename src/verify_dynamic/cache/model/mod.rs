//! A model of the cache driver: the real code, with stand-ins for what it shares and waits on, under
//! thousands of schedules chosen by shuttle.

mod rules;
pub(super) mod stand_ins;
mod world;
