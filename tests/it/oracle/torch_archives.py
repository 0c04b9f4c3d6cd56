"""Archives and what torch makes of them: torch_archives.py COUNT SEED

Generates COUNT archives, genuine ones of many kinds and mutations of them, loads each with `torch.load(weights_only=True)` in
a child process, and prints one JSON line for each: {"file": hexadecimal, "verdict": "loads" | "refused" | "died", "error": ...,
"how": what was done}. The first line says which torch it is. Names that no list has are never imported: torch refuses them."""
import collections, io, json, os, pickle, pickletools, random, resource, struct, sys, warnings, zipfile

warnings.filterwarnings('ignore')
import torch

torch.set_num_threads(1)
COUNT, SEED = int(sys.argv[1]), int(sys.argv[2])
OrderedDict = collections.OrderedDict


# ---- genuine objects

class Old:
    """Pickles as a call of a function, so that older writers can be imitated."""
    def __init__(self, *parts): self.parts = parts
    def __reduce__(self): return self.parts


def subclass():
    p = torch.nn.Parameter(torch.zeros(2))
    p.note = 'a'
    return p


def sparse(layout):
    dense = torch.eye(3)
    if layout == 'coo': return dense.to_sparse()
    if layout == 'csr': return dense.to_sparse_csr()
    if layout == 'csc': return dense.to_sparse_csc()
    return torch.eye(4).to_sparse_bsr((2, 2))


def genuine(r):
    make = [
        lambda: torch.nn.Linear(3, 2).state_dict(),
        lambda: torch.nn.Sequential(torch.nn.Conv2d(1, 2, 2), torch.nn.BatchNorm2d(2)).state_dict(),
        lambda: torch.arange(r.randint(0, 6), dtype=r.choice([torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8])),
        lambda: {'c': torch.zeros(2, dtype=r.choice([torch.complex64, torch.complex128])), 'b': torch.ones(3, dtype=torch.bool)},
        lambda: (lambda t: [t, t[1:], t.t(), t[:, :1]])(torch.arange(6.0).reshape(2, 3)),
        lambda: {'p': torch.nn.Parameter(torch.zeros(2)), 'q': subclass(), 'n': torch.nn.Parameter(torch.zeros(2), requires_grad=False)},
        lambda: {'s': sparse(r.choice(['coo', 'csr', 'csc', 'bsr']))},
        lambda: torch.quantize_per_tensor(torch.rand(4), 0.1, 2, r.choice([torch.qint8, torch.quint8, torch.qint32])),
        lambda: torch.quantize_per_channel(torch.rand(2, 3), torch.tensor([0.1, 0.2]), torch.tensor([1, 2]), 0, torch.qint8),
        lambda: {'set': {1, 2}, 'frozen': (), 'bytes': b'ab\xff', 'array': bytearray(b'xy'), 'complex': 1 + 2j, 'none': None, 'big': 2 ** r.randint(40, 90), 'float': -1.5, 'text': 'é' * r.randint(0, 200)},
        lambda: OrderedDict(a=1, b=[1, 2, (3, [4])], c=collections.Counter('aab')),
        lambda: {'device': torch.device(r.choice(['cpu', 'cuda:1', 'meta'])), 'dtype': torch.float16, 'size': torch.Size([1, 2]), 'layout': torch.sparse_coo},
        lambda: {'m': torch.empty(2, 3, device='meta'), 'e': torch.empty(0), 'z': torch.tensor(1.0)},
        lambda: (lambda m: [m.state_dict(), torch.optim.Adam(m.parameters()).state_dict()])(torch.nn.Linear(2, 2)),
        lambda: {'conj': torch.zeros(2, dtype=torch.complex64).conj(), 'neg': torch.zeros(2, dtype=torch.complex64).imag},
        lambda: {'u': torch.UntypedStorage(4), 't': torch.FloatStorage(3)},
        lambda: {'g': torch.zeros(2, requires_grad=True)},
        lambda: {'uint': torch.zeros(2, dtype=getattr(torch, 'uint16', torch.uint8)), 'f8': torch.zeros(2, dtype=getattr(torch, 'float8_e4m3fn', torch.float16))},
        lambda: Old(OrderedDict, ([['a', 1], ['b', torch.zeros(2)]],)),
        lambda: [OrderedDict(x=1)] * 2,
    ]
    return r.choice(make)()


def save(obj, legacy):
    out = io.BytesIO()
    torch.save(obj, out, _use_new_zipfile_serialization=not legacy)
    return out.getvalue()


