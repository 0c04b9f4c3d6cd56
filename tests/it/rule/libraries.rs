//! What libraries store besides tensors, under the packs that are for it.

use super::{
    parts::{call, global, int, pickle, text},
    policy, rules, told_by,
};

/// An instance that gets this state.
fn instance(module: &str, name: &str, state: &[&[u8]]) -> Vec<u8> {
    let items: Vec<u8> = state.concat();
    [&global(module, name)[..], b")\x81}(", &items, b"ub"].concat()
}

#[test]
fn a_checkpoint_of_deepspeed_needs_no_policy() {
    let fine = [
        instance(
            "deepspeed.runtime.fp16.loss_scaler",
            "DynamicLossScaler",
            &[
                &text("cur_scale"),
                &int(1),
                &text("dtype"),
                &global("torch", "bfloat16"),
            ],
        ),
        instance(
            "deepspeed.utils.tensor_fragment",
            "fragment_address",
            &[&text("numel"), &int(4), &text("start"), &int(0)],
        ),
        call(
            &global("deepspeed.runtime.zero.config", "ZeroStageEnum"),
            &[&int(2)],
        ),
        call(
            &global("megatron.core.transformer.enums", "AttnBackend"),
            &[&int(5)],
        ),
    ];
    for body in fine {
        assert_eq!(rules("states.pkl", &pickle(&body)), [""; 0]);
    }
    let odd = call(
        &global("deepspeed.runtime.fp16.loss_scaler", "LossScaler"),
        &[&int(1)],
    );
    assert_eq!(rules("states.pkl", &pickle(&odd)), ["global-not-allowed"]);
}

#[test]
fn a_library_is_one_word_of_the_policy() {
    let symbols = [&text("symbols")[..], b"]"].concat();
    for (pack, module, name) in [
        ("fairseq", "fairseq.data.dictionary", "Dictionary"),
        ("fairseq", "fairseq.meters", "AverageMeter"),
        (
            "speechbrain",
            "speechbrain.processing.PLDA_LDA",
            "StatObject_SB",
        ),
    ] {
        let body = pickle(&instance(module, name, &[&symbols]));
        let recommended = policy("version: 1\nextends: recommended\n");
        let refused = told_by(&recommended, "global-not-allowed", "x.pkl", &body);
        assert!(refused.contains(pack), "{refused}");
        let own = policy(&format!(
            "version: 1\nextends: recommended\nglobals: {{packs: [{pack}]}}\n"
        ));
        for rule in ["global-not-allowed", "unusual-use"] {
            assert_eq!(told_by(&own, rule, "x.pkl", &body), "");
        }
    }
}

#[test]
fn queues_and_identifiers_are_data() {
    let queue = |arguments: &[&[u8]]| call(&global("collections", "deque"), arguments);
    let full = [&queue(&[b")", &int(3)])[..], b"(", &int(1), b"e"].concat();
    let id = instance("uuid", "UUID", &[&text("int"), &int(5)]);
    for body in [queue(&[]), queue(&[b"]"]), full, id] {
        assert_eq!(rules("x.pkl", &pickle(&body)), [""; 0]);
    }
    let odd = queue(&[&global("builtins", "input")]);
    assert!(!rules("x.pkl", &pickle(&odd)).is_empty());
    let odd = [&queue(&[])[..], &text("k"), &int(1), b"s"].concat();
    assert!(
        told_by(
            &policy("version: 1\nextends: recommended\n"),
            "unusual-use",
            "x.pkl",
            &pickle(&odd)
        )
        .contains("values without keys")
    );
    let odd = queue(&[b"]", &text("3")]);
    assert_eq!(rules("x.pkl", &pickle(&odd)), ["unusual-use"]);
}
