"""Forged pickles and torch archives that use listed names only: genuine streams, changed, and others grown from nothing.

    forge.py FOLDER COUNT SEED      writes COUNT files into FOLDER; prints what was done to each

What is written is meant to be near what numpy, torch and CPython write, so that much of it passes the gate and what a
loader does with it can be seen. Nothing here loads anything. A stream is read into a tree of what it makes; changes are
made to the tree (other numbers, other classes, the same value in two places, another opcode, keywords, state or items
where none were), and it is written again in the opcodes of some protocol. Some files are changed opcode by opcode.
"""
import io
import pickletools
import random
import re
import struct
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "policies" / "generate"))
import genuine  # noqa: E402
from fitting import Fitting  # noqa: E402

LEGACY_MAGIC = b"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"
LISTED = sorted({name for path in sorted((ROOT / "policies" / "globals").glob("*.yaml")) for name in re.findall(r"global: ([\w.]+)", path.read_text(encoding="utf-8"))})
CALLED = [name for name in LISTED if re.search(r"(_rebuild|_reconstruct|scalar|frombuffer|encode|OrderedDict|Counter|set|bytearray|complex|dtype|Size|device|_get_layout|bytes|slice|range|kwargs|Parameter)", name)]

NUMBERS = [0, 1, 2, 3, 4, 5, 7, 8, 16, 63, 64, 255, 256, 1000, -1, -2, -8, 1 << 15, 1 << 20, 1 << 30, (1 << 31) - 1, 1 << 31, -(1 << 31), 1 << 32, 1 << 40, 1 << 60, (1 << 62) - 1, (1 << 63) - 1, -(1 << 63), 1 << 63, 1 << 64]
# What numpy and torch read as types, orders, layouts and places, and attributes that Python itself would follow.
TEXTS = ["O", "O8", "|O", "V8", "V0", "S8", "U2", "i8", "f8", "c16", "M8", "M8[ns]", "m8[3D]", "b1", "?", ">i4", "<f4", "i4,O", "(2,3)f8", "(2,)O", "a,b", "<", ">", "|", "=", "!", "", "C", "F", "A", "K", "latin1", "latin-1", "utf-8", "rot13", "zip", "hex", "cpu", "cuda", "cuda:0", "meta", "cpu:99", "storage", "module",
         "torch.sparse_coo", "torch.sparse_csr", "torch.strided", "torch.jagged", "conj", "neg"]
ATTRIBUTES = ["__setstate__", "__reduce__", "__reduce_ex__", "__class__", "__dict__", "__getstate__", "__getitem__", "__len__", "__torch_function__", "append", "extend", "add", "update", "_metadata", "_backward_hooks", "grad", "data", "requires_grad", "names", "shape", "dtype", "strides", "base", "itemsize", "fields", "flags", "metadata", "__slots__", "__doc__", "name", "x"]
KEYWORDS = ["allocator", "cdata", "dtype", "align", "copy", "metadata", "buffer", "offset", "strides", "order", "shape", "encoding", "errors", "device", "size", "wrap_storage", "_internal", "requires_grad", "data", "index", "type", "iterable", "source"]


class Node:
    """A value that a stream makes: its kind, a constant or an opcode, its parts, and what is done to it afterwards."""

    __slots__ = ("kind", "value", "parts", "steps")

    def __init__(self, kind, value=None, parts=(), steps=()):
        self.kind, self.value, self.parts, self.steps = kind, value, list(parts), list(steps)


def number(n): return Node("int", n)
def named(name): return Node("global", tuple(name.rsplit(".", 1)))
def said(text): return Node("text", text)
def several(*parts): return Node("tuple", None, parts)


# --- reading ---------------------------------------------------------------------------------------------------------

CONSTANTS = {"INT": "int", "BININT": "int", "BININT1": "int", "BININT2": "int", "LONG": "int", "LONG1": "int", "LONG4": "int", "FLOAT": "float", "BINFLOAT": "float",
             "UNICODE": "text", "SHORT_BINUNICODE": "text", "BINUNICODE": "text", "BINUNICODE8": "text", "BINBYTES": "bytes", "SHORT_BINBYTES": "bytes", "BINBYTES8": "bytes",
             "STRING": "text", "BINSTRING": "text", "SHORT_BINSTRING": "text", "BYTEARRAY8": "bytearray"}