# ---- pickles as lists of opcodes

def ops_of(data):
    """The opcodes of the first pickle, and where it ends."""
    marks = [(op, arg, pos) for op, arg, pos in pickletools.genops(data)]
    ends = [pos for _, _, pos in marks[1:]] + [None]
    stream = io.BytesIO(data)
    for _ in pickletools.genops(stream): pass
    end = stream.tell()
    return [data[pos:stop if stop is not None else end] for (_, _, pos), stop in zip(marks, ends)], end


def integer(n):
    if 0 <= n < 256: return b'K' + bytes([n])
    if 0 <= n < 65536: return b'M' + struct.pack('<H', n)
    if -2 ** 31 <= n < 2 ** 31: return b'J' + struct.pack('<i', n)
    raw = n.to_bytes(n.bit_length() // 8 + 1, 'little', signed=True)
    return b'\x8a' + bytes([len(raw)]) + raw


def text(s):
    raw = s.encode('utf-8', 'surrogatepass')
    return b'X' + struct.pack('<I', len(raw)) + raw


NUMBERS = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 24, 32, 64, 255, 256, 1000, -1, -2, -4, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 61, 2 ** 62, 2 ** 63 - 1, 2 ** 63, 2 ** 64, 2 ** 70, -2 ** 63, -2 ** 70]
WORDS = ['storage', '0', '1', '2', 'cpu', 'meta', 'cuda', 'gpu', '', 'a', 'latin1', 'utf-8', 'torch.sparse_coo', 'torch.strided', 'torch.sparse_csr', 'weight', 'requires_grad', 'data', 'grad', 'conj', 'neg', 'note', 'é', '€', '\ud800', 'module', '__class__', 'shape', 'x' * 300]
NAMES = """collections OrderedDict|collections Counter|__builtin__ set|builtins set|__builtin__ bytearray|__builtin__ complex|_codecs encode|torch Size|torch device|torch Tensor|torch.nn.parameter Parameter|torch.serialization _get_layout
torch FloatStorage|torch LongStorage|torch DoubleStorage|torch ByteStorage|torch QInt8Storage|torch ComplexFloatStorage|torch.storage UntypedStorage|torch.storage TypedStorage|torch.cuda FloatStorage|torch FloatTensor|torch LongTensor
torch float32|torch int64|torch qint8|torch complex64|torch per_tensor_affine|torch per_channel_affine|torch._utils _rebuild_tensor|torch._utils _rebuild_tensor_v2|torch._utils _rebuild_tensor_v3|torch._utils _rebuild_parameter
torch._utils _rebuild_parameter_with_state|torch._utils _rebuild_sparse_tensor|torch._utils _rebuild_qtensor|torch._utils _rebuild_meta_tensor_no_storage|torch._tensor _rebuild_from_type_v2""".replace('\n', '|').split('|')
NAMES = [b'c' + n.replace(' ', '\n').encode() + b'\n' for n in NAMES]
SIMPLE = [b'N', b'\x88', b'\x89', b')', b']', b'}', b'\x8f', b'(', b't', b'\x85', b'\x86', b'\x87', b'R', b'\x81', b'b', b'a', b'e', b's', b'u', b'Q', b'0', b'2', b'h\x00', b'h\x01', b'h\x05', b'q\x00', b'q\xff', b'r\x00\x01\x00\x00', b'j\x00\x01\x00\x00', b'\x80\x02', b'\x80\x04', b'G' + struct.pack('>d', 1.5), b'G' + struct.pack('>d', 0), b'U\x01a', b'U\x01\xff', b'\x90', b'd', b'l', b'I1\n', b'\x95' + bytes(8), b'\x94', b'\x8c\x01a', b'']


def atom(r):
    k = r.random()
    if k < .3: return integer(r.choice(NUMBERS))
    if k < .5: return text(r.choice(WORDS))
    if k < .65: return r.choice(NAMES)
    return r.choice(SIMPLE)


def mutated(r, ops):
    ops = list(ops)
    for _ in range(r.choice([1, 1, 1, 2, 3])):
        at = r.randrange(len(ops))
        code = ops[at][:1]
        k = r.random()
        if code in b'KMJ\x8a' and k < .7:
            ops[at] = integer(r.choice(NUMBERS)) if k < .6 else r.choice([b'N', b'\x88', b'\x89', b'G' + struct.pack('>d', 2.0), text('2')])
        elif code in b'XU' and k < .6: ops[at] = text(r.choice(WORDS))
        elif code == b'c' and k < .8: ops[at] = r.choice(NAMES)
        elif k < .2: del ops[at]
        elif k < .35: ops.insert(at, ops[at])
        elif k < .7: ops[at] = atom(r)
        elif k < .9: ops.insert(at, atom(r))
        else:
            other = r.randrange(len(ops)); ops[at], ops[other] = ops[other], ops[at]
        if not ops: return [b'.']
    return ops


