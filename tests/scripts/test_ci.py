""".ci/run in a folder whose make is a stand-in: its sums, its last line and its exit code."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(os.environ.get("R1_SOURCE_DIR", Path(__file__).resolve().parents[2]))


class CiTest(unittest.TestCase):
    def ci(self, test: str, test_long: str, setup: str = "exit 0") -> tuple[int, list[str]]:
        with tempfile.TemporaryDirectory() as folder:
            files = {
                "scripts/setup": setup,
                "bin/make": f"case $1 in test) {test} ;; test-long) {test_long} ;; esac",
            }
            for name, body in files.items():
                path = Path(folder) / name
                path.parent.mkdir()
                path.write_text(f"#!/bin/bash\n{body}\n")
                path.chmod(0o755)
            (Path(folder) / ".ci").mkdir()
            shutil.copy(ROOT / ".ci/run", Path(folder) / ".ci/run")
            env = dict(os.environ, PATH=f"{folder}/bin:{os.environ['PATH']}")
            run = subprocess.run([f"{folder}/.ci/run"], env=env, capture_output=True, text=True)
            return run.returncode, run.stdout.splitlines()

    def test_sum_is_the_only_plain_line_and_the_last(self):
        code, lines = self.ci('echo "3 passed, 0 failed, 1 skipped"', 'echo hi; echo "4 passed, 0 failed, 0 skipped"')
        self.assertEqual((code, lines[-1]), (0, "7 passed, 0 failed, 1 skipped"))
        self.assertIn("make test: 3 passed, 0 failed, 1 skipped", lines)
        self.assertEqual(sum(line[0].isdigit() for line in lines), 1)

    def test_failures_add_up(self):
        code, lines = self.ci('echo "3 passed, 2 failed, 1 skipped"; exit 2', 'echo "4 passed, 0 failed, 0 skipped"')
        self.assertEqual((code, lines[-1]), (1, "7 passed, 2 failed, 1 skipped"))

    def test_a_part_without_totals_is_a_failure(self):
        self.assertEqual(self.ci("exit 1", 'echo "4 passed, 0 failed, 0 skipped"')[0], 1)
        code, lines = self.ci("exit 0", 'echo "4 passed, 0 failed, 0 skipped"')
        self.assertEqual((code, lines[-1]), (1, "4 passed, 1 failed, 0 skipped"))

    def test_a_bad_exit_code_with_good_totals_is_a_failure(self):
        code, lines = self.ci('echo "3 passed, 0 failed, 0 skipped"; exit 1', 'echo "4 passed, 0 failed, 0 skipped"')
        self.assertEqual((code, lines[-1]), (1, "7 passed, 1 failed, 0 skipped"))

    def test_setup_that_fails(self):
        good = 'echo "1 passed, 0 failed, 0 skipped"'
        code, lines = self.ci(good, good, setup="exit 1")
        self.assertEqual((code, lines[-1]), (1, "2 passed, 1 failed, 0 skipped"))


if __name__ == "__main__":
    unittest.main()
