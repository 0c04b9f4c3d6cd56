"""Forged pickles and torch archives that use listed names only: genuine streams, changed, and others grown from nothing.

    forge.py FOLDER COUNT SEED [MORE]      writes COUNT files into FOLDER; prints what was done to each

MORE is a folder of files to change as well, which make half of what is changed.

What is written is meant to be near what numpy, torch and CPython write, so that much of it passes the gate and what a
loader does with it can be seen. Nothing here loads anything. A stream is read into a tree of what it makes (`streams.py`);
changes are made to the tree (other numbers, other classes, the same value in two places, another opcode, keywords, state or
items where none were; those of `fitting.py` keep it consistent), and it is written again. Some files are changed opcode by opcode.
"""
import pickletools
import random
import re
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "policies" / "generate"))
import genuine  # noqa: E402
from fitting import Fitting  # noqa: E402
from streams import Node, Writer, copied, named, nodes, number, parts_of, put_together, read, said, several  # noqa: E402

LISTED = sorted({name for path in sorted((ROOT / "policies" / "globals").glob("*.yaml")) for name in re.findall(r"global: ([\w.]+)", path.read_text(encoding="utf-8"))})
CALLED = [name for name in LISTED if re.search(r"(_rebuild|_reconstruct|scalar|frombuffer|encode|OrderedDict|Counter|set|bytearray|complex|dtype|Size|device|_get_layout|bytes|slice|range|kwargs|Parameter|datetime|Decimal|Path|Namespace|defaultdict|AttributeDict|Dictionary|TorchVersion|rnn)", name)]

NUMBERS = [0, 1, 2, 3, 4, 5, 7, 8, 16, 63, 64, 255, 256, 1000, -1, -2, -8, 1 << 15, 1 << 20, 1 << 30, (1 << 31) - 1, 1 << 31, -(1 << 31), 1 << 32, 1 << 40, 1 << 60, (1 << 62) - 1, (1 << 63) - 1, -(1 << 63), 1 << 63, 1 << 64]
# What numpy and torch read as types, orders, layouts and places, and attributes that Python itself would follow.
TEXTS = ["O", "O8", "|O", "V8", "V0", "S8", "U2", "i8", "f8", "c16", "M8", "M8[ns]", "m8[3D]", "b1", "?", ">i4", "<f4", "i4,O", "(2,3)f8", "(2,)O", "a,b", "<", ">", "|", "=", "!", "", "C", "F", "A", "K", "latin1", "latin-1", "utf-8", "rot13", "zip", "hex", "cpu", "cuda", "cuda:0", "meta", "cpu:99", "storage", "module",
         "torch.sparse_coo", "torch.sparse_csr", "torch.strided", "torch.jagged", "conj", "neg"]
ATTRIBUTES = ["__setstate__", "__reduce__", "__reduce_ex__", "__class__", "__dict__", "__getstate__", "__getitem__", "__len__", "__torch_function__", "append", "extend", "add", "update", "_metadata", "_backward_hooks", "grad", "data", "requires_grad", "names", "shape", "dtype", "strides", "base", "itemsize", "fields", "flags", "metadata", "__slots__", "__doc__", "name", "x"]
KEYWORDS = ["allocator", "cdata", "dtype", "align", "copy", "metadata", "buffer", "offset", "strides", "order", "shape", "encoding", "errors", "device", "size", "wrap_storage", "_internal", "requires_grad", "data", "index", "type", "iterable", "source"]


