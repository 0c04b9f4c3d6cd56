"""Pickles as trees: read, copied, and written again in the opcodes of some protocol; and the archives they stand in."""
import io
import pickletools
import struct
import zipfile


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
