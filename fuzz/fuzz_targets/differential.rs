#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rrp_fuzz::differential(data));
