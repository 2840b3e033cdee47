//! A simulated registry, for tests: RRP and PTF, a ledger of what was executed and billed, and faults on demand.