# ---- calls put together from parts that nearly fit

def tuple_of(*parts): return b'(' + b''.join(parts) + b't'


def storage(r, kind=None, key=None, n=4):
    kind = kind or r.choice(['FloatStorage'] * 4 + ['LongStorage', 'QInt8Storage', 'ByteStorage', 'ComplexFloatStorage'])
    module = 'torch.storage' if kind == 'UntypedStorage' else 'torch'
    return tuple_of(text('storage'), f'c{module}\n{kind}\n'.encode(), text(key or r.choice(['0', '0', '1'])), text('cpu'), integer(n)) + b'Q'


def shape(r):
    dims = [r.choice([0, 1, 1, 2, 2, 3, 4]) for _ in range(r.choice([0, 1, 1, 1, 2, 2, 3]))]
    strides, step = [], 1
    for d in reversed(dims): strides.insert(0, step); step *= max(d, 1)
    if r.random() < .3 and dims: dims[r.randrange(len(dims))] = r.choice(NUMBERS)
    if r.random() < .3 and strides: strides[r.randrange(len(strides))] = r.choice(NUMBERS)
    if r.random() < .05: strides = strides + [1]
    return dims, strides


def sequence(r, numbers):
    parts = [integer(n) for n in numbers]
    if r.random() < .04 and parts: parts[r.randrange(len(parts))] = r.choice([b'\x88', b'N', b'G' + struct.pack('>d', 1), text('1')])
    k = r.random()
    if k < .8: return tuple_of(*parts)
    if k < .9: return b'](' + b''.join(parts) + b'e'
    return b'ctorch\nSize\n' + tuple_of(tuple_of(*parts)) + b'R'


EMPTY = b'ccollections\nOrderedDict\n)R'


def flag(r): return r.choice([b'\x89'] * 6 + [b'\x88'] * 3 + [b'N', integer(1), integer(0), text('')])


def tensor(r, kind=None, shape_of=None):
    dims, strides = shape_of or shape(r)
    off = r.choice([0] * 6 + [1, 3, 4, -1, True, 2 ** 40, 2 ** 62])
    off = b'\x88' if off is True else integer(off)
    f = r.random()
    parts = [storage(r, kind), off, sequence(r, dims), sequence(r, strides)]
    if f < .1: return b'ctorch._utils\n_rebuild_tensor\n' + tuple_of(*parts) + b'R'
    parts += [flag(r), r.choice([EMPTY, EMPTY, b'N', b'}'])]
    if f < .3:
        parts.append(r.choice([b'ctorch\nfloat32\n', b'ctorch\nint64\n', b'ctorch\nuint8\n', b'N', text('x'), b'ctorch\nFloatStorage\n']))
        if r.random() < .2: parts.append(metadata(r))
        return b'ctorch._utils\n_rebuild_tensor_v3\n' + tuple_of(*parts) + b'R'
    if r.random() < .15: parts.append(metadata(r))
    if r.random() < .03: parts.append(b'N')
    if r.random() < .03: parts.pop()
    return b'ctorch._utils\n_rebuild_tensor_v2\n' + tuple_of(*parts) + b'R'


def metadata(r):
    return r.choice([b'}', b'N', b'}' + text('conj') + b'\x88s', b'}' + text('neg') + b'\x88s', b'}' + text('neg') + b'\x89s', b'}' + text('other') + integer(1) + b's', integer(1), b'}' + text('neg') + text('x') + b's', b'}' + integer(1) + b'\x88s'])


def plain_tensor(r, kind, dims, key):
    strides, step = [], 1
    for d in reversed(dims): strides.insert(0, step); step *= max(d, 1)
    return b'ctorch._utils\n_rebuild_tensor_v2\n' + tuple_of(storage(r, kind, key, 4), integer(0), tuple_of(*map(integer, dims)), tuple_of(*map(integer, strides)), b'\x89', EMPTY) + b'R'


