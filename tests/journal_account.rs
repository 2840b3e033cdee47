//! What a journal keeps of its account beside the entries: the last word, across restarts, in bounds, and apart from them.
#![cfg(feature = "journal")]

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use redb::{Database, ReadableDatabase, TableDefinition};
use rrp::dispatch::{Account, Put, Ticket};
use rrp::journal::{
    Embedded, Journal, JournalErrorKind, MAX_ACCOUNT_RECORD, MAX_GHOST_MS, MAX_HOLD_MS, MAX_OPERATOR_HOLD_MS,
    MAX_STEP_MS, Memory, Options, Restored, Scope, Store, account_to_json, decode_account,
    decode_operator_hold, encode_account, encode_operator_hold, put_back,
};
use serde_json::{Value, json};

use crashy::Crashy;
use entries::{DAY, NOW, account, account_of, any_account, entry, put};

#[path = "support/crashy.rs"]
mod crashy;
#[path = "support/entries.rs"]
mod entries;

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
const STATE: &str = "account state";
const HOLD: &str = "operator hold";

struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn journal(&self) -> PathBuf {
        self.path("journal.redb")
    }

    fn open(&self) -> Store {
        Store::create_file(self.journal(), &scope(), &Options::new(), NOW).unwrap()
    }

    /// A journal with an entry, whose record of the account is this.
    fn with_record(&self, record: &[u8]) -> Store {
        let mut store = self.open();
        store.write(&[put(1, "in-doubt"), Put::Account(account(1))], NOW).unwrap();
        store.close().unwrap();
        set(&self.journal(), STATE, Some(record));
        self.open()
    }
}

fn scope() -> Scope {
    Scope::new("registry.example.com:2001", "registrar")
}

/// Puts something into the table of what a journal knows of itself, or takes it out.
fn set(path: &Path, key: &str, value: Option<&[u8]>) {
    let database = Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut meta = transaction.open_table(META).unwrap();
        match value {
            Some(value) => drop(meta.insert(key, value).unwrap()),
            None => drop(meta.remove(key).unwrap()),
        }
    }
    transaction.commit().unwrap();
}

fn get(path: &Path, key: &str) -> Option<Vec<u8>> {
    let database = Database::open(path).unwrap();
    let meta = database.begin_read().unwrap().open_table(META).unwrap();
    meta.get(key).unwrap().map(|value| value.value().to_vec())
}

fn restored(store: &mut Store) -> Account {
    store.restore(NOW).unwrap().account().clone()
}

fn law() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, cases: 256, ..ProptestConfig::default() };
    config.rng_seed = proptest::test_runner::RngSeed::Fixed(2832);
    config
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn every_sort_of_account_comes_back_as_it_was(record in any_account()) {
        let account = account_of(&record);
        let bytes = encode_account(&account).unwrap();
        prop_assert!(bytes.len() <= MAX_ACCOUNT_RECORD);
        prop_assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), record);
        prop_assert_eq!(&decode_account(&bytes).unwrap(), &account);
        let line = account_to_json(&account);
        prop_assert!(!line.contains('\n') && serde_json::from_str::<Value>(&line).is_ok());
    }

    #[test]
    fn damaged_bytes_are_refused_or_mean_something_within_bounds(
        record in any_account(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        len in any::<prop::sample::Index>(),
    ) {
        let whole = record.to_string().into_bytes();
        prop_assert!(decode_account(&whole[..len.index(whole.len())]).is_err(), "cut short");
        let mut bytes = whole;
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(account) = decode_account(&bytes) {
            // What was read is exactly what is written again: nothing was guessed.
            prop_assert_eq!(decode_account(&encode_account(&account).unwrap()).unwrap(), account);
        }
    }

    #[test]
    fn no_bytes_make_decoding_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode_account(&bytes).is_err());
    }
}

