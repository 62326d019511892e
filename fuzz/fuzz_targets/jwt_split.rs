#![no_main]

use gemini_webhooks_fuzz::jwt_split;

libfuzzer_sys::fuzz_target!(|data: &[u8]| jwt_split(data));
