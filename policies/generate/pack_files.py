#!/usr/bin/env python3
"""Writes what the packs of whole objects are for, with the libraries at hand.

    pack_files.py FOLDER      writes FOLDER/PACK/... for each pack below whose library is installed

`new` in a name is an object as it is made, `fitted` an estimator after `fit`: that holds whatever the library keeps, such as
trees, which no pack lists.
"""
import argparse
import collections
import datetime
import decimal
import importlib
import pathlib
import pickle
import sys
import types
import uuid
import warnings
from pathlib import Path


def python_data():
    zone = datetime.timezone(datetime.timedelta(hours=2), "here")
    yield "namespace", argparse.Namespace(lr=0.1, layers=[1, 2], path=pathlib.PurePosixPath("a/b"), when=datetime.datetime(2024, 2, 29, 12, 30, 1, 5))
    yield "nested", {"a": types.SimpleNamespace(x=1, y=types.SimpleNamespace()), "b": argparse.Namespace()}
    yield "dates", [datetime.date(1, 1, 1), datetime.date.max, datetime.datetime.max, datetime.time(23, 59, 59, 999999, fold=1), datetime.timedelta(days=-3, seconds=5, microseconds=7)]
    yield "zones", [datetime.datetime(2024, 1, 1, tzinfo=zone), datetime.time(1, 2, tzinfo=datetime.timezone.utc), datetime.timezone(datetime.timedelta(minutes=-90))]
    yield "numbers", [decimal.Decimal("1.50"), decimal.Decimal("NaN"), decimal.Decimal("-Infinity"), 1j]
    counts = collections.defaultdict(int, a=1)
    groups = collections.defaultdict(list)
    groups["x"].append(collections.defaultdict(dict))
    yield "defaults", [counts, groups, collections.defaultdict(None, b=2), collections.defaultdict(collections.OrderedDict)]
    yield "queues", [collections.deque([1, 2]), collections.deque(maxlen=3), collections.deque(["a"], maxlen=2), collections.deque()]
    yield "identifiers", [uuid.UUID(int=5), uuid.uuid4()]
    yield "paths", [pathlib.Path("/data/x/y.bin"), pathlib.PurePosixPath("a"), pathlib.PureWindowsPath("C:\\x\\y"), pathlib.Path()]


def estimators():
    try:
        import numpy
        from sklearn.utils import all_estimators
        from sklearn.exceptions import NotFittedError  # noqa: F401
    except ImportError:
        return
    rows = numpy.random.RandomState(0).rand(30, 4)
    labels = numpy.arange(30) % 2
    for name, kind in all_estimators():
        try:
            made = kind()
        except TypeError:
            from sklearn.linear_model import LogisticRegression
            try:
                made = kind(LogisticRegression())
            except Exception:
                continue
        except Exception:
            continue
        yield "new-" + name, made
        try:
            fitted = kind(**{key: value for key, value in made.get_params(deep=False).items()}).fit(rows, labels)
        except Exception:
            continue
        yield "fitted-" + name, fitted
    from sklearn.preprocessing import FunctionTransformer
    yield "logarithms", [FunctionTransformer(numpy.log1p, inverse_func=numpy.expm1).fit(rows), FunctionTransformer(numpy.sqrt)]


def modules():
    try:
        import torch
    except ImportError:
        return
    nn = torch.nn
    yield "mlp", nn.Sequential(nn.Linear(4, 3), nn.ReLU(inplace=True), nn.Dropout(0.1), nn.LayerNorm(3), nn.Linear(3, 2, bias=False))
    yield "conv", nn.Sequential(nn.Conv1d(1, 2, 3), nn.Conv2d(1, 2, 3, padding="same"), nn.Conv3d(1, 1, 1), nn.ConvTranspose2d(2, 1, 2), nn.BatchNorm2d(2), nn.GroupNorm(1, 2), nn.MaxPool2d(2), nn.AvgPool3d(2), nn.AdaptiveAvgPool2d((None, 2)), nn.Upsample(scale_factor=2), nn.Flatten(), nn.SiLU(), nn.Softmax(1), nn.LogSoftmax(1))
    yield "attention", nn.ModuleDict({"a": nn.MultiheadAttention(4, 2), "b": nn.ModuleList([nn.Embedding(5, 4, padding_idx=0), nn.EmbeddingBag(3, 2)]), "c": nn.ParameterList([nn.Parameter(torch.ones(2))])})
    yield "losses", [nn.CrossEntropyLoss(), nn.BCEWithLogitsLoss(pos_weight=torch.ones(1)), nn.MSELoss(), nn.KLDivLoss(), nn.SmoothL1Loss(), nn.CosineSimilarity(), nn.PixelShuffle(2), nn.PReLU(), nn.GELU(), nn.Identity()]
    trained = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    trained(torch.ones(2, 3)).sum().backward()
    yield "trained", {"model": trained.eval(), "epoch": 3}
    yield "recurrent", nn.ModuleList([nn.LSTM(2, 3, num_layers=2, bidirectional=True, proj_size=1), nn.GRU(2, 2, batch_first=True), nn.RNN(1, 1, bias=False), nn.LSTMCell(1, 1)])
    yield "version", {"torch": torch.__version__, "state_dict": {}}
    yield "transformer", nn.ModuleList([nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 4), 1, enable_nested_tensor=False), nn.TransformerDecoderLayer(4, 2, 4, activation="gelu")])
    rows = torch.utils.data.TensorDataset(torch.ones(4, 2), torch.zeros(4))
    yield "datasets", [rows, *torch.utils.data.random_split(rows, [3, 1]), rows + rows, torch.utils.data.StackDataset(rows, rows)]
    yield "averaged", torch.optim.swa_utils.AveragedModel(nn.Linear(2, 1))


