#!/usr/bin/env python3
"""Writes ../globals/torch-weights.yaml from real torch releases.

    torch_weights.py probe > 2.15.json       run with the python of an environment that has that torch
    torch_weights.py write 1.13.json ...     merge what the releases said into the pack

`probe` asks the release it runs under: which globals `weights_only=True` accepts by default
(`torch._weights_only_unpickler._get_allowed_globals()`), what kind of thing each is, and, by feeding the
weights-only unpickler tiny pickles, which opcodes it takes, which modules it never takes names from, and what it
checks of the targets of SETITEM, APPEND, NEWOBJ and BUILD. Nothing is read from its source.

One release of each minor version is enough: the lists did not change in a patch release, and a policy's
`target.torch` is compared by minor version. Wheels without CUDA import anywhere; where the platform has
none, those of another architecture run under an emulator of user-mode programs.

`write` takes the answers in any order and keeps what the pack says under `shapes`, which is reviewed by hand. `since` is the first release probed that lists a name, `until` the first
one after it that no longer does; `behaviour` has the same words for what releases do.
"""
import io
import json
import pickle
import pickletools
import sys
from pathlib import Path

PACK = Path(__file__).resolve().parent.parent / "globals" / "torch-weights.yaml"


def probe():
    import torch
    import torch._weights_only_unpickler as unpickler

    def load(body, proto=2):
        return unpickler.load(io.BytesIO(b"\x80" + bytes([proto]) + body), encoding="utf-8")

    def outcome(body):
        try:
            return "value", load(body)
        except (pickle.UnpicklingError, RuntimeError) as error:  # RuntimeError before 2.5
            return "refused", str(error)
        except Exception as error:  # supported, but this operand makes no sense
            return "error", repr(error)

    def kind(value):
        if isinstance(value, (torch.dtype, torch.qscheme, torch.layout)):
            return type(value).__name__
        # The legacy tensor types (torch.FloatTensor) and storages are classes to those who call them.
        if isinstance(value, type) or type(value).__name__ in ("tensortype", "StorageType"):
            return "class"
        return "function" if callable(value) else "value"

    opcodes = []
    for op in pickletools.opcodes:
        what, detail = outcome(op.code.encode("latin-1") + b"\x00" * 4 + b"\n\n" + b"\x00" * 16)
        unsupported = what == "refused" and f"nsupported operand {ord(op.code)}" in detail
        if not unsupported:
            opcodes.append(op.name)

    def blocked(module):
        what, detail = outcome(b"c" + module.encode() + b"\nweighbridge\n.")
        return what == "refused" and ("blocked" in detail or "blocklist" in detail)

    candidates = sorted(set(getattr(sys, "stdlib_module_names", ())) | {"nt", "posix", "os", "sys", "torch", "numpy"})
    ordered = b"ccollections\nOrderedDict\n"

    def unlisted_by_default():
        import fractions
        buffer = io.BytesIO()
        torch.save({"x": fractions.Fraction(1, 2)}, buffer)
        buffer.seek(0)
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                torch.load(buffer)
                return False
            except pickle.UnpicklingError:
                return True

    answer = {
        "release": torch.__version__.split("+")[0],
        "platform": sys.platform + " " + __import__("platform").machine(),
        "python": ".".join(map(str, sys.version_info[:3])),
        "globals": {name: kind(value) for name, value in sorted(unpickler._get_allowed_globals().items())},
        "opcodes": sorted(opcodes),
        "blocked-modules": [m for m in candidates if blocked(m)],
        "maps-python2-names": outcome(b"cUserDict\nOrderedDict\n)R.")[0] == "value",
        # [5][0] = 6 works unless only dictionaries are accepted.
        "setitem-on-anything": outcome(b"]K\x05aK\x00K\x06s.")[0] == "value",
        # {}.append does not exist: an AttributeError says that it was tried.
        "append-on-anything": outcome(b"}K\x05a.")[0] == "error",
        "newobj-of-any-listed-class": outcome(ordered + b")\x81.")[0] == "value",
        "build-of-any-listed-class": outcome(b"ctorch\nSize\n)R}b.")[0] != "refused",
        "weights-only-by-default": unlisted_by_default(),
    }
    json.dump(answer, sys.stdout, indent=1)


# Functions that call their first argument: no release says so of itself.
APPLIERS = {"torch._tensor._rebuild_from_type_v2"}
# Classes that torch's own writers call. The others (storages, types of tensors) are parts of an id or only named: calling one
# makes a tensor of memory that the file chooses.
CALLED = {"torch.Size", "torch.device"}


def reviewed(name, kind):
    if name in APPLIERS:
        return "applier"
    if kind == "class" and name.startswith("torch.") and name not in CALLED:
        return "value"
    return kind


def minor(release):
    return tuple(int(part) for part in release.split(".")[:2])


def spell(release):
    return ".".join(map(str, release))