#[test]
fn a_record_that_says_what_is_not_known_is_refused_and_told_why() {
    let good = json!({
        "version": 1,
        "refused": {"credential": "0".repeat(32), "why": "w".repeat(1024), "at": 1},
        "sessions": 1,
        "boot": "b".repeat(128),
        "ghosts": vec![1; Account::MAX_GHOSTS],
    });
    assert!(decode_account(good.to_string().as_bytes()).is_ok());
    let refused = |credential: &str, why: &str| json!({"credential": credential, "why": why, "at": 1});
    for (name, value, what) in [
        ("version", json!(0), "an unknown version"),
        ("version", json!(2), "a newer version"),
        ("version", json!("1"), "cannot be read"),
        ("sessions", json!(-1), "cannot be read"),
        ("sessions", json!(1_u64 << 32), "cannot be read"),
        ("surprise", json!(1), "cannot be read"),
        ("boot", json!("b".repeat(129)), "the bounds of a boot"),
        ("ghosts", json!(vec![1; Account::MAX_GHOSTS + 1]), "too many ghosts"),
        ("refused", refused(&"0".repeat(32), &"w".repeat(1025)), "the bounds of a refused login"),
        ("refused", refused(&"0".repeat(31), ""), "a hash that is none"),
        ("refused", refused(&format!("+{}", "0".repeat(31)), ""), "a hash that is none"),
        ("refused", json!({"why": "", "at": 1}), "cannot be read"),
    ] {
        let mut record = good.clone();
        record[name] = value;
        let error = decode_account(record.to_string().as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("no account of a journal: ") && error.contains(what), "{name}: {error}");
    }
    // What a newer version says beside its number is not looked at.
    let error = decode_account(br#"{"version": 7, "sessions": {"by host": []}}"#).unwrap_err().to_string();
    assert!(error.contains("a newer version"), "{error}");
    assert!(
        decode_account(&vec![b' '; MAX_ACCOUNT_RECORD + 1]).unwrap_err().to_string().contains("too long")
    );
}

#[test]
fn the_last_word_is_kept_and_is_no_entry() {
    let place = Place::new();
    let mut store = place.open();
    assert_eq!(restored(&mut store), Account::default());
    store.write(&[Put::Account(account(1))], NOW).unwrap();
    store.write(&[Put::Account(account(9)), put(1, "open"), Put::Account(account(2))], NOW).unwrap();
    assert_eq!(store.account().unwrap(), account(2));
    assert_eq!((store.len(), store.verify().unwrap().entries()), (1, 1));
    store.close().unwrap();
    let mut store = place.open();
    assert_eq!((restored(&mut store), store.entries().unwrap()), (account(2), vec![entry(1, "open")]));
    assert_eq!(store.restore(NOW).unwrap().next_ticket(), 2);
    // Several writes of one commit: the last of them.
    let (first, second) = (account(3), account(4));
    let writes =
        [vec![Put::Account(first)], vec![put(2, "open"), Put::Account(second)], vec![put(3, "open")]];
    let writes: Vec<&[Put]> = writes.iter().map(Vec::as_slice).collect();
    assert!(store.write_all(&writes, NOW).iter().all(Result::is_ok));
    assert_eq!(store.account().unwrap(), account(4));
    store.write(&[Put::Account(Account::default())], NOW).unwrap();
    store.close().unwrap();
    assert_eq!(restored(&mut place.open()), Account::default());
}

#[test]
fn a_full_journal_has_room_for_it() {
    let storage = Crashy::new();
    let options = Options::new().max_entries(1).max_file_bytes(1);
    let mut store = Store::open(storage.clone(), &scope(), &options, NOW).unwrap();
    assert_eq!(*store.write(&[put(1, "open")], NOW).unwrap_err().kind(), JournalErrorKind::Full);
    store.write(&[Put::Account(account(1))], NOW).unwrap();
    // With an entry that has none, neither is written.
    let error = store.write(&[Put::Account(account(2)), put(1, "open")], NOW).unwrap_err();
    assert_eq!((error.kind(), error.nothing_written()), (&JournalErrorKind::Full, true));
    assert_eq!(store.account().unwrap(), account(1));
    let mut again = Store::open(storage.crash(), &scope(), &options, NOW).unwrap();
    assert_eq!((restored(&mut again), again.len()), (account(1), 0));
}

#[test]
fn the_largest_that_there_can_be_fits() {
    let most = account_of(&json!({
        "version": 1,
        "refused": {"credential": "f".repeat(32), "why": "\u{1}".repeat(1024), "at": u64::MAX},
        "held_until": u64::MAX,
        "sessions": u32::MAX,
        "boot": "\u{1}".repeat(128),
        "ghosts": vec![u64::MAX; Account::MAX_GHOSTS],
    }));
    let bytes = encode_account(&most).unwrap();
    assert!(bytes.len() <= MAX_ACCOUNT_RECORD, "{}", bytes.len());
    assert_eq!(decode_account(&bytes).unwrap(), most);
}

#[test]
fn a_file_without_it_and_one_with_more_are_journals() {
    let place = Place::new();
    let mut store = place.open();
    store.write(&[put(1, "open")], NOW).unwrap();
    store.close().unwrap();
    assert_eq!(get(&place.journal(), STATE), None, "as it was before anything was kept");
    let mut store = place.open();
    assert_eq!((restored(&mut store), store.len()), (Account::default(), 1));
    store.write(&[Put::Account(account(1))], NOW).unwrap();
    store.close().unwrap();
    // What a later version may keep beside it is no reason not to open, and stays.
    set(&place.journal(), "something later", Some(b"1"));
    let mut store = place.open();
    store.write(&[put(2, "open")], NOW).unwrap();
    assert_eq!(restored(&mut store), account(1));
    store.close().unwrap();
    assert_eq!(get(&place.journal(), "something later"), Some(b"1".to_vec()));
    set(&place.journal(), STATE, None);
    assert_eq!(restored(&mut place.open()), Account::default());
}

#[test]
fn a_damaged_record_stops_clients_and_not_the_entries() {
    let place = Place::new();
    let mut store = place.with_record(b"{\"version\":1,\"sessions\":");
    for error in [
        store.restore(NOW).unwrap_err(),
        store.verify().unwrap_err(),
        store.account().unwrap_err(),
        store.backup(place.path("copy.redb")).unwrap_err(),
    ] {
        assert_eq!(
            (error.kind(), error.path()),
            (&JournalErrorKind::AccountDamaged, Some(&*place.journal()))
        );
        assert!(error.to_string().contains("what it keeps of its account"), "{error}");
        assert!(error.fix().contains("forget-account"));
    }
    assert!(!place.path("copy.redb").exists());
    let mut out = Vec::new();
    assert_eq!(*store.export(&mut out).unwrap_err().kind(), JournalErrorKind::AccountDamaged);
    assert_eq!(String::from_utf8(out).unwrap().lines().count(), 1, "the entry is there");
    assert_eq!(store.entries().unwrap(), [entry(1, "in-doubt")]);
    store.resolve(Ticket::new(1), true, NOW).unwrap().unwrap();
    store.write(&[put(2, "open")], NOW).unwrap();
    assert!(store.account().is_err(), "nothing was guessed meanwhile");
    // Whoever forgets it goes on.
    store.write(&[Put::Account(Account::default())], NOW).unwrap();
    assert_eq!((restored(&mut store), store.verify().unwrap().entries()), (Account::default(), 2));
    store.close().unwrap();
    place.open().restore(NOW).unwrap();
}

#[test]
fn a_newer_versions_record_is_refused_as_such_and_left_alone() {
    let place = Place::new();
    let record = br#"{"version":2,"locks":[]}"#;
    let mut store = place.with_record(record);
    let error = store.restore(NOW).unwrap_err();
    assert_eq!(*error.kind(), JournalErrorKind::TooNew { found: 2, known: 1 });
    assert!(error.to_string().contains("account") && error.fix().contains("newer"), "{error}");
    store.write(&[put(2, "open")], NOW).unwrap();
    store.close().unwrap();
    assert_eq!(get(&place.journal(), STATE), Some(record.to_vec()));
}

#[test]
fn no_clock_locks_an_account_for_years() {
    let far = account_of(&json!({
        "version": 1,
        "refused": {"credential": "0".repeat(32), "why": "", "at": NOW + 400 * DAY},
        "held_until": NOW + 400 * DAY,
        "sessions": 2,
        "ghosts": [NOW + 400 * DAY, NOW + 5, 1],
    }));
    let times = |account: &Account| {
        (account.refused().unwrap().at(), account.held_until().unwrap(), account.ghosts().to_vec())
    };
    let wanted = (NOW, NOW + MAX_HOLD_MS, vec![NOW + MAX_GHOST_MS, NOW + 5, 1]);
    let mut store = Store::open(Crashy::new(), &scope(), &Options::new(), NOW).unwrap();
    store.write(&[Put::Account(far.clone())], NOW).unwrap();
    assert_eq!(times(&restored(&mut store)), wanted);
    assert_eq!(store.account().unwrap(), far, "as it was written: the clock may be wrong now");
    let given = Restored::new(Vec::new(), 1, [0; 32], NOW).with_account(far);
    assert_eq!(times(given.account()), wanted);
    // A clock that was wrong has pushed the time of the journal a day on; the lock goes by what the clock says.
    store.write(&[put(1, "open")], NOW + 400 * DAY).unwrap();
    let later = store.restore(NOW).unwrap();
    assert_eq!(later.wall(), NOW + MAX_STEP_MS);
    assert_eq!(times(later.account()), (NOW + MAX_STEP_MS, wanted.1, wanted.2));
    // After a long rest the journal is behind, and the clock right.
    let storage = Crashy::new();
    let rest = NOW + 40 * DAY;
    let plain =
        account_of(&json!({"version": 1, "held_until": rest + 9, "sessions": 0, "ghosts": [rest + 8]}));
    Store::open(storage.clone(), &scope(), &Options::new(), NOW).unwrap().close().unwrap();
    let mut store = Store::open(storage, &scope(), &Options::new(), rest).unwrap();
    store.write(&[Put::Account(plain.clone())], rest).unwrap();
    let restored = store.restore(rest).unwrap();
    assert!(restored.wall() < rest - 30 * DAY);
    assert_eq!(*restored.account(), plain);
}

#[test]
fn a_copy_has_all_of_it_and_one_that_is_put_back_what_still_holds() {
    let place = Place::new();
    let (copy, new) = (place.path("copy.redb"), place.path("new.redb"));
    let mut store = place.open();
    store.write(&[put(1, "open"), Put::Account(account(3))], NOW).unwrap();
    store.backup(&copy).unwrap();
    let mut out = Vec::new();
    store.export(&mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(out.lines().count(), 2);
    assert_eq!(
        last,
        json!({"account": {
            "refused": {"why": "530: not right", "at_ms": NOW - 7},
            "held_until_ms": NOW + 300_000,
            "sessions": 3,
            "boot": "boot-1",
            "ghosts_until_ms": [NOW + 600_000, NOW + 500_000],
        }})
    );
    assert!(!out.contains("0123456789abcdef"), "{out}");
    store.close().unwrap();
    let mut of_copy = Store::open_any(&copy, &Options::new(), NOW).unwrap();
    assert_eq!(of_copy.account().unwrap(), account(3));
    of_copy.close().unwrap();
    put_back(&copy, &new, false, NOW).unwrap();
    let back = Store::open_any(&new, &Options::new(), NOW).unwrap().account().unwrap();
    let before = account(3);
    assert_eq!((back.refused(), back.held_until()), (before.refused(), before.held_until()));
    assert_eq!((back.sessions(), back.boot(), back.ghosts()), (0, None, &[][..]));
    // A record that cannot be read is not put anywhere.
    set(&copy, STATE, Some(b"{}"));
    let error = put_back(&copy, place.path("other.redb"), false, NOW).unwrap_err();
    assert_eq!(*error.kind(), JournalErrorKind::AccountDamaged);
    assert!(!place.path("other.redb").exists());
}

#[tokio::test]
async fn every_journal_gives_back_what_it_was_given() {
    let memory = Memory::new([9; 32]);
    let embedded = Embedded::open_with(Crashy::new(), &scope(), &Options::new(), NOW).unwrap();
    let journals: [&dyn Journal; 2] = [&memory, &embedded];
    for journal in journals {
        assert_eq!(*journal.restore(NOW).await.unwrap().account(), Account::default());
        // Asked for in this order, awaited in another.
        let writes: Vec<_> = (1..=5)
            .map(|n| {
                let mut puts = vec![Put::Account(account(n))];
                puts.extend((n == 3).then(|| put(1, "open")));
                journal.write(puts, NOW)
            })
            .collect();
        for write in writes.into_iter().rev() {
            write.await.unwrap();
        }
        let restored = journal.restore(NOW).await.unwrap();
        assert_eq!((restored.account(), restored.entries().len()), (&account(5), 1));
        let shown = format!("{restored:?}");
        assert!(shown.contains("530: not right") && !shown.contains("0123456789abcdef"), "{shown}");
        drop(restored);
        let later = journal.restore(NOW - 1_000 * DAY).await.unwrap();
        assert_eq!(later.account().held_until(), Some(NOW - 1_000 * DAY + MAX_HOLD_MS));
    }
}

/// What is known of an account that an operator holds until then, and the registry has locked until then or not.
fn held(until: u64, locked: Option<u64>) -> Account {
    let account = account_of(&json!({"version": 1, "held_until": locked, "sessions": 2}));
    let hold =
        json!({"version": 1, "until": until, "reason": "their \"maintenance\"", "locked_until": locked});
    decode_operator_hold(account, hold.to_string().as_bytes()).unwrap()
}

#[test]
fn an_operators_hold_is_kept_beside_it_and_an_earlier_version_takes_it_for_a_lock() {
    for locked in [None, Some(NOW + 300_000), Some(NOW + 9_000_000)] {
        let place = Place::new();
        let account = held(NOW + 7_200_000, locked);
        let hold = account.operator_hold().unwrap();
        assert_eq!((hold.until(), hold.reason()), (NOW + 7_200_000, "their \"maintenance\""));
        assert_eq!(account.held_until(), locked);
        let mut store = place.open();
        store.write(&[put(1, "open"), Put::Account(account.clone())], NOW).unwrap();
        assert_eq!(store.account().unwrap(), account);
        store.close().unwrap();
        // An earlier version reads this record, and no other one.
        let seen = decode_account(&get(&place.journal(), STATE).unwrap()).unwrap();
        assert_eq!(seen.held_until(), Some(locked.unwrap_or(0).max(NOW + 7_200_000)));
        let mut store = place.open();
        assert_eq!(store.account().unwrap(), account);
        // A copy has it, and so has what is put back.
        let (copy, new) = (place.path("copy.redb"), place.path("new.redb"));
        store.backup(&copy).unwrap();
        assert_eq!(Store::open_any(&copy, &Options::new(), NOW).unwrap().account().unwrap(), account);
        put_back(&copy, &new, false, NOW).unwrap();
        let back = Store::open_any(&new, &Options::new(), NOW).unwrap().account().unwrap();
        assert_eq!((back.operator_hold(), back.held_until()), (account.operator_hold(), locked));
        // Once it is over nothing is left of it.
        store.write(&[Put::Account(account_of(&json!({"version": 1, "sessions": 2})))], NOW).unwrap();
        assert_eq!(store.account().unwrap().operator_hold(), None);
        store.close().unwrap();
        assert_eq!(get(&place.journal(), HOLD), None);
    }
}

#[test]
fn what_an_earlier_version_has_written_beside_an_operators_hold_is_the_registrys_lock() {
    let place = Place::new();
    let mut store = place.open();
    store.write(&[Put::Account(held(NOW + 7_200_000, Some(NOW + 5)))], NOW).unwrap();
    store.close().unwrap();
    for locked in [None, Some(NOW + 300_000)] {
        let record = json!({"version": 1, "held_until": locked, "sessions": 1}).to_string();
        set(&place.journal(), STATE, Some(record.as_bytes()));
        let account = place.open().account().unwrap();
        assert_eq!((account.held_until(), account.sessions()), (locked, 1));
        assert_eq!(account.operator_hold().unwrap().until(), NOW + 7_200_000);
    }
    // It lasts a day at the most, whatever a clock said.
    let mut store = place.open();
    store.write(&[Put::Account(held(NOW + 400 * DAY, None))], NOW).unwrap();
    let until = restored(&mut store).operator_hold().unwrap().until();
    assert_eq!(until, NOW + MAX_OPERATOR_HOLD_MS);
}

#[test]
fn a_damaged_hold_of_an_operators_stops_clients_until_it_is_forgotten() {
    let good = json!({"version": 1, "until": NOW, "reason": "r".repeat(200)});
    assert!(decode_operator_hold(Account::default(), good.to_string().as_bytes()).is_ok());
    for (name, value, what) in [
        ("version", json!(0), "an unknown version"),
        ("version", json!(2), "a newer version"),
        ("until", json!("now"), "cannot be read"),
        ("reason", json!("r".repeat(201)), "the bounds of a reason"),
        ("reason", json!("two\nlines"), "the bounds of a reason"),
        ("reason", json!("r".repeat(5_000)), "too long"),
        ("surprise", json!(1), "cannot be read"),
    ] {
        let mut record = good.clone();
        record[name] = value;
        let record = record.to_string();
        let error = decode_operator_hold(Account::default(), record.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("no operator's hold of a journal: ") && error.contains(what), "{error}");
        let place = Place::new();
        let mut store = place.open();
        store.write(&[Put::Account(account(1))], NOW).unwrap();
        store.close().unwrap();
        set(&place.journal(), HOLD, Some(record.as_bytes()));
        let mut store = place.open();
        let newer = what == "a newer version";
        let kind = store.restore(NOW).unwrap_err().kind().clone();
        assert_eq!(matches!(kind, JournalErrorKind::TooNew { .. }), newer, "{kind:?}");
        assert_eq!(kind == JournalErrorKind::AccountDamaged, !newer);
        store.write(&[Put::Account(Account::default())], NOW).unwrap();
        assert_eq!(restored(&mut store), Account::default());
    }
}

#[test]
fn an_operators_hold_is_told_with_its_reason() {
    let shown: Value = serde_json::from_str(&account_to_json(&held(NOW + 5, None))).unwrap();
    assert_eq!(
        shown["account"]["operator_hold"],
        json!({"until_ms": NOW + 5, "reason": "their \"maintenance\""})
    );
    assert_eq!(encode_operator_hold(&account(1)).unwrap(), None);
    assert!(encode_account(&held(NOW, None)).is_ok());
}
