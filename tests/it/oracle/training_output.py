"""Writes what the Trainer of transformers, accelerate and DeepSpeed leave beside a model into the folder that is named, with their names
and contents, and prints the name of each file. Only `training_args.bin` needs transformers itself."""

import json
import os
import random
import sys
import warnings
from collections import OrderedDict

import numpy
import torch

warnings.simplefilter("ignore")
os.chdir(sys.argv[1])


def save(value, *names):
    for name in names:
        torch.save(value, name)
        print(json.dumps({"file": name}))


model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.LayerNorm(3))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
model(torch.ones(2, 4)).sum().backward()
optimizer.step()
scheduler.step()
cosine.step()

# transformers.Trainer: the states of random numbers, of one process and of several, on no, one and two devices.
random_states = {"python": random.getstate(), "numpy": numpy.random.get_state(), "cpu": torch.random.get_rng_state()}
save(random_states, "rng_state.pth")
save(random_states | {"cuda": torch.random.get_rng_state()}, "rng_state_0.pth")
save(random_states | {"cuda": [torch.random.get_rng_state()] * 2}, "rng_state_1.pth")
save(optimizer.state_dict(), "optimizer.pt", "optimizer.bin")
save(scheduler.state_dict(), "scheduler.pt")
save(cosine.state_dict(), "scheduler.bin")
scaler = torch.cuda.amp.GradScaler(enabled=True) if torch.cuda.is_available() else None
empty = {"scale": 65536.0, "growth_factor": 2.0, "backoff_factor": 0.5, "growth_interval": 2000, "_growth_tracker": 3}
save(scaler.state_dict() if scaler else empty, "scaler.pt")

# accelerate.
accelerate_states = {
    "step": 3,
    "random_state": random.getstate(),
    "numpy_random_seed": numpy.random.get_state(),
    "torch_manual_seed": torch.get_rng_state(),
    "torch_cuda_manual_seed": [torch.get_rng_state()],
}
save(accelerate_states, "random_states_0.pkl")

# DeepSpeed: the model of a rank, and the part of the optimizer of one.
config = {"fp16": {"enabled": "auto"}, "zero_optimization": {"stage": 2}, "train_batch_size": 8}
weights = model.state_dict()
model_states = {
    "module": weights,
    "buffer_names": [],
    "optimizer": None,
    "param_shapes": [OrderedDict((name, tensor.shape) for name, tensor in weights.items())],
    "frozen_param_shapes": None,
    "shared_params": {},
    "frozen_param_fragments": None,
    "lr_scheduler": {"last_batch_iteration": 3},
    "data_sampler": None,
    "random_ltd": None,
    "sparse_tensor_module_names": set(),
    "skipped_steps": 0,
    "global_steps": 3,
    "global_samples": 24,
    "dp_world_size": 1,
    "mp_world_size": 1,
    "ds_config": config,
    "ds_version": "0.14.4",
}
save(model_states, "mp_rank_00_model_states.pt", "zero_pp_rank_0_mp_rank_00_model_states.pt")
flat = torch.cat([tensor.flatten() for tensor in weights.values()])
group = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01, "bias_correction": True, "params": [0]}
optimizer_states = {
    "loss_scaler": None,
    "dynamic_loss_scale": False,
    "overflow": False,
    "clip_grad": 1.0,
    "base_optimizer_state": {"state": {0: {"step": 3, "exp_avg": flat, "exp_avg_sq": flat}}, "param_groups": [group]},
    "single_partition_of_fp32_groups": [flat],
    "zero_stage": 2,
    "group_paddings": [0],
    "partition_count": [1],
    "ds_version": "0.14.4",
    "param_slice_mappings": [OrderedDict()],
}
optimizer_states = {"optimizer_state_dict": optimizer_states, "ds_config": config, "ds_version": "0.14.4"}
save(optimizer_states, "zero_pp_rank_0_mp_rank_00_optim_states.pt", "bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt")

try:
    from transformers import TrainingArguments
except ImportError:
    pass
else:
    save(TrainingArguments(output_dir="out", report_to=[], use_cpu=True), "training_args.bin")
