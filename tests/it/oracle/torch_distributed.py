"""Writes distributed checkpoints into the folder that is named, and prints the offset and the length of each part of their shards,
as their index says."""

import inspect
import json
import os
import pickle
import sys
import warnings

import torch
import torch.distributed.checkpoint as dcp
from torch import nn

warnings.simplefilter("ignore")

model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 2))
optimizer = torch.optim.AdamW(model.parameters())
model(torch.rand(3, 4)).sum().backward()
optimizer.step()
kinds = (torch.float16, torch.bfloat16, torch.int8, torch.uint8, torch.bool, torch.int64, torch.complex64)
checkpoints = {
    "model": (model.state_dict(), {}),
    "training": ({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": 3, "name": "x", "none": None}, {}),
    "files": (model.state_dict(), {"single_file_per_rank": False}),
    "threads": ({"model": model.state_dict(), "large": torch.rand(100, 100)}, {"thread_count": 2}),
    "objects": ({"values": [1, 2.5, "x"], "nested": {"a": {"b": torch.ones(2, 3).t()}}}, {}),
    "dtypes": ({str(dtype): torch.zeros(3).to(dtype) for dtype in kinds}, {}),
}
# Before torch 2.10, a process that is in no group saves alone without being told.
alone = {"no_dist": True} if "no_dist" in inspect.signature(inspect.unwrap(dcp.save)).parameters else {}
for name, (state, options) in checkpoints.items():
    folder = os.path.join(sys.argv[1], name)
    dcp.save(state, storage_writer=dcp.FileSystemWriter(folder, **options), **alone)
    with open(os.path.join(folder, ".metadata"), "rb") as index:
        stored = pickle.load(index).storage_data.values()
    for info in stored:
        print(json.dumps({"file": os.path.join(name, info.relative_path), "offset": info.offset, "length": info.length}))
