//! What `--help` says, and what misspelt words lead to.

use crate::support::cli::run;

#[test]
fn the_first_page() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), &["--help"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(run.stdout, @"
    A policy gate for model files: checks what loading them would do

    Weighbridge reads model files, and the Python code that loads them, and refuses
    what the policy does not allow. It never unpickles, imports or runs anything.

    Usage: weighbridge <COMMAND>

    Commands:
      check        Check a repository, folders or files
      inspect      Explain what loading one file would do
      explain      Explain a rule, a format, a pack or a limit
      freeze       Write which bytes of each model file were reviewed
      audit        Audit many repositories by the policy of an organisation
      policy       Create, show and check a policy
      waivers      List what is waived, by whom and until when
      baseline     Adopt the gate today: known findings do not count
      hook         Check commits and pushes with git hooks
      completions  Write completions for a shell
      man          Write the manual pages
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Examples:
      weighbridge check                      the files of this repository
      weighbridge check --staged             what `git commit` is about to record
      weighbridge check --diff main...HEAD   what a branch adds or edits
      weighbridge check models/ a.pt         only these files
      weighbridge inspect model.pt           what loading one file would do
      curl -s URL | weighbridge check -      a download
      weighbridge explain pickle             what a rule, format, pack or limit is
      weighbridge freeze                     pin the model files that were reviewed
      weighbridge hook install               check every commit

    Exit codes:
      0  nothing was refused
      1  something was refused
      2  the check failed: a mistake in the command, the policy or the repository
      3  no model files and no source found
    ");
}

#[test]
fn the_short_page_of_check() {
    let folder = tempfile::tempdir().unwrap();
    let text = run(folder.path(), &["check", "-h"]).stdout;
    // What formats there are is the reporters' business.
    let (before, rest) = text.split_once("Output:\n").unwrap();
    let (_, after) = rest.split_once("Limits:\n").unwrap();
    insta::assert_snapshot!(format!("{before}...\n{after}"), @"
    Check a repository, folders or files

    Usage: weighbridge check [OPTIONS] [PATH]...

    Options:
      -h, --help  Print help (see more with '--help')

    Selection:
          --only <PATTERN>         Check only what a path or a pattern matches; may
                                   be repeated
          --staged                 Check what `git commit` would record
          --rev <REV>              Check the files of a commit, a tag or a tree
          --diff <RANGE>           Check the files that a range changes, such as
                                   main...HEAD
          --recurse-submodules     Check the files of submodules as well
          --history[=<RANGE>]      Check every version of every file in the commits
                                   of RANGE, each once, with the commit that
                                   introduced it; RANGE is a commit, A..B or A...B,
                                   by default HEAD
          --all-refs               Check the history of every branch, tag, remote
                                   and other ref
          --stdin-filename <NAME>  The name of standard input, for its suffix and
                                   for the paths in a policy
      [PATH]...                    Files and folders to check, instead of the whole
                                   repository; `-` is standard input

    Policy:
          --policy <FILE>
              The policy file
          --organisation-policy <FILE>
              The policy of an organisation, a file or a bundled one, above the
              repository's own [env: WEIGHBRIDGE_ORGANISATION_POLICY]
          --policy-from <REV>
              Take the policy from a commit, whatever is checked
          --baseline <FILE>
              Findings that are known and do not count, as `baseline create` writes
              them

    ...
          --threads <N>  Number of files to read at once; by default the number of
                         processors
          --no-cache     Hash every pinned file again, also if it did not change
                         since an earlier run
          --store <DIR>  Take what files say from a store that `weighbridge audit`
                         wrote
          --trust-store  Use the store in a pipeline as well

    Examples:
      weighbridge check                          tracked files, and untracked ones
                                                 that git does not ignore
      weighbridge check --staged                 in a pre-commit hook
      weighbridge check --diff main...HEAD       what a branch changes
      weighbridge check --rev v1.0               the files of a release
      weighbridge check --history=v1.0..HEAD     added since v1.0, even if removed
      weighbridge check ~/Downloads/model.ckpt   anywhere, repository or not
      weighbridge check --output sarif=out.sarif --output html=report.html
                                                 the usual report, and two files

    Exit codes:
      0  nothing is refused
      1  something is refused (0 with --exit-zero), shown or not
      2  the job could not be done
      3  no artifact and no source file was found (0 with --staged and for a
         range, where that is usual)
    ");
}

#[test]
fn every_page_fits_79_columns_and_every_argument_is_explained() {
    fn visit(command: &mut clap::Command) {
        let name = command.get_name().to_owned();
        assert!(command.get_about().is_some(), "{name} is not explained");
        for argument in command.get_arguments() {
            assert!(
                argument.get_help().is_some(),
                "{name} {} is not explained",
                argument.get_id()
            );
        }
        for line in command.render_long_help().to_string().lines() {
            assert!(line.chars().count() <= 79, "{name}: {line}");
        }
        command.get_subcommands_mut().for_each(visit);
    }
    let mut command = weighbridge::cli::command().term_width(79);
    command.build();
    visit(&mut command);
}

#[test]
fn misspelt_words_lead_to_the_right_ones() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("model.pt"), "").unwrap();
    for (arguments, word) in [
        (&["chek"][..], "'check'"),
        (&["check", "--stagd"], "'--staged'"),
        (&["check", "--format", "jsn"], "'json'"),
        (&["check", "modle.pt"], "`model.pt`"),
        (&["explain", "pickel"], "`pickle`"),
    ] {
        let run = run(folder.path(), arguments);
        assert_eq!(run.code, 2, "{arguments:?}");
        assert!(run.stderr.contains(word), "{arguments:?}: {}", run.stderr);
        assert_eq!(run.stdout, "");
    }
}
