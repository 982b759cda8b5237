"""Small trees that break each rule of layers.py once, and one that breaks none."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import layers

GOOD = {
    "src/base/a.h": "#pragma once\n#include <vector>\n",
    "src/base/a.cc": '#include "base/a.h"\n#include <nlohmann/json.hpp>\n',
    "src/base/a_test.cc": '#include "base/a.h"\n',
    "src/format/json_parse.h": "#include <nlohmann/json.hpp>\n",
    "src/train/loop.cc": '#include "base/a.h"\n#include "format/json_parse.h"\n',
    "src/recipe/run.h": '#include "base/a.h"\n',
    "apps/r1/main.cc": '#include "recipe/run.h"\n#include "commands.h"\n',
    "apps/r1/commands.h": "#pragma once\n",
    "tests/e2e/whole_test.cc": '#include "recipe/run.h"\n#include "help.h"\n',
    "tests/e2e/help.h": "#pragma once\n",
}


class LayersTest(unittest.TestCase):
    def found(self, changes: dict[str, str], unbuilt: tuple[str, ...] = ()) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            files = {**GOOD, **changes}
            for path, text in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
            sources = [path for path in files if path.endswith(".cc") and path not in unbuilt]
            commands = root / "compile_commands.json"
            entries = [{"directory": str(root / "build"), "file": str(root / path)} for path in sources]
            commands.write_text(json.dumps(entries))
            return layers.breaches(root, commands)

    def expect_one(self, changes: dict[str, str], *words: str, **kwargs) -> None:
        found = self.found(changes, **kwargs)
        self.assertEqual(len(found), 1, found)
        for word in words:
            self.assertIn(word, found[0])

    def test_good_tree_passes(self):
        self.assertEqual(self.found({}), [])

    def test_upward(self):
        self.expect_one({"src/base/b.h": '#include "train/loop.h"\n'}, "src/base/b.h:1", "base may not include train")

    def test_sideways_on_one_floor(self):
        changes = {"src/kernels/k.cc": '\n#include "format/json_parse.h"\n'}
        self.expect_one(changes, "src/kernels/k.cc:2", "kernels may not include format")
        self.expect_one({"src/train/t.cc": '#include "eval/e.h"\n'}, "train may not include eval")

    def test_angle_brackets_and_odd_spacing_hide_nothing(self):
        self.expect_one({"src/base/b.h": "#include <chat/c.h>\n"}, "base may not include chat")
        self.expect_one({"src/base/b.h": '  #\tinclude"chat/c.h"\n'}, "base may not include chat")

    def test_after_a_comment_opener_in_a_string(self):
        self.expect_one({"src/base/b.cc": 'auto s = "/*";\n#include "chat/c.h"\n'}, "src/base/b.cc:2")

    def test_commented_includes_are_none(self):
        self.assertEqual(self.found({"src/base/b.h": '// #include "chat/c.h"\n/*\n#include "chat/c.h"\n*/\n'}), [])

    def test_source_may_not_reach_apps_or_tests(self):
        self.expect_one({"src/recipe/r.cc": '#include "apps/r1/commands.h"\n'}, "recipe may not include apps")
        self.expect_one({"src/recipe/r.cc": '#include "tests/e2e/help.h"\n'}, "recipe may not include tests")
        self.expect_one({"apps/r1/x.cc": '#include "tests/e2e/help.h"\n'}, "apps may not include tests")

    def test_relative_spelling_is_refused_and_its_arrow_seen(self):
        self.expect_one({"src/recipe/r.cc": '#include "run.h"\n'}, 'write "room/file.h"')
        found = self.found({"src/base/b.cc": '#include "../recipe/run.h"\n'})
        self.assertTrue(any("base may not include recipe" in line for line in found), found)

    def test_include_by_macro(self):
        self.expect_one({"src/base/b.cc": "#include NAME\n"}, "macro")

    def test_unknown_room(self):
        self.expect_one({"src/attic/b.cc": "int x;\n"}, "attic is no room")

    def test_cycle(self):
        changes = {"src/base/x.h": '#include "base/y.h"\n', "src/base/y.h": '#include "base/x.h"\n'}
        self.expect_one(changes, "cycle: src/base/x.h -> src/base/y.h -> src/base/x.h")
        self.expect_one({"src/base/z.h": '#include "base/z.h"\n'}, "cycle: src/base/z.h -> src/base/z.h")

    def test_diamond_is_no_cycle(self):
        changes = {
            "src/base/l.h": '#include "base/a.h"\n',
            "src/base/r.h": '#include "base/a.h"\n#include "base/l.h"\n',
            "src/base/top.h": '#include "base/l.h"\n#include "base/r.h"\n',
        }
        self.assertEqual(self.found(changes), [])

    def test_unbuilt_test(self):
        self.expect_one({"src/base/lost_test.cc": ""}, "src/base/lost_test.cc", "no target", unbuilt=("src/base/lost_test.cc",))
        self.expect_one({"tests/odd/lost_test.cc": ""}, "tests/odd/lost_test.cc", unbuilt=("tests/odd/lost_test.cc",))

    def test_heavy_header(self):
        for name in ("nlohmann/json.hpp", "nlohmann/json_fwd.hpp", "toml++/toml.h", "CLI/CLI.hpp", "spdlog/spdlog.h", "boost/asio.hpp"):
            self.expect_one({"src/base/b.h": f"#include <{name}>\n"}, "heavy", name)
        self.expect_one({"src/text/t_parse.h": "#include <nlohmann/json.hpp>\n"}, "heavy")
        self.expect_one({"apps/r1/cli.h": "#include <CLI/CLI.hpp>\n"}, "heavy")

    def test_empty_tree_is_not_in_order(self):
        with tempfile.TemporaryDirectory() as folder:
            commands = Path(folder) / "c.json"
            commands.write_text("[]")
            self.assertEqual(len(layers.breaches(Path(folder), commands)), 1)

    def test_exit_code(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "src/base").mkdir(parents=True)
            (Path(folder) / "src/base/a_test.cc").write_text("")
            commands = Path(folder) / "c.json"
            commands.write_text("[]")
            run = subprocess.run([sys.executable, layers.__file__, folder, str(commands)], capture_output=True, text=True)
            self.assertEqual(run.returncode, 1)
            self.assertIn("a_test.cc: no target builds this test", run.stdout)


if __name__ == "__main__":
    unittest.main()
