"""Writes models of one library of gradient-boosted trees into the folder that is named: genuine ones of many kinds, and damaged copies. Prints for
each what the library does with it in a process of its own: `loaded`, `refused`, or `crashed` (a signal, or no end within seconds), when the
model is loaded and predicts for a few rows.
"""

import json
import os
import random
import re
import resource
import signal
import sys
import warnings

# A process that was forked has none of the threads of its parent.
os.environ["OMP_NUM_THREADS"] = "1"
import numpy as np

LIBRARY, FOLDER, COUNT, SEED = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
warnings.filterwarnings("ignore")
ROWS = np.random.default_rng(0).normal(size=(60, 4))
LABELS = (ROWS[:, 0] > 0).astype(int)
CLASSES = np.arange(60) % 3


def frame():
    import pandas

    return pandas.DataFrame({"a": ROWS[:, 0], "c": pandas.Categorical(list("uvw") * 20)})


def write_xgboost():
    import xgboost

    kinds = {
        "logistic": dict(objective="binary:logistic", max_depth=3),
        "dart": dict(booster="dart", objective="binary:logistic", rate_drop=0.5),
        "linear": dict(booster="gblinear", objective="reg:squarederror"),
        "classes": dict(objective="multi:softprob", num_class=3),
        "ranked": dict(objective="rank:ndcg"),
        "poisson": dict(objective="count:poisson"),
        "quantiles": dict(objective="reg:quantileerror", quantile_alpha=[0.1, 0.5]),
        "targets": dict(objective="reg:squarederror", multi_strategy="multi_output_tree"),
        "forest": dict(objective="reg:absoluteerror", num_parallel_tree=3, subsample=0.5),
        "leaves": dict(grow_policy="lossguide", max_leaves=6, tree_method="hist"),
        "pruned": dict(tree_method="exact", gamma=3.0, max_depth=5),
    }
    for name, parameters in kinds.items():
        labels = {"classes": CLASSES, "targets": np.stack([LABELS, CLASSES], 1)}.get(name, LABELS)
        data = xgboost.DMatrix(ROWS, label=labels)
        if name == "ranked":
            data.set_group([30, 30])
        booster = xgboost.train(parameters, data, 4)
        booster.set_attr(note="text \u00e4", best_iteration="3")
        for end in ("json", "ubj"):
            booster.save_model(f"{FOLDER}/{name}.{end}")
    data = xgboost.DMatrix(frame(), label=CLASSES, enable_categorical=True)
    for name, most in {"one-hot": 8, "partitioned": 1}.items():
        booster = xgboost.train(dict(max_cat_to_onehot=most, max_depth=4), data, 3)
        for end in ("json", "ubj"):
            booster.save_model(f"{FOLDER}/{name}.{end}")
    for end in ("json", "ubj"):
        xgboost.XGBClassifier(n_estimators=2).fit(ROWS, CLASSES).save_model(f"{FOLDER}/sklearn.{end}")


def load_xgboost(path):
    import xgboost

    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(path)
    width = booster.num_features()
    if width > 1000:
        raise ValueError
    for missing in (0.0, np.nan):
        booster.predict(xgboost.DMatrix(np.full((3, width), missing), nthread=1), validate_features=False)


def write_lightgbm():
    import lightgbm

    kinds = {
        "binary": dict(objective="binary"),
        "classes": dict(objective="multiclass", num_class=3),
        "forest": dict(objective="binary", boosting="rf", bagging_freq=1, bagging_fraction=0.5),
        "linear": dict(objective="regression", linear_tree=True),
        "dart": dict(objective="regression", boosting="dart"),
        "monotone": dict(objective="regression", monotone_constraints=[1, 0, -1, 0]),
        "stump": dict(objective="regression", min_data_in_leaf=60),
    }
    for name, parameters in kinds.items():
        labels = CLASSES if name == "classes" else LABELS
        parameters = {"min_data_in_leaf": 3, **parameters, "verbose": -1, "num_threads": 1}
        lightgbm.train(parameters, lightgbm.Dataset(ROWS, labels), 3).save_model(f"{FOLDER}/{name}.txt")
    parameters = dict(objective="regression", verbose=-1, num_threads=1, min_data_in_leaf=2, min_data_per_group=2, cat_smooth=1)
    data = lightgbm.Dataset(frame(), CLASSES, categorical_feature=["c"])
    lightgbm.train(parameters, data, 3).save_model(f"{FOLDER}/categories.txt")


