//! Which registry, as whom and how: flags, environment and file, and where the password may come from.
#![cfg(feature = "cli")]

use std::fs;

use rrp::sim::{Effect, Fault, Trigger};

use program::{PASSWORD, Said, Sim, USER, program, with_input};

#[path = "support/program.rs"]
mod program;

/// The program with this registry's address and CA, and no password.
fn without_password(sim: &Sim, args: &[&str]) -> std::process::Command {
    let mut program = sim.program(args);
    program.env_remove("RRP_PASSWORD");
    program
}

fn of(program: &mut std::process::Command) -> Said {
    Said::of(program.output().unwrap())
}

#[cfg(unix)]
fn only_for_us(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn without_a_password_nothing_is_sent() {
    let sim = Sim::new();
    let said = of(&mut without_password(&sim, &["check", "example.com"])).exits(2);
    assert_eq!(
        said.err,
        "rrp: options: no password\nhint: give it by --password-file FILE, --password-fd N, RRP_PASSWORD_FILE or \
         RRP_PASSWORD, or run it at a terminal\n"
    );
    // There is no such flag.
    let said =
        of(program(&["check", "example.com", "--password", PASSWORD]).env("RRP_SERVER", sim.address()));
    assert_eq!(said.exit, 2);
    assert_eq!(sim.server.registry().connections().len(), 0);
}

#[cfg(unix)]
#[test]
fn the_password_comes_from_a_file() {
    let sim = Sim::new();
    let path = sim.file("password");
    for content in [PASSWORD.to_owned(), format!("{PASSWORD}\n"), format!("{PASSWORD}\r\n")] {
        fs::write(&path, content).unwrap();
        only_for_us(&path);
        let mut program = without_password(&sim, &["check", "example.com"]);
        let said = of(program.arg("--password-file").arg(&path)).exits(0);
        assert_eq!(said.err, "");
        of(without_password(&sim, &["check", "example.com"]).env("RRP_PASSWORD_FILE", &path)).exits(0);
    }
    for (content, why) in [
        ("", "is empty"),
        ("\n", "is empty"),
        ("hunter22\n\n", "holds more than one line"),
        ("user\nhunter22", "holds more than one line"),
    ] {
        fs::write(&path, content).unwrap();
        let mut program = without_password(&sim, &["check", "example.com"]);
        of(program.arg("--password-file").arg(&path)).exits(2).says(why);
    }
    fs::write(&path, vec![b'x'; 5_000]).unwrap();
    let mut program = without_password(&sim, &["check", "example.com"]);
    of(program.arg("--password-file").arg(&path)).exits(2).says("holds more than a password");
    let mut program = without_password(&sim, &["check", "example.com", "--password-file", "/no/such"]);
    of(&mut program).exits(2).says("cannot read password file `/no/such`");
}

#[cfg(unix)]
#[test]
fn a_password_file_that_others_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let sim = Sim::new();
    let path = sim.file("password");
    fs::write(&path, PASSWORD).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let mut program = without_password(&sim, &["check", "example.com"]);
    of(program.arg("--password-file").arg(&path)).exits(0).says("can be read by others");
}

#[cfg(unix)]
#[test]
fn the_password_comes_from_a_descriptor() {
    let sim = Sim::new();
    let mut program = without_password(&sim, &["check", "example.com", "--password-fd", "0"]);
    with_input(&mut program, "hunter22\n").exits(0);
    // Not if the request comes there.
    let mut program = without_password(&sim, &["call", "-", "--password-fd", "0"]);
    with_input(&mut program, "hunter22\n").exits(2).says("both the request and the password");
    let mut program = without_password(&sim, &["check", "example.com", "--password-fd", "99"]);
    of(&mut program).exits(2).says("cannot read descriptor 99");
    let mut program =
        without_password(&sim, &["check", "a.com", "--password-fd", "0", "--password-file", "x"]);
    of(&mut program).exits(2).says("cannot be used with");
}

