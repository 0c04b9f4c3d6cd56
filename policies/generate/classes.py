#!/usr/bin/env python3
"""Decides which classes of a library a pack may list, and proves it.

    classes.py decide PACK RELEASE...  reads the sources in wheels, source distributions or installed packages, runs nothing
    classes.py prove PACK              loads an instance of each class that the pack lists, with the releases that are installed

A class earns its entry if making an instance and filling it runs only reviewed code. An instance is made by `NEWOBJ` without
arguments and gets a dict as its `__dict__`; a member of an enum is looked up by its value. What Python runs meanwhile, and
later without being asked, is known: the methods of `HOOKS`, a metaclass and decorators. `decide` follows each class and its
bases through the sources of a release, and says of each why it qualifies or what stands against it. A hook of the library itself
counts as reviewed if its text, by digest, stands in REVIEWED with a reason: a release that changes it has to be read again.

`prove` writes a stream for each class in protocols 2 and 4 (of a few, an instance as their library writes it), loads it with both unpicklers of CPython while `sys.setprofile`
watches, uses it as an item of a set, and throws it away. A Python function that runs and is not in REVIEWED, or a builtin one that
no unpickler needs, fails it.
"""
import ast
import collections
import gc
import hashlib
import importlib
import io
import pickle
import re
import struct
import sys
import tarfile
import warnings
import zipfile
from pathlib import Path

# What runs while an instance is made, filled, kept as a key and thrown away.
HOOKS = ("__new__", "__setstate__", "__getattr__", "__getattribute__", "__del__", "__hash__", "__eq__", "__dict__", "__slots__", "__setattr__", "_missing_", "__missing__", "__instancecheck__", "__call__")
# Those that run only where a class has something else, which is named here: attributes are never set one by one, as instances
# have no slots, and a class is never called, unless its metaclass is asked.
ONLY_OF_METACLASSES = ("__call__", "__instancecheck__")
NEVER_RUN = ("__setattr__",)

# Bases from elsewhere, and what they make of a class.
BASES = {
    "object": "instance", "abc.ABC": "instance", "typing.Generic": "instance", "typing.Protocol": "instance",
    "enum.Enum": "enum", "enum.IntEnum": "enum", "enum.StrEnum": "enum", "str": "mixin", "int": "mixin",
    "lightning_utilities.core.enums.StrEnum": "enum", "collections.abc.Mapping": "instance", "collections.abc.MutableMapping": "instance", "typing.MutableMapping": "instance", "collections.abc.Set": "instance",
    "CoqpitType": "instance",  # an alias of MutableMapping
}
METACLASSES = {"abc.ABCMeta", "ABCMeta"}
# Decorators that add methods of their own which are none of HOOKS, or that return the class as it is. `dataclass` adds `__eq__`, which
# compares fields, and sets `__hash__` to None or to one of fields. `deprecated` of scikit-learn warns when an instance is made, `Substitution`
# of imbalanced-learn changes the text of the documentation, and `keras_export` gives a class another name.
DECORATORS = {"dataclass", "dataclasses.dataclass", "add_start_docstrings", "requires", "total_ordering", "functools.total_ordering", "six.add_metaclass", "register_notrace_module", "register_tag", "sklearn:deprecated", "imblearn:Substitution", "keras:keras_export", "tf_keras:keras_export"}

from reviewed import CALLED, REVIEWED  # noqa: E402


