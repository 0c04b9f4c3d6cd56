#!/usr/bin/env python3
"""Prints how the releases at hand use each global that they store: the shapes that a pack lists.

    record_uses.py COUNT [SEED] [FILE...]    run with the python of an environment that has numpy, torch or both

Writes COUNT pickles and checkpoints of genuine objects (genuine.py) in memory, and reads FILEs if any are given. It follows
each stream with values that stand for what an unpickler would make, calls nothing, and prints for every global each use:
how it is called (opcode, arguments), which state is set on what it made, which items that is given, in which place of a
persistent id or of which call it is handed on, each with its count. Patterns are generalised as little as possible: a few
constants stay constants, beyond that their kind and bounds remain. The output is YAML; a reviewer turns it into `uses:`.
"""
import collections
import io
import pickletools
import re
import sys
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import genuine  # noqa: E402

FEW = 8  # so many constants stay constants
ALIKE = 40  # and so many texts that differ in their digits alone, which are spelled #
DEEP = 5  # and so deep a pattern looks into values


class Value:
    """What an opcode makes: its kind, a constant, and the parts it holds."""

    def __init__(self, kind, constant=None, parts=()):
        self.kind, self.constant, self.parts = kind, constant, list(parts)


# --- patterns: {key of a kind: what was seen of it} ----------------------------------------------------------------


def pattern(value, depth=DEEP):
    """{key: [constants or None, lower, upper, parts...]} of one value; `merge` makes one of many."""
    kind = value.kind
    if kind in ("int", "text", "bytes", "bool", "float"):
        seen = value.constant
        if kind == "int":
            return {"int": {"of": {seen}, "low": seen, "high": seen}}
        if kind == "float":
            return {"float": {}}
        size = len(seen) if kind != "bool" else 0
        found = {"of": {seen} if size <= 40 else None, "low": size, "high": size}
        if kind == "text":
            found["like"] = {re.sub("[0-9]+", "#", seen)} if size <= 12 else None
        return {kind: found}
    if kind == "global":
        return {"global": {"of": {value.constant}}}
    if kind == "made":
        return {"made-by " + value.constant: {}}
    if kind == "tuple":
        if value.parts and all(part.kind == "int" for part in value.parts):
            numbers = [part.constant for part in value.parts]
            return {"ints": {"low": min(numbers), "high": max(numbers), "sizes": {len(numbers)}, "first": {value.parts[0].constant}}}
        if depth == 0:
            return {"tuple": {}}
        # A tuple whose first part is a global is told apart by it: what a function may get depends on the function.
        first = value.parts[0].constant if value.parts and value.parts[0].kind == "global" else ""
        return {("tuple", len(value.parts), first): {"parts": [pattern(part, depth - 1) for part in value.parts]}}
    if kind in ("list", "set", "frozenset"):
        inside = {}
        for part in value.parts[:50] if depth else ():
            merge(inside, pattern(part, depth - 1))
        return {kind: {"low": len(value.parts), "high": len(value.parts), "items": inside}}
    if kind == "dict":
        keys, values = {}, {}
        for key, item in value.parts[:50] if depth else ():
            merge(keys, pattern(key, depth - 1))
            merge(values, pattern(item, depth - 1))
        return {"dict": {"low": len(value.parts), "high": len(value.parts), "keys": keys, "values": values}}
    return {kind: {}}


def merge(into, other):
    for key, seen in other.items():
        if key not in into:
            into[key] = {name: (set(part) if isinstance(part, set) else part) for name, part in seen.items()}
            continue
        mine = into[key]
        if "of" in mine:
            mine["of"] = None if mine["of"] is None or seen["of"] is None else mine["of"] | seen["of"]
            if mine["of"] and key != "global" and len(mine["of"]) > FEW:
                mine["of"] = None
        if "like" in mine:
            mine["like"] = None if mine["like"] is None or seen["like"] is None else mine["like"] | seen["like"]
            if mine["like"] and len(mine["like"]) > ALIKE:
                mine["like"] = None
        for name, choose in (("low", min), ("high", max)):
            if name in mine:
                mine[name] = choose(mine[name], seen[name])
        for name in ("sizes", "first"):
            if name in mine:
                mine[name] |= seen[name]
        for name in ("items", "keys", "values"):
            if name in mine:
                merge(mine[name], seen[name])
        for mine_part, part in zip(mine.get("parts", ()), seen.get("parts", ())):
            merge(mine_part, part)
    return into


