"""Changes that keep a genuine value consistent, or nearly so: what a careful forger would try.

Each takes the tree's places and returns whether it changed something; `forge.py` chooses among them."""

# Codes with their size and alignment; what else a dtype's state needs is worked out below.
ITEMS = {"i8": (8, 8), "f4": (4, 4), "i2": (2, 2), "u1": (1, 1), "c16": (16, 8), "O8": (8, 8), "S5": (5, 1), "U2": (8, 4), "V3": (3, 1), "M8": (8, 8)}


def shape_of(node):
    return node.kind == "tuple" and all(part.kind == "int" for part in node.parts)


def is_call(node, *names):
    return node.kind == "call" and node.parts[0].kind == "global" and node.parts[0].value[1] in names and node.parts[1].kind == "tuple"


class Fitting:
    """Mixed into the forger, which has `chosen`, `grown`, `donor` and `by_kind`."""

    def pick(self, places, want):
        found = [place for place in places if want(place[0])]
        return self.chosen.choice(found) if found else (None, None, 0)

    def sizes(self, total):
        """Some shape of `total` elements."""
        out = []
        for prime in (2, 3, 5, 7):
            while total > 1 and total % prime == 0:
                total //= prime
                if out and self.chosen.random() < 0.5:
                    out[-1] *= prime
                else:
                    out.append(prime)
        if total > 1 or total == 0:
            out.append(total)
        out += [1] * self.chosen.randrange(3)
        self.chosen.shuffle(out)
        return out

    def reshape(self, node, holder, at, places):
        """The same elements in another shape."""
        node, _, _ = self.pick(places, lambda node: shape_of(node) and node.parts)
        if node is None:
            return False
        total = 1
        for part in node.parts:
            total *= part.value
        if not 0 <= total < 1 << 40:
            return False
        node.parts[:] = [self.Node("int", n) for n in self.sizes(total)]
        return True

    def refill(self, node, holder, at, places):
        """An array of another length, with as many bytes or objects."""
        node, _, _ = self.pick(places, lambda node: is_call(node, "_reconstruct") and node.steps and node.steps[-1][0] == "BUILD" and len(node.steps[-1][1][0].parts) == 5)
        if node is None:
            return False
        _, shape, _, _, data = node.steps[-1][1][0].parts
        total = 1
        for part in shape.parts:
            total *= part.value if part.kind == "int" else 1
        count = self.chosen.choice([0, 1, 2, 3, 4, 6, 12])
        if data.kind == "bytes" and total:
            size = len(data.value) // total
            data.value = bytes(self.chosen.randrange(256) for _ in range(min(size * count, 4096)))
        elif data.kind == "list":
            items = [value for _, values in data.steps for value in values][:count]
            items += [self.grown(1) for _ in range(count - len(items))]
            data.steps = [("APPENDS", items)] if items else []
        else:
            return False
        shape.parts[:] = [self.Node("int", n) for n in self.sizes(count)]
        return True

    def objects(self, node, holder, at, places):
        """Anything as an element of an array of objects, the array itself among it."""
        node, _, _ = self.pick(places, lambda node: node.kind == "list" and any(values for _, values in node.steps))
        if node is None:
            return False
        op, values = self.chosen.choice([step for step in node.steps if step[1]])
        values[self.chosen.randrange(len(values))] = self.chosen.choice([self.grown(2), self.donor("call"), self.chosen.choice(places)[0]])
        return True

    def dtype_node(self, depth=1):
        """A dtype as numpy writes it, or with something a little off."""
        Node, chosen = self.Node, self.chosen
        none = Node("none")

        def number(n): return Node("int", n)

        def made(code, state):
            called = Node("call", "REDUCE", [Node("global", ("numpy", "dtype")), Node("tuple", None, [Node("text", code), Node("bool", False), Node("bool", True)])])
            called.steps.append(("BUILD", [Node("tuple", None, state)]))
            return called

        if depth == 0 or chosen.random() < 0.3:
            code = chosen.choice(list(ITEMS))
            size, align = ITEMS[code]
            order = "|" if code[0] in "uOSV" else "<"
            flags = 63 if code[0] == "O" else 8 if code[0] == "U" else 0
            sized = code[0] in "SUV"
            state = [number(3), Node("text", order), none, none, none, number(size if sized else -1), number(align if sized else -1), number(flags)]
            if code[0] == "M":
                state[0] = number(4)
                state.append(Node("tuple", None, [Node("dict"), Node("tuple", None, [Node("bytes", b"D"), number(1), number(1), number(1)])]))
            return made(code, state), size, align, code[0] == "O"
        if chosen.random() < 0.25:
            base, size, align, objects = self.dtype_node(depth - 1)
            shape = [chosen.randrange(1, 4) for _ in range(chosen.randrange(1, 3))]
            for n in shape:
                size *= n
            size += chosen.choice([0] * 8 + [1, -1, 8])
            state = [number(3), Node("text", "|"), Node("tuple", None, [base, Node("tuple", None, [number(n) for n in shape])]), none, none, number(size), number(align), number(27 if objects else 0)]
            return made("V%d" % size, state), size, align, objects
        names, fields, at, biggest, objects = [], [], 0, 1, False
        for name in chosen.sample(["a", "b", "c", "d"], chosen.randrange(1, 4)):
            kind, size, align, holds = self.dtype_node(depth - 1)
            at = chosen.choice([at, at, at, at + -at % max(align, 1), at + 1, 0])
            names.append(Node("text", name))
            fields += [Node("text", name), Node("tuple", None, [kind, number(at)] + ([Node("text", "title")] if chosen.random() < 0.1 else []))]
            at, biggest, objects = at + size, max(biggest, align), objects or holds
        if chosen.random() < 0.1:
            chosen.shuffle(names)
        total = max(at + chosen.choice([0] * 8 + [1, 8, -1]), 0)
        aligned = chosen.random() < 0.3
        flags = chosen.choice([16 | (27 if objects else 0) | (128 if aligned else 0)] * 6 + [0, 16, 27, 31, 63])
        state = [number(3), Node("text", "|"), none, Node("tuple", None, names), Node("dict", None, (), [("SETITEMS", fields)]), number(total), number(biggest if aligned else 1), number(flags)]
        return made("V%d" % total, state), total, biggest, objects

    def retype(self, node, holder, at, places):
        """Another dtype, and an array of it."""
        node, holder, at = self.pick(places, lambda node: is_call(node, "dtype"))
        if node is None or holder is None:
            return False
        kind, size, _, objects = self.dtype_node(self.chosen.randrange(3))
        holder[at] = kind
        array, _, _ = self.pick(places, lambda node: is_call(node, "_reconstruct") and node.steps and node.steps[-1][0] == "BUILD" and len(node.steps[-1][1][0].parts) == 5)
        if array is None:
            scalar, _, _ = self.pick(places, lambda node: is_call(node, "scalar"))
            if scalar is not None:
                scalar.parts[1].parts[:] = [kind, self.Node("bytes", bytes(size))]
            return True
        state = array.steps[-1][1][0]
        count = self.chosen.choice([0, 1, 2, 3])
        state.parts[1] = self.Node("tuple", None, [self.Node("int", count)])
        state.parts[2] = kind
        if objects:
            rows = [self.grown(1) if kind.steps[-1][1][0].parts[3].kind == "none" else self.Node("tuple", None, [self.chosen.choice([self.grown(0), self.Node("int", 1)]) for _ in kind.steps[-1][1][0].parts[3].parts]) for _ in range(count)]
            state.parts[4] = self.Node("list", None, (), [("APPENDS", rows)] if rows else ())
        else:
            state.parts[4] = self.Node("bytes", bytes(size * count))
        return True

    def restride(self, node, holder, at, places):
        """Other sizes and strides of a tensor over the same storage."""
        node, _, _ = self.pick(places, lambda node: is_call(node, "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_qtensor") and len(node.parts[1].parts) > 3 and shape_of(node.parts[1].parts[2]) and shape_of(node.parts[1].parts[3]))
        if node is None:
            return False
        storage, offset, shape, strides = node.parts[1].parts[:4]
        room = 64
        if storage.kind == "storage" and storage.parts[0].kind == "tuple" and len(storage.parts[0].parts) > 4 and storage.parts[0].parts[4].kind == "int":
            room = storage.parts[0].parts[4].value
        sizes = self.sizes(self.chosen.choice([1, 2, 3, 4, 6, 8, 12, max(room, 0) % 5000]))
        steps, step = [], 1
        for n in reversed(sizes):
            steps.insert(0, step)
            step *= n
        if self.chosen.random() < 0.4 and steps:
            steps[self.chosen.randrange(len(steps))] = self.chosen.choice([0, 0, 1, 2, 3, 1 << 40])
            if self.chosen.random() < 0.3:
                sizes[self.chosen.randrange(len(sizes))] = self.chosen.choice([0, 1, 1 << 20, 1 << 40, (1 << 62)])
        shape.parts[:] = [self.Node("int", n) for n in sizes]
        strides.parts[:] = [self.Node("int", n) for n in steps]
        if self.chosen.random() < 0.3 and offset.kind == "int":
            offset.value = self.chosen.choice([0, 1, 2, room])
        return True

    def other_parts(self, node, holder, at, places):
        """A tensor of several parts (sparse, quantized, nested, a parameter) gets one of another."""
        node, _, _ = self.pick(places, lambda node: node.kind == "call" and node.parts[0].kind == "global" and "_rebuild_" in node.parts[0].value[1] and "tensor_v" not in node.parts[0].value[1])
        if node is None or node.parts[1].kind != "tuple":
            return False
        inside = node.parts[1].parts
        if inside and inside[-1].kind == "tuple" and self.chosen.random() < 0.7:
            inside = inside[-1].parts
        places = [at for at, part in enumerate(inside) if part.kind == "call"]
        others = [donor for donor in self.by_kind.get("call", ()) if is_call(donor, "_rebuild_tensor_v2", "_rebuild_sparse_tensor", "_rebuild_qtensor", "_rebuild_parameter", "Size", "_rebuild_meta_tensor_no_storage")]
        if not places or not others:
            return False
        inside[self.chosen.choice(places)] = self.copied(self.chosen.choice(others))
        return True

    def same_storage(self, node, holder, at, places):
        """Two tensors over one storage, which says of itself what it likes."""
        storages = [place[0] for place in places if place[0].kind == "storage" and place[0].parts[0].kind == "tuple" and len(place[0].parts[0].parts) > 4]
        if not storages:
            return False
        one, two = self.chosen.choice(storages), self.chosen.choice(storages)
        which = self.chosen.choice([1, 2, 2, 3, 4])
        one.parts[0].parts[which] = two.parts[0].parts[which]
        if self.chosen.random() < 0.3 and len(one.parts[0].parts) > 5:
            one.parts[0].parts[5] = self.Node("tuple", None, [self.Node("text", "12345"), self.Node("int", self.chosen.choice([0, 1, 3])), self.Node("int", self.chosen.choice([0, 1, 2, 100]))])
        return True

    FITTING = ["reshape"] * 2 + ["refill"] * 3 + ["objects"] * 2 + ["retype"] * 4 + ["restride"] * 4 + ["other_parts"] * 3 + ["same_storage"] * 2
