#![no_main]

use gemini_webhooks_fuzz::key_cache;

libfuzzer_sys::fuzz_target!(|data: &[u8]| key_cache(data));
