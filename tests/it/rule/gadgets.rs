//! No name that is known to run code passes, whatever is done with it, under a policy that names every pack.

use std::{collections::BTreeSet, fs};

use weighbridge::{
    fact::{GlobalName, Usage},
    finding::Level,
    policy::{Policy, pack_by_name, pack_names},
};

use super::{
    judge_by,
    parts::{call, global, pair, pickle, text, tuple, with},
    policy,
};
use crate::support::fixture::facts;

/// Names that were published as gadgets.
const PUBLISHED: &str = "
    torch.utils.bottleneck.__main__.run_cprofile torch.utils.bottleneck.__main__.run_autograd_prof torch._dynamo.guards.GuardBuilder.get
    torch.fx.experimental.symbolic_shapes.ShapeEnv.evaluate_guards_expression torch.utils.collect_env.run
    torch.utils.collect_env.run_and_read_all torch.jit.unsupported_tensor_ops.execWrapper torch.utils._config_module.ConfigModule.load_config
    torch.utils.data.datapipes.utils.decoder.basichandlers torch._inductor.codecache.compile_file trace.Trace.run trace.Trace.runctx
    profile.Profile.run cProfile.run cProfile.Profile.runctx idlelib.pyshell.ModifiedInterpreter.runcode idlelib.run.Executive.runcode
    lib2to3.pgen2.grammar.Grammar.loads code.InteractiveInterpreter.runcode ensurepip._run_pip doctest.debug_script
    asyncio.unix_events._UnixSubprocessTransport._start distutils.file_util.write_file ctypes.CDLL ctypes.pythonapi pydoc.locate pydoc.pipepager
    operator.methodcaller operator.attrgetter _operator.attrgetter _operator.methodcaller pty.spawn numpy.f2py.crackfortran.getlincoef
    numpy.f2py.crackfortran._eval_length pkgutil.resolve_name uuid._get_command_stdout _osx_support._read_output
    _aix_support._read_cmd_output imaplib.IMAP4_stream _pyrepl.pager.pipe_pager test.support.script_helper.assert_python_ok timeit.main
    timeit.timeit ssl.get_server_certificate pip.main pip._internal.main cloudpickle.cloudpickle._make_function
    cloudpickle.loads types.CodeType types.FunctionType io.FileIO io.open urllib.request.urlopen logging.FileHandler
    numpy.testing._private.utils.runstring importlib.import_module multiprocessing.util.spawnv_passfds torch.hub.load
    torch.storage._load_from_bytes dataclasses._create_fn inspect.getattr_static _posixsubprocess.fork_exec _bootsubprocess._waitstatus_to_exitcode
    typing.get_type_hints logging.config.dictConfig codecs.open mlflow.projects.backend.local._run_entry_point pandas.read_csv
    torch.utils.checkpoint.checkpoint copyreg._reconstructor functools.partial builtins.map builtins.filter builtins.getattr
    builtins.__import__ builtins.eval builtins.exec operator.itemgetter pathlib.Path.write_text torch.load joblib.load
    pandas.read_pickle numpy.load pickle.loads _pickle.loads os.system posix.system nt.system subprocess.Popen webbrowser.open
    transformers.pipeline transformers.AutoModel.from_pretrained flair.models.SequenceTagger.load ultralytics.YOLO
    pytorch_lightning.utilities.model_helpers.get_torchvision_model timm.create_model torchvision.datasets.utils.download_url
    omegaconf.omegaconf.OmegaConf.register_new_resolver hydra.utils.instantiate sklearn.datasets.fetch_openml
";

/// Dangerous names that a pack lists, because the shape says with what they may be called, or because they may only be named.
const SHAPED: [&str; 4] = [
    "collections.defaultdict",
    "numpy.core.memmap.memmap",
    "numpy.ma.core._mareconstruct",
    "numpy.memmap",
];

/// What modules hold besides their own, and what is reached from there.
const THROUGH_MODULES: [&str; 14] = [
    "os.system",
    "sys.modules",
    "sys.modules.get",
    "subprocess.Popen",
    "importlib.import_module",
    "pickle.loads",
    "io.open",
    "warnings.sys.modules",
    "torch.load",
    "np.load",
    "__builtins__",
    "__builtins__.get",
    "__loader__.load_module",
    "__dict__.get",
];