class Forger(Fitting):
    Node, copied = Node, staticmethod(copied)

    def __init__(self, seed, pool, more=None):
        self.chosen, self.donors, self.trees = random.Random(seed), [], {}
        # Seeds must not be huge: what is tried is the shape.
        self.seeds = []
        for extension, data in self.genuine(seed, pool, more):
            if len(data) > 30000:
                continue
            try:
                parts = parts_of(extension, data)
                # What the packs do not list is refused whatever else is done to it.
                if all(".".join(node.value).replace("__builtin__", "builtins") in LISTED for part in parts for node, _, _ in nodes(part) if node.kind == "global"):
                    self.seeds.append((extension, data, parts))
            except (ValueError, IndexError, KeyError, RecursionError):
                continue  # several buffers, or a format that is not taken apart here
        for _, _, parts in self.seeds:
            for part in parts:
                self.donors += [node for node, _, _ in nodes(part)[:200]]
        self.by_kind = {}
        for node in self.donors:
            self.by_kind.setdefault(node.kind, []).append(node)

    def genuine(self, seed, pool, more):
        """(extension, bytes) of files to change."""
        yield from ((extension, data) for extension, _, _, data in genuine.files(pool, seed))
        found = sorted(path for path in Path(more).rglob("*.p*") if path.suffix in (".pkl", ".pt", ".pth")) if more else []
        for path in self.chosen.sample(found, min(pool, len(found))):
            data = path.read_bytes()
            # torch's archives and its legacy files may have one suffix.
            yield "pkl" if path.suffix == ".pkl" else "pt" if data.startswith(b"PK") else "pth", data

    def tree(self, stream):
        """What a stream makes; each is read once."""
        if stream not in self.trees:
            self.trees[stream] = read(stream)[0]
        return self.trees[stream]

    # what is put in place of something else

    def donor(self, kind=None):
        some = self.by_kind.get(kind) or self.donors
        found = self.chosen.choice(some)
        return copied(found) if len(nodes(found)) < 60 else number(self.chosen.choice(NUMBERS))

    def grown(self, depth=2):
        """A value from nothing, mostly a call of a listed name."""
        chosen = self.chosen
        kind = chosen.randrange(12 if depth else 6)
        if kind == 0:
            return number(chosen.choice(NUMBERS))
        if kind == 1:
            return said(chosen.choice(TEXTS + ATTRIBUTES))
        if kind == 2:
            return chosen.choice([Node("none"), Node("bool", True), Node("bool", False), Node("float", 1.5), Node("bytes", b""), Node("bytes", bytes(8)), Node("bytes", b"AAAAAAAA" * 4)])
        if kind == 3:
            return named(chosen.choice(LISTED))
        if kind == 4:
            return several(*(number(chosen.choice(NUMBERS[:12])) for _ in range(chosen.randrange(4))))
        if kind == 5:
            return self.donor()
        inside = [self.grown(depth - 1) for _ in range(chosen.choice([0, 1, 1, 2, 2, 3, 4, 6]))]
        if kind == 6:
            return Node("list", None, (), [("APPENDS", inside)] if inside else ())
        if kind == 7:
            return Node("dict", None, (), [("SETITEMS", inside[: len(inside) // 2 * 2])] if len(inside) > 1 else ())
        if kind == 8:
            return several(*inside)
        return self.finish(Node("call", chosen.choice(["REDUCE", "REDUCE", "REDUCE", "NEWOBJ", "OBJ", "INST"]), [named(chosen.choice(CALLED)), several(*inside)]), depth - 1)

    def finish(self, node, depth):
        if self.chosen.random() < 0.25:
            self.add_step(node, depth)
        return node

    def add_step(self, node, depth=1):
        chosen = self.chosen
        op = chosen.choice(["BUILD", "BUILD", "BUILD", "SETITEM", "SETITEMS", "APPEND", "APPENDS", "ADDITEMS"])
        if op == "BUILD":
            values = [self.state(depth)]
        else:
            values = [self.grown(depth) for _ in range(2 if op.startswith("SET") else 1)]
            if op.startswith("SET") and chosen.random() < 0.5:
                values[0] = said(chosen.choice(ATTRIBUTES))
        node.steps.insert(chosen.randrange(len(node.steps) + 1), (op, values))

    def state(self, depth=1):
        chosen = self.chosen
        kind = chosen.randrange(6)
        if kind < 3:
            attributes = Node("dict", None, (), [("SETITEMS", [said(chosen.choice(ATTRIBUTES)), self.grown(depth)])])
            if kind == 2:
                return several(chosen.choice([Node("none"), Node("dict")]), attributes)
            return attributes
        if kind == 3:
            states = [values[0] for node in self.by_kind.get("call", ()) for op, values in node.steps if op == "BUILD"]
            return copied(chosen.choice(states)) if states else self.grown(depth)
        return self.grown(depth)

    # one change of a tree; returns what was done

    def change(self, root):
        chosen = self.chosen
        places = nodes(root)
        calls = [place for place in places if place[0].kind in ("call", "tuple", "global", "storage")] or places
        for _ in range(20):
            # Calls and what they get matter more than what lists hold.
            node, holder, at = chosen.choice(calls if chosen.random() < 0.5 else places)
            way = chosen.choice(self.WAYS if chosen.random() < 0.45 else self.FITTING)
            if getattr(self, way)(node, holder, at, places):
                return "%s %s" % (way, node.kind)
        return "nothing"

    def other_number(self, node, holder, at, places):
        node = self.chosen.choice([place[0] for place in places if place[0].kind == "int"] or [None])
        if node is None:
            return False
        node.value = self.chosen.choice([node.value + 1, node.value - 1, -node.value, node.value * 2, node.value ^ 1, node.value ^ 8, self.chosen.choice(NUMBERS)])
        return True

    def nearby_number(self, node, holder, at, places):
        node = self.chosen.choice([place[0] for place in places if place[0].kind == "int"] or [None])
        if node is None or node.value == 0:
            return False
        node.value = self.chosen.randrange(0, node.value) if node.value > 0 else -1
        return True

    def other_text(self, node, holder, at, places):
        node = self.chosen.choice([place[0] for place in places if place[0].kind == "text"] or [None])
        if node is None:
            return False
        node.value = self.chosen.choice(TEXTS + ATTRIBUTES + [node.value + "x", node.value[1:], node.value[::-1]])
        return True

    def other_bytes(self, node, holder, at, places):
        node = self.chosen.choice([place[0] for place in places if place[0].kind in ("bytes", "bytearray")] or [None])
        if node is None:
            return False
        node.value = self.chosen.choice([node.value + b"x", node.value[1:], node.value * 2, b"", bytes(self.chosen.randrange(256) for _ in node.value[:999]), b"\xff" * len(node.value)])
        return True

    def other_name(self, node, holder, at, places):
        node = self.chosen.choice([place[0] for place in places if place[0].kind == "global"] or [None])
        if node is None:
            return False
        prefix = node.value[0].split(".")[0]
        near = [name for name in LISTED if name.split(".")[0] == prefix and ("Storage" in node.value[1]) == ("Storage" in name)]
        node.value = tuple(self.chosen.choice(near if near and self.chosen.random() < 0.7 else LISTED).rsplit(".", 1))
        return True

    def replace(self, node, holder, at, places, new=None):
        if holder is None:
            return False
        holder[at] = new or self.donor(node.kind if self.chosen.random() < 0.6 else None)
        return True

    def grow(self, node, holder, at, places):
        return self.replace(node, holder, at, places, self.grown(2))

    def alias(self, node, holder, at, places):
        same = [place[0] for place in places if place[0].kind == node.kind and place[0] is not node]
        return self.replace(node, holder, at, places, self.chosen.choice(same)) if same else False

    def drop(self, node, holder, at, places):
        if holder is None:
            return False
        del holder[at]
        return True

    def twice(self, node, holder, at, places):
        if holder is None:
            return False
        holder.insert(at, node)
        return True

    def swap(self, node, holder, at, places):
        if len(node.parts) < 2 or node.kind != "tuple":
            return False
        one, two = self.chosen.sample(range(len(node.parts)), 2)
        node.parts[one], node.parts[two] = node.parts[two], node.parts[one]
        return True

    def other_opcode(self, node, holder, at, places):
        node = self.chosen.choice([place[0] for place in places if place[0].kind == "call"] or [None])
        if node is None:
            return False
        node.value = self.chosen.choice(["REDUCE", "NEWOBJ", "OBJ", "INST", "NEWOBJ_EX"])
        if node.value == "NEWOBJ_EX":
            pairs = [] if self.chosen.random() < 0.2 else [said(self.chosen.choice(KEYWORDS)), self.grown(1)]
            node.parts = node.parts[:2] + [Node("dict", None, (), [("SETITEMS", pairs)] if pairs else ())]
        return True

    def other_step(self, node, holder, at, places):
        stepped = [place[0] for place in places if place[0].steps]
        if not stepped:
            return False
        node = self.chosen.choice(stepped)
        where = self.chosen.randrange(len(node.steps))
        op, values = node.steps[where]
        way = self.chosen.randrange(4)
        if way == 0:
            del node.steps[where]
        elif way == 1:
            node.steps.insert(where, (op, list(values)))
        elif way == 2:
            self.chosen.shuffle(node.steps)
        else:
            node.steps[where] = ({"APPEND": "APPENDS", "APPENDS": "ADDITEMS", "SETITEM": "SETITEMS", "SETITEMS": "SETITEMS"}.get(op, op), values)
        return True

    def more_steps(self, node, holder, at, places):
        self.add_step(node)
        return True

    def late(self, node, holder, at, places):
        """Something is done, from here, to a value that stands elsewhere."""
        made = self.chosen.choice([place[0] for place in places if place[0].kind in ("call", "list", "dict", "set", "tuple", "global")] or [node])
        again = Node("late", None, [made])
        if made.steps and self.chosen.random() < 0.4:
            op, values = self.chosen.choice(made.steps)
            again.steps.append((op, list(values)))
        else:
            self.add_step(again)
        return self.replace(node, holder, at, places, again)

    def other_kind(self, node, holder, at, places):
        turned = {"tuple": lambda: Node("list", None, (), [("APPENDS", node.parts)] if node.parts else ()), "list": lambda: several(*[value for _, values in node.steps for value in values]),
                  "text": lambda: Node("bytes", node.value.encode("utf-8", "replace")), "bytes": lambda: said(node.value.decode("latin-1")), "int": lambda: self.chosen.choice([Node("float", float(node.value % 1000)), Node("bool", bool(node.value)), said(str(node.value))]),
                  "bool": lambda: self.chosen.choice([number(int(node.value)), Node("none")]), "none": lambda: several(), "dict": lambda: Node("call", "REDUCE", [named("collections.OrderedDict"), several()], node.steps)}
        return self.replace(node, holder, at, places, turned[node.kind]()) if node.kind in turned else False

    def applier(self, node, holder, at, places):
        if node.kind != "call":
            return False
        kind = named(self.chosen.choice([name for name in LISTED if "Tensor" in name or "Parameter" in name or "ndarray" in name or "dtype" in name or "Dict" in name]))
        return self.replace(node, holder, at, places, Node("call", "REDUCE", [named("torch._tensor._rebuild_from_type_v2"), several(node.parts[0], kind, node.parts[1], self.state())]))

    def metamorphosis(self, node, holder, at, places):
        """What a call made becomes the state or an item of something else."""
        other = self.chosen.choice([place[0] for place in places if place[0].kind in ("call", "list", "dict")] or [node])
        other.steps.append(self.chosen.choice([("BUILD", [node]), ("APPEND", [node]), ("SETITEM", [node, node]), ("SETITEM", [said("x"), node])]))
        return True

    # Ways that seldom pass are tried less often, not left out: what passes of them is what the gate overlooks.
    WAYS = ["other_number"] * 5 + ["nearby_number"] * 7 + ["other_text"] * 2 + ["other_bytes"] * 4 + ["other_name"] * 3 + ["replace"] * 3 + ["other_step"] * 3 + ["alias"] * 2 + ["twice"] * 2 + ["grow", "drop", "swap", "other_opcode", "more_steps", "late", "other_kind", "applier", "metamorphosis"]

    # opcode by opcode

    def opcodes_changed(self, data):
        pieces, last = [], None
        for _, _, position in pickletools.genops(data):
            if last is not None:
                pieces.append(data[last:position])
            last = position
        tail = data[last:]
        chosen = self.chosen
        for _ in range(chosen.choice([1, 1, 2, 4])):
            at = chosen.randrange(1, max(2, len(pieces)))
            way = chosen.randrange(6)
            if way == 0 and at < len(pieces):
                del pieces[at]
            elif way == 1 and at < len(pieces):
                pieces.insert(at, pieces[at])
            elif way == 2 and at + 1 < len(pieces):
                pieces[at], pieces[at + 1] = pieces[at + 1], pieces[at]
            elif way == 3:
                pieces.insert(at, chosen.choice(pieces))
            elif way == 4:
                pieces.insert(at, chosen.choice([b"N", b"0", b"2", b"(", b"1", b"}", b"]", b")", b"R", b"b", b"a", b"s", b"e", b"u", b"t", b"\x85", b"\x86", b"\x81", b"h\x00", b"h\x05", b"K\x01", b"\x88"]))
            elif at < len(pieces) and len(pieces[at]) > 1:
                piece = bytearray(pieces[at])
                piece[chosen.randrange(1, len(piece))] = chosen.choice([0, 1, 2, 8, 255, chosen.randrange(256)])
                pieces[at] = bytes(piece)
        return b"".join(pieces) + tail

    def one(self):
        """(extension, what was done, bytes) of one file."""
        chosen = self.chosen
        kind = chosen.random()
        if kind < 0.08:
            root = self.grown(3)
            return "pkl", ["grown"], Writer(chosen.randrange(6), chosen).stream(root)
        extension, data, parts = chosen.choice(self.seeds)
        done = []

        def change(stream):
            if chosen.random() < 0.1:
                done.append("opcodes")
                return self.opcodes_changed(stream)
            root = copied(self.tree(stream))
            for _ in range(chosen.choice([1, 1, 1, 1, 1, 1, 2, 2, 3])):
                done.append(self.change(root))
            legible = extension != "pkl" and chosen.random() < 0.9  # what the weights-only loader reads
            return Writer(2 if legible else chosen.randrange(6), chosen, chosen.random() < 0.05).stream(root)

        try:
            forged = put_together(extension, data, change, chosen)
            return self.one() if set(done) <= {"nothing"} else (extension, done, forged)
        except (ValueError, IndexError, KeyError, RecursionError, OverflowError, UnicodeError, AttributeError, TypeError, struct.error) as error:
            return extension, ["not changed: %r" % error], data


def main(folder, count, seed, more=None):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sys.setrecursionlimit(3000)
    forger = Forger(int(seed), max(200, min(700, int(count) // 4)), more)
    for at in range(int(count)):
        extension, done, data = forger.one()
        (folder / ("%06d.%s" % (at, extension))).write_bytes(data)
        print("%06d.%s\t%s" % (at, extension, ", ".join(filter(None, map(str, done)))))


if __name__ == "__main__":
    main(*sys.argv[1:]) if 4 <= len(sys.argv) <= 5 else sys.exit(__doc__)
