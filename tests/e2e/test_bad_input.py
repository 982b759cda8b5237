#!/usr/bin/env python3
"""Bad input ends in a message that names the file, the field, what was found and what was expected; exit 1, or 2 for a
wrong command line. Nothing is lost, and nothing is begun that cannot go on."""

import contextlib
import json
import os
import shutil
import subprocess
import unittest

from runs import GRPO, PRETRAIN, InFolder, everything_in

ROW = '{"prompt": "1 + 2", "answer": "3"}\n'


class BadInput(InFolder):
    """With a tiny model in base/."""

    model = None

    @classmethod
    def setUpClass(cls):
        maker = InFolder()
        maker.setUp()
        cls.addClassCleanup(maker.doCleanups)
        maker.write("pretrain.toml", PRETRAIN.replace("steps = 12", "steps = 1"))
        maker.succeeds("train", "pretrain", "pretrain.toml", "--out", "base")
        cls.model = maker.folder / "base"

    def setUp(self):
        super().setUp()
        shutil.copytree(self.model, self.folder / "base")
        self.write("pretrain.toml", PRETRAIN)
        self.write("grpo.toml", GRPO)

    def fails(self, *args, says, code=1, timeout=60, **more):
        result = self.r1(*args, timeout=timeout, **more)
        self.assertEqual(result.returncode, code, f"{args}: {result.stdout}{result.stderr}")
        for part in [says] if isinstance(says, str) else says:
            self.assertIn(part, result.stderr, args)
        self.assertEqual(result.stdout, "", args)
        return result

    @contextlib.contextmanager
    def unchanged(self):
        before = everything_in(self.folder)
        yield
        after = everything_in(self.folder)
        self.assertEqual(sorted(after), sorted(before))
        for path, data in before.items():
            self.assertEqual(after[path], data, path)

    def grpo(self, *set_, says, code=1, **more):
        """A GRPO run with overrides that must fail before it leaves anything behind."""
        with self.unchanged():
            args = [a for s in set_ for a in ("--set", s)]
            self.fails("train", "grpo", "grpo.toml", "--out", "run", *args, says=says, code=code, **more)


class Configs(BadInput):
    def test_an_unknown_key_comes_with_the_nearest_known_one(self):
        self.write("bad.toml", PRETRAIN.replace("batch_tokens", "batch_token"))
        with self.unchanged():
            self.fails(
                "train", "pretrain", "bad.toml", "--out", "run",
                says=["bad.toml: batch_token: unknown key", "did you mean batch_tokens?"],
            )
        self.write("bad.toml", PRETRAIN.replace("hidden_size", "hiden_size"))
        with self.unchanged():
            self.fails("train", "pretrain", "bad.toml", "--out", "run", says="model.hiden_size: unknown key; did you mean model.hidden_size?")
        self.grpo("rewards.0.wieght=2", says="did you mean rewards.0.weight?")
        self.grpo("optimizer.learning_rate=2", says="--set optimizer.learning_rate: unknown key")

    def test_a_wrong_type(self):
        self.write("bad.toml", PRETRAIN.replace("steps = 12", 'steps = "twelve"'))
        with self.unchanged():
            self.fails(
                "train", "pretrain", "bad.toml", "--out", "run",
                says='bad.toml: steps: is "twelve"; expected an integer of at least 1',
            )
        self.grpo("steps=1.5", says="--set steps: is 1.5; expected an integer")
        self.grpo("temperature=hot", says='--set temperature: is "hot"; expected a number above 0')
        self.grpo("model=3", says=["model", "expected a table"])
        self.write("bad.toml", 'rewards = "accuracy"\n[model]\nfrom = "base"\n')
        with self.unchanged():
            self.fails("train", "grpo", "bad.toml", "--out", "run", says=["bad.toml: rewards", "expected an array of tables"])

    def test_every_problem_of_a_file_is_told_at_once(self):
        self.write("bad.toml", "steps = 0\nbatch_tokens = []\nsead = 1\n")
        self.fails(
            "train", "pretrain", "bad.toml", "--out", "run",
            says=["bad.toml: 3 problems", "steps: is 0", "batch_tokens: is", "sead: unknown key; did you mean seed?"],
        )

    def test_toml_that_does_not_parse(self):
        self.write("bad.toml", "steps = 1\nseed = = 2\n")
        self.fails("train", "pretrain", "bad.toml", "--out", "run", says=["bad.toml", "line 2"])

    def test_a_config_that_is_not_there_or_not_a_file(self):
        self.fails("train", "pretrain", "absent.toml", says=["absent.toml", "No such file"])
        self.fails("train", "pretrain", "base", says=["base", "is a directory; expected a file"])

    def test_contradictory_sizes(self):
        for set_, finding in (
            (["model.preset=tiny-llama", "model.num_key_value_heads=3"], "num_attention_heads is 2, not a multiple of num_key_value_heads 3"),
            (["model.first_k_dense_replace=9"], "first_k_dense_replace is 9, more than num_hidden_layers 2"),
            (["model.num_experts_per_tok=7"], "num_experts_per_tok is 7, but there are 4 experts"),
            (["model.hidden_size=4000000"], "hidden_size is 4000000; expected at most"),
            (["model.preset=tiny-v4"], 'preset: is "tiny-v4"; expected one of tiny-v3'),
        ):
            with self.unchanged():
                args = [a for s in set_ for a in ("--set", s)]
                self.fails("train", "pretrain", "pretrain.toml", "--out", "run", *args, says=finding)

    def test_a_group_of_one_has_no_deviation(self):
        self.grpo("group_size=1", says=['group_size: is 1; expected at least 2 with advantage = "group_std"'])

    def test_a_model_that_cannot_fit_is_refused_at_once(self):
        self.write("huge.toml", 'steps = 1\n[model]\npreset = "deepseek-v3-671b"\n')
        with self.unchanged():
            self.fails("train", "pretrain", "huge.toml", "--out", "run", says=["the run needs about", "GB and the machine has"])

    def test_rewards_that_do_not_exist(self):
        self.grpo("rewards.0.name=acuracy", says=['"acuracy"; expected accuracy, format or language'])
        self.write("bad.toml", 'rewards = []\n[model]\nfrom = "base"\n')
        with self.unchanged():
            self.fails("train", "grpo", "bad.toml", "--out", "run", says="bad.toml: rewards: is empty")

    def test_words_that_are_no_tokens_cannot_be_banned(self):
        self.grpo('banned_words=["hmm"]', says='banned_words: has "hmm"')

    def test_overrides_that_are_none(self):
        self.grpo("steps", says=['--set', '"steps"; expected KEY=VALUE'], code=2)


