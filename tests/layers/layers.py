#!/usr/bin/env python3
"""layers.py ROOT COMPILE_COMMANDS: keeps the floors of the house (FLOORS below). Prints each breach, exits 1 on any.

- src/ROOM includes its own room or a lower floor; apps/ any room; tests/ and bench/ any room and apps/.
- No cycle of includes between files.
- Every *_test.cc is built by a target of COMPILE_COMMANDS.
- Heavy headers stay out of .h files, src/format/*_parse.h excepted.
"""

import json
import re
import sys
from pathlib import Path

FLOORS = [
    ["base"],
    ["kernels", "format"],
    ["tensor", "text"],
    ["model", "tasks"],
    ["engine", "bundle"],
    ["chat"],
    ["train", "eval", "serve"],
    ["recipe"],
    ["apps"],
    ["tests", "bench"],
]
FLOOR_OF = {area: floor for floor, areas in enumerate(FLOORS) for area in areas}
HEAVY = ("nlohmann/", "toml++/", "toml.hpp", "CLI/", "spdlog/", "boost/")
SUFFIXES = {".h", ".hh", ".hpp", ".inc", ".c", ".cc", ".cpp", ".cxx"}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:(["<])([^">\n]+)[">]|(\S+))', re.M)


def without_block_comments(text: str) -> str:
    """Same line numbers; a comment opener inside a string or a line comment opens nothing."""
    tokens = re.compile(r'//[^\n]*|/\*.*?(?:\*/|\Z)|"(?:\\.|[^"\\\n])*"', re.S)
    blank = lambda m: re.sub(r"[^\n]", " ", m.group()) if m.group().startswith("/*") else m.group()
    return tokens.sub(blank, text)


def area_of(path: str) -> str:
    """The room of a file under src/, else the top folder. Paths are relative to the root, with slashes."""
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else parts[0]


class Tree:
    def __init__(self, root: Path):
        self.root = root
        places = [root / top for top in ("src", "apps", "tests", "bench")]
        found = (p for place in places for p in place.rglob("*") if p.suffix in SUFFIXES and p.is_file())
        self.files = {p.relative_to(root).as_posix(): p.read_text(errors="replace") for p in found}

    def includes(self, path: str):
        """(line, spelled name or None for a macro, file of the tree or None) for each #include."""
        text = without_block_comments(self.files[path])
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            name = match.group(2)
            yield line, name, self.resolve(path, name) if name else None

    def resolve(self, path: str, name: str) -> str | None:
        beside = (self.root / path).parent / name
        for candidate in (beside, self.root / "src" / name, self.root / name):
            try:
                relative = candidate.resolve().relative_to(self.root.resolve()).as_posix()
            except ValueError:
                continue
            if relative in self.files:
                return relative
        return None


def arrow_breaches(tree: Tree) -> list[str]:
    out = []
    for path in sorted(tree.files):
        area = area_of(path)
        if area not in FLOOR_OF:
            out.append(f"{path}: {area} is no room of the house")
            continue
        for line, name, target in tree.includes(path):
            if name is None:
                out.append(f"{path}:{line}: an include by macro hides its arrow")
                continue
            first = name.split("/")[0]
            to = area_of(target) if target else first if "/" in name and first in FLOOR_OF else None
            if to is None:
                continue
            if path.startswith("src/") and not name.startswith(to + "/"):
                out.append(f'{path}:{line}: write "room/file.h", not "{name}"')
            if to != area and not FLOOR_OF.get(to, len(FLOORS)) < FLOOR_OF[area]:
                out.append(f"{path}:{line}: {area} may not include {to} ({name})")
    return out


def heavy_breaches(tree: Tree) -> list[str]:
    out = []
    for path in sorted(tree.files):
        if not path.endswith((".h", ".hh", ".hpp", ".inc")) or re.fullmatch(r"src/format/\w+_parse\.h", path):
            continue
        for line, name, _ in tree.includes(path):
            if name and name.startswith(HEAVY):
                out.append(f"{path}:{line}: heavy header {name} belongs in a .cc file")
    return out


def cycles(tree: Tree) -> list[str]:
    """One line per cycle met by a depth-first walk, each file finished once."""
    edges = {path: [t for _, _, t in tree.includes(path) if t] for path in tree.files}
    done, out = set(), []
    for start in sorted(edges):
        if start in done:
            continue
        trail, on_trail, iterators = [start], {start}, [iter(edges[start])]
        while trail:
            for target in iterators[-1]:
                if target in on_trail:
                    out.append("cycle: " + " -> ".join(trail[trail.index(target) :] + [target]))
                elif target not in done:
                    trail.append(target)
                    on_trail.add(target)
                    iterators.append(iter(edges[target]))
                    break
            else:
                iterators.pop()
                on_trail.discard(trail[-1])
                done.add(trail.pop())
    return out


def unbuilt_tests(tree: Tree, compile_commands: Path) -> list[str]:
    entries = json.loads(compile_commands.read_text())
    built = {(Path(entry["directory"]) / entry["file"]).resolve() for entry in entries}
    tests = (path for path in sorted(tree.files) if path.endswith("_test.cc"))
    return [f"{path}: no target builds this test" for path in tests if (tree.root / path).resolve() not in built]


def breaches(root: Path, compile_commands: Path) -> list[str]:
    tree = Tree(root)
    if not any(path.startswith("src/") for path in tree.files):
        return [f"{root}: no source found under src/"]
    return arrow_breaches(tree) + heavy_breaches(tree) + cycles(tree) + unbuilt_tests(tree, compile_commands)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: layers.py ROOT COMPILE_COMMANDS")
    found = breaches(Path(sys.argv[1]), Path(sys.argv[2]))
    print("\n".join(found) or "layers: in order")
    sys.exit(1 if found else 0)
