#!/usr/bin/env python3
"""From random weights to R1-Zero in a second: the quickstart with everything small, and what can be done with its folders."""

import json
import re
import signal
import subprocess
import time
import unittest

from runs import GRPO, PRETRAIN, R1, InFolder, fixed_bytes

SMALL = {
    "seed": 3,
    "final_problems": 3,
    "final_samples": 16,
    "curve_problems": 2,
    "curve_samples": 2,
    "pretrain.steps": 20,
    "pretrain.batch_tokens": 300,
    "pretrain.model.hidden_size": 32,
    "pretrain.model.intermediate_size": 48,
    "pretrain.model.num_hidden_layers": 2,
    "pretrain.model.num_attention_heads": 2,
    "grpo.steps": 4,
    "grpo.prompts_per_step": 2,
    "grpo.group_size": 4,
    "grpo.max_new_tokens": 12,
    "grpo.eval_every": 2,
    "grpo.checkpoint_every": 2,
    # So small a model never answers; this reward makes it learn something all the same.
    "grpo.rewards.0.name": "language",
}

# summary.json as the contract has it, and what we add.
MODEL_KEYS = {"pass@1", "pass@16", "cons@16", "mean_length", "format", "pass@1_format_blind"}
MORE_MODEL_KEYS = {"pass@1_error", "cut_off", "reflective", "mixed_language", "language_consistency"}
KEYS = {"base", "r1_zero", "curve", "seconds", "on_policy_max_abs_logprob_diff"}
MORE_KEYS = {"base_by_task", "r1_zero_by_task", "parameters", "seed"}


def quickstart(out, threads=1, **changes):
    settings = {**SMALL, **{key.replace("__", "."): value for key, value in changes.items()}}
    flags = [flag for key, value in settings.items() for flag in ("--set", f"{key}={value}")]
    return ["quickstart", "--out", out, "--threads", str(threads), *flags]


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


