#![no_main]

use gemini_webhooks_fuzz::dynamic_pipeline;

libfuzzer_sys::fuzz_target!(|data: &[u8]| dynamic_pipeline(data));