class CommandLines(BadInput):
    def test_threads(self):
        for threads in ("0", "-1", "many", "1.5", "99999999"):
            for args in (["train", "pretrain", "pretrain.toml"], ["logits", "base", "--tokens", "1"], ["run", "base", "x"], ["quickstart"]):
                with self.unchanged():
                    self.fails(*args, "--threads", threads, says=["--threads", threads], code=2)

    def test_wrong_usage(self):
        for args, finding in (
            (["trian"], "train"),
            (["train"], "subcommand"),
            (["train", "grop", "grpo.toml"], "subcommand"),
            (["train", "grpo"], "config"),
            (["train", "grpo", "grpo.toml", "--no-such"], "--no-such"),
            (["logits", "base", "--tokens", "1,x"], "--tokens"),
            (["logits", "base", "--tokens", "1,999999"], "999999"),
        ):
            with self.unchanged():
                self.fails(*args, says=finding, code=2)


class Data(BadInput):
    def sft(self, text, says):
        self.write("data.jsonl", text)
        self.write("sft.toml", 'steps = 1\ndata = "data.jsonl"\n[model]\nfrom = "base"\n')
        with self.unchanged():
            self.fails("train", "sft", "sft.toml", "--out", "run", says=says)

    def task(self, text, says):
        self.write("task.jsonl", text)
        self.grpo("task=task.jsonl", says=says)

    def test_an_empty_dataset(self):
        for text in ("", "\n\n"):
            self.sft(text, ["data.jsonl", "has no samples"])
            self.task(text, ["task.jsonl"])

    def test_an_item_without_an_answer(self):
        self.task(ROW + '{"prompt": "1 + 2"}\n', ["task.jsonl", "line 2", "answer", "missing"])
        self.task('{"prompt": "1 + 2", "answer": null}\n', ["task.jsonl", "line 1", "answer: is null; expected a string or a number"])
        self.task('{"prompt": "1 + 2", "answer": " "}\n', ["line 1", "answer", "is empty"])
        self.sft('{"prompt": "1 + 2"}\n', ["data.jsonl", "line 1", "none of completion, response or answer"])

    def test_a_line_that_does_not_parse(self):
        self.task(ROW + ROW + '{"prompt": "1 +\n', ["task.jsonl", "line 3"])
        self.sft('{"prompt": "a", "completion": "b"}\n{"prompt": \n', ["data.jsonl", "line 2"])
        self.sft("[" * 100000, ["data.jsonl", "line 1"])

    def test_a_prompt_longer_than_the_context(self):
        row = json.dumps({"prompt": "check " * 600, "answer": "3"}) + "\n"
        self.write("task.jsonl", row)
        self.fails("train", "grpo", "grpo.toml", "--out", "run", "--set", "task=task.jsonl", says=["task.jsonl", "the model's context of 512"])
        self.sft(json.dumps({"text": "check " * 600}) + "\n", ["data.jsonl", "line 1", "max_position_embeddings 512"])

    def test_nothing_to_evaluate_on(self):
        self.write("data.jsonl", '{"text": "1 2 3"}\n')
        for set_, finding in (("eval_every=2", "eval_every: is 2, but eval_data names no file"), ("eval_data=absent.jsonl", "absent.jsonl")):
            with self.unchanged():
                self.fails("train", "sft", "pretrain.toml", "--out", "run", "--set", "data=data.jsonl", "--set", set_, says=finding)

    def test_files_that_are_not_there(self):
        self.grpo("task=absent.jsonl", says="absent.jsonl")
        self.grpo("task=chian", says='task: is "chian"; expected chain')
        self.grpo("model.from=nowhere", says="nowhere")
        self.grpo("model.from=", says=["grpo.toml", "model.from"])


