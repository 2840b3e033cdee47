//! The program `rrp`: explains return codes and commands, and reads recorded replies.
//!
//! Data goes to standard output, notes and errors to standard error. Exit status: 0 done, 1 the input was refused,
//! 2 the command line was.

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

mod codes;
mod commands;
mod failure;
mod output;
mod read;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::{ColorChoice, Parser, Subcommand};

use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  rrp codes 520               what the code says, and where it says something else
  rrp read reply.txt          a recorded reply, secrets redacted
  rrp read --json - | jq .    the same of standard input, as JSON
  rrp commands RenewDomain    whether it costs, and what a repetition does

Exit status: 0 done, 1 the input was refused, 2 the command line was.";

/// Explains RRP and XRRP: return codes, recorded replies, commands
#[derive(Parser)]
#[command(name = "rrp", version, color = ColorChoice::Never, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// List the return codes, or explain one
    Codes(codes::Args),
    /// Read recorded replies out of a file
    Read(read::Args),
    /// List the commands, or tell what is known about repeating one
    Commands(commands::Args),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            // Help and version come here too, for standard output. Where nobody reads them, nothing is lost.
            let _ = usage.print();
            return u8::try_from(usage.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let mut err = io::stderr().lock();
    let done = match &cli.task {
        Task::Codes(args) => codes::run(args, &mut out),
        Task::Read(args) => read::run(args, &mut out, &mut err),
        Task::Commands(args) => commands::run(args, &mut out, &mut err),
    };
    // What was printed before a refusal stands before it.
    let flushed = out.flush().map_err(Failure::from);
    match done.and(flushed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(&mut err),
    }
}