# What releases answer to tiny pickles, and do not all do.
PROBED = ["newobj-of-any-listed-class", "build-of-any-listed-class", "setitem-on-anything"]
# What takes whole archives to find: tests/it/oracle/torch_archives.py under each release.
FOUND = [
    ("reads-storage-alignment", {"since": "2.7"}),
    ("compares-record-sizes", {"since": "2.10"}),
    ("keeps-first-storage-type", {"until": "2.15"}),
    ("compares-quantized-extents", {"since": "2.15"}),
    ("compares-scales", {"since": "2.13"}),
    ("checks-sparse-tensors", {"until": "2.8"}),
    ("checks-sparse-tensors", {"since": "2.14"}),
]


def behaviour(releases, answers):
    """Which releases do what, as spans of them."""
    assert not any(a["append-on-anything"] for a in answers), "APPEND writes to anything: no reader knows of that"
    rows = []
    for kind in PROBED:
        does = [a[kind] for a in answers]
        starts = [i for i, yes in enumerate(does) if yes and (i == 0 or not does[i - 1])]
        for start in starts:
            end = next((i for i in range(start, len(does)) if not does[i]), None)
            span = {}
            if start:
                span["since"] = spell(releases[start])
            if end is not None:
                span["until"] = spell(releases[end])
            rows.append((kind, span))
    return rows + FOUND


def write(paths):
    answers = sorted((json.loads(Path(p).read_text()) for p in paths), key=lambda a: minor(a["release"]))
    releases = [minor(a["release"]) for a in answers]
    assert len(set(releases)) == len(releases), "one answer for each minor version"
    names = sorted({name for a in answers for name in a["globals"]})
    out = [
        "# What `torch.load(weights_only=True)` accepts by default, in each release.",
        "# Generated by policies/generate/torch_weights.py up to `shapes`; do not edit that part by hand.",
        "pack: torch-weights",
        "title: tensors, parameters and plain containers, as torch's weights-only loader accepts them",
        "library: torch",
        "provenance: >-",
        "  Recorded from each release below: `_weights_only_unpickler._get_allowed_globals` lists the globals that it accepts by default, and",
        "  small pickles, loaded one by one, show what else it checks.",
        "releases:",
    ]
    common = sorted(set.intersection(*(set(a["opcodes"]) for a in answers)))
    for release, a in zip(releases, answers):
        out.append(f'  - release: "{spell(release)}"')
        out.append(f'    ran: {a["release"]} with Python {a["python"]} on {a["platform"]}')
        out.append(f'    weights-only-by-default: {str(a["weights-only-by-default"]).lower()}')
        out.append(f'    maps-python2-names: {str(a["maps-python2-names"]).lower()}')
        out.append(f'    blocked-modules: [{", ".join(a["blocked-modules"])}]')
        more = sorted(set(a["opcodes"]) - set(common))
        if more:
            out.append(f'    more-opcodes: [{", ".join(more)}]')
    out.append("# Behaviour that differs between releases: `since` is the first release that has it, `until` the first that no longer does.")
    out.append("behaviour:")
    for kind, span in behaviour(releases, answers):
        fields = [f"kind: {kind}"] + [f'{end}: "{at}"' for end, at in span.items()]
        out.append("  - {" + ", ".join(fields) + "}")
    out.append("# The opcodes that every release above accepts, named as in pickletools.")
    out.append("opcodes:")
    line = " "
    for i, op in enumerate(common):
        word = op + ("," if i + 1 < len(common) else "")
        if len(line) + len(word) > 100:
            out.append(line)
            line = " "
        line += " " + word
    body = out[out.index("opcodes:") + 1:] + [line]
    out = out[: out.index("opcodes:")] + ["opcodes: ["] + body + ["]"]
    out.append("entries:")
    for name in names:
        listed = [name in a["globals"] for a in answers]
        first = listed.index(True)
        kinds = {a["globals"][name] for a in answers if name in a["globals"]}
        assert len(kinds) == 1, (name, kinds)
        found = kinds.pop()
        fields = [f"global: {name}", f"kind: {reviewed(name, found)}", f'since: "{spell(releases[first])}"']
        if not all(listed[first:]):
            gone = listed.index(False, first)
            assert not any(listed[gone:]), f"{name} came back"
            fields.append(f'until: "{spell(releases[gone])}"')
        out.append("  - {" + ", ".join(fields) + "}")
    before, mark, shapes = PACK.read_text().partition("# How torch writes what it stores")
    PACK.write_text("\n".join(out) + "\n" + mark + shapes)
    print(f"{len(names)} names, {len(releases)} releases: {PACK}", file=sys.stderr)


if __name__ == "__main__":
    match = sys.argv[1:]
    if match == ["probe"]:
        probe()
    elif len(match) > 1 and match[0] == "write":
        write(match[1:])
    else:
        sys.exit(__doc__)
