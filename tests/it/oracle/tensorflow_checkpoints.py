"""Writes checkpoints of TensorFlow into the folder that is named, and changed ones; prints for each which tensors TensorFlow finds in it.

    tensorflow_checkpoints.py FOLDER COUNT SEED
"""

import json
import os
import random
import shutil
import sys
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
warnings.simplefilter("ignore")

import keras
import numpy
import tensorflow as tf

FOLDER, COUNT, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
RANDOM = random.Random(SEED)
v1 = tf.compat.v1
tf.get_logger().setLevel("ERROR")

TYPES = "float32 float64 int32 uint8 int16 int8 complex64 int64 bool bfloat16 uint16 complex128 float16 uint32 uint64 float8_e5m2 float8_e4m3fn int4 uint4".split()


def objects(folder):
    """As TensorFlow 2 writes them: variables of every type, texts, and a model of Keras with its optimizer."""
    variables = {}
    for name in TYPES:
        dtype = getattr(tf, name, None) or getattr(tf.dtypes.experimental, name)
        variables[name] = tf.Variable(tf.cast(tf.zeros((2, 3), tf.int8 if "int4" in name else tf.float32), dtype))
    of_texts = tf.Variable(["a", "long text"])
    checkpoint = tf.train.Checkpoint(texts=of_texts, empty=tf.Variable(tf.zeros((0, 4))), **variables)
    manager = tf.train.CheckpointManager(checkpoint, os.path.join(folder, "manager"), 2)
    manager.save()
    manager.save()
    model = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(4), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    model.fit(numpy.ones((4, 8)), numpy.ones((4, 2)), verbose=0)
    tf.train.Checkpoint(model=model, optimizer=model.optimizer).write(os.path.join(folder, "keras"))
    tf.saved_model.save(model, os.path.join(folder, "saved"))
    many = {f"variable_{n}": tf.Variable(float(n)) for n in range(1200)}
    tf.train.Checkpoint(**many).write(os.path.join(folder, "many"))


def sessions(folder):
    """As TensorFlow 1 writes them, in both forms, with a variable in parts."""
    for version in (v1.train.SaverDef.V1, v1.train.SaverDef.V2):
        with tf.Graph().as_default(), v1.Session() as session:
            v1.get_variable("weights", [3, 2])
            v1.get_variable("long", [70000])
            v1.get_variable("texts", initializer=["text"], dtype=tf.string)
            v1.get_variable("parts", [6, 4], partitioner=v1.fixed_size_partitioner(3))
            session.run(v1.global_variables_initializer())
            path = os.path.join(folder, f"session{version}")
            os.makedirs(path)
            saver = v1.train.Saver(write_version=version, sharded=version == v1.train.SaverDef.V2, save_relative_paths=True)
            saver.save(session, os.path.join(path, "model.ckpt"), global_step=7)


def tensors(prefix):
    reader = tf.train.load_checkpoint(prefix)
    types = reader.get_variable_to_dtype_map()
    shapes = reader.get_variable_to_shape_map()
    return [f"{name} {types[name].name} {shapes[name]}" for name in shapes]


def of_child(work):
    """What a function returns in a process of its own; `None` if that ends in any other way."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            answer = json.dumps(work())
            with os.fdopen(writer, "w") as out:
                out.write(answer)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        answer = file.read()
    os.waitpid(child, 0)
    return json.loads(answer) if answer else None


def tell(file, genuine, is_text=False):
    prefix = os.path.join(FOLDER, file.removesuffix(".index"))
    found = None if is_text else of_child(lambda: tensors(prefix))
    answer = {"file": file, "genuine": genuine, "is_text": is_text, "loads": found is not None, "tensors": found or []}
    print(json.dumps(answer), flush=True)


def changed(data):
    data = bytearray(data)
    for _ in range(RANDOM.choice([1, 1, 2])):
        at = RANDOM.randrange(len(data))
        kind = RANDOM.randrange(4)
        if kind == 0:
            data[at] = RANDOM.randrange(256)
        elif kind == 1:
            data[at] ^= 1 << RANDOM.randrange(8)
        elif kind == 2:
            del data[at : at + RANDOM.randrange(1, 9)]
        else:
            data[at:at] = data[at : at + RANDOM.randrange(1, 40)]
    return bytes(data)


def sealed(data):
    """The same with the checksum of the first block made right, so that what is in it is looked at."""
    table = [0] * 256
    for n in range(256):
        value = n
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table[n] = value
    # The first block ends where that of other indices begins: eight bytes of a block without entries.
    end = data.rfind(b"\0\0\0\0\x01\0\0\0\0", 0, len(data) - 48)
    if end < 5:
        return data
    value = 0xFFFFFFFF
    for byte in data[: end - 4]:
        value = table[(value ^ byte) & 255] ^ value >> 8
    value ^= 0xFFFFFFFF
    masked = ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF
    return data[: end - 4] + masked.to_bytes(4, "little") + data[end:]


def main():
    objects(FOLDER)
    sessions(FOLDER)
    found = []
    for root, _, files in sorted(os.walk(FOLDER)):
        for file in sorted(files):
            path = os.path.relpath(os.path.join(root, file), FOLDER)
            if file == "checkpoint":
                tell(path, True, is_text=True)
            elif file.endswith(".index") or file == "model.ckpt-7":
                tell(path, True)
                found.append(path)
    for n in range(COUNT):
        file = found[n % len(found)]
        data = open(os.path.join(FOLDER, file), "rb").read()
        new = f"changed{n}.index" if file.endswith(".index") else f"changed{n}.ckpt"
        data = changed(data)
        with open(os.path.join(FOLDER, new), "wb") as out:
            out.write(sealed(data) if n % 3 and len(data) < 100_000 else data)
        shards = file.removesuffix(".index") + ".data-00000-of-00001"
        if os.path.exists(os.path.join(FOLDER, shards)):
            shutil.copy(os.path.join(FOLDER, shards), os.path.join(FOLDER, f"changed{n}.data-00000-of-00001"))
        tell(new, False)


if __name__ == "__main__":
    main()