class Quickstart(InFolder):
    @classmethod
    def setUpClass(cls):
        cls.made = InFolder()
        cls.made.setUp()
        cls.addClassCleanup(cls.made.doCleanups)
        cls.result = cls.made.succeeds(*quickstart("quick"))
        cls.out = cls.made.folder / "quick"
        cls.summary = json.loads((cls.out / "summary.json").read_text())

    def here(self, *args):
        """A command that is to succeed, beside quick/."""
        return self.made.succeeds(*args)

    def test_each_stage_leaves_a_run_folder(self):
        for stage, steps in (("base", 20), ("r1-zero", 4)):
            folder = self.out / stage
            for name in ("config.toml", "metrics.jsonl", "samples.jsonl", "timings.jsonl", "final/config.json",
                         "final/model.safetensors", "final/tokenizer.json", "final/tokenizer_config.json"):
                self.assertTrue((folder / name).is_file(), name)
            self.assertEqual([line["step"] for line in lines(folder / "metrics.jsonl")], list(range(1, steps + 1)))
            self.assertTrue(any((folder / "checkpoints").iterdir()))
            self.assertTrue(list(folder.glob("events.out.tfevents*")))
            config = (folder / "config.toml").read_text()
            self.assertNotIn(str(self.made.folder), config)
            self.assertNotIn("threads", config)
        self.assertEqual(list(self.out.rglob("*writing*")) + list(self.out.rglob("*.tmp*")), [])

    def test_the_summary_keeps_the_contract(self):
        self.assertEqual(set(self.summary), KEYS | MORE_KEYS)
        for model in ("base", "r1_zero"):
            scores = self.summary[model]
            self.assertEqual(set(scores), MODEL_KEYS | MORE_MODEL_KEYS)
            self.assertTrue(all(isinstance(v, (int, float)) for v in scores.values()), scores)
            for share in MODEL_KEYS - {"mean_length"}:
                self.assertTrue(0 <= scores[share] <= 1, share)
            self.assertLessEqual(scores["pass@1"], scores["pass@16"])
            self.assertTrue(1 <= scores["mean_length"] <= 12)
        self.assertEqual([point["step"] for point in self.summary["curve"]], [0, 2, 4])
        for point in self.summary["curve"]:
            self.assertEqual(set(point), {"step", "pass@1", "mean_length"})
        self.assertGreater(self.summary["seconds"], 0)

    def test_sampled_and_trained_log_probs_are_equal_and_something_was_learned(self):
        self.assertEqual(self.summary["on_policy_max_abs_logprob_diff"], 0)
        steps = lines(self.out / "r1-zero/metrics.jsonl")
        self.assertEqual([s["on_policy_max_abs_logprob_diff"] for s in steps], [0] * 4)
        self.assertTrue(any(s["grad_norm"] > 0 for s in steps))
        models = [(self.out / stage / "final/model.safetensors").read_bytes() for stage in ("base", "r1-zero")]
        self.assertNotEqual(*models)

    def test_the_report_needs_nothing_from_anywhere(self):
        page = (self.out / "report.html").read_text()
        self.assertIn("<svg", page)
        self.assertNotRegex(page, r"<script|<iframe|@import|url\(")
        without_links = re.sub(r"<a [^>]*>", "", page)
        self.assertEqual(re.findall(r"""(?:src|href)\s*=\s*(?!"#|"data:)\S*""", without_links), [])

    def test_standard_output_shows_the_table_and_the_next_commands(self):
        for part in ("pass@1", "pass@16", "cons@16", "r1 run quick/r1-zero", "r1 chat quick/r1-zero", "r1 eval quick/r1-zero"):
            self.assertIn(part, self.result.stdout)
        self.assertNotIn("\x1b", self.result.stdout + self.result.stderr)  # no terminal, no colours

    def test_a_second_run_shows_the_result_without_training(self):
        before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in self.out.glob("*/**/*") if p.is_file()}
        again = self.here(*quickstart("quick", threads=2))
        self.assertEqual(again.stdout, self.result.stdout)
        self.assertEqual({p: (p.stat().st_mtime_ns, p.read_bytes()) for p in self.out.glob("*/**/*") if p.is_file()}, before)
        summary = json.loads((self.out / "summary.json").read_text())
        self.assertEqual({**summary, "seconds": 0}, {**self.summary, "seconds": 0})

    def test_two_threads_and_a_fresh_folder_give_the_same_bytes(self):
        self.here(*quickstart("other", threads=2))
        for stage in ("base", "r1-zero"):
            self.assertEqual(fixed_bytes(self.made.folder / "other" / stage), fixed_bytes(self.out / stage))

    def test_another_config_is_refused(self):
        result = self.made.r1(*quickstart("quick", pretrain__steps=21))
        self.assertEqual(result.returncode, 1)
        self.assertIn("quick/base", result.stderr)
        self.assertIn("steps: 20 and 21", result.stderr)

    def test_logits_are_the_same_on_every_kernel_and_thread_count(self):
        refusal = self.made.r1("logits", "quick/r1-zero", "--tokens", "1", "--kernels", "none").stderr
        names = refusal.rsplit("this processor has ", 1)[1].strip().split(", ")
        self.assertGreaterEqual(len(names), 1)
        tokens = "0,2,40,41,42,300,3"
        for model in ("quick/r1-zero", "quick/base", "quick/r1-zero/final", "quick/r1-zero/checkpoints/step-2"):
            first = self.here("logits", model, "--tokens", tokens).stdout
            answer = json.loads(first)
            self.assertEqual(len(answer["logits"]), 7)
            self.assertTrue(all(len(row) == answer["vocab_size"] for row in answer["logits"]))
            for threads in (1, 2):
                for name in names:
                    self.assertEqual(self.here("logits", model, "--tokens", tokens, "--threads", threads, "--kernels", name).stdout, first)
        # A prefix has the same logits as the whole.
        head = json.loads(self.here("logits", "quick/base", "--tokens", tokens[:9]).stdout)["logits"]
        whole = json.loads(self.here("logits", "quick/base", "--tokens", tokens).stdout)["logits"]
        self.assertEqual(head, whole[: len(head)])

    def test_run_and_eval_work_on_its_folders(self):
        for stage in ("base", "r1-zero"):
            answers = [json.loads(self.here("run", f"quick/{stage}", "compute 1 + 2 * 3", "--json", "--max-tokens", 9, "--threads", n).stdout)
                       for n in (1, 2)]
            self.assertEqual(answers[0], answers[1])
            self.assertLessEqual(answers[0]["tokens"], 9)
            reports = [json.loads(self.here("eval", f"quick/{stage}", "--task", "quickstart", "--samples", 2, "--limit", 3,
                                            "--max-tokens", 9, "--json", "--threads", n).stdout) for n in (1, 2)]
            self.assertEqual(reports[0], reports[1])
        self.here("inspect", "quick/r1-zero")