def read(data):
    """The tree of one pickle, and where the pickle ends."""
    stack, marks, memo, made = [], [], {}, 0

    def popped():
        start = marks.pop()
        taken = stack[start:]
        del stack[start:]
        return taken

    for opcode, argument, position in pickletools.genops(data):
        op = opcode.name
        if op in CONSTANTS:
            stack.append(Node("bool" if isinstance(argument, bool) else CONSTANTS[op], argument))
        elif op in ("NEWTRUE", "NEWFALSE"):
            stack.append(Node("bool", op == "NEWTRUE"))
        elif op == "NONE":
            stack.append(Node("none"))
        elif op in ("EMPTY_LIST", "EMPTY_DICT", "EMPTY_SET", "EMPTY_TUPLE"):
            stack.append(Node(op[6:].lower()))
        elif op in ("TUPLE", "FROZENSET"):
            stack.append(Node(op.lower(), None, popped()))
        elif op in ("LIST", "DICT"):
            taken = popped()
            stack.append(Node(op.lower(), None, (), [("APPENDS" if op == "LIST" else "SETITEMS", taken)] if taken else ()))
        elif op in ("TUPLE1", "TUPLE2", "TUPLE3"):
            stack.append(Node("tuple", None, [stack.pop() for _ in range(int(op[5:]))][::-1]))
        elif op == "MARK":
            marks.append(len(stack))
        elif op == "POP":
            marks.pop() if marks and marks[-1] == len(stack) else stack.pop()
        elif op == "POP_MARK":
            popped()
        elif op == "DUP":
            stack.append(stack[-1])
        elif op in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            memo[made if op == "MEMOIZE" else argument] = stack[-1]
            made += 1
        elif op in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        elif op == "GLOBAL":
            stack.append(Node("global", tuple(argument.split(" ", 1))))
        elif op == "STACK_GLOBAL":
            name, module = stack.pop(), stack.pop()
            stack.append(Node("global", (module.value, name.value)))
        elif op in ("REDUCE", "NEWOBJ"):
            arguments, function = stack.pop(), stack.pop()
            stack.append(Node("call", op, [function, arguments]))
        elif op in ("BUILD", "APPEND"):
            value = stack.pop()
            stack[-1].steps.append((op, [value]))
        elif op in ("APPENDS", "ADDITEMS", "SETITEMS"):
            values = popped()
            stack[-1].steps.append((op, values))
        elif op == "SETITEM":
            value, key = stack.pop(), stack.pop()
            stack[-1].steps.append((op, [key, value]))
        elif op == "BINPERSID":
            stack.append(Node("storage", None, [stack.pop()]))
        elif op == "STOP":
            return stack.pop(), position + 1
        elif op not in ("PROTO", "FRAME"):
            raise ValueError(op)
    raise ValueError("no STOP")


def nodes(root):
    """Every place of a tree once: (node, the list that holds it, its index there)."""
    found, seen, todo = [], set(), [(root, None, 0)]
    while todo:
        node, holder, at = todo.pop()
        found.append((node, holder, at))
        if id(node) in seen:
            continue
        seen.add(id(node))
        for holder in [node.parts] + [values for _, values in node.steps]:
            todo.extend((part, holder, at) for at, part in enumerate(holder))
    return found


def copied(root, memo=None):
    memo = {} if memo is None else memo
    if id(root) not in memo:
        made = memo[id(root)] = Node(root.kind, root.value)
        made.parts = [copied(part, memo) for part in root.parts]
        made.steps = [(op, [copied(part, memo) for part in values]) for op, values in root.steps]
    return memo[id(root)]


# --- writing ---------------------------------------------------------------------------------------------------------


