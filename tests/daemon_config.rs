//! The configuration of the daemon: what is read, what is refused and where, and that no secret comes out again.
#![cfg(feature = "daemon")]

use std::error::Error as _;

use rrp::daemon::{ChangeKind, Config, ConfigError, Part, Surroundings};
use rrp::net::Pin;

/// Planted wherever a secret may be.
const SECRET: &str = "hunter2-planted";

/// A hash of `secret`.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

fn surroundings() -> Surroundings {
    Surroundings::none()
        .variable("REGISTRY", SECRET)
        .variable("CREDENTIALS_DIRECTORY", "/run/credentials")
        .file("/run/credentials/registry", format!("{SECRET}\n"))
        .file("/etc/rrp/shop.password", SECRET)
}

/// The least that is of use, with this account and this user.
fn text(account: &str, user: &str) -> String {
    format!(
        "[account.main]\nserver = \"127.0.0.1:2001\"\nplain = true\nlogin = \"registrar\"\npassword-env = \"REGISTRY\"\n\
         {account}\n[user.shop]\npassword-file = \"shop.password\"\n{user}\n[[listen]]\nunix = \"rrp.sock\"\n"
    )
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, "/etc/rrp/rrp.toml", &surroundings())
}

/// The whole chain in a line.
fn refusal(text: &str) -> String {
    let error = parse(text).expect_err(text);
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        line = format!("{line}: {source}");
        next = source.source();
    }
    if let Some(fix) = error.fix() {
        line = format!("{line} ({fix})");
    }
    assert!(!line.contains(SECRET), "{line}");
    assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
    line
}