#[cfg(unix)]
#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let sim = Sim::new();
    let (wrong, right) = (sim.file("wrong"), sim.file("right"));
    fs::write(&wrong, "not this one").unwrap();
    fs::write(&right, PASSWORD).unwrap();
    only_for_us(&wrong);
    only_for_us(&right);
    let config = sim.file("rrp.toml");
    let text = |password: &str| {
        format!(
            "server = \"{}\"\nuser = \"nobody\"\nca-file = \"ca.pem\"\npassword-file = \"{password}\"\n",
            sim.address()
        )
    };
    fs::write(&config, text("right")).unwrap();
    let configured = |args: &[&str]| {
        let mut program = program(args);
        program.env("RRP_CONFIG", &config);
        program
    };
    // The file alone: the user is a wrong one.
    of(&mut configured(&["check", "example.com"])).exits(6).says("530");
    of(configured(&["check", "example.com"]).env("RRP_USER", USER)).exits(0);
    of(&mut configured(&["check", "example.com", "--user", USER])).exits(0);
    of(configured(&["check", "example.com", "--user", USER]).env("RRP_USER", "somebody")).exits(0);
    fs::write(&config, text("wrong")).unwrap();
    let user = ["check", "example.com", "--user", USER];
    of(&mut configured(&user)).exits(6);
    of(configured(&user).env("RRP_PASSWORD", PASSWORD)).exits(0);
    of(configured(&user).env("RRP_PASSWORD_FILE", &right)).exits(0);
    of(configured(&user).env("RRP_PASSWORD", "no").arg("--password-file").arg(&right)).exits(0);
    // What is empty is not set.
    of(configured(&user).env("RRP_PASSWORD", "").env("RRP_PASSWORD_FILE", &right)).exits(0);
}

#[test]
fn a_mistake_in_the_file_is_told_with_its_place() {
    let sim = Sim::new();
    let config = sim.file("rrp.toml");
    let path = config.to_string_lossy().into_owned();
    for (text, place) in [
        (
            "server = \"localhost\"\nuser = 5\n",
            "line 2, column 8: invalid type: integer `5`, expected a string",
        ),
        ("server = \"localhost\"\n\nsever = \"x\"\n", "line 3, column 1: unknown field `sever`"),
        ("server = \n", "line 1, column 10"),
        ("user = \"a\"\nuser = \"b\"\n", "line 2, column 1"),
        ("user = \"ä\" x", "line 1, column 1"),
    ] {
        fs::write(&config, text).unwrap();
        of(&mut program(&["check", "example.com", "--config", &path]))
            .exits(2)
            .says(&format!("`{path}`: {place}"));
    }
    for text in ["password = \"hunter22\"\n", "new-password = \"hunter22\"\n"] {
        fs::write(&config, text).unwrap();
        let said = of(&mut program(&["check", "example.com", "--config", &path]));
        assert_eq!(said.exit, 2, "{said:?}");
    }
    fs::write(&config, "user = \"a\"\npassword = \"hunter22\"\n").unwrap();
    let said = of(&mut program(&["check", "example.com", "--config", &path])).exits(2);
    said.says("line 2, column 1: `password` does not belong here").says("`password-file = ");
    of(&mut program(&["check", "example.com", "--config", "/no/such"]))
        .exits(2)
        .says("cannot read `/no/such`");
}

#[test]
fn host_and_environment_may_not_contradict_each_other() {
    for (server, environment) in [("xrrp.rrpproxy.net", "ote"), ("xrrp-ote.rrpproxy.net:2001", "production")]
    {
        let args = ["check", "example.com", "--user", "a", "--server", server, "--environment", environment];
        of(program(&args).env("RRP_PASSWORD", "abcd")).exits(2).says("nothing was sent");
        let args = ["check", "example.com", "--user", "a", "--server", server];
        of(program(&args).env("RRP_ENVIRONMENT", environment)).exits(2).says("nothing was sent");
    }
    of(&mut program(&["doctor", "--server", "localhost", "--environment", "prod"]))
        .exits(2)
        .says("--environment: `prod` is not `ote` or `production`");
}