/// What classes and functions hold.
const THROUGH_NAMES: [&str; 10] = [
    "__init__.__globals__",
    "__init__.__globals__.get",
    "__globals__.get",
    "__class__.__base__",
    "__subclasses__",
    "__reduce__",
    "__reduce_ex__",
    "__setstate__",
    "mro",
    "from_pretrained",
];

const USES: [Usage; 4] = [Usage::Import, Usage::Call, Usage::Construct, Usage::Build];

fn every_pack() -> Policy {
    let packs: Vec<&str> = pack_names().collect();
    policy(&format!(
        "version: 1\nextends: recommended\nglobals: {{packs: [{}]}}\n",
        packs.join(", ")
    ))
}

/// Every published name, every one of `dangerous.yaml`, and one for each of its patterns.
fn gadgets() -> BTreeSet<String> {
    let mut names: BTreeSet<String> = PUBLISHED.split_whitespace().map(str::to_owned).collect();
    for file in ["dangerous.yaml", "dangerous-aliases.yaml"] {
        let path = format!("{}/policies/{file}", env!("CARGO_MANIFEST_DIR"));
        let yaml = fs::read_to_string(path).unwrap();
        let listed = yaml.lines().filter_map(|line| line.strip_prefix("  - "));
        names.extend(listed.map(|name| match name.strip_suffix("**") {
            Some(module) => format!("{module}inner.run"),
            None => name.replace('*', "run"),
        }));
    }
    assert!(names.len() > 500, "{}", names.len());
    names
}

/// A module and a name in it, for each dot at which a name can be parted.
fn spellings(name: &str) -> impl Iterator<Item = (&str, &str)> {
    name.match_indices('.')
        .map(|(dot, _)| (name.split_at(dot).0, name.split_at(dot + 1).1))
}

/// Whatever can be done with a name.
fn forms(module: &str, name: &str) -> Vec<(&'static str, Vec<u8>)> {
    let old = global(module, name);
    let new = [&text(module)[..], &text(name), b"\x93"].concat();
    let shell = text("true");
    let arguments = tuple(&[&shell]);
    let instance = [
        &global("transformers.training_args", "TrainingArguments")[..],
        b")\x81",
    ]
    .concat();
    let ordered = call(&global("collections", "OrderedDict"), &[]);
    let rebuilt = call(
        &global("torch._tensor", "_rebuild_from_type_v2"),
        &[&new, &global("torch", "Tensor"), &arguments, b"N"],
    );
    let array = call(
        &global("numpy.core.multiarray", "_reconstruct"),
        &[&new, &tuple(&[b"K\x00"]), b"C\x01b"],
    );
    let factory = call(&global("collections", "defaultdict"), &[&new]);
    let list = [&b"](("[..], &text("k"), &new, b"te"].concat();
    let pairs = call(&global("collections", "OrderedDict"), &[&list]);
    vec![
        ("GLOBAL", old.clone()),
        ("STACK_GLOBAL", new.clone()),
        ("GLOBAL and REDUCE", [&old[..], &arguments, b"R"].concat()),
        (
            "STACK_GLOBAL and REDUCE",
            [&new[..], &arguments, b"R"].concat(),
        ),
        ("REDUCE without arguments", [&new[..], b")R"].concat()),
        (
            "INST",
            [&b"("[..], &shell, format!("i{module}\n{name}\n").as_bytes()].concat(),
        ),
        ("OBJ", [&b"("[..], &new, &shell, b"o"].concat()),
        ("NEWOBJ", [&new[..], &arguments, b"\x81"].concat()),
        ("NEWOBJ_EX", [&new[..], &arguments, b"}\x92"].concat()),
        (
            "NEWOBJ_EX with keywords",
            [&new[..], b")", &pair("x", &shell), b"\x92"].concat(),
        ),
        ("BUILD", with(&new, &pair("x", &shell))),
        (
            "state on what it makes",
            with(&[&new[..], b")\x81"].concat(), &pair("x", &shell)),
        ),
        ("an argument of an applier", rebuilt),
        ("an argument of a reconstructor", array),
        ("a factory", factory),
        ("an item of an argument", pairs),
        ("an item", [&ordered[..], &text("k"), &new, b"s"].concat()),
        ("a key", [&b"}"[..], &new, &shell, b"s"].concat()),
        ("an attribute", with(&instance, &pair("forward", &new))),
        (
            "an attribute that is called",
            with(&instance, &pair("__setstate__", &new)),
        ),
        ("a persistent id", [&new[..], b"Q"].concat()),
        (
            "by getattr",
            call(
                &global("builtins", "getattr"),
                &[&global(module, name.split('.').next().unwrap()), &text("x")],
            ),
        ),
    ]
}