def small(model):
    """The same model, each of whose parameters and buffers is one number for all of its elements."""
    import torch

    for part in [*model.parameters(), *model.buffers()]:
        part.data = torch.zeros((), dtype=part.dtype).expand(part.shape)
    return model.eval()


def pictures():
    try:
        import torchvision
    except ImportError:
        return
    models, transforms = torchvision.models, torchvision.transforms
    yield "resnet", small(models.resnet.ResNet(models.resnet.BasicBlock, [1, 1, 1, 1]))
    yield "shuffle", small(models.shufflenetv2.ShuffleNetV2([1, 1, 1], [4, 8, 8, 8, 16]))
    yield "squeeze", small(models.squeezenet1_1())
    yield "dense", small(models.densenet.DenseNet(4, (1, 1), 8))
    yield "vgg", small(models.vgg11_bn())
    yield "alex", small(models.alexnet())
    yield "transforms", transforms.Compose([transforms.Resize(8), transforms.CenterCrop(4), transforms.RandomHorizontalFlip(), transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])


def timm_models():
    try:
        import timm
    except ImportError:
        return
    yield "resnet", small(timm.create_model("resnet10t"))
    yield "vgg", small(timm.create_model("vgg11"))


def yolo():
    try:
        from ultralytics.nn.tasks import ClassificationModel, DetectionModel, PoseModel, SegmentationModel
        from ultralytics.utils import IterableSimpleNamespace
        import torch
    except ImportError:
        return
    kinds = {"detect": (DetectionModel, "yolov8n.yaml"), "detect11": (DetectionModel, "yolo11n.yaml"), "segment": (SegmentationModel, "yolov8n-seg.yaml"), "pose": (PoseModel, "yolov8n-pose.yaml"), "classify": (ClassificationModel, "yolov8n-cls.yaml")}
    for name, (kind, path) in kinds.items():
        model = small(kind(path, verbose=False).half())
        model.args = IterableSimpleNamespace(imgsz=640, task=name)
        yield name, {"epoch": -1, "best_fitness": None, "model": model, "ema": None, "updates": None, "optimizer": None, "train_args": {"task": name}, "date": "2026-01-01", "version": torch.__version__}


def lightning():
    for package in ("pytorch_lightning", "lightning.pytorch"):
        try:
            library = importlib.import_module(package)
            attributes = importlib.import_module(package + ".utilities.parsing").AttributeDict
        except ImportError:
            continue
        callbacks = library.callbacks
        # `ModelCheckpoint` holds a file system of fsspec in recent releases, which no pack lists.
        kept = {callback.__class__.__name__: callback for callback in (callbacks.EarlyStopping("loss"), callbacks.LearningRateMonitor(), callbacks.Timer())}
        parameters = attributes(lr=0.1, hidden=3, layers=(1, 2), nested=attributes(a="b"), nothing=attributes())
        name = package.replace(".", "-")
        yield name, {"epoch": 1, "global_step": 2, "pytorch-lightning_version": library.__version__, "hyper_parameters": parameters, "callbacks": {"EarlyStopping": {"best_score": 0.5}}, "stage": library.trainer.states.RunningStage.TRAINING}
        yield name + "-callbacks", kept


def tags():
    try:
        from flair.data import Dictionary
        import torch
    except ImportError:
        return
    made = Dictionary(add_unk=True)
    for word in ("NOUN", "VERB", "ÉÈ"):
        made.add_item(word)
    yield "dictionary", {"state_dict": {}, "tag_dictionary": made, "model_card": {"pytorch_version": torch.__version__, "training_parameters": {"optimizer": torch.optim.SGD}}}


