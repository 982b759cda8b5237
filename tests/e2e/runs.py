"""What the end-to-end tests of training share: the program, folders of their own, runs of a few milliseconds."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

R1 = os.environ["R1_BINARY"]

MODEL = """
hidden_size = 32
intermediate_size = 48
num_hidden_layers = 2
num_attention_heads = 2
kv_lora_rank = 16
moe_intermediate_size = 24
"""

PRETRAIN = f"""
seed = 5
steps = 12
batch_tokens = 120
checkpoint_every = 1
[model]
{MODEL}
[optimizer]
matrices = "muon"
"""

# The reward is the one that random words sometimes earn.
GRPO = """
seed = 5
steps = 8
task = "chain"
prompts_per_step = 2
group_size = 4
max_new_tokens = 8
mini_batches = 2
beta = 0.1
checkpoint_every = 1
reference_every = 3
[model]
from = "base"
[[rewards]]
name = "language"
"""


def r1(*args, cwd, timeout=120, **more):
    """Runs the program to its end; .stdout and .stderr are text."""
    return subprocess.run(
        [R1, *map(str, args)], cwd=cwd, timeout=timeout, capture_output=True, text=True, errors="replace", **more
    )


def fixed_bytes(folder):
    """What config and seed fix to the last byte."""
    names = ["config.toml", "metrics.jsonl", "samples.jsonl", "final/model.safetensors"]
    return {name: (pathlib.Path(folder) / name).read_bytes() for name in names}


def everything_in(folder):
    """Every file's path and bytes."""
    folder = pathlib.Path(folder)
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


class InFolder(unittest.TestCase):
    """Each test has a folder of its own, where the program runs."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="r1_e2e_"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def r1(self, *args, **more):
        return r1(*args, cwd=self.folder, **more)

    def succeeds(self, *args, **more):
        result = self.r1(*args, **more)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result
