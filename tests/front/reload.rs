//! What a reload holds against: what runs, and not what was read last.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rrp::daemon::{Config, Control, Hooks, run};
use rrp::sim::server::{Listen, Server};
use rrp::sim::{self, Registrar};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc;

use super::{ask, code};

/// Asks once, on a connection of its own.
async fn once(path: &Path) -> String {
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream.write_all(b"desk\nsecret\n").await.unwrap();
    stream.read_exact(&mut [0; 15]).await.unwrap();
    ask(&mut stream, "command=CheckDomain\ndomain=example.com").await
}

#[tokio::test]
async fn a_password_is_used_whatever_else_has_changed() {
    let registry = sim::Config::new().registrar(Registrar::new("registrar", "password"));
    let registry = sim::Registry::new(registry, Server::now());
    let registry = Server::start(registry, Listen::plain("127.0.0.1:0".parse().unwrap())).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let (path, socket) = (directory.path().display().to_string(), directory.path().join("front.sock"));
    let write = |name: &str, content: &str| {
        let file = directory.path().join(name);
        fs::write(&file, content).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    };
    let address = registry.address();
    let config = |settings: &str| {
        let text = format!(
            "[[listen]]\nunix = '{path}/front.sock'\n[user.desk]\npassword-file = '{path}/user'\n[account.main]\n\
             server = '{address}'\nlogin = 'registrar'\npassword-file = '{path}/account'\nplain = true\n\
             rate = 'unlimited'\njournal = 'memory'\nlock = '{path}'\n{settings}\n"
        );
        write("rrp.toml", &text);
    };
    write("user", "secret");
    write("account", "wrong");
    config("");
    let file = directory.path().join("rrp.toml");
    let mut hooks = Hooks::default();
    let again = file.clone();
    hooks.reload = Box::new(move || Config::load(&again).map_err(Into::into));
    let (control, asked) = mpsc::channel(1);
    let daemon = tokio::spawn(run(Config::load(&file).unwrap(), hooks, asked));
    while !socket.exists() {
        tokio::task::yield_now().await;
    }
    let told = once(&socket).await;
    assert!(code(&told) == "421" && told.contains("= login-refused\n"), "{told}");
    // The one wants a restart, and the other holds at once.
    write("account", "password");
    config("settle-wait = '30s'");
    control.send(Control::Reload).await.unwrap();
    while code(&once(&socket).await) != "210" {}
    control.send(Control::Drain).await.unwrap();
    daemon.await.unwrap().unwrap();
}
