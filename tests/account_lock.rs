//! That an account has one client on a machine: who comes second is told who has it, and whatever lies where the lock should
//! be, nothing is followed, believed or spoilt.
#![cfg(feature = "net")]

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rrp::Client;
use rrp::client::{Builder, Holder, StartError};
use rrp::command::Session;
use rrp::journal::{BoxFuture, Journal, JournalError, JournalErrorKind, JournalStage, Memory, Restored};
use tempfile::{TempDir, tempdir};

const HOST: &str = "registry.example.com:2001";

/// 2026-01-01, and a second of it.
const WALL: u64 = 1_767_225_601_999;

fn builder(directory: &Path, endpoint: &str, login: &str) -> Builder {
    Client::builder(endpoint.parse().unwrap())
        .login(Session::login(login, "s3same".to_owned()).unwrap())
        .account_lock(directory)
        .wall_clock(|| WALL)
}

async fn begin(directory: &Path, endpoint: &str, login: &str) -> Result<Client, StartError> {
    builder(directory, endpoint, login).connect().await
}

/// The holder, if that is why it does not begin and if it is known.
async fn holder(directory: &Path) -> Option<Holder> {
    match begin(directory, HOST, "registrar").await {
        Err(StartError::AccountLocked { holder, .. }) => holder,
        other => panic!("{other:?}"),
    }
}

/// Whoever comes next has it.
async fn is_free(directory: &Path) -> bool {
    match begin(directory, HOST, "registrar").await {
        Ok(client) => {
            client.shutdown().await;
            true
        }
        Err(_) => false,
    }
}

/// Where the lock of the account lies, in a new directory.
async fn place() -> (TempDir, PathBuf) {
    let directory = tempdir().unwrap();
    assert!(is_free(directory.path()).await);
    let path = fs::read_dir(&directory).unwrap().next().unwrap().unwrap().path();
    (directory, path)
}

#[tokio::test]
async fn a_second_client_of_a_process_is_told_so_until_the_first_one_has_ended() {
    let directory = tempdir().unwrap();
    let client = begin(directory.path(), HOST, "registrar").await.unwrap();
    let error = begin(directory.path(), HOST, "registrar").await.unwrap_err();
    let text = error.to_string();
    let begins =
        "client: account `registrar` at `registry.example.com` is in use by this process (`account_lock-";
    assert!(text.starts_with(begins) && text.ends_with(", since 2026-01-01 00:00:01 UTC"), "{text}");
    let StartError::AccountLocked { account, holder: Some(holder), path } = error else {
        panic!("{error:?}")
    };
    assert_eq!((account.host(), account.account()), ("registry.example.com", "registrar"));
    assert_eq!((holder.pid(), holder.since()), (std::process::id(), WALL / 1_000));
    assert!(holder.is_this_process() && holder.program().starts_with("account_lock-"));
    assert_eq!(path.parent(), Some(directory.path()));
    // Nothing but the end of the client gives it free, and at once.
    let other = client.clone();
    drop(client);
    assert!(!is_free(directory.path()).await);
    other.shutdown().await;
    assert!(is_free(directory.path()).await);
    assert_eq!(fs::read(path).unwrap(), b"");
}

#[tokio::test]
async fn who_takes_no_lock_heeds_none() {
    let directory = tempdir().unwrap();
    let client = begin(directory.path(), HOST, "registrar").await.unwrap();
    let other = builder(directory.path(), HOST, "registrar").without_account_lock().connect().await.unwrap();
    assert!(!is_free(directory.path()).await);
    other.shutdown().await;
    assert!(!is_free(directory.path()).await);
    client.shutdown().await;
}

#[tokio::test]
async fn a_runtime_that_goes_away_leaves_no_lock() {
    let directory = tempdir().unwrap();
    let path = directory.path().to_owned();
    let gone = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(begin(&path, HOST, "registrar")).unwrap()
    });
    let client = gone.join().unwrap();
    assert!(is_free(directory.path()).await);
    drop(client);
}

#[tokio::test]
async fn a_client_that_does_not_begin_leaves_no_lock() {
    /// What cannot be read.
    struct Unreadable;

    impl Journal for Unreadable {
        fn restore(&self, wall: u64) -> BoxFuture<'static, Result<Restored, JournalError>> {
            let _ = wall;
            Box::pin(async { Err(JournalError::new(JournalStage::Restore, JournalErrorKind::Io)) })
        }

        fn write(
            &self,
            puts: Vec<rrp::dispatch::Put>,
            wall: u64,
        ) -> BoxFuture<'static, Result<(), JournalError>> {
            Memory::new([0; 32]).write(puts, wall)
        }
    }

    let directory = tempdir().unwrap();
    let error = builder(directory.path(), HOST, "registrar").journal(Unreadable).connect().await.unwrap_err();
    assert!(matches!(error, StartError::Journal(_)), "{error:?}");
    assert!(is_free(directory.path()).await);
}

