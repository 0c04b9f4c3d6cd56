//! `weighbridge inspect`: what loading one file would do.

use crate::support::{cli::run, repo::repo};

#[test]
fn a_page_about_two_pickles_in_one_file() {
    let repo = repo!();
    repo.write(
        "a.pkl",
        "ccollections\nOrderedDict\n(tR.cos\nsystem\n(S'true'\ntR.",
    );
    let page = run(&repo.root, &["inspect", "--disassemble", "a.pkl"]);
    insta::assert_snapshot!(page.shown(&repo.root), @"
    a.pkl  52 bytes
      pickle

    Loading it would import 2 globals: recommended (built in) refuses 1 and allows
      1.

    Refused
      os.system  call; no list names it; runs a program or changes the system
                 (recommended.yaml (built in):31)

    Allowed
      collections.OrderedDict  call; listed by torch-weights

    Calls of what is refused
      os.system('true')
          pickle 2 @ 0x32 REDUCE

    Disassembly
      0x0000  GLOBAL            collections OrderedDict
                                ; imports collections.OrderedDict
      0x0019  MARK
      0x001a  TUPLE                           ; ()
      0x001b  REDUCE                          ; calls collections.OrderedDict()
      0x001c  STOP                            ; returns collections.OrderedDict(...)

      in pickle 2
      0x001d  GLOBAL            os system     ; imports os.system
      0x0028  MARK
      0x0029  STRING            'true'
      0x0031  TUPLE                           ; ('true',)
      0x0032  REDUCE                          ; calls os.system('true')
      0x0033  STOP                            ; returns os.system(...)
    exit 0
    ");
}

/// Nothing read is not nothing imported.
#[test]
fn a_pointer_says_nothing_about_what_is_not_here() {
    let repo = repo!();
    repo.write(
        "a.pt",
        "version https://git-lfs.github.com/spec/v1\n\
         oid sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\nsize 30\n",
    );
    let page = run(&repo.root, &["inspect", "a.pt"]);
    assert_eq!(page.code, 0, "{page:?}");
    assert!(!page.stdout.contains("imports nothing"), "{page:?}");
    assert!(
        page.stdout.contains("git lfs pull --include=a.pt"),
        "{page:?}"
    );
}
