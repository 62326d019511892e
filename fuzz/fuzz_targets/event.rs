#![no_main]

use gemini_webhooks_fuzz::event;

libfuzzer_sys::fuzz_target!(|data: &[u8]| event(data));
