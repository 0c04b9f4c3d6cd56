//! `unknown-artifact`.

use super::{rules, told};
use crate::support::{
    pickle::Pickle,
    zip::{archive, stored},
};

#[test]
fn a_model_by_name_of_unknown_content_is_refused() {
    insta::assert_snapshot!(told("unknown-artifact", "model.joblib", b"\x1f\x8b\x08\0"), @r#"
    unknown-artifact [deny] it is named like a model file and holds gzip data, which is not read
      at  about the artifact
      help: keep weights in a format that is read: safetensors, npy, or what `torch.save` writes
      help: if it is no model, or you answer for it, leave it out with a reason: write this to weighbridge.yaml:
            version: 1
            extends: recommended
            exclude:
              - {paths: ["/model.joblib"], reason: "say here why nobody has to look at it"}
    "#);
    insta::assert_snapshot!(told("unknown-artifact", "model.mnn", b"\x20\0\0\0\x1c\0\x24\0"), @r#"
    unknown-artifact [deny] it is an MNN model, which is not read yet
      at  about the artifact
      help: keep the model it was converted from (ONNX, safetensors), and convert it where it is deployed
      help: if it is no model, or you answer for it, leave it out with a reason: write this to weighbridge.yaml:
            version: 1
            extends: recommended
            exclude:
              - {paths: ["/model.mnn"], reason: "say here why nobody has to look at it"}
    "#);
    insta::assert_snapshot!(told("unknown-artifact", "a b/[x].ckpt", b"\x01\x02"), @r#"
    unknown-artifact [deny] it is named like a model file and holds bytes that begin 01 02, which is not read
      at  about the artifact
      help: keep weights in a format that is read: safetensors, npy, or what `torch.save` writes
      help: if it is no model, or you answer for it, leave it out with a reason: write this to weighbridge.yaml:
            version: 1
            extends: recommended
            exclude:
              - {paths: ["a b/[[]x[]].ckpt"], reason: "say here why nobody has to look at it"}
    "#);
}

#[test]
fn knowing_the_archive_is_not_knowing_the_model_in_it() {
    let archive = archive(&[stored("config.json", "{}"), stored("other.json", "{}")]);
    insta::assert_snapshot!(told("unknown-artifact", "model.keras", &archive), @r#"
    unknown-artifact [deny] it is named like a model file and holds a zip archive that is not laid out as a Keras model
      at  about the artifact
      help: keep weights in a format that is read: safetensors, npy, or what `torch.save` writes
      help: if it is no model, or you answer for it, leave it out with a reason: write this to weighbridge.yaml:
            version: 1
            extends: recommended
            exclude:
              - {paths: ["/model.keras"], reason: "say here why nobody has to look at it"}
    "#);
    for name in ["model.skops", "model.mar", "model.pt2", "dir/model.KERAS"] {
        assert_eq!(rules(name, &archive), ["unknown-artifact"], "{name}");
    }
    assert_eq!(rules("model.zip", &archive), [""; 0]);
}

#[test]
fn compressed_models_are_models() {
    for name in [
        "model.pkl.gz",
        "model.pt.xz",
        "model.joblib.lz4",
        "model.pickle.bz2",
        "model.pth.tar",
        "model.pkl.tar.gz",
    ] {
        assert_eq!(
            rules(name, b"\x1f\x8b\x08\0"),
            ["unknown-artifact"],
            "{name}"
        );
    }
}

#[test]
fn what_is_read_or_no_model_by_name_is_not() {
    assert_eq!(
        rules("model.joblib", &Pickle::proto(2).op(b'N').stop()),
        [""; 0]
    );
    for name in [
        "notes.txt",
        "data.gz",
        "data.tar.gz",
        "photo.jpg",
        "Makefile",
    ] {
        assert_eq!(rules(name, b"\x1f\x8b\x08\0"), [""; 0], "{name}");
    }
}
