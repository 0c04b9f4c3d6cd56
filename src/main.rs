//! The program: parse, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    weighbridge::cli::main(std::env::args_os())
}