#[tokio::test]
async fn an_account_is_a_host_and_a_login_and_on_loopback_a_port() {
    let same = [
        ("registry.example.com:2001", "Registry.EXAMPLE.com.:2001"),
        ("registry.example.com:2001", "registry.example.com:648"),
        ("192.0.2.1:2001", "192.0.2.1:2002"),
        ("[2001:db8::1]:2001", "[2001:DB8:0::1]:2002"),
        ("127.0.0.1:2001", "127.0.0.1:2001"),
        ("LOCALHOST:2001", "localhost:2001"),
    ];
    let others = [
        ("registry.example.com:2001", "registry.example.net:2001"),
        ("127.0.0.1:2001", "127.0.0.1:2002"),
        ("127.8.8.8:2001", "127.8.8.8:2002"),
        ("[::1]:2001", "[::1]:2002"),
        ("[::ffff:127.0.0.1]:2001", "[::ffff:127.0.0.1]:2002"),
        ("localhost:2001", "localhost:2002"),
    ];
    for (conflict, pairs) in [(true, same), (false, others)] {
        for (one, other) in pairs {
            let directory = tempdir().unwrap();
            let first = begin(directory.path(), one, "registrar").await.unwrap();
            let second = begin(directory.path(), other, "registrar").await;
            assert_eq!(second.is_err(), conflict, "{one} {other}");
            let third = begin(directory.path(), other, "another").await.unwrap();
            for client in [Ok(first), second, Ok(third)].into_iter().flatten() {
                client.shutdown().await;
            }
        }
    }
}

#[tokio::test]
async fn a_file_name_is_short_and_tells_the_host_and_no_login() {
    let long = format!("{}.example.com", ["registry-with-a-long-name"; 8].join("."));
    for (endpoint, begins) in [
        (HOST, "rrp-registry.example.com-"),
        ("[::1]:2001", "rrp-___1__2001-"),
        (long.as_str(), "rrp-registry-with-a-long-name.registry-"),
    ] {
        let directory = tempdir().unwrap();
        begin(directory.path(), endpoint, "registrar").await.unwrap().shutdown().await;
        let file = fs::read_dir(&directory).unwrap().next().unwrap().unwrap();
        let name = file.file_name().into_string().unwrap();
        assert!(name.starts_with(begins) && name.ends_with(".lock") && name.len() < 100, "{name}");
        assert!(!name.contains("registrar") && !name.contains([':', '[']), "{name}");
    }
}

/// What is read of a file whose lock somebody has, as long as it is this.
#[tokio::test]
async fn what_is_no_holder_is_not_told_as_one() {
    let (directory, path) = place().await;
    let locked = File::options().read(true).write(true).open(&path).unwrap();
    locked.lock().unwrap();
    let pid = std::process::id();
    let whole = format!("pid {pid} program rrp since 1767225601 instance 0000000000000007\n");
    fs::write(&path, &whole).unwrap();
    let error = begin(directory.path(), HOST, "registrar").await.unwrap_err();
    // The number is ours, and the rest is not: the process of another container.
    let says = format!("is in use by process {pid} (`rrp`), since 2026-01-01 00:00:01 UTC");
    assert!(error.to_string().ends_with(&says), "{error}");
    let huge = format!("{whole}{}", "x".repeat(1 << 20));
    let no_numbers = whole.replace("1767225601", "1767225601.5");
    let control = whole.replace("rrp", "\u{1b}[31mrrp");
    let twice = whole.repeat(2);
    for content in ["", "\n", "4711\n", &whole[..whole.len() - 1], &huge, &no_numbers, &control, &twice] {
        fs::write(&path, content).unwrap();
        let error = begin(directory.path(), HOST, "registrar").await.unwrap_err();
        let says = format!("is in use by somebody who holds `{}`", path.display());
        assert!(error.to_string().ends_with(&says), "{content:.80?}: {error}");
    }
    fs::write(&path, b"pid 1 program \xff since 1 instance 1\n").unwrap();
    assert_eq!(holder(directory.path()).await, None);
    // A process that is not there any more, and whoever has it now could not write.
    if cfg!(target_os = "linux") {
        fs::write(&path, whole.replace(&format!("pid {pid} "), "pid 4294967295 ")).unwrap();
        assert_eq!(holder(directory.path()).await, None);
    }
    // Free, it is nobody's, whatever it says.
    fs::write(&path, &huge).unwrap();
    locked.unlock().unwrap();
    assert!(is_free(directory.path()).await);
    assert_eq!(fs::read(&path).unwrap(), b"");
}

