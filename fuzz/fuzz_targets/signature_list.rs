#![no_main]

use gemini_webhooks_fuzz::signature_list;

libfuzzer_sys::fuzz_target!(|data: &[u8]| signature_list(data));
