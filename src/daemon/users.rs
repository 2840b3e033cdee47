//! Local users: their passwords, and how much they may send.

mod password;
mod usage;

pub use password::{HashError, hash_password};

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::config::{Config, Password, User};
use crate::settle::Keyed;
use usage::Usage;

/// So many logins are remembered as right, the latest.
const REMEMBERED: usize = 4_096;

/// What is known about the users of a daemon while it runs: who has logged in, and how much each has sent.
///
/// It outlives reloads: see [`reload`](Self::reload).
pub(super) struct Users {
    /// Of this process.
    keyed: Keyed,
    checks: Mutex<Checks>,
    usage: Mutex<BTreeMap<Box<str>, Usage>>,
}

/// How passwords are checked now.
struct Checks {
    /// So many hashes at a time: each takes tens of megabytes and a core.
    permits: Arc<Semaphore>,
    logins: usize,
    /// What a login is checked against that is refused in any case, so that it takes as long; `None` if no user has a hash.
    dummy: Option<Box<str>>,
    remembered: Remembered,
}

/// Hashes of logins that were right.
#[derive(Default)]
struct Remembered {
    all: BTreeSet<[u8; 16]>,
    order: VecDeque<[u8; 16]>,
}

impl Remembered {
    fn add(&mut self, login: [u8; 16]) {
        if self.all.insert(login) {
            self.order.push_back(login);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
    }
}

impl Users {
    pub(super) fn new(config: &Config) -> Self {
        let mut key = [0; 32];
        if getrandom::fill(&mut key).is_err() {
            // Weaker, and still not to be guessed from outside.
            for part in key.chunks_mut(8) {
                part.copy_from_slice(&crate::client::random_seed().to_le_bytes());
            }
        }
        let checks = Checks {
            permits: Arc::new(Semaphore::new(config.limits.logins)),
            logins: config.limits.logins,
            dummy: password::dummy(config.users.values().map(|user| &user.password)),
            remembered: Remembered::default(),
        };
        Self { keyed: Keyed::new(&key), checks: Mutex::new(checks), usage: Mutex::default() }
    }

    /// From now on with the users and limits of this. What is remembered is of user, password and hash together, so that it
    /// is of no use to somebody whose hash is another one now; what users have sent stays counted.
    pub(super) fn reload(&self, config: &Config) {
        let mut checks = self.checks();
        if checks.logins != config.limits.logins {
            checks.logins = config.limits.logins;
            checks.permits = Arc::new(Semaphore::new(config.limits.logins));
        }
        checks.dummy = password::dummy(config.users.values().map(|user| &user.password));
        drop(checks);
        self.usage().retain(|name, _| config.users.contains_key(name));
    }

    fn checks(&self) -> MutexGuard<'_, Checks> {
        self.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn usage(&self) -> MutexGuard<'_, BTreeMap<Box<str>, Usage>> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is the password of this user; `None` is a user that there is not, for whom it takes as long as for a wrong
    /// password.
    ///
    /// It waits while as many are checked as may be. Whoever waits no longer loses nothing but the answer.
    pub(super) async fn verify(&self, user: Option<&Arc<User>>, password: &[u8]) -> bool {
        let (hash, login, permits) = {
            let checks = self.checks();
            let (hash, login) = match user.map(|user| (user, &user.password)) {
                Some((_, Password::Plain(secret))) => {
                    if same(secret.expose().as_bytes(), password) {
                        return true;
                    }
                    (checks.dummy.clone(), None)
                }
                Some((user, Password::Hash(hash))) => {
                    let parts = [b"login".as_slice(), user.name.as_bytes(), hash.as_bytes(), password];
                    let login = self.keyed.hash(parts);
                    if checks.remembered.all.contains(&login) {
                        return true;
                    }
                    (Some(hash.clone()), Some(login))
                }
                None => (checks.dummy.clone(), None),
            };
            (hash, login, Arc::clone(&checks.permits))
        };
        let Some(hash) = hash else { return false };
        let Ok(permit) = permits.acquire_owned().await else { return false };
        let password = Zeroizing::new(password.to_vec());
        let checked = tokio::task::spawn_blocking(move || {
            let right = password::verify(&hash, &password);
            // Not before: one that nobody waits for takes its core, too.
            drop(permit);
            right
        });
        let right = checked.await.unwrap_or(false);
        match login {
            Some(login) if right => {
                self.checks().remembered.add(login);
                true
            }
            // Nobody has the dummy's password.
            _ => false,
        }
    }