#[test]
fn no_gadget_passes_in_any_form() {
    let policy = every_pack();
    let scope = policy.scope(&"x.pkl".into());
    let mut listed = BTreeSet::new();
    for gadget in gadgets() {
        for (module, name) in spellings(&gadget) {
            let stored = GlobalName::new(module, name);
            if scope.globals().allows(&stored, Usage::Import) {
                listed.insert(gadget.clone());
                continue;
            }
            for usage in USES {
                assert!(!scope.globals().allows(&stored, usage), "{stored:?}");
            }
        }
        let (module, name) = gadget.rsplit_once('.').unwrap();
        for (form, body) in forms(module, name) {
            // What is listed may be named; anything else that is done with it here is no use of its writers.
            if listed.contains(&gadget)
                && matches!(
                    form,
                    "GLOBAL"
                        | "STACK_GLOBAL"
                        | "REDUCE without arguments"
                        | "an item of an argument"
                        | "an item"
                        | "a key"
                        | "an argument of a reconstructor"
                )
            {
                continue;
            }
            let observed = facts(pickle(&body), "x.pkl");
            let refused = judge_by(&policy, "x.pkl", &observed)
                .iter()
                .any(|finding| finding.level == Level::Deny);
            assert!(refused, "{gadget} passes as {form}");
        }
    }
    assert_eq!(listed.into_iter().collect::<Vec<_>>(), SHAPED);
}

#[test]
fn no_pack_opens_a_way_through_its_modules_and_names() {
    let policy = every_pack();
    let scope = policy.scope(&"x.pkl".into());
    let refused = |module: &str, name: &str| {
        let stored = GlobalName::new(module, name);
        USES.iter()
            .all(|usage| !scope.globals().allows(&stored, *usage))
    };
    let mut modules = BTreeSet::new();
    for pack in pack_names() {
        for entry in &pack_by_name(pack).unwrap().entries {
            let (module, name) = entry.global.rsplit_once('.').unwrap();
            modules.extend(spellings(&entry.global).map(|(module, _)| module.to_owned()));
            for inner in THROUGH_NAMES {
                let dotted = format!("{name}.{inner}");
                assert!(refused(module, &dotted), "{module} {dotted}");
                assert!(refused(&entry.global, inner), "{} {inner}", entry.global);
            }
        }
    }
    assert!(modules.len() > 300, "{}", modules.len());
    for module in modules {
        for dotted in THROUGH_MODULES {
            for (inner, name) in spellings(&format!("{module}.{dotted}")) {
                assert!(refused(inner, name), "{inner} {name}");
            }
        }
    }
}

/// `getattr` of a class and a constant is a name in the class, and no pack lists a name in a class.
#[test]
fn no_method_of_a_listed_class_is_reached_by_getattr() {
    let policy = every_pack();
    for pack in pack_names() {
        for entry in pack_by_name(pack).unwrap().entries.iter().step_by(7) {
            let (module, name) = entry.global.rsplit_once('.').unwrap();
            for attribute in ["__init__", "__reduce_ex__", "load", "apply"] {
                let class = global(module, name);
                let method = call(&global("builtins", "getattr"), &[&class, &text(attribute)]);
                let run = [&method[..], &tuple(&[&text("true")]), b"R"].concat();
                let observed = facts(pickle(&run), "x.pkl");
                let refused = judge_by(&policy, "x.pkl", &observed);
                let refused = refused.iter().any(|finding| finding.level == Level::Deny);
                assert!(refused, "{} {attribute}", entry.global);
            }
        }
    }
}
