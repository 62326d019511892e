#![no_main]

use gemini_webhooks_fuzz::v1a;

libfuzzer_sys::fuzz_target!(|data: &[u8]| v1a(data));