class Writer:
    """Writes a tree in the opcodes of a protocol, as a pickler would, with a memo of everything."""

    def __init__(self, protocol, chosen, thrifty=False):
        self.protocol, self.chosen, self.thrifty = protocol, chosen, thrifty
        self.out, self.memo, self.busy = bytearray(), {}, set()

    def stream(self, root):
        if self.protocol >= 2:
            self.out += b"\x80" + bytes([self.protocol])
        self.node(root)
        return bytes(self.out) + b"."

    def put(self, node):
        at = len(self.memo)
        self.memo[id(node)] = (at, node)
        if self.protocol >= 4:
            self.out += b"\x94"
        elif self.protocol == 0:
            self.out += b"p%d\n" % at
        else:
            self.out += b"q" + bytes([at]) if at < 256 else b"r" + struct.pack("<I", at)

    def node(self, node):
        if id(node) in self.memo:
            at = self.memo[id(node)][0]
            self.out += b"g%d\n" % at if self.protocol == 0 else b"h" + bytes([at]) if at < 256 else b"j" + struct.pack("<I", at)
            return
        if id(node) in self.busy:  # a tuple inside itself: there is no such thing
            self.out += b"N"
            return
        self.busy.add(id(node))
        getattr(self, "a_" + node.kind)(node)
        if node.kind not in ("none", "bool", "int", "float", "late") and not self.thrifty and id(node) not in self.memo:
            self.put(node)
        self.steps(node)
        self.busy.discard(id(node))

    def steps(self, node):
        for op, values in node.steps:
            if op in ("APPENDS", "SETITEMS", "ADDITEMS"):
                self.out += b"("
            for value in values:
                self.node(value)
            self.out += {"BUILD": b"b", "APPEND": b"a", "APPENDS": b"e", "SETITEM": b"s", "SETITEMS": b"u", "ADDITEMS": b"\x90"}[op]

    def a_none(self, node): self.out += b"N"
    def a_float(self, node): self.out += b"F%s\n" % repr(node.value).encode() if self.protocol == 0 else b"G" + struct.pack(">d", node.value)

    def a_bool(self, node):
        self.out += (b"I01\n" if node.value else b"I00\n") if self.protocol < 2 else (b"\x88" if node.value else b"\x89")

    def a_int(self, node):
        n = node.value
        if self.protocol == 0 and n.bit_length() < 3000:
            self.out += b"I%d\n" % n if -(1 << 31) <= n < 1 << 31 else b"L%dL\n" % n
        elif 0 <= n < 256:
            self.out += b"K" + bytes([n])
        elif 0 <= n < 65536:
            self.out += b"M" + struct.pack("<H", n)
        elif -(1 << 31) <= n < 1 << 31:
            self.out += b"J" + struct.pack("<i", n)
        elif self.protocol < 2:
            self.out += b"L%dL\n" % n
        else:
            data = n.to_bytes(n.bit_length() // 8 + 1, "little", signed=True)
            self.out += b"\x8a" + bytes([len(data)]) + data if len(data) < 256 else b"\x8b" + struct.pack("<i", len(data)) + data

    def a_text(self, node):
        data = node.value.encode("utf-8", "surrogatepass")
        if self.protocol == 0:
            self.out += b"V" + node.value.replace("\\", "\\u005c").replace("\0", "\\u0000").replace("\n", "\\u000a").replace("\r", "\\u000d").replace("\x1a", "\\u001a").encode("raw-unicode-escape") + b"\n"
        elif self.protocol >= 4 and len(data) < 256:
            self.out += b"\x8c" + bytes([len(data)]) + data
        else:
            self.out += b"X" + struct.pack("<I", len(data)) + data

    def a_bytes(self, node):
        data = bytes(node.value)
        if self.protocol < 3:
            self.node(Node("call", "REDUCE", [named("_codecs.encode"), several(said(data.decode("latin-1")), said("latin1"))]) if data else Node("call", "REDUCE", [named("__builtin__.bytes"), several()]))
            self.memo[id(node)] = (len(self.memo) - 1, node)
        else:
            self.out += b"C" + bytes([len(data)]) + data if len(data) < 256 else b"B" + struct.pack("<I", len(data)) + data

    def a_bytearray(self, node):
        if self.protocol < 5:
            self.a_bytes(node)
        else:
            self.out += b"\x96" + struct.pack("<Q", len(node.value)) + node.value

    def a_tuple(self, node):
        if self.protocol >= 2 and len(node.parts) < 4:
            for part in node.parts:
                self.node(part)
            self.out += (b")", b"\x85", b"\x86", b"\x87")[len(node.parts)]
        else:
            self.out += b"("
            for part in node.parts:
                self.node(part)
            self.out += b"t"

    def a_list(self, node): self.out += b"(l" if self.protocol == 0 else b"]"
    def a_dict(self, node): self.out += b"(d" if self.protocol == 0 else b"}"

    def a_set(self, node):
        self.out += b"\x8f"

    def a_frozenset(self, node):
        self.out += b"("
        for part in node.parts:
            self.node(part)
        self.out += b"\x91"

    def a_global(self, node):
        module, name = node.value
        if module in ("builtins", "__builtin__"):
            module = "builtins" if self.protocol > 2 else "__builtin__"
        if self.protocol >= 4:
            self.a_text(said(module))
            self.a_text(said(name))
            self.out += b"\x93"
        else:
            self.out += b"c" + module.encode() + b"\n" + name.encode() + b"\n"

    def a_storage(self, node):
        self.node(node.parts[0])
        self.out += b"Q"

    def a_call(self, node):
        function, arguments = node.parts[:2]
        if node.value in ("OBJ", "INST") and arguments.kind == "tuple" and (node.value == "OBJ" or function.kind == "global"):
            self.out += b"("
            if node.value == "OBJ":
                self.node(function)
            for part in arguments.parts:
                self.node(part)
            self.out += b"o" if node.value == "OBJ" else b"i" + function.value[0].encode() + b"\n" + function.value[1].encode() + b"\n"
            return
        self.node(function)
        self.node(arguments)
        if node.value == "NEWOBJ_EX" and len(node.parts) > 2:
            self.node(node.parts[2])
            self.out += b"\x92"
        else:
            self.out += b"\x81" if node.value == "NEWOBJ" else b"R"

    def a_late(self, node):
        """A value made earlier, and what is done to it now."""
        self.node(node.parts[0])


# --- changes ---------------------------------------------------------------------------------------------------------


class Forger(Fitting):
    Node, copied = Node, staticmethod(copied)

    def __init__(self, seed, pool):
        self.chosen, self.donors = random.Random(seed), []
        # Seeds must not be huge: what is tried is the shape.
        self.seeds = []
        for extension, _, _, data in genuine.files(pool, seed):
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
            way = chosen.choice(self.WAYS if chosen.random() < 0.6 else self.FITTING)
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

    WAYS = ["other_number"] * 5 + ["nearby_number"] * 4 + ["other_text"] * 2 + ["other_bytes"] * 2 + ["other_name"] * 3 + ["replace"] * 3 + ["grow", "alias", "alias", "drop", "twice", "swap", "other_opcode", "other_step", "more_steps", "more_steps", "late", "other_kind", "applier", "metamorphosis"]

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
            if chosen.random() < 0.12:
                done.append("opcodes")
                return self.opcodes_changed(stream)
            root = copied(read(stream)[0])
            for _ in range(chosen.choice([1, 1, 1, 1, 2, 2, 3])):
                done.append(self.change(root))
            legible = extension != "pkl" and chosen.random() < 0.9  # what the weights-only loader reads
            return Writer(2 if legible else chosen.randrange(6), chosen, chosen.random() < 0.05).stream(root)

        try:
            return extension, done, put_together(extension, data, change, chosen)
        except (ValueError, IndexError, KeyError, RecursionError, OverflowError, UnicodeError, AttributeError, TypeError, struct.error) as error:
            return extension, ["not changed: %r" % error], data


# --- archives --------------------------------------------------------------------------------------------------------


def streams_of_legacy(data):
    """The five pickles before the bytes of a legacy file, and the rest."""
    found, at = [], 0
    for _ in range(5):
        _, size = read(data[at:])
        found.append(data[at:at + size])
        at += size
    return found, data[at:]


def parts_of(extension, data):
    """The trees that a file holds."""
    if extension == "pt":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [read(archive.read(name))[0] for name in archive.namelist() if name.endswith("/data.pkl")]
    if extension == "pth":
        return [read(streams_of_legacy(data)[0][3])[0]]
    return [read(data)[0]]


def put_together(extension, data, change, chosen):
    """A file like `data` whose pickle, and now and then its records, are others."""
    if extension == "pkl":
        return change(data)
    if extension == "pth":
        streams, rest = streams_of_legacy(data)
        at = 4 if chosen.random() < 0.05 else 3
        streams[at] = change(streams[at])
        if chosen.random() < 0.05:
            rest = chosen.choice([rest[:-1], rest[:8], rest + b"x", bytes(len(rest))])
        return b"".join(streams) + rest
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as made:
        for name in archive.namelist():
            content = archive.read(name)
            if name.endswith("/data.pkl"):
                content = change(content)
            elif "/data/" in name and chosen.random() < 0.04:
                content = chosen.choice([content[:-1], content + b"x", b"", content * 2])
            made.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def main(folder, count, seed):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sys.setrecursionlimit(3000)
    forger = Forger(int(seed), max(200, min(700, int(count) // 4)))
    for at in range(int(count)):
        extension, done, data = forger.one()
        (folder / ("%06d.%s" % (at, extension))).write_bytes(data)
        print("%06d.%s\t%s" % (at, extension, ", ".join(filter(None, map(str, done)))))


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) == 4 else sys.exit(__doc__)