class Release:
    """The sources of one release: a wheel, a source distribution, or the folder of a package beside its metadata."""

    def __init__(self, path):
        path, self.modules, self.stars = Path(path), {}, {}
        if path.is_dir():
            known = next(path.parent.glob(path.name + "-*.dist-info")).name
            names = [str(file.relative_to(path.parent)) for file in path.rglob("*.py")]
            self.source = lambda name: (path.parent / name).read_bytes()
        elif path.name.endswith(".tar.gz"):
            archive = tarfile.open(path)
            sources = {member.name.partition("/")[2]: member for member in archive if member.isfile() and member.name.endswith(".py")}
            known, names = path.name, list(sources)
            self.source = lambda name: archive.extractfile(sources[name]).read()
        else:
            wheel = zipfile.ZipFile(path)
            known, names, self.source = path.name, wheel.namelist(), wheel.read
        self.version = re.search(r"-(\d[\w.]*)", known).group(1).removesuffix(".dist").removesuffix(".tar.gz")
        self.order = tuple(int(part) for part in re.findall(r"\d+", self.version)[:3])
        self.files = {name[:-3].replace("/", ".").removesuffix(".__init__"): name for name in names if name.endswith(".py")}
        self.library = min((name.split(".")[0] for name in self.files), key=lambda top: (top not in known.lower().replace("scikit_learn", "sklearn"), top))

    def module(self, name):
        """{name: ClassDef or the dotted name that it is imported as} of a module."""
        if name not in self.modules:
            known = self.modules[name] = {}
            if name in self.files:
                package = self.files[name].endswith("__init__.py")
                tree = ast.parse(self.source(self.files[name]))
                for node in ast.walk(tree):
                    if isinstance(node, ast.ImportFrom):
                        base = node.module or ""
                        if node.level:
                            parts = name.split(".")
                            parts = parts[: len(parts) - node.level + package]
                            base = ".".join(parts + ([base] if base else []))
                        for alias in node.names:
                            if alias.name == "*":
                                self.stars.setdefault(name, []).append(base)
                            else:
                                known.setdefault(alias.asname or alias.name, base + "." + alias.name)
                    elif isinstance(node, ast.Import):
                        for alias in node.names:
                            known.setdefault(alias.asname or alias.name.split(".")[0], alias.name if alias.asname else alias.name.split(".")[0])
                for node in tree.body:
                    for inside in [node, *(getattr(node, "body", []) if isinstance(node, (ast.If, ast.Try)) else [])]:
                        if isinstance(inside, ast.ClassDef):
                            known[inside.name] = inside
        return self.modules[name]


def resolved(releases, module, dotted):
    """(release, module, ClassDef) of a name as a module writes it, or its full name if it is of no release at hand."""
    for _ in range(20):
        first, _, rest = dotted.partition(".")
        release = releases.get(module.split(".")[0])
        known = release.module(module).get(first) if release else None
        if isinstance(known, ast.ClassDef) and not rest:
            return release, module, known
        if known is None:
            # A name of a module that is imported as a whole.
            for star in release.stars.get(module, ()) if release else ():
                found = resolved(releases, star, dotted)
                if not isinstance(found, str):
                    return found
            return dotted
        full = known + ("." + rest if rest else "") if isinstance(known, str) else dotted
        module_name, _, name = full.rpartition(".")
        release = releases.get(full.split(".")[0])
        if not release or module_name not in release.files:
            return full
        module, dotted = module_name, name
    return dotted


def digest(node):
    """Of what a hook does: its text without comments, types and spaces, which `ast` leaves out or names alike."""
    return hashlib.sha256(ast.unparse(node).encode()).hexdigest()[:12]


def bases_of(node):
    """The bases as they are written; `six.with_metaclass(ABCMeta, X)` is X."""
    for base in node.bases:
        if isinstance(base, ast.Call) and ast.unparse(base).split("(ABCMeta")[0].split(".")[-1] == "with_metaclass":
            yield from map(ast.unparse, base.args[1:])
        else:
            yield ast.unparse(base).split("[")[0]


def judge(releases, release, module, node, seen=()):
    """(kind, [what stands against it], [what was reviewed])."""
    against, reviewed, kinds = [], [], []
    name = module + "." + node.name
    for keyword in node.keywords:
        metaclass = resolved(releases, module, ast.unparse(keyword.value))
        spelled = metaclass if isinstance(metaclass, str) else metaclass[1] + "." + metaclass[2].name
        if keyword.arg != "metaclass":
            continue  # for `__init_subclass__`, which runs when the module is imported
        if spelled not in METACLASSES and not isinstance(metaclass, str):
            hooks = [item.name for item in metaclass[2].body if isinstance(item, ast.FunctionDef) and item.name not in ("__contains__", "__getitem__", "__iter__", "__len__")]
            against += ["metaclass %s with %s" % (spelled, ", ".join(hooks))] if hooks else []
        elif spelled not in METACLASSES:
            against.append("metaclass %s" % spelled)
    for decorator in node.decorator_list:
        called = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if not DECORATORS & {called.split(".")[-1], called, name.split(".")[0] + ":" + called}:
            against.append("decorator %s" % called)
        if isinstance(decorator, ast.Call) and any(keyword.arg == "slots" for keyword in decorator.keywords):
            against.append("slots")
    for item in node.body:
        names = [item.name] if isinstance(item, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)) else [target.id for target in getattr(item, "targets", [getattr(item, "target", None)]) if isinstance(target, ast.Name)]
        for hook in set(names) & set(HOOKS) - set(ONLY_OF_METACLASSES) - set(NEVER_RUN):
            said = REVIEWED.get((name.split(".")[0] + ":" + node.name + "." + hook, digest(item)))
            (reviewed if said else against).append("%s.%s %s%s" % (name, hook, digest(item), ": " + said if said else ""))
    for base in bases_of(node):
        found = resolved(releases, module, base)
        if isinstance(found, str):
            kind = BASES.get(found)
            if kind is None:
                against.append("base %s" % found)
            else:
                kinds.append(kind)
        elif (found[1], found[2].name) not in seen:
            kind, more, also = judge(releases, *found, (*seen, (module, node.name)))
            kinds.append(kind)
            against += more
            reviewed += also
    kind = "enum" if "enum" in kinds else "instance"
    if kind == "instance" and "mixin" in kinds:
        against.append("an instance that is a text or a number")
    return kind, against, reviewed