#[test]
fn options_that_say_nothing_sensible_are_refused() {
    let server = ["doctor", "--server", "localhost:1"];
    for (args, why) in [
        (&["--pin", "sha256/short"][..], "--pin: `sha256/short`: "),
        (&["--min-tls", "1.1"], "--min-tls: `1.1` is not `1.2` or `1.3`"),
        (&["--dialect", "epp"], "--dialect: `epp` is not `xrrp` or `rfc`"),
        (&["--source", "here"], "--source: `here`: "),
        (&["--source", "127.0.0.1", "--source", "127.0.0.2"], "more than one IPv4 address"),
        (&["--ipv4", "--ipv6"], "cannot be used with"),
        (&["--timeout", "0"], "--timeout: `0` is not a number of seconds"),
        (&["--timeout", "4000"], "--timeout: `4000` is not a number of seconds"),
        (&["--client-key", "x"], "--client-key: of no use without"),
        (&["--client-certificate", "/no/such"], "--client-certificate: TLS cannot be set up"),
        (&["--ca-file", "/no/such"], "--ca-file: TLS cannot be set up"),
        (&["--plain", "--ca-file", "x"], "--ca-file and --plain: there is no TLS then"),
        (&["--plain", "--min-tls", "1.3"], "--min-tls and --plain: there is no TLS then"),
        (
            &["--plain-over-the-network", "--accept-any-certificate"],
            "--accept-any-certificate and --plain-over-the-network: there is no TLS then",
        ),
        (
            &["--accept-any-certificate", "--pin", "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
            "--accept-any-certificate excludes --pin, which would not be looked at",
        ),
        (&["--user", ""], "--user: it is empty"),
    ] {
        of(&mut program(&[&server, args].concat())).exits(2).says(why);
    }
    of(&mut program(&["doctor", "--server", "local host"])).exits(2).says("--server: `local host`: ");
    of(&mut program(&["doctor"])).exits(2).says("no registry is named");
}

#[test]
fn a_value_that_is_wrong_is_told_with_its_source() {
    let sim = Sim::new();
    let config = sim.file("rrp.toml");
    let path = config.to_string_lossy().into_owned();
    let from_file = |text: &str| {
        fs::write(&config, text).unwrap();
        of(&mut program(&["doctor", "--config", &path])).exits(2)
    };
    let server = "server = \"localhost\"\n";
    for (text, key, why) in [
        ("server = \"local host\"\n".to_owned(), "server", "`local host`: "),
        (format!("{server}timeout = 0\n"), "timeout", "`0` is not a number of seconds"),
        (format!("{server}min-tls = \"1.1\"\n"), "min-tls", "`1.1` is not"),
        (format!("{server}environment = \"prod\"\n"), "environment", "`prod` is not"),
        (format!("{server}pin = [\"x\"]\n"), "pin", "`x`: "),
        (format!("{server}ca-file = \"none.pem\"\n"), "ca-file", "TLS cannot be set up"),
    ] {
        from_file(&text).says(&format!("rrp: options: `{path}`, key `{key}`: {why}"));
    }
    from_file(&format!("{server}plain = true\nmin-tls = \"1.3\"\n"))
        .says(&format!("`{path}`, key `min-tls` and `{path}`, key `plain`: there is no TLS then"));
    for (variable, value, why) in [
        ("RRP_SERVER", "local host", "`local host`: "),
        ("RRP_ENVIRONMENT", "prod", "`prod` is not"),
        ("RRP_CA_FILE", "/no/such", "TLS cannot be set up"),
    ] {
        let said = of(program(&["doctor"]).env("RRP_SERVER", "localhost").env(variable, value)).exits(2);
        said.says(&format!("rrp: options: {variable}: {why}"));
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_wins_over_a_file_named_on_the_command_line_is_noted() {
    let sim = Sim::new();
    let (config, password) = (sim.file("rrp.toml"), sim.file("password"));
    fs::write(&password, PASSWORD).unwrap();
    only_for_us(&password);
    let text = "user = \"nobody\"\nca-file = \"ca.pem\"\npassword-file = \"password\"\n";
    fs::write(&config, format!("server = \"{}\"\n{text}", sim.address())).unwrap();
    let path = config.to_string_lossy().into_owned();
    let note = format!("note: RRP_USER of the environment overrides key `user` of `{path}`\n");
    let named = ["check", "example.com", "--config", &path];
    assert_eq!(of(program(&named).env("RRP_USER", USER)).exits(0).err, note);
    // Not where a flag wins over both, nor where the file comes out of the environment too.
    let flag = [&named[..], &["--user", USER]].concat();
    assert_eq!(of(program(&flag).env("RRP_USER", "somebody")).exits(0).err, "");
    let said = of(program(&["check", "example.com"]).env("RRP_CONFIG", &path).env("RRP_USER", USER)).exits(0);
    assert_eq!(said.err, "");
    let said = of(program(&flag).env("RRP_PASSWORD", PASSWORD).env("RRP_PASSWORD_FILE", "/no/such")).exits(0);
    said.says("note: RRP_PASSWORD overrides RRP_PASSWORD_FILE")
        .says("note: RRP_PASSWORD of the environment overrides key `password-file`");
}

#[test]
fn an_environment_that_nobody_states_is_asked_for_before_a_write() {
    let sim = Sim::new();
    let call = ["call", "RenewDomain", "domain=example.com"];
    let program = |args: &[&str], server: &str| {
        let mut program = program(&[&call[..], args].concat());
        program.args(["--user", USER, "--server", server]).env("RRP_PASSWORD", PASSWORD);
        program
    };
    // An address of the family that is not allowed: nothing is connected.
    let server = "[2001:db8::1]:2001";
    let stated = "state it with --environment";
    of(&mut program(&["--ipv4"], server)).exits(6).says("WARNING: RenewDomain may cost money").says(stated);
    let said = of(&mut program(&["--ipv4", "--environment", "ote"], server)).exits(6);
    assert!(!said.err.contains(stated), "{said:?}");
    let said = sim.program(&call).env("RRP_ENVIRONMENT", "ote").output().unwrap();
    Said::of(said).exits(4).says("environment: OT&E (loopback)");
}

#[test]
fn a_pin_alone_is_trusted_and_a_wrong_one_is_not() {
    let sim = Sim::new();
    let doctor = |args: &[&str]| {
        let mut all = vec!["doctor", "--json"];
        let address = sim.address();
        all.extend(["--server", address.as_str()]);
        all.extend(args);
        of(&mut program(&all))
    };
    let any = doctor(&["--accept-any-certificate"]).exits(0);
    assert_eq!(any.json()["stages"][2]["verified"], false);
    assert_eq!(any.json()["tls"]["verified"], false);
    assert_eq!(any.json()["tls"]["pin"], any.json()["stages"][2]["pin"]);
    assert!(any.err.contains("WARNING: ") && any.err.contains("NOT verified"), "{any:?}");
    let pin = any.json()["stages"][2]["pin"].as_str().unwrap().to_owned();
    assert_eq!(doctor(&["--pin", &pin]).exits(0).json()["stages"][2]["verified"], true);
    let ca = sim.file("ca.pem").to_string_lossy().into_owned();
    doctor(&["--pin", &pin, "--ca-file", &ca]).exits(0);
    let wrong = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    doctor(&["--pin", wrong]).exits(6).says(&pin);
    doctor(&["--pin", wrong, "--ca-file", &ca]).exits(6).says(&pin);
    doctor(&["--pin", wrong, "--pin", &pin]).exits(0);
}

#[test]
fn plain_text_goes_to_loopback_only_unless_it_is_asked_for_loudly() {
    let sim = Sim::plain();
    sim.run(&["check", "example.com"]).exits(0);
    // An address for documentation: it is refused before anything is connected.
    for args in [&["doctor"][..], &["check", "example.com", "--user", "a"], &["status", "example.com"]] {
        let args = [args, &["--plain", "--server", "192.0.2.1:2001"]].concat();
        of(&mut program(&args)).exits(2).says("plain text is allowed to loopback only");
    }
    let mut program = sim.program(&["check", "example.com", "--plain-over-the-network"]);
    of(&mut program).exits(0).says("WARNING: no TLS");
}

#[test]
fn any_certificate_is_accepted_loudly() {
    let sim = Sim::new();
    let address = sim.address();
    for subcommand in [
        &["check", "example.com"][..],
        &["check", "--json", "example.com"],
        &["call", "--json", "Describe"],
        &["status", "--json", "example.com"],
        &["doctor"],
    ] {
        let args = ["--accept-any-certificate", "--server", &address, "--user", USER];
        let said = of(program(&[subcommand, &args].concat()).env("RRP_PASSWORD", PASSWORD));
        for text in ["WARNING: ", "NOT verified", "sha256/"] {
            assert!(said.err.contains(text), "{subcommand:?}: {said:?}");
        }
        if subcommand.contains(&"--json") {
            assert!(said.out.contains("\"verified\":false") || said.out.contains("\"verified\": false"));
        }
    }
}

#[test]
fn the_answer_to_a_read_has_its_deadline() {
    let sim = Sim::new();
    sim.add(Fault::on(Trigger::Command("status".into())).then(Effect::Stall).always());
    let said = sim.run(&["status", "--timeout", "1", "example.com"]).exits(3);
    said.says("no answer: first-byte: took longer than its deadline");
}
