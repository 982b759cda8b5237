#!/usr/bin/env python3
"""The commands that talk to a model, on a run of a few milliseconds: its answers are noise, and always the same noise."""

import json
import os
import pathlib
import pty
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from runs import PRETRAIN, R1, InFolder, r1

MARKERS = ["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"]


def setUpModule():
    global MODEL
    folder = pathlib.Path(tempfile.mkdtemp(prefix="r1_model_"))
    unittest.addModuleCleanup(shutil.rmtree, folder, ignore_errors=True)
    (folder / "p.toml").write_text(PRETRAIN)
    made = r1("train", "pretrain", "p.toml", "--out", "run", "--set", "steps=2", cwd=folder)
    assert made.returncode == 0, made.stderr
    MODEL = folder / "run"


class Run(InFolder):
    def answer(self, *args):
        return json.loads(self.succeeds("run", MODEL, "compute 3 + 4", "--json", *args).stdout)

    def test_json_and_text_agree(self):
        for seed in range(5):
            answer = self.answer("--seed", seed, "--max-tokens", 30)
            self.assertEqual(sorted(answer), ["answer", "end", "prompt_tokens", "thinking", "tokens"])
            text = self.succeeds("run", MODEL, "compute 3 + 4", "--seed", seed, "--max-tokens", 30).stdout
            gap = "\n" if answer["thinking"] and answer["answer"] else ""
            self.assertEqual(text, answer["thinking"] + gap + answer["answer"] + "\n")

    def test_same_seed_same_answer(self):
        first = self.answer("--seed", 7, "--max-tokens", 40, "--threads", 1)
        self.assertEqual(self.answer("--seed", 7, "--max-tokens", 40, "--threads", 2), first)
        self.assertEqual(self.answer("--seed", 7, "--max-tokens", 40, "--kernels", "plain"), first)
        self.assertNotEqual(self.answer("--seed", 8, "--max-tokens", 40), first)

    def test_temperature_zero_needs_no_seed(self):
        self.assertEqual(self.answer("--temperature", 0, "--seed", 1), self.answer("--temperature", 0, "--seed", 2))

    def test_negative_temperature(self):
        result = self.r1("run", MODEL, "hi", "--temperature", "-1")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("temperature", result.stderr)

    def test_a_prompt_longer_than_the_context(self):
        result = self.r1("run", MODEL, "z" * 5000)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("512", result.stderr)

    def test_markers_in_a_prompt_stay_text(self):
        plain = self.answer("--max-tokens", 1)["prompt_tokens"]
        marked = json.loads(self.succeeds("run", MODEL, MARKERS[1], "--max-tokens", "1", "--json").stdout)["prompt_tokens"]
        self.assertGreater(marked, plain)

    def test_checkpoints_and_folders_are_models_too(self):
        first = self.answer("--seed", 3)
        for path in (MODEL / "final", MODEL / "checkpoints/step-2"):
            self.assertEqual(json.loads(self.succeeds("run", path, "compute 3 + 4", "--json", "--seed", 3).stdout), first)

    def test_a_terminal_sees_thoughts_dimmed_and_no_control_characters(self):
        seed = next(s for s in range(200) if self.answer("--seed", s, "--max-tokens", 40, "--temperature", 1)["thinking"])
        master, slave = pty.openpty()
        command = [R1, "run", MODEL, "compute 3 + 4", "--seed", str(seed), "--max-tokens", "40", "--temperature", "1"]
        process = subprocess.Popen(command, stdout=slave, stderr=subprocess.DEVNULL)
        os.close(slave)
        seen = b""
        while select.select([master], [], [], 30)[0]:
            try:
                block = os.read(master, 4096)
            except OSError:  # the other end is closed
                break
            if not block:
                break
            seen += block
        os.close(master)
        self.assertEqual(process.wait(), 0)
        self.assertIn(b"\x1b[2m", seen)
        self.assertIn(b"\x1b[0m", seen)
        rest = seen.replace(b"\x1b[2m", b"").replace(b"\x1b[0m", b"")
        self.assertFalse([c for c in rest if c < 32 and c not in b"\r\n\t"])


