//! Local users: their passwords, and how much they may send.