class Models(BadInput):
    def test_a_tokenizer_without_the_markers(self):
        path = self.folder / "base/final/tokenizer.json"
        tokenizer = json.loads(path.read_text())
        marker = "<｜Assistant｜>"
        for token in tokenizer["added_tokens"]:
            if token["content"] == marker:
                token["content"] = "<|other|>"
        vocabulary = tokenizer["model"]["vocab"]
        if marker in vocabulary:
            vocabulary["<|other|>"] = vocabulary.pop(marker)
        path.write_text(json.dumps(tokenizer))
        self.grpo(says=["base/final/tokenizer.json", f'has no token "{marker}"'])
        with self.unchanged():
            self.fails("run", "base", "hello", says=f'has no token "{marker}"')

    def test_a_damaged_model(self):
        weights = self.folder / "base/final/model.safetensors"
        whole = weights.read_bytes()
        for size in (0, 7, 1000, len(whole) - 1):
            weights.write_bytes(whole[:size])
            self.grpo(says="base/final")
            self.fails("logits", "base", "--tokens", "1", says="base/final")
        weights.unlink()
        shutil.rmtree(self.folder / "base/checkpoints")
        self.fails("logits", "base", "--tokens", "1", says=["base", "holds no model"])

    def test_weights_of_another_architecture(self):
        config = self.folder / "base/final/config.json"
        values = json.loads(config.read_text())
        values["intermediate_size"] = 64
        config.write_text(json.dumps(values))
        self.grpo(says=["base/final", "mlp.gate_proj.weight has shape [48, 32]; expected [64, 32]"])


