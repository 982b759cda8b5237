#!/usr/bin/env python3
"""scripts/run_tests.py SUITE...: configures, builds and runs test suites, then prints their sum alone on the last line:

    N passed, N failed, N skipped

Counted are single tests: the cases of a GoogleTest binary, the methods of a unittest script, else the ctest entry. A
suite that does not configure or build, and a program that dies before it reports, count as one failure. Exit 1 on any.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINE_LIMIT = 4_000_000  # bytes of output kept for a ctest entry, so that the counts at its end survive


@dataclass
class Suite:
    preset: str
    ctest: list[str]  # which tests: ctest's own selection flags
    only_their_targets: bool = False  # build the selected test programs, not the whole tree
    env: dict[str, str] = field(default_factory=dict)
    fixed_addresses: bool = False  # run without address randomisation


PROGRAMS = "^r1_.*_test$"  # the GoogleTest binaries; scripts have other names
SUITES = {
    "release": Suite("release", []),
    "check": Suite("release", ["-LE", "^(e2e|fuzz|slow)$"]),
    "clang": Suite("clang", ["-R", PROGRAMS, "-LE", "^(e2e|fuzz)$"]),
    "asan": Suite(
        "asan",
        ["-R", PROGRAMS, "-LE", "^e2e$"],
        only_their_targets=True,
        env={"ASAN_OPTIONS": "allocator_may_return_null=1", "UBSAN_OPTIONS": "print_stacktrace=1"},
    ),
    # Only where threads meet. Older run-time libraries of this sanitizer refuse some randomised address layouts.
    "tsan": Suite(
        "tsan",
        ["-R", "^r1_(base|tensor|model|engine|chat|train|serve|invariant)_test$"],
        only_their_targets=True,
        env={"TSAN_OPTIONS": "halt_on_error=1"},
        fixed_addresses=True,
    ),
    "fuzz": Suite("release", ["-L", "^fuzz$"], env={"R1_FUZZ_ROUNDS": "50"}),
}


@dataclass
class Totals:
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def add(self, other: "Totals") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def line(self) -> str:
        return f"{self.passed} passed, {len(self.failed)} failed, {len(self.skipped)} skipped"


def count_gtest(name: str, report: dict) -> Totals:
    totals = Totals()
    for group in report["testsuites"]:
        for case in group["testsuite"]:
            label = f"{name}: {group['name']}.{case['name']}"
            if case.get("failures"):
                totals.failed.append(label)
            elif case["result"] == "SKIPPED" or case["name"].startswith("DISABLED_") or group["name"].startswith("DISABLED_"):
                totals.skipped.append(label)
            elif case["result"] == "COMPLETED":
                totals.passed += 1
    return totals


def count_unittest(name: str, output: str) -> Totals | None:
    """None if the output is not that of Python's unittest."""
    ran = re.findall(r"^Ran (\d+) tests? in ", output, re.M)
    if not ran:
        return None
    verdict = re.findall(r"^(?:OK|FAILED)(?: \((.*)\))?$", output, re.M)
    counts = dict(re.findall(r"([a-z ]+)=(\d+)", verdict[-1] if verdict else ""))
    counts = {key.strip(): int(value) for key, value in counts.items()}
    bad = counts.get("failures", 0) + counts.get("errors", 0) + counts.get("unexpected successes", 0)
    skipped = counts.get("skipped", 0)
    named = re.findall(r"^(?:FAIL|ERROR|UNEXPECTED SUCCESS): (.*)$", output, re.M)
    totals = Totals(passed=max(0, int(ran[-1]) - bad - skipped))
    totals.failed = [f"{name}: {named[i] if i < len(named) else 'a test'}" for i in range(bad)]
    left_out = re.findall(r"^(.*\.\.\. skipped .*)$", output, re.M)  # in verbose output only
    totals.skipped = [f"{name}: {left_out[i] if i < len(left_out) else 'a test'}" for i in range(skipped)]
    return totals