def state(r):
    return r.choice([b'}', b'N', b')', b'}' + text('a') + integer(1) + b's', b'}' + integer(1) + integer(1) + b's', tuple_of(b'}', b'}'), tuple_of(b'N', b'N'), tuple_of(b'}' + text('a') + integer(1) + b's', b'N'),
                     tuple_of(b'N', b'}' + text('b') + integer(1) + b's'), b']', b'](' + tuple_of(text('k'), integer(1)) + b'e', integer(0), integer(1), text(''), text('ab'), tuple_of(integer(1), integer(2)), EMPTY,
                     b'}' + text('requires_grad') + b'\x89s', b'}' + text('shape') + b'Ns', b'}' + text('grad') + b'Ns', tuple_of(b'\x89', b'N', EMPTY), tuple_of(b'\x88', b'N', EMPTY), tuple_of(integer(1), b'N', EMPTY), tuple_of(b'\x89', b'N'),
                     b'](' + tuple_of(b']', integer(1)) + b'e', tuple_of(tuple_of(text('k'), integer(1))), tuple_of(storage(r), integer(0), tuple_of(integer(2)), tuple_of(integer(1)))])


def value(r, depth=0):
    k = r.randrange(22)
    simple = lambda: r.choice([integer(r.choice(NUMBERS)), text(r.choice(WORDS)), b'N', b'\x88', b')', b']', b'}', b'\x8f', b'G' + struct.pack('>d', r.choice([0.0, 1.5])), r.choice(NAMES), EMPTY])
    if depth > 2: return simple()
    if k < 6: return tensor(r)
    if k == 6: return b'ctorch._utils\n_rebuild_parameter\n' + tuple_of(r.choice([tensor(r), value(r, depth + 1)]), flag(r), EMPTY) + b'R'
    if k == 7: return b'ctorch._utils\n_rebuild_parameter_with_state\n' + tuple_of(tensor(r), flag(r), EMPTY, state(r)) + b'R'
    if k == 8: return b'ctorch._tensor\n_rebuild_from_type_v2\n' + tuple_of(r.choice([b'ctorch._utils\n_rebuild_tensor_v2\n', r.choice(NAMES)]), r.choice([b'ctorch\nTensor\n', b'ctorch.nn.parameter\nParameter\n', r.choice(NAMES)]), r.choice([tuple_of(storage(r), integer(0), tuple_of(integer(4)), tuple_of(integer(1)), flag(r), EMPTY), b')']), state(r)) + b'R'
    if k == 9:
        count = r.choice([1, 2, 2])
        return b'ctorch._utils\n_rebuild_sparse_tensor\n' + tuple_of(b'ctorch.serialization\n_get_layout\n' + text(r.choice(['torch.sparse_coo'] * 3 + ['torch.sparse_csr', 'torch.strided', 'x'])) + b'\x85R', tuple_of(*([plain_tensor(r, 'LongStorage', r.choice([[1, count], [2, count], [count]]), '1'), plain_tensor(r, 'FloatStorage', r.choice([[count], [count, 2]]), '0'), sequence(r, r.choice([[4], [2], [1], [4, 2], [9]]))] + r.choice([[], [b'\x89'], [b'\x88'], [b'N'], [integer(1)]])))) + b'R'
    if k == 10:
        n = r.choice([2, 4])
        params = r.choice([tuple_of(b'ctorch\nper_tensor_affine\n', r.choice([b'G' + struct.pack('>d', .5), integer(1), b'N']), r.choice([integer(0), integer(3), b'\x88', b'G' + bytes(8)])),
                           tuple_of(b'ctorch\nper_channel_affine\n', b'](' + b''.join([b'G' + struct.pack('>d', .5)] * n) + b'e', b'](' + integer(0) * n + b'e', integer(r.choice([0, 0, 0, 1, -1]))),
                           tuple_of(b'ctorch\nper_tensor_symmetric\n', integer(1), integer(0)), tuple_of(b'ctorch\nper_channel_affine\n', plain_tensor(r, 'FloatStorage', [4], '0'), plain_tensor(r, 'LongStorage', [4], '1'), integer(0)), b'N', b')'])
        dims, strides = r.choice([([4], [1])] * 4 + [shape(r)])
        return b'ctorch._utils\n_rebuild_qtensor\n' + tuple_of(storage(r, r.choice(['QInt8Storage'] * 4 + ['FloatStorage'])), integer(r.choice([0, 0, 0, 1, -1])), sequence(r, dims), sequence(r, strides), params, r.choice([b'\x89', b'\x89', flag(r)]), EMPTY) + b'R'
    if k == 11:
        dims, strides = shape(r)
        return b'ctorch._utils\n_rebuild_meta_tensor_no_storage\n' + tuple_of(r.choice([b'ctorch\nfloat32\n', b'ctorch\nint64\n', b'ctorch\nqint8\n', b'N', text('f')]), sequence(r, dims), sequence(r, strides), flag(r)) + b'R'
    if k == 12: return b'c_codecs\nencode\n' + tuple_of(r.choice([text(r.choice(WORDS)), integer(1)]), *r.choice([[text('latin1')], [text('utf-8')], [text('ascii')], [text('bogus')], [], [b'N']])) + b'R'
    if k == 13: return r.choice([b'c__builtin__\nset\n', b'cbuiltins\nset\n', b'ccollections\nCounter\n', b'ccollections\nOrderedDict\n', b'ctorch\nSize\n', b'c__builtin__\nbytearray\n', b'c__builtin__\ncomplex\n']) + r.choice([b')', tuple_of(value(r, depth + 2)), tuple_of(b'](' + b''.join(value(r, 3) for _ in range(3)) + b'e'), tuple_of(integer(1), integer(2)), tuple_of(b'](' + integer(1) + integer(200) + b'e')]) + r.choice([b'R', b'R', b'\x81'])
    if k == 14: return b'ctorch\ndevice\n' + tuple_of(*r.choice([[text('cpu')], [text('cuda'), integer(1)], [text('cuda:1')], [text('bogus')], [integer(-1)], [], [text('cpu'), b'N']])) + b'R'
    if k == 15: return value(r, depth + 1) + state(r) + b'b'
    if k == 16: return r.choice([b'}', b']', EMPTY, value(r, depth + 1)]) + r.choice([value(r, 3) + value(r, 3) + b's', value(r, 3) + b'a', b'(' + value(r, 3) * r.choice([0, 1, 2, 4]) + b'u', b'(' + value(r, 3) + b'e', b'(u', b'(e'])
    if k == 17: return storage(r, r.choice([None, 'UntypedStorage']), None, r.choice([4, 4, 4, 16, 2, 5, -1, 0]))
    if k == 18: return r.choice(NAMES) + r.choice([b')', tuple_of(value(r, 3)), tuple_of(value(r, 3), value(r, 3)), value(r, 3)]) + r.choice([b'R', b'\x81'])
    if k == 19: return tuple_of(*(value(r, depth + 1) for _ in range(r.randrange(3))))
    if k == 20: return b'](' + b''.join(value(r, depth + 1) for _ in range(r.randrange(3))) + b'e'
    return simple()


