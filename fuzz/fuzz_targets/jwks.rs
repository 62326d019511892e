#![no_main]

use gemini_webhooks_fuzz::jwks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| jwks(data));