class Resumed(InFolder):
    def test_an_interrupted_quickstart_goes_on_to_the_same_models(self):
        long = {"grpo__steps": 40, "grpo__eval_every": 20}
        self.succeeds(*quickstart("straight", **long))
        for stage, lines in (("base", 2), ("r1-zero", 2)):
            process = subprocess.Popen([R1, *quickstart("stopped", **long)], cwd=self.folder, stderr=subprocess.PIPE, text=True)
            metrics = self.folder / "stopped" / stage / "metrics.jsonl"
            while process.poll() is None and not (metrics.exists() and metrics.read_bytes().count(b"\n") >= lines):
                time.sleep(0.001)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 130, errors)
            self.assertIn("the same command goes on", errors)
        self.succeeds(*quickstart("stopped", **long))
        for stage in ("base", "r1-zero"):
            self.assertEqual(fixed_bytes(self.folder / "stopped" / stage), fixed_bytes(self.folder / "straight" / stage))


class Train(InFolder):
    """The same stages, one command each."""

    def test_pretrain_then_sft_then_grpo(self):
        self.write("pretrain.toml", PRETRAIN)
        self.write("grpo.toml", GRPO)
        self.write("sft.toml", 'steps = 3\nbatch_tokens = 60\ndata = "data.jsonl"\n[model]\nfrom = "base"\n')
        self.write("data.jsonl", "".join(json.dumps({"prompt": f"compute {i} + 1", "completion": f" {i + 1}"}) + "\n" for i in range(9)))
        started = self.succeeds("train", "pretrain", "pretrain.toml", "--out", "base", "--set", "eval_every=12", "--threads", 1)
        self.assertIn('"eval/pass@1"', (self.folder / "base/metrics.jsonl").read_text())
        self.assertRegex(started.stderr, r"memory: about \d+ MB")
        self.assertRegex(started.stderr, r"batch: 120 tokens a step")
        tuned = self.succeeds("train", "sft", "sft.toml", "--out", "tuned", "--set", "eval_every=2", "--set", "eval_data=data.jsonl")
        self.assertEqual(["eval/loss" in line for line in lines(self.folder / "tuned/metrics.jsonl")], [False, True, False])
        self.assertIn("data: 9 samples in data.jsonl", tuned.stderr)
        trained = self.succeeds("train", "grpo", "grpo.toml", "--out", "zero", "--set", "model.from=tuned", "--set", "eval_every=4", "--set", "steps=4", "--threads", 1)
        for part in ("batch: 2 prompts x 4 samples = 8 completions a step, 2 updates of 4 each", "loss near 0 is right",
                     "held out: 64 problems, disjoint from training", "largest difference between sampled and trained log-probs: 0"):
            self.assertIn(part, trained.stderr)
        self.assertIn('"eval/pass@1"', (self.folder / "zero/metrics.jsonl").read_text())
        done = self.succeeds("train", "grpo", "grpo.toml", "--out", "zero", "--set", "model.from=tuned", "--set", "eval_every=4", "--set", "steps=4", "--threads", 1)
        self.assertIn("finished already", done.stderr)

    def test_a_task_of_ones_own(self):
        self.write("pretrain.toml", PRETRAIN)
        self.write("grpo.toml", GRPO.replace("steps = 8", "steps = 2"))
        self.write("task.jsonl", "".join(json.dumps({"prompt": f"say {i}", "answer": i}) + "\n" for i in range(40)))
        self.succeeds("train", "pretrain", "pretrain.toml", "--out", "base")
        command = "while read -r line; do echo ${#line}; done"
        table = f'\n[[rewards]]\nname = "mine"\nweight = 0.01\ncommand = "{command}"\n'
        self.write("grpo.toml", (self.folder / "grpo.toml").read_text() + table)
        self.succeeds("train", "grpo", "grpo.toml", "--out", "zero", "--set", "task=task.jsonl")
        first = json.loads((self.folder / "zero/samples.jsonl").read_text().splitlines()[0])
        self.assertTrue(first["prompt"].startswith("say "))
        self.assertGreater(first["rewards"]["mine"], 0)
        self.assertIn("rewards/mine/mean", (self.folder / "zero/metrics.jsonl").read_text())


if __name__ == "__main__":
    unittest.main()
