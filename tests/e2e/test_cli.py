#!/usr/bin/env python3
"""What the command line promises of itself: exit codes, where output goes, messages, and r1 inspect."""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

from runs import R1, InFolder

REFERENCE = pathlib.Path(os.environ["R1_SOURCE_DIR"]) / "tests/parity/reference"

# Parameters of the main model: technical reports and model cards, or counted from the published shapes.
PARAMETERS = {
    "deepseek-v3-671b": 671026419200,
    "deepseek-v2-236b": 235741434880,
    "deepseek-v2-lite": 15706484224,
    "r1-distill-qwen-1.5b": 1777088000,
    "r1-distill-qwen-7b": 7615616512,
    "r1-distill-qwen-14b": 14770033664,
    "r1-distill-qwen-32b": 32763876352,
    "r1-distill-llama-8b": 8030261248,
    "r1-distill-llama-70b": 70553706496,
}
# bf16 bytes a token in the cache, by the same sources, are two for each value.
KV_BYTES_BF16 = {
    "deepseek-v3-671b": 70272,
    "r1-distill-qwen-1.5b": 28672,
    "r1-distill-qwen-7b": 57344,
    "r1-distill-qwen-14b": 196608,
    "r1-distill-qwen-32b": 262144,
    "r1-distill-llama-8b": 131072,
    "r1-distill-llama-70b": 327680,
}


