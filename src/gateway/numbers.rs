//! A REST API for telephone numbers.

use super::code::codes;
use super::sort::Sort;

codes! {
    FORBIDDEN "FORBIDDEN" Some("A request could not be processed due to missing permissions."),
        Auth, Sort::Auth.verdict(), "";
}