def is_below(releases, module, node, roots, depth=12):
    for base in bases_of(node):
        found = resolved(releases, module, base)
        if isinstance(found, str):
            if found in roots:
                return True
        elif found[1] + "." + found[2].name in roots or depth and is_below(releases, *found[1:], roots, depth - 1):
            return True
    return False


class Pack:
    """Which classes of which modules are asked about: those whose full name fits, and enums and subclasses of roots in some modules."""

    def __init__(self, modules, names=r"$.", enums=r"$.", below=r"$.", roots=(), never=r"$."):
        self.modules, self.names, self.enums, self.below, self.roots, self.never = modules, names, enums, below, roots, never


MODULE = "torch.nn.modules.module.Module"
TRAINING = ("transformers.training_args.TrainingArguments",)
PACKS = {
    "transformers-training": Pack(
        r"transformers\.(training_args\w*|trainer_utils|trainer_pt_utils|debug_utils|deepspeed|integrations(\.deepspeed)?)|accelerate\.(state|parallelism_config|utils\.(dataclasses|deepspeed))|trl\..*_config|trl\.core|(sentence_transformers|setfit)\..*(training_args|sampler)",
        r"transformers\.(training_args(_seq2seq)?\.\w*TrainingArguments|trainer_pt_utils\.AcceleratorConfig|(integrations\.)?deepspeed\.Hf(Trainer)?DeepSpeedConfig|integrations\.DeepSpeedConfigHF)"
        r"|accelerate\.state\.(PartialState|AcceleratorState|GradientState)|accelerate\.utils\.dataclasses\.\w+(Plugin|Kwargs|Configuration|Config)|accelerate\.utils\.deepspeed\.HfDeepSpeedConfig|accelerate\.parallelism_config\.ParallelismConfig",
        enums=r"transformers\.(trainer_utils|training_args|debug_utils)|accelerate\.utils\.dataclasses|sentence_transformers\..*",
        below=r"(trl|sentence_transformers|setfit)\..*",
        roots=TRAINING,
    ),
    "sklearn-estimators": Pack(
        r"sklearn\.(?!externals|datasets|tests|conftest|utils\._test)[\w.]*",
        r"sklearn\.(_loss\.link\.\w+|calibration\._\w+|neural_network\._stochastic_optimizers\.\w+Optimizer|utils\._metadata_requests\.(Method)?MetadataRequest|metrics\._scorer\._\w+Scorer|cluster\._birch\._CF\w+|cluster\._bisect_k_means\._BisectingTree|gaussian_process\.kernels\.\w+)",
        below=r"sklearn\..*", roots=("sklearn.base.BaseEstimator", "sklearn.gaussian_process.kernels.Kernel"), never=r"sklearn\.(utils\._mocking|utils\.mocking|.*_testing)\..*"),
    "torch-nn": Pack(r"torch\.(nn\.modules|optim)\.\w+|torch\.optim\.\w+", below=r"torch\.(nn\.modules|optim)\.\w+", roots=(MODULE, "torch.optim.optimizer.Optimizer")),
    "torchvision": Pack(r"torchvision\.(models|ops|transforms)[\w.]*", below=r"torchvision\..*", roots=(MODULE,), names=r"torchvision\.(transforms\.transforms\.\w+|ops\.\w+\.\w+|models\.detection\.(_utils|anchor_utils|image_list)\.\w+)", enums=r"torchvision\.transforms\.functional"),
    "timm": Pack(r"timm\.(models|layers)[\w.]*", below=r"timm\..*", roots=(MODULE,)),
    "ultralytics": Pack(
        r"ultralytics\.(nn|yolo\.utils|utils)[\w.]*|yolov5\.(models|utils)[\w.]*",
        r"ultralytics\.(yolo\.)?utils\.IterableSimpleNamespace|ultralytics\.(yolo\.)?utils\.(loss|tal)\.\w+|ultralytics\.yolo\.v8\.detect\.train\.Loss|yolov5\.utils\.loss\.\w+",
        below=r"ultralytics\.(nn\.(modules|tasks)[\w.]*|(yolo\.)?utils\.(loss|tal))|yolov5\.models\.\w+", roots=(MODULE,)),
    "flair": Pack(r"flair\.(data|nn|training_utils|optim)[\w.]*", r"flair\.data\.Dictionary|flair\.(training_utils|optim)\.\w+", below=r"flair\.(nn|optim|training_utils)[\w.]*", roots=(MODULE, "torch.optim.optimizer.Optimizer")),
    "pyannote-audio": Pack(r"pyannote\.(audio\.core\.(task|model)|core\.segment)", r"pyannote\.audio\.core\.(task|model)\.(Specifications|Introspection|Output|Problem|Resolution)|pyannote\.core\.segment\.\w+", enums=r"pyannote\.audio\.core\.\w+"),
    "lightning": Pack(
        r"(pytorch_lightning|lightning\.pytorch|lightning\.fabric|lightning_fabric)\.(callbacks|utilities|trainer|strategies)[\w.]*",
        r"(pytorch_lightning|lightning\.pytorch)\.callbacks\.(\w+\.)*(EarlyStopping|ModelCheckpoint|LearningRateMonitor|StochasticWeightAveraging|Timer|ModelSummary|TQDMProgressBar|ProgressBar|RichProgressBar|DeviceStatsMonitor|GradientAccumulationScheduler|LambdaCallback)",
        enums=r"(pytorch_lightning|lightning\.pytorch|lightning\.fabric|lightning_fabric)\..*"),
    "simpletransformers": Pack(r"simpletransformers\.config\.model_args", r"simpletransformers\.config\.model_args\.\w+"),
    "deepspeed": Pack(
        r"deepspeed\.(runtime\.(fp16\.loss_scaler|zero\.(config|offload_config))|utils\.tensor_fragment)|megatron\.core\.(enums|transformer\.enums|rerun_state_machine)",
        r"deepspeed\.runtime\.fp16\.loss_scaler\.(Dynamic)?LossScaler|deepspeed\.runtime\.zero\.(config\.ZeroStageEnum|offload_config\.OffloadDeviceEnum)|deepspeed\.utils\.tensor_fragment\.fragment_address",
        enums=r"megatron\.core\.(enums|transformer\.enums|rerun_state_machine)"),
    "fairseq": Pack(
        r"fairseq\.(data\.dictionary|(logging\.)?meters|dataclass\.(configs|constants)|(tasks|models|criterions|optim)[\w.]*)",
        r"fairseq\.data\.dictionary\.Dictionary|fairseq\.(logging\.)?meters\.\w+Meter",
        below=r"fairseq\..*", roots=("fairseq.dataclass.configs.FairseqDataclass",)),
    "speechbrain": Pack(r"speechbrain\.processing\.PLDA_LDA", r"speechbrain\.processing\.PLDA_LDA\.\w+"),
    "gensim": Pack(
        r"gensim\.(models\.(keyedvectors|word2vec|fasttext|doc2vec|ldamodel|lsimodel|tfidfmodel|phrases)|corpora\.dictionary)",
        r"gensim\.models\.(keyedvectors\.(KeyedVectors|Word2VecKeyedVectors|WordEmbeddingsKeyedVectors|Doc2VecKeyedVectors|FastTextKeyedVectors|Vocab)|word2vec\.(Word2Vec\w*|Vocab)|fasttext\.(FastText\w*)|doc2vec\.Doc\w*|ldamodel\.Lda\w+|lsimodel\.\w+|tfidfmodel\.TfidfModel|phrases\.(Phrases|FrozenPhrases|Phraser))|gensim\.corpora\.dictionary\.Dictionary"),
    "nltk": Pack(
        r"nltk\.(tag\.(perceptron|sequential|hmm)|tokenize\.punkt|probability|classify\.naivebayes)",
        r"nltk\.(tag\.perceptron\.\w+|tag\.sequential\.\w+Tagger|tag\.hmm\.HiddenMarkovModelTagger|tokenize\.punkt\.\w+|probability\.\w+|classify\.naivebayes\.NaiveBayesClassifier)"),
    "keras-text": Pack(
        r"(keras_preprocessing|keras\.preprocessing|keras\.src\.(legacy\.)?preprocessing|tf_keras\.src\.preprocessing)\.text",
        r".*\.text\.Tokenizer"),
    "langchain": Pack(
        r"langchain(_community)?\.(docstore\.(in_memory|document)|schema(\.document)?)|langchain_core\.documents\.base",
        r".*\.(InMemoryDocstore|Document)"),
    "networkx": Pack(
        r"networkx\.classes\.\w+",
        r"networkx\.classes\.(graph\.Graph|digraph\.DiGraph|multigraph\.MultiGraph|multidigraph\.MultiDiGraph|coreviews\.(Atlas|Adjacency|MultiAdjacency)View|reportviews\.(\w*DegreeView|(In|Out)?(Multi)?EdgeView|NodeView))"),
    "imbalanced-learn": Pack(r"imblearn\.(?!tests|utils|datasets|metrics)[\w.]*", below=r"imblearn\..*", roots=("sklearn.base.BaseEstimator",)),
    "coqui-tts": Pack(r"TTS\..*config.*|TTS\.tts\.models\.\w+|TTS\.vocoder\.models\.\w+|trainer\.trainer", r"(TTS|trainer)\..*\.\w*(Config|Args)", below=r"TTS\..*", roots=("coqpit.coqpit.Coqpit",)),
}