def load_lightgbm(path):
    import lightgbm

    booster = lightgbm.Booster(model_file=path)
    width = booster.num_feature()
    if width > 1000:
        raise ValueError
    for missing in (0.0, np.nan):
        booster.predict(np.full((3, width), missing), num_threads=1)


def write_catboost():
    import catboost

    quiet = dict(iterations=3, depth=3, verbose=0, allow_writing_files=False, thread_count=1)
    kinds = {
        "classifier": (catboost.CatBoostClassifier, LABELS, {}),
        "classes": (catboost.CatBoostClassifier, CLASSES, {}),
        "regressor": (catboost.CatBoostRegressor, LABELS, {}),
        "lossguide": (catboost.CatBoostRegressor, LABELS, dict(grow_policy="Lossguide")),
        "depthwise": (catboost.CatBoostClassifier, CLASSES, dict(grow_policy="Depthwise")),
    }
    for name, (kind, labels, parameters) in kinds.items():
        model = kind(**quiet, **parameters).fit(ROWS, labels)
        model.save_model(f"{FOLDER}/{name}.cbm")
        model.save_model(f"{FOLDER}/{name}.json", format="json")
    table = frame().assign(c=frame().c.astype(str))
    for name, one_hot in {"one-hot": 8, "counters": 1}.items():
        model = catboost.CatBoostRegressor(**quiet, cat_features=["c"], one_hot_max_size=one_hot).fit(table, CLASSES)
        model.save_model(f"{FOLDER}/{name}.cbm")
        model.save_model(f"{FOLDER}/{name}.json", format="json", pool=catboost.Pool(table, CLASSES, cat_features=["c"]))
    words = "the a cat dog bird runs flies sleeps good bad red blue".split()
    texts = [" ".join(words[(at * step) % len(words)] for step in range(1, 3 + at % 4)) for at in range(60)]
    rows = [[texts[at], texts[-at], str(at % 4), *ROWS[at]] for at in range(60)]
    pools = {"binary": LABELS, "classes": CLASSES, "numbers": ROWS[:, 0]}
    short = dict(quiet, random_seed=1)
    for name, labels in pools.items():
        kind = catboost.CatBoostRegressor if name == "numbers" else catboost.CatBoostClassifier
        model = kind(**short).fit(catboost.Pool(rows, labels, text_features=[0, 1], cat_features=[2]))
        model.save_model(f"{FOLDER}/texts-{name}.cbm")
        embedded = [[list(ROWS[at]), list(ROWS[at][:3]), ROWS[at][1]] for at in range(60)]
        kind(**short).fit(catboost.Pool(embedded, labels, embedding_features=[0, 1])).save_model(f"{FOLDER}/embedded-{name}.cbm")
    tokenizers = [
        dict(tokenizer_id="Space", delimiter=" ", lowercasing="true"),
        dict(tokenizer_id="Sense", separator_type="BySense", token_types=["Word", "Number", "Punctuation"], number_process_policy="Replace",
             number_token="@", languages=["en", "ru"], sub_tokens_policy="SeveralTokens"),
    ]
    some = dict(occurrence_lower_bound="1")
    dictionaries = [
        dict(dictionary_id="Word", gram_order="1", **some),
        dict(dictionary_id="Pair", gram_order="2", max_dictionary_size="50", **some),
        dict(dictionary_id="Letter", token_level_type="Letter", gram_order="2", **some),
        dict(dictionary_id="Bpe", dictionary_type="Bpe", num_bpe_units="20", **some),
    ]
    features = [
        dict(tokenizers_names=["Space"], dictionaries_names=["Word", "Bpe"], feature_calcers=["BoW:top_tokens_count=9", "NaiveBayes", "BM25"]),
        dict(tokenizers_names=["Sense"], dictionaries_names=["Pair", "Letter"], feature_calcers=["NaiveBayes", "BoW", "BM25"]),
    ]
    processing = dict(tokenizers=tokenizers, dictionaries=dictionaries, feature_processing=dict(default=features))
    pool = catboost.Pool(rows, CLASSES, text_features=[0, 1], cat_features=[2])
    catboost.CatBoostClassifier(**short, text_processing=processing).fit(pool).save_model(f"{FOLDER}/dictionaries.cbm")
    ranked = catboost.Pool(rows, LABELS, text_features=[0, 1], cat_features=[2], group_id=[at // 10 for at in range(60)])
    catboost.CatBoostRanker(**short).fit(ranked).save_model(f"{FOLDER}/texts-ranked.cbm")
    both = [row[:2] + [list(ROWS[at]), ROWS[at][0]] for at, row in enumerate(rows)]
    catboost.CatBoostClassifier(**short).fit(catboost.Pool(both, CLASSES, text_features=[0, 1], embedding_features=[2])).save_model(f"{FOLDER}/both.cbm")
    for name, kinds in {"discriminant": ["LDA:likelihood=true:components=2"], "neighbours": ["KNN:k=3", "LDA:components=1"]}.items():
        parameters = dict(short, loss_function="MultiClass", embedding_processing=dict(embedding_processing=dict(default=kinds)))
        pool = catboost.Pool(embedded, CLASSES, embedding_features=[0, 1])
        catboost.CatBoost(parameters).fit(pool).save_model(f"{FOLDER}/{name}.cbm")


def load_catboost(path):
    import catboost

    model = catboost.CatBoost()
    model.load_model(path, format="json" if path.endswith("json") else "cbm")
    names = model.feature_names_
    if len(names) > 1000:
        raise ValueError
    kinds = dict.fromkeys(model.get_cat_feature_indices(), "category")
    kinds.update(dict.fromkeys(model._get_text_feature_indices(), "text"))
    kinds.update(dict.fromkeys(model._get_embedding_feature_indices(), "embedding"))
    wide = (0, 2)
    for category, text, number in (("u", "the cat runs 7", 0.0), ("other", "Unknown words", -3.5)):
        cells = {"category": category, "text": text, None: number}
        row = [[number] * (4 if at in wide else 3) if kinds.get(at) == "embedding" else cells[kinds.get(at)] for at in range(len(names))]
        columns = {f"{kind}_features": [at for at, of in kinds.items() if of == kind] for kind in ("text", "embedding")}
        columns["cat_features"] = [at for at, of in kinds.items() if of == "category"]
        model.predict(catboost.Pool([row], **columns), thread_count=1)


def damaged(rng, content):
    """A copy with a few changes: numbers exchanged, bytes flipped, parts cut out or doubled."""
    content = bytearray(content)
    for _ in range(rng.randrange(1, 4)):
        roll = rng.random()
        numbers = list(re.finditer(rb"-?\d+", content)) if rng.random() < 0.8 else []
        if roll < 0.5 and numbers:
            at = rng.choice(numbers)
            number = rng.choice([b"0", b"1", b"-1", b"2", b"3", b"7", b"100000", b"-2147483648", b"99999999999"])
            content[at.start() : at.end()] = number
        elif roll < 0.75:
            at = rng.randrange(len(content))
            content[at] = rng.choice([content[at] ^ (1 << rng.randrange(8)), 0, 0xFF, 0x7F])
        elif roll < 0.85:
            at = rng.randrange(len(content))
            del content[at : at + rng.randrange(1, 40)]
        elif roll < 0.95:
            at = rng.randrange(len(content))
            content[at:at] = content[at : at + rng.randrange(1, 200)]
        else:
            del content[rng.randrange(len(content)) :]
        if not content:
            return b"x"
    return bytes(content)


def child(do, *args):
    """Runs something in a process of its own; what became of it."""
    pid = os.fork()
    if pid == 0:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (3, 3))
        signal.alarm(30)
        try:
            do(*args)
            os._exit(0)
        except MemoryError:
            os._exit(1)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return "crashed"
    return "loaded" if os.WEXITSTATUS(status) == 0 else "refused"


write, load = {
    "xgboost": (write_xgboost, load_xgboost),
    "lightgbm": (write_lightgbm, load_lightgbm),
    "catboost": (write_catboost, load_catboost),
}[LIBRARY]
__import__(LIBRARY)
assert child(write) == "loaded", "the models could not be written"
genuine = sorted(os.listdir(FOLDER))
for name in genuine:
    print(json.dumps({"file": name, "genuine": True, "answer": child(load, f"{FOLDER}/{name}")}))
rng = random.Random(SEED)
for number in range(COUNT):
    of = rng.choice(genuine)
    with open(f"{FOLDER}/{of}", "rb") as file:
        content = damaged(rng, file.read())
    name = f"damaged-{number}-{of}"
    with open(f"{FOLDER}/{name}", "wb") as file:
        file.write(content)
    print(json.dumps({"file": name, "genuine": False, "answer": child(load, f"{FOLDER}/{name}")}))