# ---- archives

def entries(data):
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        return [(i.filename, z.read(i)) for i in z.infolist()]


def archive(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w') as z:
        for name, content in members: z.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def records(r, members):
    members = list(members)
    at = r.randrange(len(members))
    name, content = members[at]
    root = members[0][0].split('/')[0]
    k = r.randrange(8)
    if k == 0 and content: members[at] = (name, content[:-r.choice([1, 4, len(content)])])
    elif k == 1: members[at] = (name, content + bytes(r.choice([1, 4, 64])))
    elif k == 2: del members[at]
    elif k == 3: members.append((name, content + bytes(r.choice([0, 4]))))
    elif k == 4: members[at] = (name.upper(), content)
    elif k == 5: members = [(n, r.choice([b'3', b'3\n', b'', b'x', b'0', b'11', b'10', b'-3', b'+2', b' 3', b'3x', b'0x3', b'99999999999999999999']) if n.endswith('/version') else c) for n, c in members]
    elif k == 6: members = [(n, c) for n, c in members if not n.endswith('/byteorder')] + [(root + '/byteorder', r.choice([b'big', b'little', b'little\n', b'', b'Big', b'\xff']))]
    else: members = [(n, c) for n, c in members if not n.endswith('/.storage_alignment')] + [(root + '/.storage_alignment', r.choice([b'64', b'x', b'', b' 1 ', b'1_0', b'-1']))]
    return members or [('a/b', b'')]


def generate(n):
    r = random.Random(SEED * 1000003 + n)
    k = r.random()
    if k < .45:
        # Put together.
        body = b'\x80\x02' + value(r) + b'.'
        ops = None
        if r.random() < .3:
            try: body = b''.join(mutated(r, ops_of(body)[0]))
            except Exception: pass
        if r.random() < .8:
            longs = struct.pack('<4q', *r.choice([(0, 1, 2, 3), (0, 1, 0, 1), (0, 0, 1, 1), (1, 0, 3, 2), (0, 9, 0, 0), (-1, 0, 0, 0)]))
            size = r.choice([16] * 5 + [4, 32])
            one = r.choice([longs] * 4 + [bytes(16)])
            return 'made', archive([('a/data.pkl', body), ('a/byteorder', b'little'), ('a/data/0', bytes(size)), ('a/data/1', one), ('a/version', b'3\n')])
        body = body.replace(b'tQ', b'NtQ')
        parts = [pickle.dumps(0x1950a86a20f9469cfc6c, 2), pickle.dumps(1001, 2), pickle.dumps({}, 2), body, pickle.dumps(r.choice([[], ['0'], ['0', '1']]), 2)]
        return 'made legacy', b''.join(parts) + b''.join(struct.pack('<q', 4) + bytes(r.choice([16, 32, 4])) for _ in range(2))
    torch.manual_seed(n)
    legacy = r.random() < .3
    try: data = save(genuine(r), legacy)
    except Exception: data = save({'a': torch.zeros(2)}, legacy)
    if k < .5: return 'genuine', data
    if legacy:
        parts, at = [], 0
        for _ in range(5):
            ops, end = ops_of(data[at:])
            parts.append(ops); at += end
        tail = data[at:]
        which = r.choice([0, 1, 2, 3, 3, 3, 3, 3, 3, 4, 4, 5])
        if which < 5: parts[which] = mutated(r, parts[which])
        elif tail and r.random() < .5: tail = tail[:-r.choice([1, 4])]
        elif tail:
            spot = r.choice([0, 1, 7, 8]) % len(tail); tail = tail[:spot] + bytes([r.randrange(256)]) + tail[spot + 1:]
        else: tail = bytes(9)
        return 'legacy', b''.join(b''.join(ops) for ops in parts) + tail
    members = entries(data)
    if r.random() < .2: return 'records', archive(records(r, members))
    changed = [(n, b''.join(mutated(r, ops_of(c)[0])) if n.endswith('data.pkl') else c) for n, c in members]
    if r.random() < .1: changed = records(r, changed)
    return 'mutated', archive(changed)


# ---- torch

ELSEWHERE = ('is_available() is False', 'device module is not registered', 'Storage device not recognized: mps', 'Found no NVIDIA driver', 'not compiled with', 'requires the cuda', 'Torch not compiled', 'allocate memory', 'accelerator device when none is available')


def forget():
    """A load that fails leaves the sparse tensors that it would have checked to the next one."""
    for left in (getattr(torch._utils, '_sparse_tensors_to_validate', None), getattr(getattr(torch.serialization, '_serialization_tls', None), 'sparse_tensors_to_validate', None)):
        if left is not None: left.clear()


def load(data):
    forget()
    try:
        torch.load(io.BytesIO(data), weights_only=True)
        return 'loads', None
    except BaseException as error:
        if isinstance(error, MemoryError): return 'memory', None
        said = f'{type(error).__name__}: {error}'.encode('ascii', 'backslashreplace').decode()
        if 'was not an allowed global' in said or 'Unsupported global' in said or 'Unsupported class' in said: return 'listed', said[-300:]
        if any(text in said for text in ELSEWHERE): return 'elsewhere', said[:200]
        return 'refused', said.replace('\n', ' ')[-300:]


def work(first, last, pipe):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
    out = os.fdopen(pipe, 'wb', 0)
    devnull = os.open(os.devnull, os.O_WRONLY); os.dup2(devnull, 2)
    for n in range(first, last):
        how, data = generate(n)
        out.write((json.dumps({'n': n, 'how': how, 'file': data.hex()}) + '\n').encode())
        verdict, error = load(data)
        out.write((json.dumps({'n': n, 'verdict': verdict, 'error': error}) + '\n').encode())
    os._exit(0)


print(json.dumps({'torch': torch.__version__}))
n, BATCH = 0, 500
while n < COUNT:
    last = min(COUNT, n + BATCH)
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(read); work(n, last, write)
    os.close(write)
    pending = None
    for line in os.fdopen(read, 'rb'):
        said = json.loads(line)
        if 'file' in said: pending = said
        else:
            pending.update(said); print(json.dumps(pending)); n = said['n'] + 1; pending = None
    os.waitpid(pid, 0)
    if pending:
        pending.update(verdict='died', error=None); print(json.dumps(pending)); n = pending['n'] + 1
