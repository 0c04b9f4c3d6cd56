//! `file-outside`.

use weighbridge::{
    fact::{Fact, FileReference, FileRole, Text},
    record::Recorder,
};

use super::{
    judge,
    parts::{pickle, text},
    policy, tell, told_by,
};

fn said(role: FileRole, path: &str) -> String {
    let mut recorder = Recorder::default();
    recorder.record(Fact::FileReference(Box::new(FileReference::new(
        role,
        Text::from(path),
    ))));
    tell(&judge("m/model.onnx", &recorder.into()), "file-outside")
}

#[test]
fn a_file_outside_of_the_folder_is_refused() {
    insta::assert_snapshot!(said(FileRole::Weights, "../../etc/passwd"), @"
    file-outside [deny] loading it opens the weights in `../../etc/passwd`, which is outside of its folder: the path has a part `..`
      at  about ../../etc/passwd
      help: put that file beside the model, and save the model again so that it names the file by its name alone
    ");
    insta::assert_snapshot!(said(FileRole::ExternalLink, "C:\\secrets.h5"), @r"
    file-outside [deny] loading it opens the linked file `C:\\secrets.h5`, which is outside of its folder: the path begins with the letter of a drive
      at  about C:\\secrets.h5
      help: put that file beside the model, and save the model again so that it names the file by its name alone
    ");
}

#[test]
fn a_file_beside_the_model_is_not_reported() {
    for path in ["model.onnx.data", "weights/part-1.bin", "a..b"] {
        assert_eq!(said(FileRole::Weights, path), "", "{path}");
    }
}

/// gensim puts the name of an attribute behind that of the pickle, and opens what is called so.
#[test]
fn an_attribute_with_a_file_of_its_own_is_a_plain_name() {
    let policy = policy("version: 1\nextends: recommended\n");
    let of = |list: &str, attribute: &str| {
        let body = [&b"}("[..], &text(list), b"](", &text(attribute), b"eu"].concat();
        told_by(&policy, "file-outside", "x.pkl", &pickle(&body))
    };
    for list in ["__numpys", "__scipys", "__recursive_saveloads"] {
        assert_eq!(of(list, "vectors"), "");
        let said = of(list, "/../../tmp/x");
        assert!(said.contains("`./../../tmp/x`"), "{said}");
        assert!(of(list, "\\..\\x").contains("file-outside"));
    }
    assert_eq!(of("other", "/../../tmp/x"), "");
}
