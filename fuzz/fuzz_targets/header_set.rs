#![no_main]

use gemini_webhooks_fuzz::header_set;

libfuzzer_sys::fuzz_target!(|data: &[u8]| header_set(data));
