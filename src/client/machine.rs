//! What is known of the machine.

use core::time::Duration;

use crate::pool::Machine;

/// This boot of this machine, where the system tells: it makes a difference whether a process has died or a machine.
pub(super) fn this() -> Machine {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let up = std::fs::read_to_string("/proc/uptime").ok();
    let up = up.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    Machine::booted(boot.trim(), up.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
}