/// Why there is no lock at all.
async fn trouble(directory: &Path) -> String {
    let error = match begin(directory, HOST, "registrar").await {
        Err(error @ StartError::Lock(_)) => error,
        other => panic!("{other:?}"),
    };
    let StartError::Lock(lock) = &error else { panic!("{error:?}") };
    assert_eq!(lock.path().parent(), Some(directory));
    let cause = lock.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}: {}{cause}", error.source().unwrap())
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_told_with_its_path() {
    let directory = tempdir().unwrap();
    let missing = directory.path().join("missing");
    let text = trouble(&missing).await;
    let begins = format!("client: account not locked: account lock `{}", missing.display());
    assert!(text.starts_with(&begins) && text.contains("not taken: No such file"), "{text}");
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(trouble(&file).await.contains("Not a directory"));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::os::unix::process::CommandExt;

    #[tokio::test]
    async fn what_is_no_plain_file_is_neither_followed_nor_written() {
        let (directory, path) = place().await;
        let victim = directory.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        for plant in [
            &|| symlink(&victim, &path).unwrap(),
            &|| symlink(directory.path().join("missing"), &path).unwrap(),
            &|| fs::hard_link(&victim, &path).unwrap(),
            &|| fs::create_dir(&path).unwrap(),
        ] as [&dyn Fn(); 4]
        {
            if path.symlink_metadata().is_ok() {
                fs::remove_file(&path).unwrap();
            }
            plant();
            let text = trouble(directory.path()).await;
            assert!(text.ends_with("it is no plain file with one name"), "{text}");
            assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
            assert!(!directory.path().join("missing").exists());
        }
    }

    #[tokio::test]
    async fn a_file_that_is_replaced_is_no_lock_any_more() {
        let (directory, path) = place().await;
        let first = begin(directory.path(), HOST, "registrar").await.unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "").unwrap();
        // Who cleans up a directory takes the lock away with it: what is held is not at the path, and the new one is free.
        let second = begin(directory.path(), HOST, "registrar").await.unwrap();
        let whose = fs::read(&path).unwrap();
        first.shutdown().await;
        assert_eq!(fs::read(&path).unwrap(), whose);
        assert!(!is_free(directory.path()).await);
        second.shutdown().await;
    }

    #[tokio::test]
    async fn all_users_may_read_it_and_its_owner_alone_may_write_it() {
        let (_directory, path) = place().await;
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o644);
    }

    /// As root: a child of another user meets a file that it cannot write.
    #[tokio::test]
    async fn another_users_file_is_locked_without_being_written() {
        let (directory, path) = place().await;
        fs::set_permissions(&directory, PermissionsExt::from_mode(0o1777)).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o444)).unwrap();
        let nobody = fs::metadata(&path).unwrap().uid() == 0;
        let mut command = Keeper::command(directory.path());
        if nobody {
            command.uid(65_534);
        }
        let Ok(keeper) = Keeper::of(&mut command) else {
            assert!(nobody, "the test itself may be started");
            return;
        };
        // What it found is still there.
        assert_eq!(fs::read(&path).unwrap(), b"");
        assert_eq!(holder(directory.path()).await, None);
        keeper.end();
        assert!(is_free(directory.path()).await);
    }
}

/// Where the child is to hold the account.
const ASKED: &str = "RRP_TEST_ACCOUNT_LOCK";

/// A process that holds the account until it is told to end.
struct Keeper(Child, ChildStdin, BufReader<ChildStdout>);

impl Keeper {
    fn command(directory: &Path) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "keeper", "--nocapture"]).env(ASKED, directory);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    /// Started, and it has the lock.
    fn of(command: &mut Command) -> std::io::Result<Self> {
        let mut child = command.spawn()?;
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut output = BufReader::new(output);
        let held = output.by_ref().lines().map_while(Result::ok).any(|line| line == "held");
        assert!(held, "it said nothing");
        Ok(Self(child, input, output))
    }

    fn end(mut self) {
        drop(self.1);
        std::io::copy(&mut self.2, &mut std::io::sink()).unwrap();
        assert!(self.0.wait().unwrap().success());
    }
}

/// No test, but what a child of a test does.
#[test]
fn keeper() {
    let Some(directory) = std::env::var_os(ASKED) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = begin(Path::new(&directory), HOST, "registrar").await.unwrap();
        println!("\nheld");
        std::io::stdout().flush().unwrap();
        // Until the other end is closed.
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
        client.shutdown().await;
    });
}

#[tokio::test]
async fn a_second_process_is_told_who_holds_it_until_that_ends_or_is_killed() {
    let (directory, path) = place().await;
    let keeper = Keeper::of(&mut Keeper::command(directory.path())).unwrap();
    let pid = keeper.0.id();
    let error = begin(directory.path(), HOST, "registrar").await.unwrap_err().to_string();
    let says = format!("is in use by process {pid} (`account_lock-");
    assert!(error.contains(&says) && error.ends_with(", since 2026-01-01 00:00:01 UTC"), "{error}");
    let whose = holder(directory.path()).await.unwrap();
    assert!(whose.pid() == pid && !whose.is_this_process());
    keeper.end();
    assert!(is_free(directory.path()).await);

    let mut keeper = Keeper::of(&mut Keeper::command(directory.path())).unwrap();
    keeper.0.kill().unwrap();
    keeper.0.wait().unwrap();
    // What it said of itself is still there, and nobody has it.
    assert!(fs::read_to_string(&path).unwrap().starts_with(&format!("pid {} ", keeper.0.id())));
    let client = begin(directory.path(), HOST, "registrar").await.unwrap();
    assert!(holder(directory.path()).await.unwrap().is_this_process());
    client.shutdown().await;
}
