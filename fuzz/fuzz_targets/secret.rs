#![no_main]

use gemini_webhooks_fuzz::secret;

libfuzzer_sys::fuzz_target!(|data: &[u8]| secret(data));