class Runs(BadInput):
    def test_a_run_with_another_config(self):
        with self.unchanged():
            self.fails("train", "pretrain", "pretrain.toml", "--out", "base", says=["base", "another config", "steps: 1 and 12"])
        with self.unchanged():
            self.fails(
                "train", "pretrain", "pretrain.toml", "--out", "base", "--set", "steps=1", "--set", "optimizer.lr=0.5",
                says="optimizer.lr: 0.001 and 0.5",
            )
        self.succeeds("train", "pretrain", "pretrain.toml", "--out", "base", "--set", "steps=1")

    def begin(self):
        """A run of 12 steps with a checkpoint at its end, as if killed before final/ was written."""
        self.succeeds("train", "pretrain", "pretrain.toml", "--out", "run")
        shutil.rmtree(self.folder / "run/final")
        return self.folder / "run/checkpoints/step-12"

    def resume_fails(self, says):
        with self.unchanged():
            self.fails("train", "pretrain", "pretrain.toml", "--out", "run", says=says)

    def test_a_truncated_checkpoint(self):
        checkpoint = self.begin()
        for name in ("model.safetensors", "optimizer.safetensors", "state.json"):
            whole = (checkpoint / name).read_bytes()
            (checkpoint / name).write_bytes(whole[: len(whole) // 2])
            self.resume_fails(f"run/checkpoints/step-12/{name}")
            (checkpoint / name).unlink()
            self.resume_fails(f"run/checkpoints/step-12/{name}")
            (checkpoint / name).write_bytes(whole)
        self.succeeds("train", "pretrain", "pretrain.toml", "--out", "run")

    def test_a_checkpoint_of_another_architecture(self):
        checkpoint = self.begin()
        self.write("wide.toml", PRETRAIN.replace("intermediate_size = 48", "intermediate_size = 64").replace("steps = 12", "steps = 1"))
        self.succeeds("train", "pretrain", "wide.toml", "--out", "wide")
        shutil.copy(self.folder / "wide/checkpoints/step-1/model.safetensors", checkpoint / "model.safetensors")
        self.resume_fails(["run/checkpoints/step-12/model.safetensors", "has shape [64, 32]; expected [48, 32]"])

    def test_metrics_that_lost_their_end(self):
        self.begin()
        metrics = self.folder / "run/metrics.jsonl"
        metrics.write_bytes(metrics.read_bytes()[:100])
        self.resume_fails(["run/metrics.jsonl", "has 100 bytes"])

    def test_a_file_in_the_place_of_the_folder(self):
        self.write("run", "mine\n")
        with self.unchanged():
            self.fails("train", "pretrain", "pretrain.toml", "--out", "run", says="run")
            self.fails("train", "pretrain", "pretrain.toml", "--out", "run/deeper", says="run/deeper")

    def test_a_read_only_folder(self):
        place = self.folder / "place"
        place.mkdir()
        if os.geteuid() == 0:  # to whom permissions mean nothing
            mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,size=64k", "none", str(place)], capture_output=True, text=True)
            if mounted.returncode != 0:
                self.skipTest(f"root cannot mount a read-only folder here: {mounted.stderr.strip()}")
            self.addCleanup(subprocess.run, ["umount", str(place)], check=True)
            reason = "Read-only file system"
        else:
            place.chmod(0o500)
            self.addCleanup(place.chmod, 0o700)
            reason = "Permission denied"
        with self.unchanged():
            self.fails("train", "pretrain", "pretrain.toml", "--out", "place/run", says=["place/run", reason])
            self.fails("quickstart", "--out", "place/quick", says=["place/quick", reason])

    def test_no_space_for_the_first_file(self):
        if os.geteuid() != 0:
            self.skipTest("only root may mount a small file system; test_recovery.py limits the size of files instead")
        place = self.folder / "place"
        place.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "none", str(place)], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"root cannot mount a small file system here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", str(place)], check=True)
        (place / "mine").write_bytes(b"x" * 4096)
        self.fails("train", "pretrain", "pretrain.toml", "--out", "place/run", says=["place/run", "No space left on device"])
        self.assertEqual((place / "mine").read_bytes(), b"x" * 4096)
        self.assertEqual([p for p in place.rglob("*") if p.is_file() and p.stat().st_size > 0], [place / "mine"])


class Rewards(BadInput):
    """A user's own command; after the error the command may be corrected and the run goes on."""

    def command(self, command, says, timeout_seconds=20.0):
        table = f"[[rewards]]\nname = \"mine\"\ncommand = {json.dumps(command)}\ntimeout_seconds = {timeout_seconds}\n"
        self.write("mine.toml", GRPO.split("[[rewards]]")[0].replace("steps = 8", "steps = 1") + table)
        return self.fails("train", "grpo", "mine.toml", "--out", "run", says=[f"command `{command}`", *says])

    def test_one_that_dies(self):
        self.command("exit 7", ["exited with status 7"])
        self.command("kill -9 $$", ["was ended by signal 9"])
        self.command("no-such-program-at-all", ["exited with status 127"])

    def test_one_that_hangs(self):
        self.command("sleep 600", ["did not finish within 0.3 s"], timeout_seconds=0.3)

    def test_one_that_answers_garbage(self):
        self.command("cat", ["line 1", "expected a finite number"])
        self.command("sed s/.*/NaN/", ["line 1", '"NaN"'])
        self.command("echo 1", ["printed 1 lines for 8 completions"])
        self.command("true", ["printed 0 lines for 8 completions"])
        self.command("seq 9", ["printed more than the 8 lines"])
        self.command("yes 1", [])  # never ends

    def test_the_corrected_command_goes_on_in_the_same_folder(self):
        self.command("exit 7", ["exited with status 7"])
        text = (self.folder / "mine.toml").read_text()
        self.write("mine.toml", text.replace('"exit 7"', '"sed s/.*/1/"'))
        self.succeeds("train", "grpo", "mine.toml", "--out", "run")


if __name__ == "__main__":
    unittest.main()
