"""scripts/setup against stand-ins for dpkg-query, apt-get, id and sudo that log their calls."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(os.environ.get("R1_SOURCE_DIR", Path(__file__).resolve().parents[2]))

# `installed` lists packages, one a line; `fail` holds how many calls of `apt-get install` still fail.
DPKG_QUERY = """#!/bin/bash
for arg; do case $arg in -*) ;; *) grep -qx -- "$arg" "$STATE/installed" && echo "$arg:amd64 installed" || bad=1 ;; esac; done
exit ${bad:-0}
"""
APT_GET = """#!/bin/bash
echo "apt-get $DEBIAN_FRONTEND $*" >> "$STATE/log"
[[ " $* " == *" install "* ]] || exit 0
left=$(cat "$STATE/fail")
if [[ $left -gt 0 ]]; then echo $((left - 1)) > "$STATE/fail"; exit 100; fi
printf '%s\\n' "${@:$#}" "$@" >> "$STATE/installed"
"""
SUDO = """#!/bin/bash
echo "sudo $*" >> "$STATE/log"
[[ $1 != -n ]] || shift
exec "$@"
"""


class SetupTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.state = Path(folder.name)
        self.bin = self.state / "bin"
        self.bin.mkdir()
        for tool in ("bash", "env", "grep", "cat", "sleep", "true"):
            (self.bin / tool).symlink_to("/bin/" + tool)
        self.tool("dpkg-query", DPKG_QUERY)
        self.tool("apt-get", APT_GET)
        self.tool("id", "#!/bin/bash\necho 0\n")
        (self.state / "installed").write_text("")
        (self.state / "log").write_text("")
        (self.state / "fail").write_text("0")

    def tool(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def setup(self, *args: str) -> subprocess.CompletedProcess:
        env = {"PATH": str(self.bin), "STATE": str(self.state), "R1_SETUP_PAUSE": "0"}
        return subprocess.run(
            ["/bin/bash", ROOT / "scripts/setup", *args], env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )

    def log(self) -> list[str]:
        return (self.state / "log").read_text().splitlines()

    def test_installs_what_is_missing_then_nothing(self):
        first = self.setup("build")
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertIn("installing g++", first.stdout)
        self.assertEqual(len(self.log()), 2)
        self.assertTrue(self.log()[0].endswith(" update"))
        self.assertIn("apt-get noninteractive", self.log()[1])
        second = self.setup("build")
        self.assertEqual((second.returncode, second.stdout, len(self.log())), (0, "", 2))

    def test_test_tier_adds_to_build(self):
        self.setup("build")
        run = self.setup("test")
        self.assertIn("libgtest-dev", run.stdout)
        self.assertNotIn("cmake", run.stdout)

    def test_a_lookalike_package_does_not_count(self):
        self.setup("build")
        kept = [name for name in (self.state / "installed").read_text().split() if name != "g++"]
        (self.state / "installed").write_text("\n".join([*kept, "gg", "g+++"]) + "\n")
        self.assertEqual(self.setup("build").stdout.strip(), "setup: installing g++")

    def test_one_retry(self):
        (self.state / "fail").write_text("1")
        self.assertEqual(self.setup("build").returncode, 0)
        self.assertEqual(len(self.log()), 4)

    def test_gives_up_after_the_retry(self):
        (self.state / "fail").write_text("9")
        run = self.setup("build")
        self.assertEqual(run.returncode, 1)
        self.assertEqual(len(self.log()), 4)
        self.assertIn("could not install: g++", run.stderr)

    def test_an_install_that_changes_nothing_is_a_failure(self):
        self.tool("apt-get", "#!/bin/bash\nexit 0\n")
        run = self.setup("build")
        self.assertEqual(run.returncode, 1)
        self.assertIn("still missing", run.stderr)

    def test_neither_root_nor_sudo(self):
        self.tool("id", "#!/bin/bash\necho 1000\n")
        run = self.setup("build")
        self.assertEqual(run.returncode, 1)
        self.assertIn("not root and no sudo. As root, run: apt-get install", run.stderr)
        self.assertEqual(self.log(), [])

    def test_by_sudo(self):
        self.tool("id", "#!/bin/bash\necho 1000\n")
        self.tool("sudo", SUDO)
        run = self.setup("build")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertTrue(any(line.startswith("sudo env DEBIAN_FRONTEND=noninteractive apt-get") for line in self.log()))

    def test_sudo_that_wants_a_password_without_a_terminal(self):
        self.tool("id", "#!/bin/bash\necho 1000\n")
        self.tool("sudo", "#!/bin/bash\nexit 1\n")
        run = self.setup("build")
        self.assertEqual(run.returncode, 1)
        self.assertIn("no terminal", run.stderr)

    def test_elsewhere_than_debian(self):
        (self.bin / "apt-get").unlink()
        run = self.setup("build")
        self.assertEqual(run.returncode, 1)
        self.assertIn("needs Debian 12", run.stderr)

    def test_usage(self):
        self.assertEqual(self.setup().returncode, 2)
        self.assertEqual(self.setup("all").returncode, 2)


if __name__ == "__main__":
    unittest.main()