def count_entry(case: ET.Element, reports: Path) -> Totals:
    """The totals of one entry of ctest's JUnit file."""
    name, status = case.get("name"), case.get("status")
    output = case.findtext("system-out") or ""
    if status in ("notrun", "disabled"):
        skipped = case.find("skipped")
        message = skipped.get("message", "") if skipped is not None else ""
        if status == "disabled" or message.startswith(("SKIP_", "Skipped")):
            return Totals(skipped=[f"{name}: {message or status}"])
        return Totals(failed=[f"{name}: not run {message}".rstrip()])
    totals = None
    report = reports / f"{name}.json"
    if report.exists():
        try:
            totals = count_gtest(name, json.loads(report.read_text()))
        except (ValueError, KeyError):
            return Totals(failed=[f"{name}: its report is not readable"])
    else:
        totals = count_unittest(name, output)
    if totals is None:
        return Totals(passed=1) if status == "run" else Totals(failed=[name])
    if status != "run" and not totals.failed:
        totals.failed.append(f"{name}: ended badly after its tests")
    if not totals.passed and not totals.failed and not totals.skipped:
        totals.failed.append(f"{name}: holds no test")
    return totals


def count(junit: Path, reports: Path) -> Totals:
    totals = Totals()
    for case in ET.parse(junit).getroot().iter("testcase"):
        totals.add(count_entry(case, reports))
    return totals


def call(command: list[str], env: dict[str, str]) -> int:
    print("+", " ".join(command), flush=True)
    return subprocess.run(command, cwd=ROOT, env=env).returncode


def selected(build: Path, suite: Suite, env: dict[str, str]) -> list[str]:
    listing = subprocess.run(
        ["ctest", "--test-dir", str(build), "-N", *suite.ctest], env=env, capture_output=True, text=True, check=True
    ).stdout
    return re.findall(r"^\s*Test\s+#\d+: (\S+)", listing, re.M)


def run(name: str, suite: Suite) -> Totals:
    build = ROOT / "build" / suite.preset
    reports = build / "test-results" / name
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    env = dict(os.environ, GTEST_OUTPUT=f"json:{reports}/", GTEST_COLOR="no", PYTHONDONTWRITEBYTECODE="1", **suite.env)
    if call(["cmake", "--preset", suite.preset, "-DR1_TESTS=ON", "--log-level=NOTICE"], env) != 0:
        return Totals(failed=[f"{name}: configure"])
    tests = selected(build, suite, env)
    if not tests:
        print(f"{name}: no test of this suite exists yet", flush=True)
        return Totals(skipped=[f"{name}: no test of this suite exists yet"])
    targets = ["--target", *tests] if suite.only_their_targets else []
    if call(["cmake", "--build", str(build), *targets], env) != 0:
        return Totals(failed=[f"{name}: build"])
    junit = reports / "junit.xml"
    prefix = ["setarch", "-R"] if suite.fixed_addresses and can_fix_addresses() else []
    call(
        [*prefix, "ctest", "--test-dir", str(build), "--output-on-failure", "--no-tests=error", "-j2"]
        + ["--output-junit", str(junit), "--test-output-size-passed", str(LINE_LIMIT)]
        + ["--test-output-size-failed", str(LINE_LIMIT), *suite.ctest],
        env,
    )
    if not junit.exists():
        return Totals(failed=[f"{name}: ctest"])
    return count(junit, reports)


def can_fix_addresses() -> bool:
    return shutil.which("setarch") is not None and subprocess.run(["setarch", "-R", "true"], capture_output=True).returncode == 0


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in SUITES]
    if unknown or not names:
        print(f"usage: run_tests.py SUITE...  with SUITE one of: {' '.join(SUITES)}", file=sys.stderr)
        return 2
    totals = Totals()
    for name in names:
        start = time.monotonic()
        part = run(name, SUITES[name])
        totals.add(part)
        print(f"{name}: {part.line()} in {time.monotonic() - start:.0f} s", flush=True)
    for title, tests in (("failed", totals.failed), ("skipped", totals.skipped)):
        for test in tests:
            print(f"{title}: {test}")
    print(totals.line(), flush=True)
    return 1 if totals.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
