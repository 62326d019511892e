#![no_main]

use gemini_webhooks_fuzz::explain;

libfuzzer_sys::fuzz_target!(|data: &[u8]| explain(data));