def decide(pack, paths):
    spec = PACKS[pack]
    wheels = sorted(map(Release, paths), key=lambda release: release.order)
    newest = {release.library: release for release in wheels}
    found = collections.defaultdict(list)
    for release in wheels:
        releases = {**newest, release.library: release}
        for module in sorted(release.files):
            if re.search(r"(^|\.)tests?(\.|$)", module):
                continue
            if not re.fullmatch(spec.modules, module):
                continue
            try:
                known = release.module(module)
            except (SyntaxError, ValueError):
                continue
            for node in [node for node in known.values() if isinstance(node, ast.ClassDef)]:
                full = module + "." + node.name
                if re.fullmatch(spec.never, full):
                    continue
                asked = re.fullmatch(spec.names, full) or re.fullmatch(spec.below, module) and is_below(releases, module, node, spec.roots)
                if not asked and not re.fullmatch(spec.enums, module):
                    continue
                kind, against, reviewed = judge(releases, release, module, node)
                if kind == "enum" and not any(isinstance(item, ast.Assign) for item in node.body):
                    continue  # has no members
                if any(ast.unparse(decorator).endswith("abstractmethod") for item in node.body for decorator in getattr(item, "decorator_list", ())):
                    continue  # has no instances
                if asked or kind == "enum":
                    found[full].append((release, kind, against, reviewed))
    hooks = set()
    for name, judged in sorted(found.items()):
        release, kind, _, _ = judged[0]
        against = sorted({text for _, _, more, _ in judged for text in more})
        kinds = {kind for _, kind, _, _ in judged}
        if len(kinds) > 1:
            against.append("is both %s" % " and ".join(sorted(kinds)))
        if against:
            print("  # %s: left out: %s" % (name, "; ".join(against)))
            continue
        hooks.update(text for _, _, _, more in judged for text in more)
        print("  - {global: %s, kind: %s, since: \"%s\"}" % (name, kind, ".".join(map(str, release.order[:2]))))
    for text in sorted(hooks):
        print("  # reviewed: %s" % text)


