#![no_main]

use gemini_webhooks_fuzz::binding;

libfuzzer_sys::fuzz_target!(|data: &[u8]| binding(data));