#[test]
fn what_is_shown_is_the_same_configuration_and_has_no_secret() {
    let all = text(
        "journal = \"main.redb\"\nrate = 0.5\nsessions = [1, 3]\nnegatives = [1, 0, \"250ms\"]\nkeepalive = 480\nsource = [\"127.0.0.2\"]",
        "lanes = [\"bulk\"]\ndeny = [\"Push*\"]\nbillable-per-day = 7\ncommands-per-second = 3",
    );
    let config = parse(&all).unwrap();
    assert_eq!(config.warnings(), [] as [&str; 0]);
    let shown = config.show();
    assert!(!shown.contains(SECRET) && !format!("{config:?}").contains(SECRET), "{shown}\n{config:?}");
    let again = parse(&shown).unwrap();
    assert_eq!(config.changes(&again), []);
    assert_eq!(again.show(), shown);
    for line in [
        "journal = \"/etc/rrp/main.redb\"",
        "rate = 0.5",
        "sessions = [1, 3]",
        "environment = \"simulated\"",
        "password-file = \"/etc/rrp/shop.password\"",
        "deny = [\"push*\"]",
        "lanes = [\"normal\", \"bulk\"]",
        "mode = \"0660\"",
        "drain = \"3m20s\"",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
}

#[test]
fn a_hash_is_shown_as_little_as_a_password() {
    let hashed = text("journal = \"memory\"", "")
        .replace("password-file = \"shop.password\"", &format!("password-hash = \"{HASH}\""));
    let config = parse(&hashed).unwrap();
    assert!(config.show().contains("# password-hash = \"***\""));
    assert!(!config.show().contains("argon2id") && !format!("{config:?}").contains("argon2id"));
}

#[test]
fn keys_may_be_written_with_underscores() {
    let config = parse(&text("settle_wait = 9\ndoubt_answer = \"close\"\njournal = \"memory\"", "")).unwrap();
    assert!(
        config.show().contains("settle-wait = \"9s\"") && config.show().contains("doubt-answer = \"close\"")
    );
    assert_eq!(
        refusal(&text("settle_wait = 9\nsettle-wait = 9", "")),
        "configuration: `/etc/rrp/rrp.toml`: line 7, column 15: `settle-wait` is said twice"
    );
    // Names are not settings.
    let named =
        text("", "").replace("[account.main]", "[account.main_2]").replace("[user.shop]", "[user.\"a_b@c\"]");
    let config = parse(&named).unwrap();
    assert_eq!(
        (config.accounts().collect::<Vec<_>>(), config.users().collect::<Vec<_>>()),
        (vec!["main_2"], vec!["a_b@c"])
    );
}

#[test]
fn every_refusal_points_at_its_line() {
    // What stands in line 6 of the account, and in line 9 of the user; and what is said about it.
    let account: &[(&str, &str)] = &[
        ("rate = 0", "`rate` is not a number of commands per second"),
        ("rate = \"fast\"", "`rate` is not a number of commands per second"),
        ("sessions = 0", "`sessions` is not a number of sessions"),
        ("sessions = [3, 1]", "`sessions` is not a number of sessions"),
        ("sessions = [1, 2, 3]", "this is not an array of two numbers"),
        ("settle-wait = \"soon\"", "`settle-wait` is not a time"),
        ("undelivered = \"2d\"", "`undelivered` is not from 0s to 1d"),
        ("doubt-answer = \"lie\"", "`doubt-answer`: `lie` is not one of `code`, `close`"),
        ("dialect = \"epp\"", "`dialect`: `epp` is not one of `xrrp`, `rfc`"),
        ("environment = \"prod\"", "`environment`: `prod` is not `ote`, `production` or `simulated`"),
        ("negatives = [1]", "`negatives` is not three times"),
        ("source = [\"here\"]", "`source`: `here`: invalid IP address syntax"),
        ("source = [\"127.0.0.1\", \"127.0.0.2\"]", "`source`: more than one IPv4 address"),
        ("pin = [\"sha256/x\"]", "`pin` and `plain`: there is no TLS then"),
        ("min-tls = \"1.3\"", "`min-tls` and `plain`: there is no TLS then"),
        ("password-file = \"x\"", "there is one password"),
        ("password-credential = \"../x\"", "there is one password"),
        ("ratte = 1", "unknown field `ratte`"),
        ("password = \"hunter2-planted\"", "`password` does not belong here (`password-file`"),
        ("plain-over-the-network = \"hunter2-planted\"", "invalid type: a text, expected a boolean"),
        ("journal = \"\"", "`journal` is no path"),
        ("keepalive = \"0s\"", "`keepalive` is not from 1s to 1d"),
        ("query-deadline = 0", "`query-deadline` is not from 1s to 7d"),
        ("ipv4 = true\nipv6 = 1", "invalid type: integer `1`, expected a boolean"),
    ];
    for (line, expected) in account {
        let told = refusal(&text(line, ""));
        let at = if line.contains('\n') { 7 } else { 6 };
        assert!(told.contains(&format!("`/etc/rrp/rrp.toml`: line {at}, column ")), "{line}: {told}");
        assert!(told.contains(expected), "{line}: {told}");
    }
    let user: &[(&str, &str)] = &[
        ("account = \"mian\"", "`account`: `mian` is no account of this file; it has `main`"),
        ("lane = \"settle\"", "`lane` is not `interactive`, `normal` or `bulk`"),
        ("lanes = [\"x\"]", "`lanes` is not `interactive`, `normal` or `bulk`"),
        ("commands-per-second = 0", "`commands-per-second` is not a number from 1 to 1000000"),
        ("billable-per-day = -1", "`billable-per-day` is not a number from 0"),
        ("connections = 0", "`connections` is not a number from 1"),
        ("allow = [\"Add Domain\"]", "`allow`: `Add Domain` is not the name of a command"),
        ("deny = [\"A*B\"]", "`deny`: `A*B` is not the name of a command"),
        ("password-hash = \"hunter2-planted\"", "`password-hash` and another source of the password"),
        ("colour = \"red\"", "unknown field `colour`"),
    ];
    for (line, expected) in user {
        let told = refusal(&text("", line));
        assert!(told.contains("`/etc/rrp/rrp.toml`: line 9, column "), "{line}: {told}");
        assert!(told.contains(expected), "{line}: {told}");
    }
    let good = text("", "");
    let others: &[(&str, &str, &str)] = &[
        ("server = \"127.0.0.1:2001\"\n", "", "line 1, column 1: `server` of account `main` is missing"),
        ("127.0.0.1:2001", "127.0.0.256", "line 2, column 10: `server`: `127.0.0.256`: host of the endpoint"),
        (
            "127.0.0.1:2001",
            "192.0.2.1",
            "line 2, column 10: `192.0.2.1` needs `environment = \"ote\" or \"production\"`",
        ),
        (
            "127.0.0.1:2001",
            "xrrp.rrpproxy.net",
            "line 2, column 10: `xrrp.rrpproxy.net` needs `environment = \"production\"`",
        ),
        ("plain = true", "plain = 1", "line 3, column 9: invalid type: integer `1`, expected a boolean"),
        ("login = \"registrar\"\n", "", "line 1, column 1: `login` of account `main` is missing"),
        ("login = \"registrar\"", "login = \"\"", "line 4, column 9: `login`: this cannot log in: "),
        (
            "password-env = \"REGISTRY\"\n",
            "",
            "line 1, column 1: account `main` has no password (`password-file`",
        ),
        (
            "\"REGISTRY\"",
            "\"REGISTRI\"",
            "line 5, column 16: `password-env`: `REGISTRI` is not set in the environment",
        ),
        (
            "\"shop.password\"",
            "\"gone\"",
            "line 8, column 17: `password-file`: cannot read `/etc/rrp/gone`: entity not found",
        ),
        ("password-file = \"shop.password\"\n", "", "line 7, column 1: user `shop` has no password"),
        (
            "unix = \"rrp.sock\"",
            "unix = 1",
            "line 11, column 8: invalid type: integer `1`, expected a string",
        ),
        (
            "unix = \"rrp.sock\"",
            "udp = 1",
            "line 11, column 1: unknown field `udp`, expected one of `unix`, `tcp`, `mode`",
        ),
        (
            "unix = \"rrp.sock\"",
            "tcp = \"here\"",
            "line 11, column 7: `tcp`: `here`: invalid socket address syntax",
        ),
        (
            "unix = \"rrp.sock\"",
            "mode = \"0660\"",
            "line 10, column 1: `[[listen]]` has either `unix`, a path, or `tcp`",
        ),
        (
            "unix = \"rrp.sock\"",
            "unix = \"a\"\nmode = 660",
            "line 12, column 8: `mode` is not the mode of a socket",
        ),
        (
            "unix = \"rrp.sock\"",
            "tcp = \"127.0.0.1:1\"\nowner = \"x\"",
            "line 12, column 9: `owner` is for sockets with a path",
        ),
        (
            "unix = \"rrp.sock\"",
            "unix = \"a\"\n[[listen]]\nunix = \"a\"",
            "line 12, column 1: this is listened to already",
        ),
        (
            "unix = \"rrp.sock\"",
            "unix = \"a\"\n[metrics]\nlisten = \"192.0.2.1:80\"",
            "line 13, column 10: `listen`: `192.0.2.1:80` is not on this machine",
        ),
        (
            "unix = \"rrp.sock\"",
            "unix = \"a\"\n[limits]\nlogins = 0",
            "line 13, column 10: `logins` is not a number from 1 to 64",
        ),
        (
            "unix = \"rrp.sock\"",
            "unix = \"a\"\n[limits]\nline = 999999",
            "line 13, column 8: `line` is larger than `request`",
        ),
        (
            "unix = \"rrp.sock\"",
            "unix = \"a\"\n[log]\nlevel = \"loud\"",
            "line 13, column 9: `level`: `loud` is not one of `error`",
        ),
        (
            "unix = \"rrp.sock\"",
            "unix = \"a\"\n[admin]\nread-only = []",
            "line 12, column 1: missing field `socket`",
        ),
        ("[account.main]", "[[account.main]]", "line 1, column "),
        ("plain = true", "plain = ", "line 3, column "),
        ("[account.main]", "", "line 4, column 1: unknown field `login`"),
    ];
    for (from, to, expected) in others {
        assert!(good.contains(from), "{from}");
        let told = refusal(&good.replacen(from, to, 1));
        assert!(told.contains(expected), "{from} -> {to}: {told}");
    }
    assert!(refusal("").contains("`/etc/rrp/rrp.toml`: there is no account"));
}

#[test]
fn a_password_comes_out_of_a_file_a_credential_or_a_variable() {
    for source in ["password-credential = \"registry\"", "password-file = \"shop.password\""] {
        parse(&text("", "").replace("password-env = \"REGISTRY\"", source)).unwrap();
    }
    let credential =
        text("", "").replace("password-env = \"REGISTRY\"", "password-credential = \"registry\"");
    let nowhere = Surroundings::none();
    let told = Config::parse(&credential, "rrp.toml", &nowhere).unwrap_err();
    assert_eq!(
        (told.line(), told.what()),
        (Some(5), "`password-credential`: `CREDENTIALS_DIRECTORY` is not set")
    );
    for (content, expected) in [
        (&b""[..], "is empty"),
        (b"\n", "is empty"),
        (b"hunter2-planted\nhunter2-planted\n", "is more than one line"),
        (b"hunter2-planted\xff", "is not UTF-8"),
    ] {
        let surroundings = surroundings().file("/etc/rrp/shop.password", content);
        let error = Config::parse(&text("", ""), "/etc/rrp/rrp.toml", &surroundings).unwrap_err();
        assert!(error.what().contains(expected) && error.line() == Some(8), "{error}");
        assert!(!format!("{error:?}").contains(SECRET));
    }
}

#[test]
fn what_is_allowed_and_not_good_is_warned_of() {
    let warnings = |text: &str| parse(text).unwrap().warnings().join("\n");
    let none = warnings(&text("", ""));
    assert!(
        none.contains(
            "`/etc/rrp/rrp.toml`: line 1, column 1: account `main` has no `journal`: its writes are refused"
        ),
        "{none}"
    );
    assert!(
        warnings(&text("journal = \"memory\"", ""))
            .contains("line 6, column 11: `journal = \"memory\"`: a crash forgets")
    );
    assert!(warnings(&text("journal = \"/run/rrp/x.redb\"", "")).contains("nothing survives a restart"));
    assert!(
        warnings(&format!("drain = 5\n{}", text("", "")))
            .contains("line 1, column 9: `drain` is shorter than the 3m")
    );
    let open = text("", "").replace("unix = \"rrp.sock\"", "tcp = \"0.0.0.0:6490\"");
    assert!(warnings(&open).contains("beyond this machine"));
    let any = text("", "").replace("plain = true", "accept-any-certificate = true");
    assert!(warnings(&any).contains(
        "line 3, column 26: `accept-any-certificate`: whoever answers at `127.0.0.1:2001` is believed"
    ));
    let nobody = parse(
        "[account.a]\nserver = \"localhost\"\nplain = true\nlogin = \"a\"\npassword-env = \"REGISTRY\"",
    )
    .unwrap();
    assert!(nobody.warnings().iter().any(|warning| warning.contains("nobody can log in")));
    assert!(nobody.warnings().iter().any(|warning| warning.contains("no `[[listen]]`")));
}

#[test]
fn whoever_answers_is_believed_beyond_this_machine_only_if_that_is_accepted() {
    let far = |more: &str| {
        text("environment = \"ote\"", "")
            .replace("127.0.0.1:2001", "rrp.example.com")
            .replace("plain = true", more)
    };
    for setting in ["accept-any-certificate", "plain-over-the-network"] {
        let config = parse(&far(&format!("{setting} = true"))).unwrap();
        let [unverified] = config.unverified() else { panic!("{setting}") };
        assert_eq!((unverified.account(), unverified.endpoint().host()), ("main", "rrp.example.com"));
        let pin = Pin::from_sha256([7; 32]);
        let error = unverified.refusal(Some(pin));
        assert_eq!(error.line(), Some(3));
        assert!(error.what().starts_with(&format!(
            "`{setting}` of account `main`: anyone on the way to `rrp.example.com:2001`"
        )));
        let fix = error.fix().unwrap();
        assert!(
            fix.contains(&format!("`pin = [\"{pin}\"]`")) && fix.contains("accept-unverified-upstream"),
            "{fix}"
        );
        assert!(unverified.refusal(None).fix().unwrap().contains("accept-unverified-upstream"));
        let accepted = parse(&far(&format!("{setting} = true\naccept_unverified_upstream = true"))).unwrap();
        assert!(accepted.unverified().is_empty());
        assert!(accepted.warnings().iter().any(|warning| warning.contains("is believed")));
    }
    let pinned = format!("pin = [\"{}\"]", Pin::from_sha256([7; 32]));
    assert!(parse(&far(&pinned)).unwrap().unverified().is_empty());
    assert!(
        refusal(&far("plain = true").replace("rrp.example.com", "192.0.2.1"))
            .contains("`plain`: to this machine only")
    );
    assert!(refusal(&far(&format!("accept-any-certificate = true\n{pinned}"))).contains("excludes `pin`"));
}

#[test]
fn the_environment_must_be_said_and_must_not_contradict_the_host() {
    let at = |host: &str, environment: &str| {
        let pin = format!("pin = [\"{}\"]", Pin::from_sha256([7; 32]));
        text(environment, "").replace("127.0.0.1:2001", host).replace("plain = true", &pin)
    };
    for (host, environment) in [
        ("xrrp.rrpproxy.net", "environment = \"production\""),
        ("xrrp-ote.rrpproxy.net", "environment = \"ote\""),
        ("rrp.example.com", "environment = \"ote\""),
        ("localhost", ""),
        ("localhost", "environment = \"production\""),
    ] {
        parse(&at(host, environment)).unwrap();
    }
    let told = refusal(&at("xrrp.rrpproxy.net", "environment = \"ote\""));
    assert!(
        told.contains("line 6, column 15: `environment` says ote, and `xrrp.rrpproxy.net` is production"),
        "{told}"
    );
    refusal(&at("rrp.example.com", "environment = \"simulated\""));
    refusal(&at("rrp.example.com", ""));
}

#[test]
fn a_reload_is_told_setting_by_setting() {
    let old = text("journal = \"memory\"", "lane = \"bulk\"");
    let config = parse(&old).unwrap();
    let change = |from: &str, to: &str| {
        let changes = config.changes(&parse(&old.replacen(from, to, 1)).unwrap());
        changes.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(change("", ""), [] as [&str; 0]);
    assert_eq!(
        change("\"memory\"", "\"memory\"\nrate = 2\nsessions = 2"),
        ["account `main`: sessions, rate"]
    );
    assert_eq!(change("lane = \"bulk\"", ""), ["user `shop`: lane, lanes"]);
    assert_eq!(change("lane = \"bulk\"", "lane = \"bulk\"\nconnections = 3"), ["user `shop`: connections"]);
    assert_eq!(change("[user.shop]", "[user.shop2]"), ["user `shop`: removed", "user `shop2`: added"]);
    assert_eq!(
        change("unix = \"rrp.sock\"", "tcp = \"127.0.0.1:1\""),
        ["listen `unix:/etc/rrp/rrp.sock`: removed", "listen `tcp:127.0.0.1:1`: added"]
    );
    assert_eq!(
        change("unix = \"rrp.sock\"", "unix = \"rrp.sock\"\nmode = \"0600\""),
        ["listen `unix:/etc/rrp/rrp.sock`: mode"]
    );
    assert_eq!(
        change("[account", "drain = 300\n[log]\nlevel = \"debug\"\n[limits]\nlogins = 3\n[account"),
        ["daemon: drain", "log: level", "limits: logins"]
    );
    // The same file with another password in it.
    let changed = surroundings().file("/etc/rrp/shop.password", "another").variable("REGISTRY", "another");
    let changes = config.changes(&Config::parse(&old, "/etc/rrp/rrp.toml", &changed).unwrap());
    let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["account `main`: password-env", "user `shop`: password-file"]);
    assert_eq!((changes[0].kind(), changes[0].settings()), (ChangeKind::Changed, &["password-env"][..]));
    assert_eq!(*changes[1].part(), Part::User("shop".into()));
    assert!(!format!("{changes:?}").contains("another"));
}

#[test]
fn the_example_says_all_that_can_be_said() {
    let text = include_str!("../dist/rrp.toml");
    let surroundings =
        Surroundings::none().variable("CREDENTIALS_DIRECTORY", "/c").file("/c/registry", SECRET);
    // Without the CAs of a machine.
    let pinned = text.replace("#pin = [\"sha256/…\"]", &format!("pin = [\"{}\"]", Pin::from_sha256([7; 32])));
    let config = Config::parse(&pinned, "/etc/rrp/rrp.toml", &surroundings).unwrap();
    assert_eq!(config.warnings(), [] as [&str; 0]);
    // What is commented out is a default, unless nothing is one.
    let shown = config.show();
    let without_default = [
        "file",
        "read-write",
        "read-only",
        "owner",
        "password-file",
        "password-env",
        "ca-file",
        "ca-path",
        "pin",
        "server-name",
        "client-certificate",
        "client-key",
        "accept-any-certificate",
        "plain",
        "plain-over-the-network",
        "accept-unverified-upstream",
        "source",
        "ipv4",
        "ipv6",
        "timeout",
        "keepalive",
        "lock",
        "negatives",
        "commands-per-second",
        "billable-per-day",
        "connections",
        "allow",
        "deny",
    ];
    let mut seen = Vec::new();
    for line in text.lines().map(|line| line.split("  #").next().unwrap_or(line).trim()) {
        let Some((key, _)) = line.split_once(" = ") else { continue };
        seen.push(key.trim_start_matches('#').to_owned());
        let Some(setting) = line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')) else { continue };
        let key = setting.split(' ').next().unwrap();
        if !without_default.contains(&key) {
            assert!(shown.lines().any(|shown| shown == setting), "`{setting}` is not the default\n{shown}");
        }
    }
    // Everything that there is stands in it: the reader tells what it knows.
    for section in [
        "",
        "[log]",
        "[limits]",
        "[[listen]]",
        "[account.a]",
        "[user.a]",
        "[admin]\nsocket = \"x\"",
        "[metrics]\nlisten = \"x\"",
    ] {
        let told = refusal(&format!("{section}\nnothing = 1"));
        let known = told.split("expected ").nth(1).unwrap();
        for key in known.split('`').skip(1).step_by(2) {
            let table = ["log", "admin", "metrics", "limits", "listen", "account", "user"].contains(&key);
            assert!(table || seen.iter().any(|seen| seen == key), "`{key}` of `{section}`");
        }
    }
}

/// What a server shows is what the message says to use.
#[cfg(feature = "sim-server")]
#[tokio::test]
async fn the_pin_to_use_instead_is_asked_for() {
    use rrp::net::{Connector, Tls};
    use rrp::sim::server::{Listen, Server};

    let registry = rrp::sim::Registry::new(rrp::sim::Config::new(), Server::now());
    let server = Server::start(registry, Listen::tls("127.0.0.1:0".parse().unwrap())).await.unwrap();
    let endpoint = server.address().to_string().parse().unwrap();
    let any = Connector::tls(Tls::danger_accept_any_certificate());
    let pin = rrp::daemon::pin_of(&endpoint, &any).await.unwrap();
    // A connector without TLS is of no use for that, and another one is taken.
    let plain = Connector::plain().allow_plain_text_over_the_network();
    assert_eq!(rrp::daemon::pin_of(&endpoint, &plain).await.unwrap(), pin);
    let pinned = Connector::tls(Tls::pinned_key_only([pin]).unwrap());
    assert!(pinned.connect(&endpoint).await.unwrap().tls().unwrap().verified());
}