# --- proof -----------------------------------------------------------------------------------------------------------

# What CPython's own unpicklers run, besides what is written in C.
UNPICKLERS = {pickle.__file__, struct.__file__}
# What they and instances need of what is written in C.
BUILTINS = re.compile(r"(_pickle|pickle|io|_io|_struct|struct|builtins|sys|_codecs|gc|_thread|_functools|functools|_collections|collections|enum|_abc|copyreg|None|object|str|int|dict|list|set|type|tuple|bytes|cell|method|__main__)\b")


def listed(pack):
    path = Path(__file__).resolve().parents[1] / "globals" / (pack + ".yaml")
    return re.findall(r"^  - \{global: ([\w.]+), kind: (instance|enum)", path.read_text(encoding="utf-8"), re.M)


def stream(thing, kind, state, protocol):
    def text(value):
        return b"X" + struct.pack("<I", len(value.encode())) + value.encode()

    module, name = thing.__module__, thing.__qualname__
    made = b"\x80" + bytes([protocol]) + (b"c%s\n%s\n" % (module.encode(), name.encode()) if protocol < 4 else text(module) + text(name) + b"\x93")
    if kind == "enum":
        value = next(iter(thing)).value
        return made + (text(value) if isinstance(value, str) else b"J" + struct.pack("<i", value)) + b"\x85R."
    return made + b")\x81}(" + b"".join(text(key) + pickle.dumps(value, 2)[2:-1] for key, value in state.items()) + b"ub."


