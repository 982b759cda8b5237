"""The counts of scripts/run_tests.py: a failure, a crash or a skip must never read as a pass."""

import json
import os
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(os.environ.get("R1_SOURCE_DIR", Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(ROOT / "scripts"))
import run_tests


def gtest_case(name: str, result: str = "COMPLETED", failures: list | None = None) -> dict:
    return {"name": name, "result": result, **({"failures": failures} if failures else {})}


class CountTest(unittest.TestCase):
    def count(self, status: str, output: str = "", report: object = None, message: str | None = None) -> tuple[int, int, int]:
        with tempfile.TemporaryDirectory() as folder:
            if report is not None:
                text = report if isinstance(report, str) else json.dumps(report)
                (Path(folder) / "entry.json").write_text(text)
            case = ET.Element("testcase", name="entry", status=status)
            ET.SubElement(case, "system-out").text = output
            if message is not None:
                ET.SubElement(case, "skipped", message=message)
            totals = run_tests.count_entry(case, Path(folder))
            return totals.passed, len(totals.failed), len(totals.skipped)

    def gtest(self, status: str, *cases: dict) -> tuple[int, int, int]:
        return self.count(status, report={"testsuites": [{"name": "Suite", "testsuite": list(cases)}]})

    def test_gtest_counts_cases(self):
        self.assertEqual(self.gtest("run", gtest_case("A"), gtest_case("B")), (2, 0, 0))
        self.assertEqual(self.gtest("fail", gtest_case("A"), gtest_case("B", failures=[{}])), (1, 1, 0))

    def test_gtest_skips_are_counted(self):
        cases = (gtest_case("A"), gtest_case("B", "SKIPPED"), gtest_case("DISABLED_C", "SUPPRESSED"))
        self.assertEqual(self.gtest("run", *cases), (1, 0, 2))

    def test_bad_end_after_good_cases_is_a_failure(self):
        self.assertEqual(self.gtest("fail", gtest_case("A")), (1, 1, 0))

    def test_crash_before_the_report(self):
        self.assertEqual(self.count("fail", "[ RUN      ] A.B\n"), (0, 1, 0))
        self.assertEqual(self.count("fail", report='{"testsuites": ['), (0, 1, 0))

    def test_no_test_at_all_is_a_failure(self):
        self.assertEqual(self.gtest("run"), (0, 1, 0))
        self.assertEqual(self.count("run", "Ran 0 tests in 0.000s\n\nOK\n"), (0, 1, 0))

    def test_unittest(self):
        self.assertEqual(self.count("run", "...\nRan 3 tests in 0.1s\n\nOK\n"), (3, 0, 0))
        self.assertEqual(self.count("run", "Ran 3 tests in 0.1s\n\nOK (skipped=1)\n"), (2, 0, 1))
        output = "FAIL: test_a (x)\n---\nERROR: test_b (x)\nRan 5 tests in 0.1s\n\nFAILED (failures=1, errors=1, skipped=1)\n"
        self.assertEqual(self.count("fail", output), (2, 2, 1))
        self.assertEqual(self.count("fail", "Ran 3 tests in 0.1s\n\nOK\n"), (3, 1, 0))
        self.assertEqual(self.count("fail", "Ran 1 test in 0.1s\n\nFAILED (unexpected successes=1)\n"), (0, 1, 0))

    def test_unittest_skips_are_named(self):
        output = "test_b (x.T.test_b) ... skipped 'no browser'\nRan 1 test in 0.1s\n\nOK (skipped=1)\n"
        totals = run_tests.count_unittest("web", output)
        self.assertEqual(totals.skipped, ["web: test_b (x.T.test_b) ... skipped 'no browser'"])

    def test_other_programs_count_as_one(self):
        self.assertEqual(self.count("run", "layers: in order\n"), (1, 0, 0))
        self.assertEqual(self.count("fail", "cycle: a -> a\n"), (0, 1, 0))

    def test_not_run(self):
        self.assertEqual(self.count("notrun", message="Unable to find executable: x"), (0, 1, 0))
        self.assertEqual(self.count("notrun", message="SKIP_RETURN_CODE=77"), (0, 0, 1))
        self.assertEqual(self.count("disabled", message="Disabled"), (0, 0, 1))

    def test_line(self):
        totals = run_tests.Totals(3, ["a"], ["b", "c"])
        totals.add(run_tests.Totals(1, [], ["d"]))
        self.assertEqual(totals.line(), "4 passed, 1 failed, 3 skipped")

    def test_unknown_suite(self):
        self.assertEqual(run_tests.main(["nonsense"]), 2)
        self.assertEqual(run_tests.main([]), 2)


if __name__ == "__main__":
    unittest.main()
