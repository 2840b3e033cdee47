#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rrp_fuzz::reseller_body(data));