def spline():
    from scipy.interpolate import BSpline
    return BSpline([0.0, 0.0, 1.0, 1.0], [1.0, 2.0], 1)


def view(name):
    """A view of a graph: its state is a graph, or a dict of one."""
    module, _, kind = name.rpartition(".")

    def made():
        import networkx
        graph = networkx.MultiDiGraph([(1, 2)])
        given = graph if module.endswith("reportviews") and kind != "NodeView" else {}
        kind_of_view = getattr(importlib.import_module(module), kind)
        return kind_of_view(graph) if kind == "NodeView" else kind_of_view(given)
    return made


# Instances whose state is no dict of attributes, at least in some releases: as their library writes them.
WRITTEN = {"scipy.interpolate._bsplines.BSpline": spline, **{name: view(name) for name, _ in listed("networkx") if "views." in name}}


def prove(pack):
    warnings.filterwarnings("ignore")
    proved, abstract, absent, failed = 0, 0, [], []
    for name, kind in listed(pack):
        module, _, qualname = name.rpartition(".")
        try:
            thing = getattr(importlib.import_module(module), qualname)
        except (ImportError, AttributeError):
            absent.append(name)
            continue
        # An alias of a class that was moved is the class that it is now.
        ran = []

        def watch(frame, event, what):
            code = frame.f_code
            if event == "call" and code.co_filename not in UNPICKLERS and code is not attempt.__code__:
                if code.co_name == "<module>" or "importlib" in code.co_filename:
                    return
                top = frame.f_globals.get("__name__", "").split(".")[0]
                known = {key for key, _ in REVIEWED} | set(CALLED)
                whole = getattr(code, "co_qualname", None)  # since Python 3.11
                reviewed = top + ":" + whole in known if whole else any(key.startswith(top + ":") and key.endswith("." + code.co_name) for key in known)
                enum = code.co_filename.endswith("enum.py")
                made_by_dataclass = code.co_filename == "<string>" and code.co_name in ("__eq__", "__hash__")
                decorated_by_networkx = "networkx.utils.decorators.argmap" in code.co_filename  # calls what it decorates
                if not reviewed and not enum and not made_by_dataclass and not decorated_by_networkx:
                    ran.append("%s (%s:%d)" % (code.co_name, code.co_filename, code.co_firstlineno))

        def attempt():
            for load in (pickle.loads, pickle._loads):
                for data in streams:
                    value = load(data)
                    try:
                        {value}
                    except TypeError:
                        pass
                    del value
            gc.collect()

        state = {"learning_rate": 0.5, "output_dir": "/nowhere", "name": "x", "nothing": None, "a_list": [1, 2], "a_dict": {"a": 1}, "row": [], "col": []}
        made = WRITTEN.get(name)
        streams = [pickle.dumps(made(), protocol) if made else stream(thing, kind, state, protocol) for protocol in (2, 4)]
        try:
            attempt()  # late imports
            gc.freeze()
            sys.setprofile(watch)
            try:
                attempt()
            finally:
                sys.setprofile(None)
        except Exception as error:
            if "abstract class" in str(error):
                abstract += 1
                continue
            ran.append(repr(error))
        if ran:
            failed.append("%s: %s" % (name, ", ".join(sorted(set(ran)))))
        else:
            proved += 1
    print("%d classes proved, %d have no instances, %d are not installed, %d failed" % (proved, abstract, len(absent), len(failed)))
    for text in failed:
        print("failed: " + text)
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["decide"] and len(sys.argv) > 3 and sys.argv[2] in PACKS:
        decide(sys.argv[2], sys.argv[3:])
    elif sys.argv[1:2] == ["prove"] and len(sys.argv) == 3:
        sys.exit(prove(sys.argv[2]))
    else:
        sys.exit(__doc__)
