#!/usr/bin/env python3
"""A run that is killed, interrupted or out of space ends, once started again, in the bytes of a run that was not."""

import contextlib
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from runs import GRPO, PRETRAIN, R1, InFolder, fixed_bytes, r1

KILLS = 50


class Straight:
    """Runs that were never stopped, made once."""

    folder = None

    @classmethod
    def make(cls):
        if cls.folder is not None:
            return
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="r1_straight_"))
        unittest.addModuleCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        (cls.folder / "pretrain.toml").write_text(PRETRAIN)
        (cls.folder / "grpo.toml").write_text(GRPO)
        cls.seconds, cls.bytes = {}, {}
        for kind, out in (("pretrain", "base"), ("grpo", "zero")):
            begin = time.monotonic()
            result = r1("train", kind, f"{kind}.toml", "--out", out, "--threads", 1, cwd=cls.folder)
            assert result.returncode == 0, result.stderr
            cls.seconds[kind] = time.monotonic() - begin
            cls.bytes[kind] = fixed_bytes(cls.folder / out)


class Runs(InFolder):
    def setUp(self):
        super().setUp()
        Straight.make()
        shutil.copytree(Straight.folder / "base", self.folder / "base")
        self.write("pretrain.toml", PRETRAIN)
        self.write("grpo.toml", GRPO)

    def command(self, kind, out, threads, config=None):
        return ["train", kind, config or f"{kind}.toml", "--out", out, "--threads", str(threads)]

    def start(self, kind, out, threads, config=None):
        log = open(self.folder / "log", "ab")
        self.addCleanup(log.close)
        return subprocess.Popen([R1, *self.command(kind, out, threads, config)], cwd=self.folder, stdout=log, stderr=log)

    def finish(self, kind, out, threads):
        result = self.r1(*self.command(kind, out, threads))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(fixed_bytes(self.folder / out), Straight.bytes[kind])


def stamp(folder):
    """When it was made or last changed; None if it is not there."""
    with contextlib.suppress(FileNotFoundError):
        return folder.stat().st_mtime_ns
    return None


class Kills(Runs):
    def kill_many(self, kind, kills, seed):
        """Kills at random times; every other one waits until a checkpoint is being written."""
        draw = random.Random(seed)
        out, runs, inside, done = f"{kind}0", 0, 0, 0
        while done < kills:
            threads = 1 + done % 2
            writing = self.folder / out / "checkpoints/writing"
            left = stamp(writing)  # of a process killed before
            process = self.start(kind, out, threads)
            if done % 2 == 0:
                time.sleep(draw.uniform(0, Straight.seconds[kind]))
            else:
                skip = time.monotonic() + draw.uniform(0, 0.5 * Straight.seconds[kind])
                while process.poll() is None and not (time.monotonic() > skip and stamp(writing) not in (None, left)):
                    pass
                time.sleep(draw.uniform(0, 0.004))
            process.kill()
            code = process.wait()
            if code == -signal.SIGKILL:
                done += 1
                inside += stamp(writing) not in (None, left)
                continue
            self.assertEqual(code, 0, (self.folder / "log").read_text()[-2000:])
            self.assertEqual(fixed_bytes(self.folder / out), Straight.bytes[kind], f"run {runs}, {done} kills")
            runs += 1
            out = f"{kind}{runs}"
        self.finish(kind, out, 2)
        print(f"{kind}: {kills} kills over {runs + 1} runs, {inside} of them while a checkpoint was being written")
        return inside

    def test_pretraining_and_grpo_survive_50_kills(self):
        inside = self.kill_many("pretrain", KILLS // 2, seed=1) + self.kill_many("grpo", KILLS - KILLS // 2, seed=2)
        self.assertGreater(inside, 0)


class Interrupts(Runs):
    def setUp(self):
        super().setUp()
        # Long enough that it cannot end before the signal comes.
        self.write("pretrain.toml", PRETRAIN.replace("steps = 12", "steps = 150").replace("checkpoint_every = 1", "checkpoint_every = 149"))
        self.write("grpo.toml", GRPO.replace("steps = 8", "steps = 40").replace("checkpoint_every = 1", "checkpoint_every = 39"))

    def interrupt(self, kind, number):
        out = f"{kind}-stopped"
        process = subprocess.Popen(
            [R1, *self.command(kind, out, 1)], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        metrics = self.folder / out / "metrics.jsonl"
        while process.poll() is None and not (metrics.exists() and metrics.read_bytes().count(b"\n") >= 3):
            time.sleep(0.001)
        process.send_signal(number)
        _, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 130, errors)
        self.assertIn(f"the same command goes on from the checkpoint in {out}", errors)
        self.assertFalse((self.folder / out / "final").exists())
        steps = metrics.read_bytes().count(b"\n")
        self.assertTrue((self.folder / out / f"checkpoints/step-{steps}/model.safetensors").exists(), "the step is saved")
        self.succeeds("logits", out, "--tokens", "1,2,3")
        self.succeeds(*self.command(kind, out, 1))
        self.succeeds(*self.command(kind, kind + "-straight", 1))
        self.assertEqual(fixed_bytes(self.folder / out), fixed_bytes(self.folder / (kind + "-straight")))

    def test_ctrl_c_saves_the_step_and_the_run_goes_on(self):
        for kind in ("pretrain", "grpo"):
            with self.subTest(kind=kind):
                self.interrupt(kind, signal.SIGINT)

    def test_sigterm_does_the_same(self):
        self.interrupt("pretrain", signal.SIGTERM)


    def test_a_second_ctrl_c_stops_at_once(self):
        table = '[[rewards]]\nname = "slow"\ncommand = "touch asked; sleep 5; exit 1"\n'
        self.write("slow.toml", GRPO.split("[[rewards]]")[0] + table)
        process = self.start("grpo", "slow", 1, config="slow.toml")
        while process.poll() is None and not (self.folder / "asked").exists():
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)  # two signals at once are one
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), 130)
        self.assertNotIn("goes on from the checkpoint", (self.folder / "log").read_text())