def arguments_of_simple():
    try:
        from simpletransformers.config import model_args
    except ImportError:
        return
    yield "arguments", [model_args.T5Args(), model_args.ClassificationArgs(), model_args.NERArgs()]


def arguments():
    try:
        import transformers
        made = transformers.TrainingArguments("out", report_to="none", label_names=["labels"], lr_scheduler_type="cosine")
        more = transformers.Seq2SeqTrainingArguments("out", report_to="none", save_strategy="no")
    except ImportError:
        return
    made.device
    yield "arguments", made
    yield "seq2seq", more


def scales():
    try:
        from deepspeed.runtime.fp16.loss_scaler import DynamicLossScaler, LossScaler
        from deepspeed.runtime.zero.config import ZeroStageEnum
        from deepspeed.utils.tensor_fragment import fragment_address
    except ImportError:
        return
    import torch

    scaler = DynamicLossScaler(init_scale=2.0**16, scale_factor=2.0, scale_window=1000, min_scale=1, delayed_shift=2, consecutive_hysteresis=False, raise_error_at_min_scale=True)
    yield "zero", {"optimizer_state_dict": {"loss_scaler": scaler, "zero_stage": ZeroStageEnum.gradients, "param_slice_mappings": [collections.OrderedDict(w=fragment_address(numel=4, start=0))]}, "ds_config": {}}
    yield "static", {"loss_scaler": LossScaler(1.0), "param_shapes": [collections.OrderedDict(w=torch.Size([2, 2]))]}


def symbols():
    try:
        from fairseq.data.dictionary import Dictionary
        from fairseq.dataclass.configs import CommonConfig
        from fairseq.logging.meters import AverageMeter, StopwatchMeter, TimeMeter
    except (ImportError, ValueError):  # recent releases of Python do not import it
        return
    yield "task", {"task_state": {"target_dictionary": Dictionary()}, "cfg": {"common": CommonConfig()}, "args": argparse.Namespace(arch="x")}
    yield "meters", collections.OrderedDict(train=AverageMeter(), time=TimeMeter(), watch=StopwatchMeter())


def speakers():
    try:
        import numpy
        from speechbrain.processing.PLDA_LDA import Ndx, PLDA, StatObject_SB
    except ImportError:
        return
    names = numpy.array(["a", "b"], dtype="|O")
    yield "statistics", StatObject_SB(modelset=names, segset=names, start=numpy.array([None, None]), stop=numpy.array([None, None]), stat0=numpy.ones((2, 1)), stat1=numpy.ones((2, 3)))
    yield "models", [Ndx(models=names, testsegs=names), PLDA(rank_f=2)]


def words():
    try:
        from gensim.corpora import Dictionary
        from gensim.models import Doc2Vec, FastText, LdaModel, LsiModel, TfidfModel, Word2Vec
        from gensim.models.doc2vec import TaggedDocument
        from gensim.models.phrases import Phraser, Phrases
    except ImportError:
        return
    texts = [["w%d" % (row * column % 23) for column in range(8)] for row in range(40)]
    model = Word2Vec(texts, vector_size=4, min_count=1, epochs=1)
    yield "words", model
    yield "vectors", model.wv
    yield "subwords", FastText(texts, vector_size=4, min_count=1, epochs=1, bucket=50)
    yield "documents", Doc2Vec([TaggedDocument(text, [row]) for row, text in enumerate(texts)], vector_size=4, epochs=1)
    known = Dictionary(texts)
    bags = [known.doc2bow(text) for text in texts]
    yield "dictionary", known
    yield "topics", LdaModel(bags, num_topics=2, id2word=known)
    yield "index", LsiModel(bags, id2word=known, num_topics=2)
    yield "frequencies", TfidfModel(bags)
    phrases = Phrases(texts, min_count=1, threshold=1)
    yield "phrases", [phrases, Phraser(phrases)]


def sentences():
    try:
        import nltk
        from nltk.classify import NaiveBayesClassifier
        from nltk.tag import BigramTagger, DefaultTagger, PerceptronTagger, UnigramTagger
        from nltk.tokenize.punkt import PunktSentenceTokenizer, PunktTrainer
    except ImportError:
        return
    tagged = [[("the", "DT"), ("dog", "NN"), ("runs", "VB"), (".", ".")]] * 3
    tagger = PerceptronTagger(load=False)
    tagger.train(tagged, nr_iter=2)
    yield "perceptron", [tagger, (tagger.model.weights, tagger.tagdict, tagger.classes)]
    yield "ngrams", BigramTagger(tagged, backoff=UnigramTagger(tagged, backoff=DefaultTagger("NN")))
    trainer = PunktTrainer()
    trainer.train("Dr. Smith went home. He slept. Mr. Jones did not. " * 20)
    yield "punkt", [PunktSentenceTokenizer(trainer.get_params()), trainer.get_params()]
    yield "counts", [nltk.FreqDist("hello world"), nltk.ConditionalFreqDist([(1, 2), (1, 3)])]
    yield "bayes", NaiveBayesClassifier.train([({"a": 1}, "x"), ({"a": 2}, "y")] * 3)


