//! What the counts are to be, and where they must not go.

use std::fmt;

use crate::Counts;

/// One number that has an upper bound.
pub(crate) struct Goal {
    what: String,
    value: f64,
    goal: f64,
    limit: f64,
}

impl Goal {
    /// Whether the limit is kept.
    pub(crate) fn holds(&self) -> bool {
        self.value <= self.limit
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.value {
            value if value <= self.goal => "met",
            value if value <= self.limit => "missed, within the limit",
            _ => "BROKEN",
        };
        let Self { what, value, goal, limit } = self;
        write!(f, "{what:<62} {value:>9.2}  goal {goal:>7.2}  limit {limit:>7.2}  {verdict}")
    }
}

/// Every goal whose cases were counted.
pub(crate) fn all(counts: &Counts) -> Vec<Goal> {
    let mut goals = Vec::new();
    let mut goal = |what: String, value: Option<f64>, goal: f64, limit: f64| {
        goals.extend(value.map(|value| Goal { what, value, goal, limit }));
    };
    let ratio = |ours: &str, reference: &str| {
        Some(counts.get(ours)?.instructions as f64 / counts.get(reference)?.instructions as f64)
    };
    let per_byte = |case: &str| Some(counts.get(case)?.per_byte());
    let per_reply =
        |case: &str| counts.get(case).map(|count| count.instructions as f64 / count.replies as f64);
    let allocations = |case: &str| counts.get(case).map(|count| count.allocations as f64);

    for (input, to_two_scans, to_bytes) in [
        ("list_1000", (0.55, 0.80), (5.5, 7.5)),
        ("list_100000", (0.55, 0.80), (5.5, 7.5)),
        ("ptf_4", (1.15, 1.15), (15.5, 15.5)),
    ] {
        let index = format!("index/{input}");
        let value = ratio(&index, &format!("two_scans/{input}"));
        goal(format!("{index}: instructions to those of two scans"), value, to_two_scans.0, to_two_scans.1);
        goal(format!("{index}: instructions per byte"), per_byte(&index), to_bytes.0, to_bytes.1);
    }
    for input in ["rrp_2", "ptf_4", "status_40", "list_1000", "list_100000"] {
        let peek = format!("peek/{input}");
        goal(format!("{peek}: instructions, as the code leads"), per_reply(&peek), 800.0, 800.0);
    }
    for input in ["rrp_2", "ptf_4", "status_40", "list_1000", "list_100000", "mix"] {
        let index = format!("index/{input}");
        goal(format!("{index}: allocations"), allocations(&index), 0.0, 0.0);
    }
    for input in ["rrp_2", "ptf_4"] {
        let fresh = format!("fresh/{input}");
        goal(format!("{fresh}: allocations, of up to 16 lines"), allocations(&fresh), 1.0, 1.0);
    }
    for operation in ["index", "deframe_whole", "deframe_1460", "deframe_1"] {
        let [short, long] = ["1000", "100000"].map(|lines| per_byte(&format!("{operation}/list_{lines}")));
        let value = long.zip(short).map(|(long, short)| long / short);
        goal(format!("{operation}: a byte of list_100000 to one of list_1000"), value, 1.05, 1.05);
    }
    for input in ["list_1000", "list_100000"] {
        let deframe = format!("deframe_1/{input}");
        let value = ratio(&deframe, &format!("copy_1/{input}"));
        goal(format!("{deframe}: instructions to those of copying"), value, 3.5, 3.5);
    }
    for what in ["ask", "leave", "expire", "serve"] {
        let [few, many] = ["1000", "100000"].map(|others| per_reply(&format!("{what}/{others}_wait")));
        let value = many.zip(few).map(|(many, few)| many / few);
        goal(format!("{what}: instructions where 100,000 wait to those where 1,000 do"), value, 1.6, 1.6);
    }
    goals
}
