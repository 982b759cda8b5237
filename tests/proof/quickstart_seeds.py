#!/usr/bin/env python3
"""The quickstart's claims over three seeds: runs `r1 quickstart` for each, then the ban of reflective words, and prints each figure
beside its bar. Folders are kept in runs/proof (or the folder given), so a second start only reads them. Exit 1 if a bar is missed."""
import json
import os
import pathlib
import subprocess
import sys

R1 = os.environ.get("R1_BINARY", "build/release/r1")
FOLDER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "runs/proof")
SEEDS = (1, 2, 3)
REFLECTIVE = ("wait", "check", "等等", "检查")
PROBLEMS, SAMPLES = "300", "16"


def run(*arguments):
    return subprocess.run([R1, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def evaluate(model, *more):
    arguments = ["eval", str(model), "--task", "quickstart", "--limit", PROBLEMS, "--samples", SAMPLES, "--temperature", "1",
                 "--max-tokens", "150", "--json", *more]
    return json.loads(run(*arguments))


def figures(seed):
    folder = FOLDER / f"seed-{seed}"
    run("quickstart", "--out", str(folder), "--set", f"seed={seed}")
    summary = json.loads((folder / "summary.json").read_text())
    metrics = [json.loads(line) for line in (folder / "r1-zero/metrics.jsonl").read_text().splitlines()]
    banned = evaluate(folder / "r1-zero", *(part for word in REFLECTIVE for part in ("--ban", word)))
    base, zero = summary["base"], summary["r1_zero"]
    reflective = [m["completions/reflective_share"] for m in metrics]
    last = sum(reflective[-5:]) / 5
    return [
        ("base pass@1, %", 100 * base["pass@1"], "<=", 35),
        ("R1-Zero pass@1, %", 100 * zero["pass@1"], ">=", 90),
        ("R1-Zero chain pass@1, %", 100 * summary["r1_zero_by_task"]["chain pass@1"], ">=", 95),
        ("R1-Zero Countdown pass@1, %", 100 * summary["r1_zero_by_task"]["countdown pass@1"], ">=", 85),
        ("rise of format-blind pass@1, points", 100 * (zero["pass@1_format_blind"] - base["pass@1_format_blind"]), ">=", 35),
        ("length, R1-Zero over base", zero["mean_length"] / base["mean_length"], ">=", 1.5),
        ("reflective share of answers, last 5 steps less first, points", 100 * (last - reflective[0]), ">=", 10),
        ("loss of pass@1 with reflective words banned, points", 100 * (zero["pass@1"] - banned["pass@1"]), ">=", 10),
        ("base cons@16 less pass@1, points", 100 * (base["cons@16"] - base["pass@1"]), ">=", 0),
        ("base pass@16, %", 100 * base["pass@16"], ">=", 70),
        ("largest log-prob difference", summary["on_policy_max_abs_logprob_diff"], "<=", 0),
        ("seconds", summary["seconds"], "<=", 600),
    ]


def main():
    rows = {seed: figures(seed) for seed in SEEDS}
    missed = 0
    print("| figure | bar |" + "".join(f" seed {seed} |" for seed in SEEDS))
    print("|---|---|" + "---|" * len(SEEDS))
    for i, (name, _, sense, bar) in enumerate(rows[SEEDS[0]]):
        values = [rows[seed][i][1] for seed in SEEDS]
        missed += sum(not (v >= bar if sense == ">=" else v <= bar) for v in values)
        print(f"| {name} | {sense} {bar} |" + "".join(f" {v:.4g} |" for v in values))
    print(f"{missed} figures miss their bar")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