def graphs():
    try:
        import networkx
    except ImportError:
        return
    for name, kind in (("graph", networkx.Graph), ("directed", networkx.DiGraph), ("several", networkx.MultiGraph), ("several-directed", networkx.MultiDiGraph)):
        made = kind([(1, 2, {"weight": 0.5}), ("a", 1)], name="x")
        yield name, made
        # Views that were asked for are kept.
        made.nodes, made.edges, made.adj, made.degree
        if made.is_directed():
            made.succ, made.pred, made.in_edges, made.out_edges, made.in_degree, made.out_degree
        yield name + "-viewed", made


def samplers():
    try:
        import numpy
        from imblearn.ensemble import BalancedRandomForestClassifier, EasyEnsembleClassifier, RUSBoostClassifier
        from imblearn.over_sampling import ADASYN, SMOTE, RandomOverSampler
        from imblearn.pipeline import make_pipeline
        from imblearn.under_sampling import NearMiss, RandomUnderSampler, TomekLinks
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler
    except ImportError:
        return
    rows = numpy.random.RandomState(0).rand(90, 4)
    labels = (rows[:, 0] > 0.75).astype(int)
    for sampler in (ADASYN(), SMOTE(), RandomOverSampler(), NearMiss(), RandomUnderSampler(), TomekLinks()):
        sampler.fit_resample(rows, labels)
        yield "fitted-" + type(sampler).__name__, sampler
    yield "pipeline", make_pipeline(StandardScaler(), SMOTE(), LogisticRegression()).fit(rows, labels)
    for ensemble in (BalancedRandomForestClassifier(3), EasyEnsembleClassifier(2), RUSBoostClassifier(n_estimators=2)):
        yield "fitted-" + type(ensemble).__name__, ensemble.fit(rows, labels)


def tokens():
    kinds = []
    for module in ("keras.src.legacy.preprocessing.text", "keras_preprocessing.text", "tf_keras.src.preprocessing.text"):
        try:
            kinds.append(importlib.import_module(module).Tokenizer)
        except ImportError:
            continue
    for kind in kinds:
        name = kind.__module__.replace(".", "-")
        yield name, kind()
        fitted = kind(num_words=20, oov_token="<OOV>")
        fitted.fit_on_texts(["the cat sat", "the dog ran"])
        yield name + "-fitted", {"tokenizer": fitted, "length": 3}


def found_documents():
    try:
        warnings.filterwarnings("ignore")
        from langchain_community.docstore.in_memory import InMemoryDocstore
        from langchain_core.documents import Document
    except ImportError:
        return
    yield "documents", [Document(page_content="text", metadata={"source": "a.pdf", "page": 3}), Document(page_content="")]
    # What `FAISS.save_local` writes beside its index.
    yield "index", (InMemoryDocstore({"a": Document(page_content="text"), "b": Document(page_content="é", metadata={"tags": ["x"]})}), {0: "a", 1: "b"})


PACKS = {"python-data": python_data, "sklearn-estimators": estimators, "torch-nn": modules, "transformers-training": arguments, "torchvision": pictures, "timm": timm_models, "ultralytics": yolo, "lightning": lightning, "flair": tags, "simpletransformers": arguments_of_simple, "deepspeed": scales, "fairseq": symbols, "speechbrain": speakers, "gensim": words, "nltk": sentences, "networkx": graphs, "imbalanced-learn": samplers, "keras-text": tokens, "langchain": found_documents}
# Those whose files torch writes.
OF_TORCH = ("torch-nn", "transformers-training", "torchvision", "timm", "ultralytics", "lightning", "flair", "simpletransformers", "deepspeed", "fairseq", "speechbrain")


def main(folder):
    warnings.filterwarnings("ignore")
    for pack, objects in PACKS.items():
        place = Path(folder) / pack
        place.mkdir(parents=True, exist_ok=True)
        for name, made in objects():
            for protocol in (2, 5):
                (place / ("%s-%d.pkl" % (name, protocol))).write_bytes(pickle.dumps(made, protocol))
            if pack in OF_TORCH:
                import torch

                torch.save(made, place / (name + ".pt"))
                torch.save(made, place / (name + "-legacy.pt"), _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main(sys.argv[1]) if len(sys.argv) == 2 else sys.exit(__doc__)
