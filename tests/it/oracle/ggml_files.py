"""Writes a small model of whisper.cpp into the folder that is named, and damaged ones; prints for each whether whisper.cpp loads it.

    ggml_files.py FOLDER
"""

import json
import os
import struct
import subprocess
import sys

FOLDER = sys.argv[1]
# Numbers of a model that is not one of several languages: words, and of sound and text each how long, wide, and how many heads and layers.
NUMBERS = [51864, 8, 8, 1, 1, 8, 8, 1, 1, 80]
LOADER = """
import sys
import _pywhispercpp
_pywhispercpp.whisper_init_from_file_with_params(sys.argv[1], _pywhispercpp.whisper_context_default_params())
"""


def tensor(name, shape, kind=0):
    count = 1
    for size in shape:
        count *= size
    front = struct.pack("<iii", len(shape), len(name), kind) + struct.pack(f"<{len(shape)}i", *shape)
    return front + name.encode() + bytes(count * (2 if kind else 4))


def attention(name, width):
    yield f"{name}_ln.weight", [width], 0
    yield f"{name}_ln.bias", [width], 0
    for part in ["query", "key", "value", "out"]:
        yield f"{name}.{part}.weight", [width, width], 1
        if part != "key":
            yield f"{name}.{part}.bias", [width], 0


def tensors():
    words, length, width, _, _, text_length, text_width, _, _, bands = NUMBERS
    yield "decoder.positional_embedding", [text_width, text_length], 0
    yield "decoder.token_embedding.weight", [text_width, words], 1
    yield "encoder.positional_embedding", [width, length], 0
    yield "encoder.conv1.weight", [3, bands, width], 1
    yield "encoder.conv1.bias", [1, width], 0
    yield "encoder.conv2.weight", [3, width, width], 1
    yield "encoder.conv2.bias", [1, width], 0
    for part, width in [("decoder", text_width), ("encoder", width)]:
        ends = "ln" if part == "decoder" else "ln_post"
        block = f"{part}.blocks.0"
        for name in [f"{part}.{ends}", f"{block}.mlp_ln"]:
            yield f"{name}.weight", [width], 0
            yield f"{name}.bias", [width], 0
        yield f"{block}.mlp.0.weight", [width, 4 * width], 1
        yield f"{block}.mlp.0.bias", [4 * width], 0
        yield f"{block}.mlp.2.weight", [4 * width, width], 1
        yield f"{block}.mlp.2.bias", [width], 0
        yield from attention(f"{block}.attn", width)
        if part == "decoder":
            yield from attention(f"{block}.cross_attn", width)


def model():
    filters = struct.pack("<2i", 80, 201) + bytes(80 * 201 * 4)
    words = b"".join(struct.pack("<i", len(word)) + word for word in (b"%d" % n for n in range(50257)))
    front = b"lmgg" + struct.pack("<11i", *NUMBERS, 1)
    return front + filters + struct.pack("<i", 50257) + words + b"".join(tensor(*of) for of in tensors())


def main():
    data = model()
    files = {
        "genuine": data,
        "one byte is missing": data[:-1],
        "a tensor has another type": data.replace(struct.pack("<iii", 2, 28, 0), struct.pack("<iii", 2, 28, 99), 1),
        "another magic": b"xmgg" + data[4:],
    }
    for n, (what, data) in enumerate(files.items()):
        name = f"ggml-{n}.bin"
        path = os.path.join(FOLDER, name)
        with open(path, "wb") as file:
            file.write(data)
        # Whether it worked, it says in what it prints, if it does not end the process.
        done = subprocess.run([sys.executable, "-c", LOADER, path], capture_output=True)
        loads = done.returncode == 0 and b"failed" not in done.stderr
        print(json.dumps({"file": name, "what": what, "loads": loads}))


if __name__ == "__main__":
    main()
