#!/usr/bin/env python3
"""Writes what the packs of whole objects are for, with the libraries at hand.

    pack_files.py FOLDER      writes FOLDER/PACK/... for python-data, sklearn-estimators, torch-nn and transformers-training

`new` in a name is an object as it is made, `fitted` an estimator after `fit`: that holds whatever the library keeps, such as
trees, which no pack lists.
"""
import argparse
import datetime
import decimal
import pathlib
import pickle
import sys
import types
import warnings
from pathlib import Path


def python_data():
    zone = datetime.timezone(datetime.timedelta(hours=2), "here")
    yield "namespace", argparse.Namespace(lr=0.1, layers=[1, 2], path=pathlib.PurePosixPath("a/b"), when=datetime.datetime(2024, 2, 29, 12, 30, 1, 5))
    yield "nested", {"a": types.SimpleNamespace(x=1, y=types.SimpleNamespace()), "b": argparse.Namespace()}
    yield "dates", [datetime.date(1, 1, 1), datetime.date.max, datetime.datetime.max, datetime.time(23, 59, 59, 999999, fold=1), datetime.timedelta(days=-3, seconds=5, microseconds=7)]
    yield "zones", [datetime.datetime(2024, 1, 1, tzinfo=zone), datetime.time(1, 2, tzinfo=datetime.timezone.utc), datetime.timezone(datetime.timedelta(minutes=-90))]
    yield "numbers", [decimal.Decimal("1.50"), decimal.Decimal("NaN"), decimal.Decimal("-Infinity"), 1j]
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


PACKS = {"python-data": python_data, "sklearn-estimators": estimators, "torch-nn": modules, "transformers-training": arguments}


def main(folder):
    warnings.filterwarnings("ignore")
    for pack, objects in PACKS.items():
        place = Path(folder) / pack
        place.mkdir(parents=True, exist_ok=True)
        for name, made in objects():
            for protocol in (2, 5):
                (place / ("%s-%d.pkl" % (name, protocol))).write_bytes(pickle.dumps(made, protocol))
            if pack in ("torch-nn", "transformers-training"):
                import torch

                torch.save(made, place / (name + ".pt"))
                torch.save(made, place / (name + "-legacy.pt"), _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main(sys.argv[1]) if len(sys.argv) == 2 else sys.exit(__doc__)
