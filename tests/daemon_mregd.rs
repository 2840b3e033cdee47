//! The vendor's configuration, taken as it stands.
#![cfg(feature = "daemon")]

use rrp::daemon::{Config, Surroundings};

const SECRET: &str = "hunter2-planted";

/// The vendor's sample with what must be filled in.
const SAMPLE: &str = "\
### mregd config ###

mregd_host\t\t127.0.0.1
mregd_port\t\t2001

mregd_login       registrar
mregd_password    hunter2-planted

# Local socket for clients
#port        /tmp/mregd.service|unix
mregd_socket_username\tcommand
mregd_socket_password\thunter2-planted

#max_servers   2
";

fn parse(text: &str, surroundings: &Surroundings) -> Result<(Config, String), String> {
    match Config::from_mregd(text, "/etc/mregd.conf", surroundings) {
        Ok(found) => {
            let toml = found.toml().to_owned();
            let shown = format!("{toml}{found:?}{}", found.config().show());
            assert!(!shown.contains(SECRET), "{shown}");
            Ok((found.into_config(), toml))
        }
        Err(error) => {
            assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
            Err(error.fix().map_or_else(|| error.to_string(), |fix| format!("{error} ({fix})")))
        }
    }
}

/// Nothing in the environment; no CAs are needed.
fn pinned() -> Surroundings {
    Surroundings::none().variable("RRP_PIN", "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
}

#[test]
fn the_sample_is_served_as_it_stands() {
    let (config, toml) = parse(SAMPLE, &pinned()).unwrap();
    for line in [
        "server = \"127.0.0.1:2001\"",
        "login = \"registrar\"",
        "password-file = \"/etc/rrp/registry.password\"",
        "sessions = [0, 2]",
        "rate = 1",
        "keepalive-command = \"ptf-describe\"",
        "journal = \"/var/lib/rrp/mregd.redb\"",
        "unix = \"/tmp/mregd.service\"",
        "mode = \"0666\"",
        "[user.command]",
        "format = \"mregd\"",
    ] {
        assert!(toml.lines().any(|found| found == line), "{line}\n{toml}");
    }
    assert_eq!(config.users().collect::<Vec<_>>(), ["command"]);
    // What is printed is what is served.
    let surroundings =
        pinned().file("/etc/rrp/registry.password", SECRET).file("/etc/rrp/socket.password", SECRET);
    let again = Config::parse(&toml, "/etc/mregd.conf", &surroundings).unwrap();
    assert_eq!(config.changes(&again), []);
}

#[test]
fn the_environment_overrides_the_file_and_is_enough_alone() {
    let all = pinned()
        .variable("MREGD_XRRP_HOST", "xrrp-ote.rrpproxy.net")
        .variable("MREGD_XRRP_PORT", "3001")
        .variable("MREGD_XRRP_LOGIN", "other")
        .variable("MREGD_XRRP_PASSWORD", SECRET)
        .variable("MREGD_KEEPALIVE_INTERVAL", "580")
        .variable("MREGD_SOCKET_PORT", "0.0.0.0:6490|tcp")
        .variable("MREGD_SOCKET_USERNAME", "a user")
        .variable("MREGD_SOCKET_PASSWORD", SECRET)
        .variable("MAX_SERVERS", "4")
        .variable("MIN_SERVERS", "9")
        .variable("LOG_LEVEL", "4")
        .variable("SSL_HOSTNAME", "other.example.com")
        .variable("STATE_DIRECTORY", "/var/lib/mine:/var/lib/other");
    for text in ["", SAMPLE] {
        let (config, toml) = parse(text, &all).unwrap();
        for line in [
            "server = \"xrrp-ote.rrpproxy.net:3001\"",
            "environment = \"ote\"",
            "login = \"other\"",
            "password-env = \"MREGD_XRRP_PASSWORD\"",
            "password-env = \"MREGD_SOCKET_PASSWORD\"",
            "keepalive = 580",
            "tcp = \"0.0.0.0:6490\"",
            "[user.\"a user\"]",
            "sessions = [4, 4]",
            "level = \"debug\"",
            "server-name = \"other.example.com\"",
            "journal = \"/var/lib/mine/mregd.redb\"",
        ] {
            assert!(toml.lines().any(|found| found == line), "{line}\n{toml}");
        }
        assert!(
            config.warnings().iter().any(|warning| {
                warning.starts_with("environment variable `MREGD_SOCKET_PORT`: `tcp` beyond this machine")
            }),
            "{:?}",
            config.warnings()
        );
    }
    let (_, toml) = parse(SAMPLE, &pinned().variable("RRP_JOURNAL", "memory")).unwrap();
    assert!(toml.contains("journal = \"memory\""));
}

#[test]
fn every_socket_of_mregd_is_understood() {
    let port = |said: &str| {
        parse(&format!("{SAMPLE}port {said}"), &pinned()).map(|(_, toml)| {
            let lines: Vec<&str> =
                toml.lines().filter(|line| line.starts_with("unix") || line.starts_with("tcp")).collect();
            lines.join("; ")
        })
    };
    for (said, expected) in [
        ("/tmp/a.sock|unix", "unix = \"/tmp/a.sock\""),
        ("/tmp/a.sock", "unix = \"/tmp/a.sock\""),
        ("localhost:6490|tcp", "tcp = \"127.0.0.1:6490\""),
        ("*:6490|tcp", "tcp = \"0.0.0.0:6490\""),
        ("6490", "tcp = \"0.0.0.0:6490\""),
        ("127.0.0.1:6490/tcp", "tcp = \"127.0.0.1:6490\""),
        ("[::1]:6490|tcp", "tcp = \"[::1]:6490\""),
        ("6490|tcp\nport /tmp/b|unix", "tcp = \"0.0.0.0:6490\"; unix = \"/tmp/b\""),
    ] {
        assert_eq!(port(said).as_deref(), Ok(expected), "{said}");
    }
    for said in ["example.com:6490|tcp", "x|tcp", "|unix", "1|udp", "127.0.0.1:99999|tcp"] {
        let told = port(said).unwrap_err();
        assert!(told.starts_with("configuration: `/etc/mregd.conf`: line 15: `port`: `"), "{said}: {told}");
    }
}

#[test]
fn what_has_no_meaning_is_told_and_what_is_unknown_is_refused() {
    let warnings = |more: &str| {
        let (config, _) = parse(&format!("{SAMPLE}{more}"), &pinned()).unwrap();
        config.warnings().join("\n")
    };
    for (line, expected) in [
        ("max_requests 10", "line 15: `max_requests` has no meaning here: nothing needs"),
        ("user daemon", "line 15: `user` has no meaning here: start the daemon as this user"),
        ("pid_file = /run/x", "line 15: `pid_file` has no meaning here"),
        ("syslog_logopt pid|cons", "line 15: `syslog_logopt` has no meaning here"),
        ("--setsid 1", "line 15: `setsid` has no meaning here"),
        ("log_file Sys::Syslog", "line 15: `log_file`: the log goes to standard error"),
        ("mregd_login other", "line 15: `mregd_login` is said before: the last one counts"),
        ("log_level 3 please", "line 15: `log_level`: what follows the first word is not read"),
        ("max_servers 9", "line 15: `max_servers`: the vendor allows an account five sessions"),
        ("SSL_verify_mode 0", "line 15: `SSL_verify_mode`: the server is checked all the same"),
        ("", "`/etc/mregd.conf`: every user of this machine can connect"),
    ] {
        let told = warnings(line);
        assert!(told.contains(expected), "{line}: {told}");
    }
    assert!(!warnings("log_level 3 # all").contains("log_level"));
    let refusal = |more: &str| parse(&format!("{SAMPLE}{more}"), &pinned()).unwrap_err();
    for (line, expected) in [
        ("colour red", "line 15: mregd has no setting `colour`"),
        (
            "ssl_verify_mode 1",
            "line 15: mregd has no setting `ssl_verify_mode`: did you mean `SSL_verify_mode`?",
        ),
        ("[section]", "line 15: this is neither `key value` nor a comment"),
        ("cidr_allow 10.0.0.0/8", "line 15: `cidr_allow` cannot be kept: who may connect"),
        ("chroot /x", "line 15: `chroot` cannot be kept"),
        ("max_servers many", "line 15: `max_servers` is not a number from 0 to 256"),
        ("mregd_port 0", "line 15: `mregd_host` and `mregd_port` are no endpoint"),
        ("SSL_verifycn_name -x-", "line 15, "),
        ("log_level 9", "line 15: `log_level` is not a number from 0 to 4"),
    ] {
        let told = refusal(line);
        // The place is that of the file, not that of the text which it was made into.
        assert!(told.contains(expected.trim_end_matches(", ")), "{line}: {told}");
    }
}

#[test]
fn what_mregd_needs_is_needed() {
    for key in [
        "mregd_host",
        "mregd_port",
        "mregd_login",
        "mregd_password",
        "mregd_socket_username",
        "mregd_socket_password",
    ] {
        // A key without a value says nothing, as in the vendor's sample.
        let text: Vec<&str> =
            SAMPLE.lines().map(|line| if line.starts_with(key) { key } else { line }).collect();
        let told = parse(&text.join("\n"), &pinned()).unwrap_err();
        assert!(
            told.starts_with(&format!(
                "configuration: `/etc/mregd.conf`: `{key}` is missing, and so is `MREGD_"
            )),
            "{told}"
        );
    }
    let far = SAMPLE.replace("127.0.0.1", "rrp.example.com");
    let told = parse(&far, &pinned()).unwrap_err();
    assert!(
        told.contains(
            "line 3: whether money is spent at `rrp.example.com` is not known (set `RRP_ENVIRONMENT`"
        ),
        "{told}"
    );
    parse(&far, &pinned().variable("RRP_ENVIRONMENT", "ote")).unwrap();
    let told = parse(&far, &pinned().variable("RRP_ENVIRONMENT", "prod")).unwrap_err();
    assert!(told.contains("environment variable `RRP_ENVIRONMENT`: "), "{told}");
}

#[test]
fn a_server_that_is_not_checked_must_be_accepted() {
    let text = SAMPLE.replace("127.0.0.1", "xrrp-ote.rrpproxy.net");
    let plain = Surroundings::none().variable("SSL_VERIFY_MODE", "0");
    let (config, _) = parse(&text, &plain).unwrap();
    let [unverified] = config.unverified() else { panic!("{:?}", config.unverified()) };
    assert!(
        unverified
            .refusal(None)
            .to_string()
            .starts_with("configuration: environment variable `SSL_VERIFY_MODE`: ")
    );
    let accepted = plain.variable("RRP_ACCEPT_UNVERIFIED_UPSTREAM", "1");
    assert!(parse(&text, &accepted).unwrap().0.unverified().is_empty());
    let told = parse(&text, &accepted.variable("RRP_ACCEPT_UNVERIFIED_UPSTREAM", "perhaps")).unwrap_err();
    assert!(told.contains("environment variable `RRP_ACCEPT_UNVERIFIED_UPSTREAM`"), "{told}");
    assert!(parse(&text, &pinned().variable("SSL_VERIFY_MODE", "0")).unwrap().0.unverified().is_empty());
}