def spell(found):
    """A pattern in the language of packs."""
    said = [spell_one(key, seen) for key, seen in sorted(found.items(), key=lambda pair: str(pair[0]))]
    if not said:
        return "nothing"
    return said[0] if len(said) == 1 else "{one-of: [%s]}" % ", ".join(said)


def quoted(constant):
    if isinstance(constant, bytes):
        constant = constant.decode("latin-1")
    if not isinstance(constant, str):
        return str(constant).lower() if isinstance(constant, bool) else str(constant)
    return '"' + "".join(c if " " <= c <= "~" and c not in '"\\' else "\\u%04x" % ord(c) if ord(c) < 65536 else "\\U%08x" % ord(c) for c in constant) + '"'


def spell_one(key, seen):
    if isinstance(key, tuple):
        return "[" + ", ".join(spell(part) for part in seen["parts"]) + "]"
    if key == "global":
        return "{global: [%s]}" % ", ".join(sorted(seen["of"]))
    if key == "bool":
        return "bool" if len(seen["of"]) == 2 else quoted(min(seen["of"]))
    if key in ("int", "text", "bytes"):
        if seen["of"]:
            if key == "int":
                return quoted(min(seen["of"])) if len(seen["of"]) == 1 else "{one-of: [%s]}" % ", ".join(str(n) for n in sorted(seen["of"]))
            return "{%s: [%s]}" % (key, ", ".join(quoted(c) for c in sorted(seen["of"])))
        if seen.get("like"):
            return "{text: {like: [%s]}}" % ", ".join(quoted(c) for c in sorted(seen["like"]))
        return "{int: {from: %d, to: %d}}" % (seen["low"], seen["high"]) if key == "int" else "{%s: {length: [%d, %d]}}" % (key, seen["low"], seen["high"])
    if key == "ints":
        return "{ints: {from: %d, to: %d, length: [%d, %d]}}" % (seen["low"], seen["high"], min(seen["sizes"]), max(seen["sizes"]))
    if key in ("list", "set", "frozenset"):
        return "{%s: {length: [%d, %d], items: %s}}" % (key, seen["low"], seen["high"], spell(seen["items"]))
    if key == "dict":
        return "{dict: {length: [%d, %d], keys: %s, values: %s}}" % (seen["low"], seen["high"], spell(seen["keys"]), spell(seen["values"]))
    if key.startswith("made-by "):
        return "{made-by: %s}" % key[8:]
    return key


# --- following a stream ----------------------------------------------------------------------------------------------


