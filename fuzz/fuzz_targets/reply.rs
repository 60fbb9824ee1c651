#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bookline_fuzz::reply::check(input));
