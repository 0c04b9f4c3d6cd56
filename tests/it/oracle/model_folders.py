"""Folders that transformers, diffusers, sentence-transformers and peft write, offline: a JSON object on each line, with the library, the path and
the file in hex, for each file but weights."""

import json
import os
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

from diffusers import AutoencoderKL, DDIMPipeline, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel, UNet2DModel
from peft import LoraConfig, PeftModel, get_peft_model
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Normalize, Pooling, Transformer
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    BertConfig,
    BertModel,
    CLIPTextConfig,
    CLIPTextModel,
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

ROOT = tempfile.mkdtemp()


def folder(name):
    path = os.path.join(ROOT, name)
    os.makedirs(path)
    return path


def tell(library, path):
    for where, _, names in os.walk(path):
        for name in sorted(names):
            full = os.path.join(where, name)
            if name.endswith((".safetensors", ".bin")):
                continue
            with open(full, "rb") as file:
                data = file.read()
            print(json.dumps({"library": library, "path": os.path.relpath(full, ROOT), "file": data.hex()}))


words = Tokenizer(models.WordLevel({"[UNK]": 0, "[PAD]": 1, "a": 2, "b": 3}, unk_token="[UNK]"))
words.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]", pad_token="[PAD]")

small = {"vocab_size": 8, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
llama = LlamaForCausalLM(LlamaConfig(**small))
path = folder("llama")
llama.save_pretrained(path, max_shard_size="2KB")
GenerationConfig(max_new_tokens=4).save_pretrained(path)
tokenizer.chat_template = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] }}{% endfor %}"
tokenizer.save_pretrained(path)
tell("transformers", path)

path = folder("named_templates")
tokenizer.chat_template = {"default": "{{ messages[0]['content'] }}", "tool_use": "{{ tools | tojson }}"}
tokenizer.save_pretrained(path)
tell("transformers", path)
tokenizer.chat_template = None

path = folder("inline_template")
tokenizer.chat_template = "{{ messages[-1].content | trim }}"
tokenizer.save_pretrained(path, save_jinja_files=False)
tell("transformers", path)
tokenizer.chat_template = None

path = folder("adapter")
get_peft_model(LlamaForCausalLM(LlamaConfig(**small)), LoraConfig(task_type="CAUSAL_LM")).save_pretrained(path)
tell("peft", path)
path = folder("plain_adapter")
get_peft_model(BertModel(BertConfig(**small)), LoraConfig(target_modules=["query"])).save_pretrained(path)
tell("peft", path)

path = folder("pixels")
unet = UNet2DModel(sample_size=8, block_out_channels=(32, 32), layers_per_block=1, down_block_types=("DownBlock2D", "DownBlock2D"),
                   up_block_types=("UpBlock2D", "UpBlock2D"))
DDIMPipeline(unet, DDIMScheduler()).save_pretrained(path)
tell("diffusers", path)

path = folder("stable_diffusion")
StableDiffusionPipeline(
    vae=AutoencoderKL(block_out_channels=(32,), norm_num_groups=8),
    text_encoder=CLIPTextModel(CLIPTextConfig(vocab_size=8, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2)),
    tokenizer=tokenizer,
    unet=UNet2DConditionModel(sample_size=8, block_out_channels=(32,), layers_per_block=1, down_block_types=("DownBlock2D",),
                              up_block_types=("UpBlock2D",), cross_attention_dim=16, norm_num_groups=8),
    scheduler=DDIMScheduler(),
    safety_checker=None,
    feature_extractor=None,
    requires_safety_checker=False,
).save_pretrained(path)
tell("diffusers", path)

base = folder("bert")
BertModel(BertConfig(**small)).save_pretrained(base)
tokenizer.save_pretrained(base)
tell("transformers", base)
path = folder("sentences")
transformer = Transformer(base)
SentenceTransformer(modules=[transformer, Pooling(16), Normalize()], device="cpu").save(path)
tell("sentence-transformers", path)