    /// How long this user's next command has to wait for the user's own pace, which is paid with this; zero if it may go at
    /// once. Within a second, as many as are allowed may go together.
    pub(super) fn pace(&self, user: &User, now: impl FnOnce() -> Instant) -> Duration {
        let Some(per_second) = user.commands_per_second else { return Duration::ZERO };
        let mut all = self.usage();
        all.entry(user.name.clone()).or_default().pace(per_second, now())
    }

    /// Takes one of [`pace`](Self::pace) back: whoever waited for it does not wait any more.
    pub(super) fn unpace(&self, user: &User) {
        if let (Some(per_second), Some(usage)) = (user.commands_per_second, self.usage().get_mut(&user.name))
        {
            usage.unpace(per_second);
        }
    }

    /// Counts a billable command, at this time of the clock on the wall in milliseconds; `false` if the user has had as many on
    /// this day, by UTC, as are allowed. They are counted since the start of the daemon.
    pub(super) fn bill(&self, user: &User, wall: u64) -> bool {
        let Some(most) = user.billable_per_day else { return true };
        let mut all = self.usage();
        all.entry(user.name.clone()).or_default().bill(most, wall)
    }

    /// Takes one of [`bill`](Self::bill) back: the command was not sent.
    pub(super) fn refund(&self, user: &User) {
        if let Some(usage) = self.usage().get_mut(&user.name) {
            usage.refund();
        }
    }

    #[cfg(test)]
    /// How many billable commands of this user were counted on the day of the last one.
    pub(super) fn billed(&self, user: &str) -> u32 {
        self.usage().get(user).map_or(0, Usage::billed)
    }
}

/// Takes the same time wherever the first difference lies.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0_u8, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::config::Surroundings;

    fn config(users: &str) -> Config {
        let surroundings = Surroundings::none().variable("REGISTRY", "x").variable("SHOP", "plain");
        let text = format!(
            "[account.main]\nserver = \"localhost\"\nplain = true\nlogin = \"a\"\npassword-env = \"REGISTRY\"\n{users}"
        );
        Config::parse(&text, "rrp.toml", &surroundings).unwrap()
    }

    /// A hash that takes no time.
    fn cheap(password: &str) -> String {
        password::hash_with(password.as_bytes(), &[7; 16], argon2::Params::new(8, 1, 1, None).unwrap())
            .unwrap()
    }

    fn hashed(password: &str) -> Config {
        config(&format!(
            "[user.shop]\npassword-hash = \"{}\"\n[user.plain]\npassword-env = \"SHOP\"\n",
            cheap(password)
        ))
    }

    #[tokio::test]
    async fn a_login_is_right_only_with_its_own_password() {
        let config = hashed("secret");
        let users = Users::new(&config);
        let (shop, plain) = (config.users.get("shop"), config.users.get("plain"));
        for _ in 0..2 {
            assert!(users.verify(shop, b"secret").await && users.verify(plain, b"plain").await);
            for wrong in [&b"Secret"[..], b"", b"plain", b"secret\0", b"\xff"] {
                assert!(!users.verify(shop, wrong).await, "{wrong:?}");
            }
            assert!(!users.verify(plain, b"secret").await && !users.verify(plain, b"").await);
            assert!(!users.verify(None, b"secret").await && !users.verify(None, b"").await);
        }
        assert_eq!(users.checks().remembered.all.len(), 1);
    }

