//! Local users: their passwords, and how much they may send.

use std::sync::Arc;

use super::config::{Password, User};
use crate::secret::Secret;

/// Checks who somebody is.
pub(super) struct Users;

impl Users {
    pub(super) fn new(_logins: usize) -> Self {
        Self
    }

    pub(super) async fn verify(&self, user: Option<&Arc<User>>, _name: &str, password: &Secret) -> bool {
        match user.map(|user| &user.password) {
            Some(Password::Plain(right)) => right.expose() == password.expose(),
            _ => false,
        }
    }
}
