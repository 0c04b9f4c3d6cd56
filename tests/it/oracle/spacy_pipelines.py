"""Pipelines that spaCy writes: a JSON object on each line, with the path and the file in hex, for each file of less than a megabyte; and what thinc
makes of configurations: for each of `CONFIGURATIONS`, the names of functions that it looks up."""

import json
import os
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")

import spacy
from spacy.training import Example

# Configurations in which a name is written in some way.
CONFIGURATIONS = [
    '[nlp]\n[a]\n@misc = "x.v1"\n',
    "[nlp]\n[a]\n@misc = x.v1\n",
    '[nlp]\n[a]\n@misc : "x.v1"\n',
    '[nlp]\n[a]\n@misc\n = "x.v1"\n',
    '[nlp]\n[a]\n@misc = "x.v1"\n; @misc = "y.v1"\n# @misc = "y.v1"\n',
    '[nlp]\n[a]\nb = {"c": [{"@misc": "x.v1"}]}\n',
    '[nlp]\n[a]\nb = {"c": {"\\u0040misc": "x.v1"}}\n',
    '[nlp]\n[a]\nb = {"c":\n  {"@misc":\n  "x.v1"}}\n',
    '[nlp]\n[v]\nx = "x.v1"\n[a]\n@misc = ${v.x}\n',
    '[nlp]\n[v]\nx = "x.v1"\n[a]\n@misc = ${v:x}\n',
    '[nlp]\n[v]\nx = "x"\n[a]\n@misc = "${v.x}.v1"\n',
    '[nlp]\n[v]\nx = "x"\ny = ${v.x}\n[a]\n@misc = "${v.y}.v1"\n',
    '[nlp]\n[v]\nx = {"@misc": "x.v1"}\n[a]\nb = ${v.x}\n',
    '[nlp]\n[v]\nb = 1\n[v.x]\n@misc = "x.v1"\n[a]\nb = ${v.x}\n',
    '[nlp]\n[a]\n@misc = "$$x.v1"\n',
    '[nlp]\n[a]\n@misc = "x\\u002ev1"\n',
    '[nlp]\r\n[a]\r\n@misc = "x.v1"\r\n',
    '[nlp]\n[a]\nb = "@misc"\nc = "x@y.z"\n',
]


def looked_up(node):
    """The functions that a part of a configuration has called."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key.startswith("@"):
                yield f"{key[1:]}:{value}"
            yield from looked_up(value)
    elif isinstance(node, list):
        for value in node:
            yield from looked_up(value)


for text in CONFIGURATIONS:
    try:
        names = sorted(set(looked_up(spacy.util.load_config_from_str(text, interpolate=True))))
    except Exception:
        names = None
    print(json.dumps({"configuration": text, "names": names}))

nlp = spacy.blank("en")
for pipe in [
    "tok2vec", "tagger", "parser", "ner", "textcat_multilabel", "entity_ruler", "span_ruler", "sentencizer", "attribute_ruler", "morphologizer",
    "senter", "spancat", "doc_cleaner", "merge_entities",
]:
    nlp.add_pipe(pipe)
example = Example.from_dict(
    nlp.make_doc("I like cats"),
    {
        "tags": ["P", "V", "N"],
        "pos": ["PRON", "VERB", "NOUN"],
        "morphs": ["A=1", "", ""],
        "heads": [1, 1, 1],
        "deps": ["nsubj", "ROOT", "dobj"],
        "entities": ["O", "O", "U-X"],
        "cats": {"a": 1.0},
        "sent_starts": [1, 0, 0],
        "spans": {"sc": [(0, 6, "S")]},
    },
)
nlp.initialize(lambda: [example])
root = tempfile.mkdtemp()
nlp.to_disk(os.path.join(root, "trained"))
spacy.blank("de").to_disk(os.path.join(root, "blank"))
for where, _, files in os.walk(root):
    for name in sorted(files):
        path = os.path.join(where, name)
        with open(path, "rb") as file:
            data = file.read()
        if len(data) < 1 << 20:
            print(json.dumps({"path": os.path.relpath(path, root), "file": data.hex()}))

registered = {}
for registry in spacy.registry.get_registry_names():
    registered[registry] = sorted(getattr(spacy.registry, registry).get_all())
registered["factories"] = sorted(set(registered["factories"]) | set(nlp.factory_names))
print(json.dumps({"registered": registered}))