    #[tokio::test]
    async fn what_was_right_before_a_reload_is_checked_anew() {
        let (before, after) = (hashed("secret"), hashed("another"));
        let users = Users::new(&before);
        assert!(users.verify(before.users.get("shop"), b"secret").await);
        users.reload(&after);
        assert!(!users.verify(after.users.get("shop"), b"secret").await);
        assert!(users.verify(after.users.get("shop"), b"another").await);
    }

    #[tokio::test]
    async fn whoever_is_unknown_costs_what_a_wrong_password_costs() {
        let config = hashed("secret");
        let users = Users::new(&config);
        // While no hash may be computed, neither is answered.
        let permits = Arc::clone(&users.checks().permits);
        let all = permits.acquire_many(2).await.unwrap();
        let soon = |user: Option<Arc<User>>, password: &'static [u8]| {
            let users = &users;
            async move {
                let verify = users.verify(user.as_ref(), password);
                tokio::time::timeout(Duration::ZERO, verify).await.is_ok()
            }
        };
        let (shop, plain) = (config.users.get("shop").cloned(), config.users.get("plain").cloned());
        assert!(!soon(None, b"x").await && !soon(shop, b"x").await && !soon(plain.clone(), b"x").await);
        assert!(soon(plain, b"plain").await);
        drop(all);
        assert!(!users.verify(None, b"x").await);
        // Where nobody has a hash, none is computed.
        let bare = config_of_plain();
        assert!(Users::new(&bare).checks().dummy.is_none());
    }

    fn config_of_plain() -> Config {
        config("[user.plain]\npassword-env = \"SHOP\"\n")
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let mut remembered = Remembered::default();
        for number in 0..5_000_u32 {
            let mut login = [0; 16];
            login[..4].copy_from_slice(&number.to_le_bytes());
            remembered.add(login);
            remembered.add(login);
        }
        assert_eq!((remembered.all.len(), remembered.order.len()), (REMEMBERED, REMEMBERED));
        assert!(!remembered.all.contains(&[0; 16]));
    }

    #[tokio::test(start_paused = true)]
    async fn caps_are_a_users_own() {
        let config = config(
            "[user.a]\npassword-env = \"SHOP\"\ncommands-per-second = 2\nbillable-per-day = 2\n\
             [user.b]\npassword-env = \"SHOP\"\n",
        );
        let users = Users::new(&config);
        let (a, b) = (&config.users["a"], &config.users["b"]);
        let now = Instant::now();
        let waits: Vec<Duration> = (0..4).map(|_| users.pace(a, || now)).collect();
        let half = Duration::from_millis(500);
        assert_eq!(waits, [Duration::ZERO, Duration::ZERO, half, half * 2]);
        assert_eq!(users.pace(b, || now), Duration::ZERO);
        // What waited has its turn; a pause is no credit beyond a second's.
        let later = now + Duration::from_secs(60);
        assert_eq!(
            [users.pace(a, || later), users.pace(a, || later), users.pace(a, || later)],
            [Duration::ZERO, Duration::ZERO, half]
        );

        // Whoever does not wait for its turn leaves it to others.
        assert_eq!(users.pace(a, || later), half * 2);
        users.unpace(a);
        assert_eq!(users.pace(a, || later), half * 2);

        let day = 86_400_000;
        assert!(users.bill(a, day) && users.bill(a, day + 1) && !users.bill(a, 2 * day - 1));
        assert!(users.bill(a, 2 * day) && users.billed("a") == 1);
        // A clock that is put back gives nothing.
        assert!(users.bill(a, day) && !users.bill(a, day));
        users.refund(a);
        assert!(users.bill(a, 2 * day) && !users.bill(a, 2 * day));
        assert!((0..9).all(|_| users.bill(b, day)));
    }
}
