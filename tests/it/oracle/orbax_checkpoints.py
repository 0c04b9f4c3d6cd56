"""Writes checkpoints with Orbax into the folder that is named. Prints the files that describe them.

Usage: orbax_checkpoints.py FOLDER"""

import json
import logging
import os
import sys
import warnings

os.environ.update(JAX_PLATFORMS="cpu", TF_CPP_MIN_LOG_LEVEL="3")
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
import numpy as np
import orbax.checkpoint as ocp

FOLDER = sys.argv[1]
TREE = {"w": np.arange(4.0), "n": {"b": np.ones((2, 2), np.float32)}, "s": 3}
ocp.PyTreeCheckpointer().save(f"{FOLDER}/tree", TREE)
ocp.PyTreeCheckpointer(use_ocdbt=False).save(f"{FOLDER}/arrays", TREE)
with ocp.CheckpointManager(f"{FOLDER}/steps") as manager:
    items = ocp.args.Composite(state=ocp.args.StandardSave({"w": TREE["w"]}), extra=ocp.args.JsonSave({"x": 1}))
    manager.save(1, args=items)
    manager.wait_until_finished()
for folder, _, files in os.walk(FOLDER):
    for name in sorted(files):
        path = os.path.relpath(os.path.join(folder, name), FOLDER)
        if name in ("_METADATA", "_CHECKPOINT_METADATA", "manifest.ocdbt"):
            print(json.dumps({"file": path}))
