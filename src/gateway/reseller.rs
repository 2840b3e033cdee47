//! A reseller platform whose every answer is HTTP 200 with JSON.

use super::code::codes;
use super::sort::Sort;

codes! {
    INTERNAL_ERROR "internal_error" Some("An unhandled error occurred. Please contact support if the error persists."),
        TemporaryUncertain, Sort::TemporaryUncertain.verdict(), "";
}
