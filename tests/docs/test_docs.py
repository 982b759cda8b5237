"""Small repositories whose docs are right, or wrong in one way that docs.py must name."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import docs

R1 = """#!/bin/sh
case "$*" in
  --help) printf 'r1\\nUsage: r1 [OPTIONS] SUBCOMMAND\\n\\nOptions:\\n  -h,--help  Help\\n\\nSubcommands:\\n  run    Ask\\n  train  Learn\\n  gone   Broken\\n' ;;
  'run --help') printf 'Usage: r1 run [OPTIONS] MODEL\\n\\nOptions:\\n  --json  JSON\\n  --seed UINT  Seed\\n' ;;
  'train --help') printf 'Learn\\n\\nSubcommands:\\n  sft   Imitate\\n  grpo  Reinforce\\n' ;;
  'train grpo --help') printf 'Options:\\n  --steps UINT\\n' ;;
  'train sft --help') printf 'Options:\\n  --epochs UINT\\n' ;;
  'run m') printf 'one\\ntwo\\nthree\\n' ;;
  *) echo 'wrong usage' >&2; exit 2 ;;
esac
"""
MAKEFILE = "VAR := 1\n.PHONY: test\ntest:\n\ttrue\nquickstart: test\n"


class DocsTest(unittest.TestCase):
    def found(self, readme: str | None, other: dict[str, str] | None = None) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "repo"
            files = {
                "Makefile": MAKEFILE,
                "CMakePresets.json": '{"configurePresets": [{"name": "release"}]}',
                "src/a.h": "namespace r1 {\nstruct Pool { void run(); };\nint forward(int x);\n}\n",
                "scripts/setup": "#!/bin/sh\n",
                "docs/walk.md": "# The walk\n\n## Twice\n\n## Twice\n\n## A `code` word, and more\n",
                "build/release/r1": R1,
                **(other or {}),
            }
            if readme is not None:
                files["README.md"] = readme
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            for name in ("scripts/setup", "build/release/r1"):
                (root / name).chmod(0o755)
            return docs.problems(root, root / "build/release/r1")

    def passes(self, readme: str, other: dict[str, str] | None = None) -> None:
        self.assertEqual(self.found(readme, other), [])

    def fails(self, readme: str | None, *words: str, other: dict[str, str] | None = None) -> None:
        found = self.found(readme, other)
        self.assertEqual(len(found), 1, found)
        for word in words:
            self.assertIn(word, found[0])

    def test_readme_and_program_are_required(self):
        self.fails(None, "README.md: missing")
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("r1 program is missing", docs.problems(Path(folder), Path(folder) / "r1")[0])

    def test_links(self):
        self.passes("[walk](docs/walk.md) ![p](src/a.h) [web](https://example.org/x) [dir](src/) [root](/src/a.h)\n")
        self.fails("\n[walk](docs/wlak.md)\n", "README.md:2", "docs/wlak.md")
        self.fails("![p](no.png)\n", "no.png")
        self.fails("[out](../shared/x.md)\n", "leaves the repository")
        self.fails('<a href="docs/none.md">x</a>\n', "docs/none.md")
        self.fails("hello\n", "docs/walk.md:1", "no such file", other={"docs/walk.md": "[a](src/a.h)\n"})
        self.passes("hello\n", {"docs/deep/x.md": "[a](../../src/a.h) [w](../walk.md#the-walk)\n"})

    def test_reference_links(self):
        self.passes("[walk][w]\n\n[w]: docs/walk.md\n")
        self.fails("[walk][w]\n\n[w]: docs/none.md\n", "docs/none.md")
        self.fails("[walk][w]\n", "no definition of [w]")

    def test_links_in_code_are_none(self):
        self.passes("`[x](none.md)`\n\n```\n[x](none.md)\n```\n\n~~~text\n```\n[x](none.md)\n~~~\n")

    def test_anchors(self):
        self.passes("# Top\n[a](#top) [b](docs/walk.md#twice-1) [c](docs/walk.md#a-code-word-and-more) [d](src/a.h#L2-L3)\n")
        self.fails("[a](#top)\n", "no such anchor")
        self.fails("[a](docs/walk.md#twice-2)\n", "no such anchor")
        self.fails("[a](src/a.h#L5)\n", "4 lines")
        self.fails("[a](src/a.h#L3-L2)\n", "4 lines")
        self.fails("[a](src/a.h#forward)\n", "no such anchor")

    def test_symbols(self):
        self.passes("[`forward()`](src/a.h) [`Pool::run`](src/a.h) [`src/a.h`](src/a.h) [it](src/a.h) `r1::forward(int)`\n")
        self.fails("[`backward`](src/a.h)\n", "`backward` does not occur")
        self.fails("[`forwar`](src/a.h)\n", "does not occur")
        self.fails("[it](src/a.h) `Pool::stop`\n", "does not occur")

    def test_make_targets(self):
        self.passes("```sh\nmake test VAR=2 -j2\n$(true)\n```\n`make quickstart`\n".replace("$(true)\n", ""))
        self.fails("```sh\nmake tset\n```\n", "README.md:2", "no target tset")
        self.fails("Type `make VAR`.\n", "no target VAR")
        self.fails("```sh\ncd src && make none | cat\n```\n", "no target none")

    def test_subcommands_and_flags(self):
        self.passes("```sh\n$ build/release/r1 run m 'prompt' --seed=3 --json > out.txt\nany output: r1 nonsense\n```\n")
        self.passes("`r1 train sft|grpo`, `r1 run [MODEL] [--json]`, `r1 train grpo X.toml --steps 3`, `r1`, `r1 --help`\n")
        self.fails("`r1 rnu m`\n", "no subcommand rnu")
        self.fails("`r1 train sft|gone`\n", "no subcommand gone")
        self.fails("```sh\nr1 run m --sede 3\n```\n", "does not know --sede")
        self.fails("```sh\nr1 run m --see 3\n```\n", "does not know --see")
        self.fails("`r1 train sft --steps 3`\n", "does not know --steps")
        self.fails("`r1 gone`\n", "--help` fails")

    def test_continued_and_commented_lines(self):
        self.passes("```sh\n# a remark\nr1 run m \\\n  --json   # why\n```\n")
        self.fails("```sh\nr1 run m \\\n  --none\n```\n", "README.md:2", "--none")

    def test_other_commands_and_paths(self):
        self.passes("```sh\ngit clone URL\ncd r1.cpp\nscripts/setup build\nFOO=1 curl -s x | jq .\ncat src/a.h\n```\n")
        self.passes("```sh\ncmake --preset release\nls runs/new\n```\n`src/*.h` `src/NAME.h` `docs/walk.md`\n")
        self.fails("```sh\nscripts/stup build\n```\n", "scripts/stup")
        self.fails("```sh\nno-such-tool-anywhere x\n```\n", "unknown command")
        self.fails("```sh\ncat src/none.h\n```\n", "src/none.h: no such file")
        self.fails("See `src/none.h`.\n", "src/none.h: no such file")
        self.fails("See `src/*.cc`.\n", "src/*.cc: no such file")
        self.fails("See `src/NAME.cc`.\n", "src/NAME.cc: no such file")
        self.fails("```sh\ncmake --preset fast\n```\n", "no preset fast")
        self.fails("```sh\necho 'open\n```\n", "quotation")

    def test_other_languages_are_not_run(self):
        self.passes("```text\nmake nothing\n```\n\n```\n$ r1 nothing\n```\n")

    def test_executed_blocks(self):
        self.passes("```sh run\n$ r1 run m\none\ntwo\nthree\n\n$ true\n```\n")
        self.passes("```sh run\n$ r1 run m\none\n...\n```\n")
        self.passes("```sh run\nr1 run m | grep -q two\n```\n")
        self.fails("```sh run\n$ r1 run m\none\nthree\n```\n", "prints something else")
        self.fails("```sh run\n$ r1 run\n```\n", "exit code 2", "wrong usage")
        self.fails("```sh rnu\n$ true\n```\n", "unknown kind of block")

    def test_exit_code(self):
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run([sys.executable, docs.__file__, folder, folder + "/r1"], capture_output=True, text=True)
            self.assertEqual(run.returncode, 1)


if __name__ == "__main__":
    unittest.main()
