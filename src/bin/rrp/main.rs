//! The program `rrp`: explains codes and commands, reads recorded replies, and talks to a registry.
//!
//! Data goes to standard output, notes and errors to standard error. Nothing depends on a terminal but the prompt for
//! the password, and nothing is coloured.
//!
//! # Exit codes
//!
//! | code | `result` | meaning |
//! |---|---|---|
//! | 0 | `yes` | done, or the answer is yes |
//! | 1 | `no` | answered, and the answer is no |
//! | 2 | `usage` | the command line or the configuration is wrong; nothing was sent |
//! | 3 | `temporary` | refused for now, and sent twice it does no harm, or a read found no answer |
//! | 4 | `permanent` | refused for good |
//! | 5 | `in-doubt` | a write may have been executed, or may do harm if sent twice: do not send it again, look first |
//! | 6 | `not-sent` | no connection, no login, or an earlier write to the object is in doubt |
//! | 7 | `data` | input that cannot be read (nothing was sent), or output that cannot be written |
//!
//! # What is sent again
//!
//! A read goes out up to three times: on the same session after 421, on a new one after 420, 520 and 521, and where the
//! session ended without an answer; never while an account is locked (422). A write goes out once, unless it has a journal
//! (`call --journal`), with which it goes by the rule of resending of [`rrp::retry`]. Without one: if its whole reply
//! does not say what became of it, or none came, it is in doubt, and the program says by which read to look. Nor does
//! the program's status invite to send it again where the registry says that it failed for now: unless a second one would
//! be refused (creations) or do no harm, that is in doubt too. A signal that ends the program while a write waits for its
//! answer is heeded: the write is in doubt, and told as such; before it was handed over it is not sent.

// What the library promises of peers' bytes holds for the program that prints them.
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

mod admin;
mod call;
mod change;
mod check;
mod client;
mod codes;
mod commands;
mod config;
mod daemon;
mod demo;
mod doctor;
mod doubt;
mod ended;
mod entry;
mod exit;
mod explain;
mod failure;
mod found;
mod journal;
mod journaled;
mod ledger;
mod log;
mod look;
mod moment;
mod nest;
mod object;
mod options;
mod origin;
mod output;
mod password;
mod read;
mod reply;
mod report;
mod request;
mod resend;
mod serve;
mod settings;
mod settle;
mod signal;
mod sim;
mod status;
mod target;
mod typo;
mod way;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::{ColorChoice, Parser, Subcommand};

use crate::exit::Exit;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  rrp demo                    what the program does, without a registry
  rrp codes 520               what the code says, and where it says something else
  rrp explain domain_unknown  the same of a code of another system
  rrp read reply.txt          a recorded reply, secrets redacted
  rrp read --json - | jq .    the same of standard input, as JSON
  rrp commands RenewDomain    whether it costs, and what a repetition does
  rrp check example.com       whether it can be registered; RRP_SERVER, RRP_USER and RRP_PASSWORD_FILE are set";

/// Talks RRP and XRRP to a registry; explains return codes, recorded replies, commands
#[derive(Parser)]
#[command(name = "rrp", version, color = ColorChoice::Never, after_help = format!("{EXAMPLES}\n\n{}", exit::TABLE))]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Play through what the program does, against a simulated registry
    Demo(demo::Args),
    /// Ask whether names are available
    Check(Box<check::Args>),
    /// Ask what the registry knows about a name
    Status(Box<status::Args>),
    /// Send any command; a write once, or through a journal
    Call(Box<call::Args>),
    /// Connect stage by stage, and say which one fails and what to do
    Doctor(Box<doctor::Args>),
    /// List the writes of a journal that are in doubt, settle and resolve them
    Doubt(doubt::Args),
    /// Look at a running daemon, and give it orders
    Admin(Box<admin::Args>),
    /// Check, print, copy and put back a journal of writes
    Journal(journal::Args),
    /// Serve local backends in mregd's place
    Serve(serve::Args),
    /// Check the configuration of the daemon, show it, and make it out of mregd's
    Config(config::Args),
    /// Run a simulated registry
    Sim(Box<sim::Args>),
    /// List the return codes, or explain one
    Codes(codes::Args),
    /// Explain a code, whichever system it is of: RRP, the reseller platform, the telephone-number API
    Explain(explain::Args),
    /// Read recorded replies out of a file
    Read(read::Args),
    /// List the commands, or tell what is known about repeating one
    Commands(commands::Args),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(call::protect(std::env::args_os())) {
        Ok(cli) => cli,
        Err(usage) => {
            // Help and version come here too, for standard output. Where nobody reads them, nothing is lost.
            let _ = usage.print();
            return if usage.use_stderr() { Exit::Usage.into() } else { Exit::Yes.into() };
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    // Not locked: the log's thread writes there, too.
    let mut err = io::stderr();
    let done = match &cli.task {
        Task::Demo(args) => demo::run(args, &mut out),
        Task::Check(args) => check::run(args, &mut out, &mut err),
        Task::Status(args) => status::run(args, &mut out, &mut err),
        Task::Call(args) => call::run(args, &mut out, &mut err),
        Task::Doctor(args) => doctor::run(args, &mut out, &mut err),
        Task::Doubt(args) => doubt::run(args, &mut out, &mut err),
        Task::Admin(args) => admin::run(args, &mut out),
        Task::Journal(args) => journal::run(args, &mut out, &mut err),
        Task::Serve(args) => serve::run(args, &mut out),
        Task::Config(args) => config::run(args, &mut out, &mut err),
        Task::Sim(args) => sim::run(args, &mut out, &mut err),
        Task::Codes(args) => codes::run(args, &mut out),
        Task::Explain(args) => explain::run(args, &mut out, &mut err),
        Task::Read(args) => read::run(args, &mut out, &mut err),
        Task::Commands(args) => commands::run(args, &mut out, &mut err),
    };
    // What was printed before a refusal stands before it.
    let otherwise = *done.as_ref().unwrap_or(&Exit::Yes);
    let flushed = out.flush().map_err(Failure::output(otherwise));
    match done.and_then(|exit| flushed.map(|()| exit)) {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(&mut err).into(),
    }
}
