#![no_main]

use gemini_webhooks_fuzz::static_pipeline;

libfuzzer_sys::fuzz_target!(|data: &[u8]| static_pipeline(data));
