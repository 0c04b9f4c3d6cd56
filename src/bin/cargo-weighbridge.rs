//! `cargo weighbridge ...`: cargo passes the subcommand's own name first; the program does not need it.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut args: Vec<_> = std::env::args_os().collect();
    if args.get(1).is_some_and(|word| word == "weighbridge") {
        args.remove(1);
    }
    weighbridge::cli::main(args)
}