class Uses:
    def __init__(self):
        # global -> what is done with it -> [count, pattern]
        self.seen = collections.defaultdict(dict)
        self.kept = []  # so that ids of values are not given again

    def note(self, name, use, value, as_parts=False):
        count_and_pattern = self.seen[name].setdefault(use, [0, {}])
        count_and_pattern[0] += 1
        if value is not None:
            merge(count_and_pattern[1], pattern(value))

    def call(self, opcode, function, arguments, keywords=None):
        name = function.constant if function.kind == "global" else "(%s)" % function.kind
        parts = arguments.parts if arguments.kind == "tuple" else [arguments]
        arity = "%s with %d" % (opcode, len(parts))
        self.note(name, arity if keywords is None else arity + " and keywords " + ",".join(sorted(str(k.constant) for k, _ in keywords.parts)), Value("tuple", None, parts) if parts else None)
        for at, part in enumerate(parts):
            self.hand_on(part, "argument %d of %s" % (at, name))
        return Value("made", name)

    def hand_on(self, value, where):
        """A global named in a value that goes somewhere, at any depth of tuples."""
        if value.kind == "global":
            self.note(value.constant, "named in " + where, None)
        elif value.kind == "tuple":
            for part in value.parts:
                self.hand_on(part, where)

    def persistent(self, value, how):
        self.note("(persistent id)", how, value)
        for at, part in enumerate(value.parts if value.kind == "tuple" else ()):
            self.hand_on(part, "part %d of a persistent id" % at)
        return Value("storage")

    def follow(self, data):
        """One pickle; where it ends."""
        stack, marks, memo = [], [], {}
        numbered = 0

        def pop_mark():
            start = marks.pop()
            taken = stack[start:]
            del stack[start:]
            return taken

        def fill(target, values, how):
            if target.kind in ("list", "set"):
                target.parts.extend(values)
            elif target.kind == "made":
                for value in values:
                    self.note(target.constant, how + " on what it made", value)
            else:
                self.note("(%s)" % target.kind, how, None)
            for value in values:
                self.hand_on(value, "an item of %s" % (target.constant if target.kind == "made" else "a " + target.kind))

        def assign(target, pairs):
            if target.kind == "dict":
                target.parts.extend(pairs)
            else:
                for pair in pairs:
                    self.note(target.constant if target.kind == "made" else "(%s)" % target.kind, "SETITEM on what it made", Value("tuple", None, pair))
            for pair in pairs:
                for value in pair:
                    self.hand_on(value, "an item of %s" % (target.constant if target.kind == "made" else "a dict"))

        for opcode, argument, position in pickletools.genops(data):
            op = opcode.name
            if op in ("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"):
                stack.append(Value("bool" if isinstance(argument, bool) else "int", argument))
            elif op in ("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"):
                stack.append(Value("text", argument))
            elif op in ("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"):
                stack.append(Value("bytes", argument))
            elif op == "BYTEARRAY8":
                stack.append(Value("bytearray"))
            elif op in ("FLOAT", "BINFLOAT"):
                stack.append(Value("float", argument))
            elif op in ("NEWTRUE", "NEWFALSE"):
                stack.append(Value("bool", op == "NEWTRUE"))
            elif op == "NONE":
                stack.append(Value("none"))
            elif op in ("EMPTY_LIST", "EMPTY_DICT", "EMPTY_SET", "EMPTY_TUPLE"):
                stack.append(Value(op[6:].lower()))
            elif op in ("LIST", "TUPLE", "FROZENSET"):
                stack.append(Value(op.lower(), None, pop_mark()))
            elif op == "DICT":
                flat = pop_mark()
                stack.append(Value("dict", None, zip(flat[::2], flat[1::2])))
            elif op in ("TUPLE1", "TUPLE2", "TUPLE3"):
                parts = [stack.pop() for _ in range(int(op[5:]))][::-1]
                stack.append(Value("tuple", None, parts))
            elif op == "MARK":
                marks.append(len(stack))
            elif op == "POP":
                if marks and marks[-1] == len(stack):
                    marks.pop()
                else:
                    stack.pop()
            elif op == "POP_MARK":
                pop_mark()
            elif op == "DUP":
                stack.append(stack[-1])
            elif op in ("PUT", "BINPUT", "LONG_BINPUT"):
                memo[argument] = stack[-1]
                numbered += 1
            elif op == "MEMOIZE":
                memo[numbered] = stack[-1]
                numbered += 1
            elif op in ("GET", "BINGET", "LONG_BINGET"):
                stack.append(memo[argument])
            elif op in ("GLOBAL", "STACK_GLOBAL"):
                if op == "GLOBAL":
                    module, name = argument.split(" ", 1)
                else:
                    name, module = stack.pop().constant, stack.pop().constant
                full = "%s.%s" % ({"__builtin__": "builtins", "copy_reg": "copyreg"}.get(module, module), name)
                self.note(full, "named", None)
                stack.append(Value("global", full))
            elif op in ("REDUCE", "NEWOBJ"):
                arguments, function = stack.pop(), stack.pop()
                stack.append(self.call(op, function, arguments))
            elif op == "NEWOBJ_EX":
                keywords, arguments, function = stack.pop(), stack.pop(), stack.pop()
                stack.append(self.call(op, function, arguments, keywords))
            elif op == "INST":
                stack.append(self.call(op, Value("global", argument.replace(" ", ".")), Value("tuple", None, pop_mark())))
            elif op == "OBJ":
                function, *arguments = pop_mark()
                stack.append(self.call(op, function, Value("tuple", None, arguments)))
            elif op == "BUILD":
                state, target = stack.pop(), stack[-1]
                name = target.constant if target.kind in ("made", "global") else "(%s)" % target.kind
                self.note(name, "BUILD on %s" % ("what it made" if target.kind == "made" else "itself"), state)
                self.hand_on(state, "the state of %s" % name)
            elif op in ("APPEND", "APPENDS", "ADDITEMS"):
                values = [stack.pop()] if op == "APPEND" else pop_mark()
                fill(stack[-1], values, op.rstrip("S") if op != "ADDITEMS" else op)
            elif op in ("SETITEM", "SETITEMS"):
                flat = [stack.pop() for _ in range(2)][::-1] if op == "SETITEM" else pop_mark()
                assign(stack[-1], list(zip(flat[::2], flat[1::2])))
            elif op == "BINPERSID":
                stack.append(self.persistent(stack.pop(), op))
            elif op == "PERSID":
                stack.append(self.persistent(Value("text", argument), op))
            elif op == "NEXT_BUFFER":
                stack.append(Value("buffer"))
            elif op == "READONLY_BUFFER":
                stack[-1] = Value("buffer")
            elif op == "STOP":
                if stack and stack[-1].kind == "global":
                    self.note(stack[-1].constant, "is the whole pickle", None)
                return position + 1
            elif op not in ("PROTO", "FRAME"):
                raise ValueError("opcode %s at %d" % (op, position))

    def follow_file(self, data):
        """A pickle, several after one another, or the ones in an archive."""
        if data[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for name in archive.namelist():
                    if name.endswith(".pkl"):
                        self.follow(archive.read(name))
            return
        at = 0
        # The legacy format is five pickles (a magic number, a version, the system, the object, the keys) before the bytes.
        legacy = 0 <= data.find(b"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") < 20
        for _ in range(5 if legacy else 1):
            at += self.follow(data[at:])

    def write(self, out, header):
        for line in header:
            print("# " + line, file=out)
        print("entries:", file=out)
        for name in sorted(self.seen):
            print("  - global: %s" % quoted(name) if name[0] == "(" else "  - global: %s" % name, file=out)
            print("    recorded:", file=out)
            for use, (count, found) in sorted(self.seen[name].items()):
                print("      # %d times" % count, file=out)
                print("      - {use: %s%s}" % (quoted(use), ", with: " + spell(found) if found else ""), file=out)


def main(count, seed="1", *paths):
    uses = Uses()
    releases = ["CPython " + sys.version.split()[0]] + [m.__name__ + " " + m.__version__ for m in (genuine.numpy, genuine.torch) if m]
    for at, (_, what, _, data) in enumerate(genuine.files(int(count), int(seed))):
        uses.follow_file(data)
    for path in paths:
        uses.follow_file(Path(path).read_bytes())
    header = ["How %s use the globals they store, in %s files of genuine.py, seed %s%s." % (", ".join(releases), count, seed, " and %d more" % len(paths) if paths else "")]
    header += ["not written: %d times %s" % (times, what.replace("\n", " ")) for what, times in genuine.skipped.most_common()]
    uses.write(sys.stdout, header)


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) >= 2 else sys.exit(__doc__)
