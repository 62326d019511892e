#![no_main]

use gemini_webhooks_fuzz::jwt_claims;

libfuzzer_sys::fuzz_target!(|data: &[u8]| jwt_claims(data));