class Interrupt(InFolder):
    def test_run_stops_with_130(self):
        # Of many seeds, an answer that is long enough to be stopped; it is stopped once its first bytes are there.
        for seed in range(20):
            process = subprocess.Popen(
                [R1, "run", MODEL, "hi", "--seed", str(seed), "--temperature", "1", "--threads", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            process.stdout.read(1)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
            if process.returncode == 130:
                self.assertIn(b"Ctrl-C", err)
                return
            self.assertEqual(process.returncode, 0)  # it was done already
        self.fail("no answer was stopped")

    def test_eval_stops_with_130(self):
        process = subprocess.Popen(
            [R1, "eval", MODEL, "--limit", "1000", "--threads", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        process.stderr.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out), (130, b""), err)


class Chat(InFolder):
    def test_the_end_of_input_ends_it(self):
        self.assertEqual(self.succeeds("chat", MODEL, input="").stdout, "")
        two = self.succeeds("chat", MODEL, "--max-tokens", "10", input="hi\n\ncompute 1 + 1").stdout
        one = self.succeeds("chat", MODEL, "--max-tokens", "10", input="hi\n").stdout
        self.assertTrue(two.startswith(one))
        self.assertGreater(len(two), len(one))

    def test_questions_that_do_not_fit_do_not_end_it(self):
        result = self.succeeds("chat", MODEL, "--max-tokens", "10", input="z" * 9000 + "\nhi\n")
        self.assertIn("512", result.stderr)
        self.assertNotEqual(result.stdout, "")

    def test_any_bytes(self):
        result = subprocess.run([R1, "chat", MODEL, "--max-tokens", "5"], input=b"\xff\xfe\x00\n\x1b[2J\n", capture_output=True, timeout=60)
        self.assertEqual(result.returncode, 0)

    def test_endless_lines_are_refused(self):
        with open("/dev/zero", "rb") as zeros:
            result = subprocess.run([R1, "chat", MODEL], stdin=zeros, capture_output=True, timeout=60)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"standard input", result.stderr)


class Eval(InFolder):
    def figures(self, *args):
        return json.loads(self.succeeds("eval", MODEL, "--json", "--samples", 4, "--max-tokens", 20, *args).stdout)

    def test_names_and_numbers(self):
        figures = self.figures("--limit", 6)
        for name in ("pass@1", "pass@4", "cons@4", "mean_length", "format", "pass@1_format_blind"):
            self.assertGreaterEqual(figures[name], 0)
        self.assertEqual(figures["problems"], 6)
        self.assertEqual(set(figures["by_task"]), {"chain", "countdown"})
        self.assertEqual(len(figures["kept"]), 6)

    def test_threads_change_nothing(self):
        self.assertEqual(self.figures("--limit", 5, "--threads", 1), self.figures("--limit", 5, "--threads", 2))

    def test_the_table(self):
        result = self.succeeds("eval", MODEL, "--samples", 2, "--limit", 4, "--max-tokens", 5)
        self.assertIn("pass@2", result.stdout)
        self.assertIn("held-out problems", result.stderr)

    def test_banned_words(self):
        banned = self.figures("--limit", 5, "--ban", "wait", "等等", "check", "检查")
        self.assertEqual(banned["reflective"], 0)
        self.assertEqual(banned["banned_words"], ["wait", "等等", "check", "检查"])
        result = self.r1("eval", MODEL, "--ban", "perhaps")
        self.assertEqual(result.returncode, 2)
        self.assertIn("perhaps", result.stderr)

    def test_a_file_of_problems(self):
        lines = [json.dumps({"prompt": f"what is {i} + 1", "answer": i + 1, "level": i % 2}) for i in range(60)]
        path = self.write("sums.jsonl", "\n".join(lines))
        tenth = self.figures("--task", path, "--verifier", "number")
        self.assertTrue(0 < tenth["problems"] < 30)
        other = self.write("test.jsonl", '{"prompt": "what is 100 + 1", "answer": "101"}\n')
        self.assertEqual(self.figures("--task", path, "--heldout", other)["problems"], 1)

    def test_broken_files_are_named(self):
        for text, part in (("", "no problem"), ("{", "line 1"), ('{"prompt": "a"}', "answer"), ('{"prompt": "a", "answer": ""}', "answer")):
            path = self.write("bad.jsonl", text)
            result = self.r1("eval", MODEL, "--task", path)
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertIn("bad.jsonl", result.stderr)
            self.assertIn(part, result.stderr)


class Tokenize(InFolder):
    def test_there_and_back(self):
        text = "compute 3 + 4 等等 <think> é\n"
        ids = self.succeeds("tokenize", MODEL, text).stdout.strip()
        self.assertEqual(self.succeeds("tokenize", MODEL, "--ids", ids).stdout, text + "\n")
        self.assertEqual(self.succeeds("tokenize", MODEL, input=text).stdout.strip(), ids)

    def test_markers(self):
        as_text = json.loads(self.succeeds("tokenize", MODEL, MARKERS[0], "--json").stdout)
        as_marker = json.loads(self.succeeds("tokenize", MODEL, MARKERS[0], "--json", "--special").stdout)
        self.assertGreater(len(as_text["ids"]), 1)
        self.assertEqual(as_marker["tokens"], [MARKERS[0]])
        self.assertEqual(as_text["text"], MARKERS[0])

    def test_nonsense(self):
        for args in (["--ids", "1,x"], ["--ids", "99999999"], ["text", "--ids", "1"]):
            result = self.r1("tokenize", MODEL, *args)
            self.assertEqual((result.returncode, result.stdout), (2, ""), args)
            self.assertIn("--ids", result.stderr)


class Broken(InFolder):
    def test_folders_that_lost_something(self):
        for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"):
            folder = self.folder / name
            shutil.copytree(MODEL / "final", folder)
            (folder / name).write_text("garbage")
            result = self.r1("run", folder, "hi")
            self.assertEqual((result.returncode, result.stdout), (1, ""), name)
            self.assertIn(name, result.stderr)

    def test_no_markers(self):
        shutil.copytree(MODEL / "final", self.folder / "m")
        path = self.folder / "m/tokenizer.json"
        path.write_text(path.read_text().replace(MARKERS[2], "<user>"))
        result = self.r1("run", "m", "hi")
        self.assertEqual(result.returncode, 1)
        self.assertIn("tokenizer.json", result.stderr)
        self.assertIn(MARKERS[2], result.stderr)


if __name__ == "__main__":
    unittest.main()