class FullDisk(Runs):
    def fails_for_space(self, kind, out, **more):
        result = self.r1(*self.command(kind, out, 1), **more)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn(str(out), result.stderr)
        return result.stderr

    def test_a_file_system_that_is_full(self):
        if os.geteuid() != 0:
            self.skipTest("only root may mount a small file system; the limit on file sizes is tested instead")
        disk = self.folder / "disk"
        disk.mkdir()
        checkpoint = sum(f.stat().st_size for f in (Straight.folder / "zero/checkpoints/step-8").iterdir())
        mount = ["mount", "-t", "tmpfs", "-o", f"size={2 * checkpoint + checkpoint // 3}", "none", str(disk)]
        made = subprocess.run(mount, capture_output=True, text=True)
        if made.returncode != 0:
            self.skipTest(f"cannot mount a small file system: {made.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", str(disk)], check=True)
        # Room for two checkpoints, not for a third beside them.
        errors = self.fails_for_space("grpo", "disk/run")
        self.assertIn("No space left on device", errors)
        kept = sorted(p.name for p in (disk / "run/checkpoints").iterdir())
        self.assertEqual(kept, ["step-1", "step-2"])
        self.succeeds("logits", "disk/run", "--tokens", "1,2,3")
        self.assertEqual(list(disk.rglob("*.tmp*")), [])
        self.fails_for_space("grpo", "disk/run")  # again, to the same end
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        self.finish("grpo", "disk/run", 1)

    def test_a_limit_on_the_size_of_files(self):
        def limit():
            size = 100_000  # less than the optimizer's file
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then a write fails as it does on a full disk

        self.fails_for_space("pretrain", "fresh", preexec_fn=limit)
        self.finish("pretrain", "fresh", 1)
        process = self.start("pretrain", "begun", 1)
        while process.poll() is None and not (self.folder / "begun/checkpoints/step-2").exists():
            time.sleep(0.001)
        process.kill()
        process.wait()
        if not (self.folder / "begun/final").exists():
            errors = self.fails_for_space("pretrain", "begun", preexec_fn=limit)
            self.assertIn("saving a checkpoint: begun/checkpoints/writing/", errors)
            self.assertFalse((self.folder / "begun/checkpoints/writing").exists())
            self.succeeds("logits", "begun", "--tokens", "1,2,3")
        self.finish("pretrain", "begun", 2)


if __name__ == "__main__":
    unittest.main()
