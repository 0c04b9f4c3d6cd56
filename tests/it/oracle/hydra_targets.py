"""Writes configurations in YAML into the folder that is named, and prints for each which names hydra looks up to make what it says,
or that OmegaConf does not read it. Nothing is imported or called: a function that returns nothing stands for each name.
"""

import json
import os
import random
import sys

from hydra._internal.instantiate import _instantiate2
from hydra.utils import instantiate
from omegaconf import OmegaConf

FOLDER, COUNT, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
NAMES = ["a.b.C", "torch.nn.Linear", "os.system", "m.f", "x.y.z.W", "k\u00e4se.brot"]


def text(rng, value):
    """A scalar in one of YAML's styles."""
    quoted = json.dumps(value)
    if rng.random() < 0.1:
        quoted = '"' + "".join(f"\\x{ord(c):02x}" if ord(c) < 256 else c for c in value) + '"'
    return rng.choice([value, quoted, "'" + value + "'", "!!str " + quoted])


def value(rng, depth, anchors):
    """A value in flow style."""
    roll = rng.random()
    if depth > 3 or roll < 0.3:
        return rng.choice(["1", "true", "null", "1.5e3", "~", '"text"', "'it''s'", "0x1f", "2020-01-01", "[]", "{}"])
    if roll < 0.4 and anchors:
        return "*" + rng.choice(anchors) + " "
    if roll < 0.55:
        return "[" + ", ".join(value(rng, depth + 1, anchors) for _ in range(rng.randrange(4))) + "]"
    if roll < 0.6:
        return json.dumps(rng.choice([
            "${root.p}",
            "${oc.create:{_target_:m.f}}",
            "${oc.decode:'{_target_: m.f}'}",
            "${oc.env:HOME}",
            "${oc.select:nothing,{_target_: m.f}}",
            "${oc.dict.keys:root}",
            "a ${root.p} b",
        ]))
    entries = []
    if rng.random() < 0.6:
        name = rng.choice(NAMES) if rng.random() < 0.9 else "${root.p}"
        target = text(rng, name)
        if "$" in target and target[0] not in "\"'!":
            target = json.dumps(name)
        entries.append(text(rng, "_target_") + ": " + target)
    for number in range(rng.randrange(3)):
        entries.append(f"k{number}: " + value(rng, depth + 1, anchors))
    if rng.random() < 0.15 and anchors:
        entries.append("<<: *" + rng.choice(anchors) + " ")
    rng.shuffle(entries)
    flow = "{" + ", ".join(entries) + "}"
    if rng.random() < 0.25:
        anchors.append(f"n{len(anchors)}")
        return f"&{anchors[-1]} {flow}"
    return flow


def configuration(rng):
    """A mapping in block style with such values."""
    anchors = []
    lines = ["root: {p: torch.nn.ReLU}"]
    for number in range(rng.randrange(1, 6)):
        roll = rng.random()
        if roll < 0.2:
            lines += [f"b{number}:", "  _target_: >-", "    " + rng.choice(NAMES), "  # _target_: comment.only", "  x: 1"]
        elif roll < 0.3:
            lines += [f"b{number}:", "  - ? _target_", "    : " + rng.choice(NAMES)]
        else:
            lines.append(f"b{number}: " + value(rng, 0, anchors))
    if rng.random() < 0.1:
        at = rng.randrange(len(lines))
        line = lines[at]
        cut = rng.randrange(len(line) + 1)
        lines[at] = line[:cut] + rng.choice(["\t", "}", "'", "&", "!", "\n", ": ", "%"]) + line[cut:]
    return "\n".join(lines) + "\n"


def looked_up(path):
    """The names that hydra looks up, or None if OmegaConf does not read the file."""
    found = []

    def resolve(target, full_key):
        if isinstance(target, str):
            found.append(target)
        return lambda *args, **kwargs: None

    _instantiate2._resolve_target = resolve
    _instantiate2._call_target = lambda *args, **kwargs: None
    try:
        config = OmegaConf.load(path)
    except Exception:
        return None, found
    nodes = config.keys() if OmegaConf.is_dict(config) else range(len(config))
    for key in nodes:
        # One that fails does not hide the others.
        try:
            instantiate(config[key])
        except Exception:
            pass
    return True, found


for number in range(COUNT):
    rng = random.Random(f"{SEED}-{number}")
    name = f"{number}.yaml"
    path = os.path.join(FOLDER, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(configuration(rng))
    read, names = looked_up(path)
    print(json.dumps({"file": name, "reads": bool(read), "names": sorted(set(names))}))