class Usage(InFolder):
    def wrong(self, *args, says=()):
        """Exit 2, nothing on standard output, and a message."""
        result = self.r1(*args)
        self.assertEqual(result.returncode, 2, (args, result.stderr))
        self.assertEqual(result.stdout, "")
        for part in says:
            self.assertIn(part, result.stderr)

    def test_help_goes_to_standard_output(self):
        for args in (["--help"], ["run", "--help"], ["inspect", "-h"], ["train", "grpo", "--help"], ["--version"]):
            result = self.succeeds(*args)
            self.assertIn("r1" if args == ["--version"] else "Usage", result.stdout)
            self.assertEqual(result.stderr, "")

    def test_no_command(self):
        self.wrong(says=["Usage", "inspect"])

    def test_unknown_commands(self):
        self.wrong("evl", says=['unknown command "evl"', "did you mean eval?"])
        self.wrong("Inspect", says=["did you mean inspect?"])
        self.wrong("abracadabra", says=["expected one of", "inspect"])
        self.wrong("x" * 100000, says=["unknown command"])
        self.wrong("", says=["unknown command"])
        self.wrong("\xff\x00"[:1], says=["unknown command"])

    def test_unknown_options_and_arguments(self):
        self.wrong("--nonsense")
        self.wrong("inspect", "--nonsense", says=["--nonsense"])
        self.wrong("run", "model", "prompt", "more", says=["more"])
        self.wrong("run", says=["model"])
        self.wrong("run", "model", says=["prompt"])
        self.wrong("train", "nothing")

    def test_threads(self):
        for value in ("0", "-1", "two", "1e9", "99999999999999999999", ""):
            for command in (["logits", "m", "--tokens", "1"], ["run", "m", "hi"], ["chat", "m"], ["eval", "m"]):
                self.wrong(*command, "--threads", value, says=["--threads"])

    def test_options_out_of_range(self):
        self.wrong("eval", "m", "--samples", "0", says=["--samples"])
        self.wrong("eval", "m", "--limit", "-3", says=["--limit"])
        self.wrong("run", "m", "hi", "--max-tokens", "0", says=["--max-tokens"])
        for seed in ("-1", "1.5", "x", "", str(2**64)):
            self.wrong("run", "m", "hi", "--seed", seed, says=["--seed"])
        self.wrong("run", "m", "hi", "--temperature", "warm", says=["--temperature"])
        self.wrong("run", "m", "hi", "--kernels", "quantum", says=["--kernels", "quantum", "plain"])
        self.wrong("eval", "m", "--verifier", "guess", says=["--verifier", "guess", "countdown"])

    def test_token_lists(self):
        for text in ("", "1,", ",1", "1,,2", "x", "-1", "1 2", "1.5", "99999999999"):
            self.wrong("logits", "m", "--tokens", text, says=["--tokens: item"])

    def test_models_that_are_none(self):
        (self.folder / "empty").mkdir()
        self.write("m.gguf", "GGUF")
        self.write("file", "")
        os.mkfifo(self.folder / "fifo")
        for name, part in (("absent", "does not exist"), ("empty", "config.json"), ("m.gguf", "GGUF"), ("file", "is a file"), ("fifo", "is a file")):
            for args in (["inspect", name], ["run", name, "hi"], ["logits", name, "--tokens", "1"], ["eval", name], ["tokenize", name, "hi"]):
                result = self.r1(*args)
                self.assertEqual((result.returncode, result.stdout), (1, ""), (args, result.stderr))
                self.assertIn(name, result.stderr)
                self.assertIn(part, result.stderr)

    def test_tasks_that_are_none(self):
        for task in ("nothing", "nothing.jsonl"):
            result = self.r1("eval", "m", "--task", task)
            self.assertEqual(result.returncode, 1)
            self.assertIn(task, result.stderr)

    def test_output_that_cannot_be_written(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full here")
        with open("/dev/full", "w") as full:
            result = subprocess.run([R1, "inspect", "--preset", "tiny-v3"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn("standard output", result.stderr)


class Inspect(InFolder):
    def facts(self, *args):
        result = self.succeeds("inspect", *args, "--json")
        self.assertEqual(result.stdout.count("\n"), 1)
        return json.loads(result.stdout)

    def test_published_counts(self):
        for preset, parameters in PARAMETERS.items():
            self.assertEqual(self.facts("--preset", preset)["parameters"], parameters, preset)

    def test_cache_sizes(self):
        for preset, bytes_bf16 in KV_BYTES_BF16.items():
            self.assertEqual(2 * self.facts("--preset", preset)["kv_values_per_token"], bytes_bf16, preset)
        self.assertAlmostEqual(self.facts("--preset", "deepseek-v3-671b")["kv_ratio_to_mha"], 1 / 56.9, places=4)
        self.assertAlmostEqual(self.facts("--preset", "r1-distill-llama-8b")["kv_ratio_to_mha"], 1 / 4)

    def test_every_preset(self):
        from_help = self.succeeds("inspect", "--help").stdout
        message = self.r1("inspect", "--preset", "nope")
        self.assertEqual(message.returncode, 2)
        names = message.stderr.split("expected one of ")[1].strip().split(", ")
        self.assertLessEqual(set(PARAMETERS), set(names))
        for name in names:
            self.assertIn(name, from_help)
            facts = self.facts("--preset", name)
            self.assertGreaterEqual(facts["parameters_with_mtp"], facts["parameters"])
            self.assertEqual(facts["parameters_with_mtp"] > facts["parameters"], facts["mtp_tensors"] > 0)

    def test_forks_are_named(self):
        config = self.facts("--preset", "deepseek-v3-671b")["config"]
        self.assertEqual(config["topk_method"], "noaux_tc")
        self.assertEqual(config["group_score"], "top2_sum")
        self.assertEqual(config["scoring_func"], "sigmoid")
        self.assertEqual(config["rope_pairs"], "interleaved")
        self.assertEqual(config["rope_scaling"]["rope_type"], "yarn")
        self.assertEqual(config["mla_form"], "absorbed")
        self.assertEqual(self.facts("--preset", "tiny-qwen2")["config"]["qkv_bias"], True)

    def test_text_has_the_same_numbers(self):
        text = self.succeeds("inspect", "--preset", "deepseek-v3-671b").stdout
        self.assertIn("671,026,419,200", text)
        self.assertRegex(text, r"topk_method +noaux_tc")

    def test_a_folder(self):
        facts = self.facts(REFERENCE / "deepseek-v3-tiny")
        self.assertEqual(facts["config"]["model_type"], "deepseek_v3")
        self.assertGreater(facts["parameters"], 1000)

    def test_one_of_the_two(self):
        for args in ([], ["somewhere", "--preset", "tiny-v3"]):
            self.assertEqual(self.r1("inspect", *args).returncode, 2)

    def test_hostile_configs(self):
        good = json.loads((REFERENCE / "deepseek-v3-tiny/config.json").read_text())
        cases = {
            "not json": "{",
            "not an object": "[]",
            "deep": "[" * 100000,
            "no model_type": json.dumps({k: v for k, v in good.items() if k != "model_type"}),
            "unknown model_type": json.dumps(good | {"model_type": "mamba"}),
            "zero heads": json.dumps(good | {"num_attention_heads": 0}),
            "negative": json.dumps(good | {"hidden_size": -1}),
            "huge": json.dumps(good | {"hidden_size": 2**40}),
            "text": json.dumps(good | {"vocab_size": "many"}),
            "top_k": json.dumps(good | {"num_experts_per_tok": 1000}),
        }
        for name, text in cases.items():
            self.write("m/config.json", text)
            result = self.r1("inspect", "m", timeout=20)
            self.assertEqual((result.returncode, result.stdout), (1, ""), name)
            self.assertIn("config.json", result.stderr, name)


class Logits(InFolder):
    def test_threads_and_kernels_change_nothing(self):
        for model in sorted(p.parent for p in REFERENCE.glob("*/config.json")):
            first = self.succeeds("logits", model, "--tokens", "1,2,3,4,5", "--threads", 1).stdout
            document = json.loads(first)
            self.assertEqual(len(document["logits"]), 5)
            self.assertTrue(all(len(row) == document["vocab_size"] for row in document["logits"]))
            self.assertEqual(self.succeeds("logits", model, "--tokens", "1,2,3,4,5", "--threads", 2).stdout, first)
            self.assertEqual(self.succeeds("logits", model, "--tokens", "1,2,3,4,5", "--kernels", "plain").stdout, first)
            shorter = json.loads(self.succeeds("logits", model, "--tokens", "1,2,3").stdout)
            self.assertEqual(shorter["logits"], document["logits"][:3])

    def test_many_rows(self):
        tokens = [i * 7 % 43 for i in range(100)]  # more than are computed at once
        rows = json.loads(self.succeeds("logits", REFERENCE / "llama-tiny", "--tokens", ",".join(map(str, tokens))).stdout)["logits"]
        self.assertEqual(len(rows), 100)

    def test_ids_beyond_the_vocabulary(self):
        result = self.r1("logits", REFERENCE / "llama-tiny", "--tokens", "1,2147483647")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("2147483647", result.stderr)

    def test_broken_weights(self):
        shutil.copytree(REFERENCE / "llama-tiny", self.folder / "m")
        path = self.folder / "m/model.safetensors"
        whole = path.read_bytes()
        for cut in (0, 4, 20, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:cut])
            result = self.r1("logits", "m", "--tokens", "1")
            self.assertEqual((result.returncode, result.stdout), (1, ""), cut)
            self.assertIn("model.safetensors", result.stderr)
        path.write_bytes((REFERENCE / "qwen2-tiny/model.safetensors").read_bytes())
        result = self.r1("logits", "m", "--tokens", "1")
        self.assertEqual(result.returncode, 1)
        self.assertIn("does not fit config.json", result.stderr)
        self.assertIn("model.embed_tokens.weight has shape", result.stderr)


if __name__ == "__main__":
    unittest.main()
