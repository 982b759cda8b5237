#!/usr/bin/env python3
"""docs.py ROOT R1: every link and command of README.md and docs/**/*.md resolves. Prints each that does not, exits 1.

Links. A relative link names a file or folder of the repository. `#anchor` is a heading of that page, `#L12` or
`#L12-L20` lines that exist. Symbols in backticks, inside the link's text or straight after the link, occur in the file:
[`forward`](../src/model/forward.h), or [the loop](../src/train/grpo.cc) `grpo_step()`.

Commands. In a ```sh block each line is a command; once a line starts with "$ ", only such lines are, the rest being
output. Inline code that starts with a known command counts too. `make T`: T is a target. `r1 SUB --flag`: the program's
own --help knows both. A word that names a path of the repository exists. A ```sh run block is executed from the root,
with r1 on PATH; lines after a "$ " line must equal what the command prints, a line "..." standing for any lines.
"""

import functools
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

SHELL_NAMES = {"sh", "bash", "shell", "console"}
# What a reader has or gets; not asked of the machine that runs the tests.
OUTSIDE = {"git", "curl", "jq", "npm", "npx", "docker", "apt-get", "apt", "aider", "vllm", "llama-cli", "llama-server", "huggingface-cli", "hf"}
MADE_BY_RUNNING = {"build", "runs"}
RUN_SECONDS = 120


@dataclass
class Block:
    line: int
    info: str
    lines: list[str]


@dataclass
class Page:
    path: Path
    prose: str  # code blocks blanked, line numbers kept
    blocks: list[Block]


def read_page(path: Path) -> Page:
    prose, blocks, fence = [], [], None
    for number, line in enumerate(path.read_text().split("\n"), 1):
        mark = re.match(r"\s*(`{3,}|~{3,})(.*)$", line)
        if fence is None and mark:
            fence = mark.group(1)
            blocks.append(Block(number, mark.group(2).strip(), []))
            prose.append("")
        elif fence is not None:
            if mark and mark.group(1).startswith(fence) and not mark.group(2).strip():
                fence = None
            else:
                blocks[-1].lines.append(line)
            prose.append("")
        else:
            prose.append(line)
    return Page(path, "\n".join(prose), blocks)


def anchors(path: Path) -> set[str]:
    """The anchors GitHub gives the headings of a page."""
    seen, out = {}, set()
    prose = read_page(path).prose
    for title in re.findall(r"^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$", prose, re.M):
        title = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", title)
        slug = re.sub(r"[^\w\- ]", "", title.lower().replace("`", "")).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        out.add(f"{slug}-{count}" if count else slug)
    return out | set(re.findall(r'<a\s+(?:id|name)="([^"]+)"', prose))


LINK = re.compile(r"(?<!\\)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)((?:\s*`[^`\n]+`)?)")
DEFINITION = re.compile(r"^ {0,3}\[([^\]]+)\]:\s*<?(\S+?)>?(?:\s+\"[^\"]*\")?\s*$", re.M)
TAG = re.compile(r"<(?:a|img)\b[^>]*?\b(?:href|src)=\"([^\"]+)\"")


class Checker:
    def __init__(self, root: Path, r1: Path):
        self.root, self.r1, self.out = root.resolve(), r1, []
        self.tops = {p.name for p in self.root.iterdir() if p.name != ".git"} - MADE_BY_RUNNING
        makefile = self.root / "Makefile"
        text = makefile.read_text() if makefile.exists() else ""
        self.make_targets = set(re.findall(r"^([\w-]+)\s*:(?!=)", text, re.M))

    def check_all(self) -> list[str]:
        pages = [self.root / "README.md", *sorted((self.root / "docs").rglob("*.md"))]
        for path in pages:
            if not path.exists():
                self.out.append(f"{path.relative_to(self.root)}: missing")
                continue
            page = read_page(path)
            self.check_links(page)
            self.check_blocks(page)
            self.check_inline(page)
        return self.out

    def say(self, page: Page, line: int, what: str) -> None:
        self.out.append(f"{page.path.relative_to(self.root)}:{line}: {what}")

    # Links.

    def check_links(self, page: Page) -> None:
        # Code spans of one backtick are no links, but a link's text may hold one.
        visible = re.sub(r"`[^`\n]*`", lambda m: m.group() if "](" not in m.group() else " " * len(m.group()), page.prose)
        for match in LINK.finditer(visible):
            symbols = re.findall(r"`([^`]+)`", match.group(1)) + re.findall(r"`([^`]+)`", match.group(3))
            self.check_link(page, visible.count("\n", 0, match.start()) + 1, match.group(2), symbols)
        for pattern, group in ((DEFINITION, 2), (TAG, 1)):
            for match in pattern.finditer(visible):
                self.check_link(page, visible.count("\n", 0, match.start()) + 1, match.group(group), [])
        defined = {name.lower() for name, _ in DEFINITION.findall(visible)}
        for match in re.finditer(r"\]\[([^\]]+)\]", visible):
            if match.group(1).lower() not in defined:
                self.say(page, visible.count("\n", 0, match.start()) + 1, f"no definition of [{match.group(1)}]")

    def check_link(self, page: Page, line: int, link: str, symbols: list[str]) -> None:
        if re.match(r"[a-z][a-z0-9+.-]*:", link, re.I):
            return
        name, _, anchor = link.partition("#")
        name = unquote(name)
        target = page.path if not name else self.root / name.lstrip("/") if name.startswith("/") else page.path.parent / name
        target = target.resolve()
        if target != self.root and self.root not in target.parents:
            return self.say(page, line, f"link {link} leaves the repository")
        if not target.exists():
            return self.say(page, line, f"link {link}: no such file")
        if anchor and target.is_file():
            self.check_anchor(page, line, link, target, anchor)
        if target.is_file() and target.suffix != ".md":
            text = target.read_text(errors="replace")
            for symbol in symbols:
                self.check_symbol(page, line, link, target, text, symbol)

    def check_anchor(self, page: Page, line: int, link: str, target: Path, anchor: str) -> None:
        lines = re.fullmatch(r"L(\d+)(?:-L(\d+))?", anchor)
        if lines:
            count = len(target.read_text(errors="replace").splitlines())
            first, last = int(lines.group(1)), int(lines.group(2) or lines.group(1))
            if not 1 <= first <= last <= count:
                self.say(page, line, f"link {link}: the file has {count} lines")
        elif target.suffix != ".md" or unquote(anchor) not in anchors(target):
            self.say(page, line, f"link {link}: no such anchor")

    def check_symbol(self, page: Page, line: int, link: str, target: Path, text: str, symbol: str) -> None:
        if target.as_posix().endswith("/" + symbol.lstrip("./")):
            return  # the file's own name
        bare = re.sub(r"\(.*\)$", "", symbol).removeprefix("r1::").strip()
        parts = bare.split("::") if re.fullmatch(r"[\w:~]+", bare) else [bare]
        for part in parts:
            if not part or not re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text):
                return self.say(page, line, f"link {link}: `{symbol}` does not occur in it")

    # Commands.

    def check_blocks(self, page: Page) -> None:
        for block in page.blocks:
            words = block.info.split()
            if not words or words[0] not in SHELL_NAMES:
                continue
            steps = commands_of(block)
            if words[1:] == ["run"]:
                self.execute(page, block, steps)
            elif words[1:] not in ([], ["test"]):
                self.say(page, block.line, f"```{block.info}: unknown kind of block")
            for step in steps:
                self.check_command(page, step.line, step.text)

    def check_inline(self, page: Page) -> None:
        for match in re.finditer(r"(?<!`)`([^`\n]+)`(?!`)", page.prose):
            code, line = match.group(1).strip(), page.prose.count("\n", 0, match.start()) + 1
            if re.match(r"(?:make|r1|(?:\./)?build/release/r1|scripts/\w+|\.ci/run)(?=\s|$)", code):
                self.check_command(page, line, code)
            else:
                self.check_path_word(page, line, code)

    def check_command(self, page: Page, line: int, text: str) -> None:
        choice = re.search(r"(?<=\s)[\w-]+(?:\|[\w-]+)+", text)  # `r1 train sft|grpo` is two commands
        if choice:
            for word in choice.group().split("|"):
                self.check_command(page, line, text[: choice.start()] + word + text[choice.end() :])
            return
        try:
            lexer = shlex.shlex(text, posix=True, punctuation_chars="|&;<>")
            lexer.whitespace_split = True
            words = list(lexer)
        except ValueError as error:
            return self.say(page, line, f"`{text}`: {error}")
        for simple in split_words(words):
            self.check_simple(page, line, text, simple)

    def check_simple(self, page: Page, line: int, text: str, words: list[str]) -> None:
        while words and (re.match(r"\w+=", words[0]) or words[0] in ("sudo", "time", "env", "exec")):
            words = words[1:]
        if not words:
            return
        head, rest = words[0], words[1:]
        if head == "make":
            for word in rest:
                if not word.startswith("-") and "=" not in word and word not in self.make_targets:
                    self.say(page, line, f"`{text}`: the Makefile has no target {word}")
            return
        if head in ("r1", "build/release/r1", "./build/release/r1"):
            self.check_r1(page, line, text, rest)
        elif "/" in head:
            path = self.root / head
            if head.split("/")[0] not in MADE_BY_RUNNING and not (path.is_file() and os.access(path, os.X_OK)):
                self.say(page, line, f"`{text}`: {head} is no program of the repository")
        elif head not in OUTSIDE and head != "cd" and not shutil.which(head):
            self.say(page, line, f"`{text}`: unknown command {head}")
        if head == "cmake" and "--preset" in rest[:-1]:
            preset = rest[rest.index("--preset") + 1]
            if f'"name": "{preset}"' not in (self.root / "CMakePresets.json").read_text():
                self.say(page, line, f"`{text}`: no preset {preset}")
        for word in rest:
            self.check_path_word(page, line, word)

    def check_path_word(self, page: Page, line: int, word: str) -> None:
        """A word whose first part is in the root names something there. Words in capitals and * stand for any name."""
        word = re.sub(r":\d+$", "", word.removeprefix("./")).rstrip("/")
        if "/" not in word or word.split("/")[0] not in self.tops or re.search(r"[\s<>{}$|]", word):
            return
        pattern = re.sub(r"(?<![A-Za-z])[A-Z][A-Z_]*(?![a-z])", "*", word)
        if not (self.root / word).exists() and not any(self.root.glob(pattern)):
            self.say(page, line, f"{word}: no such file")

    @functools.cache
    def help_of(self, *subs: str) -> str | None:
        run = subprocess.run([self.r1, *subs, "--help"], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        return run.stdout if run.returncode == 0 else None

    def check_r1(self, page: Page, line: int, text: str, words: list[str]) -> None:
        subs, help_text = [], self.help_of()
        words = [word.strip("[]") for word in words]  # an optional part, as in a synopsis
        for word in words:
            names = subcommands(help_text or "")
            if word.startswith("-") or not names:
                break
            if word not in names:
                return self.say(page, line, f"`{text}`: `{' '.join(['r1', *subs])}` has no subcommand {word}")
            subs.append(word)
            help_text = self.help_of(*subs)
            if help_text is None:
                return self.say(page, line, f"`{text}`: `{' '.join(['r1', *subs])} --help` fails")
        known = " ".join(self.help_of(*subs[:i]) or "" for i in range(len(subs) + 1))
        for word in words:
            flag = word.split("=")[0]
            if re.match(r"--?[a-zA-Z]", flag) and not re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", known):
                self.say(page, line, f"`{text}`: {' '.join(['r1', *subs])} --help does not know {flag}")

    def execute(self, page: Page, block: Block, steps: list["Step"]) -> None:
        env = dict(os.environ, PATH=f"{self.r1.resolve().parent}:{os.environ.get('PATH', '')}")
        for step in steps:
            try:
                run = subprocess.run(["bash", "-c", step.text], cwd=self.root, env=env, capture_output=True, text=True,
                                     timeout=RUN_SECONDS, stdin=subprocess.DEVNULL)
            except subprocess.TimeoutExpired:
                self.say(page, step.line, f"`{step.text}` did not end within {RUN_SECONDS} s")
                continue
            if run.returncode != 0:
                self.say(page, step.line, f"`{step.text}` ended with exit code {run.returncode}: {run.stderr.strip()[-300:]}")
            elif step.output and not same_output(step.output, run.stdout):
                self.say(page, step.line, f"`{step.text}` prints something else:\n{run.stdout}")


@dataclass
class Step:
    line: int
    text: str
    output: list[str]


def commands_of(block: Block) -> list[Step]:
    prompted = any(line.startswith("$ ") for line in block.lines)
    steps, goes_on = [], False
    for number, line in enumerate(block.lines, block.line + 1):
        if goes_on:
            steps[-1].text += " " + line.strip().removesuffix("\\").strip()
        elif prompted and not line.startswith("$ "):
            if steps:
                steps[-1].output.append(line)
            continue
        else:
            text = re.sub(r"(^|\s)#.*$", "", line.removeprefix("$ ")).strip()
            if not text:
                continue
            steps.append(Step(number, text.removesuffix("\\").strip(), []))
        goes_on = line.rstrip().endswith("\\")
    return steps


def split_words(words: list[str]) -> list[list[str]]:
    """The simple commands of a shell line; redirections and their files are dropped."""
    out, skip = [[]], False
    for word in words:
        if re.fullmatch(r"[|&;]+", word):
            out.append([])
        elif re.fullmatch(r"[<>&|]+", word):
            skip = True
        elif skip:
            skip = False
        else:
            out[-1].append(word)
    return out


def subcommands(help_text: str) -> list[str]:
    """The names a CLI11 help text lists under its subcommand headings."""
    names, inside = [], False
    for line in help_text.splitlines():
        if re.match(r"(?i)(sub)?commands:\s*$", line.strip()) and not line.startswith(" "):
            inside = True
        elif inside and (match := re.match(r" {2,4}([a-z][\w-]*)", line)):
            names.append(match.group(1))
        elif inside and line.strip() and not line.startswith(" "):
            inside = False
    return names


def same_output(wanted: list[str], got: str) -> bool:
    lines = [line.rstrip() for line in wanted]
    while lines and not lines[-1]:
        lines.pop()
    pattern = "".join(r"(?:.*\n)*" if line == "..." else re.escape(line) + r"[ \t]*\n" for line in lines)
    return re.fullmatch(pattern, got.rstrip() + "\n") is not None


def problems(root: Path, r1: Path) -> list[str]:
    if not (r1.is_file() and os.access(r1, os.X_OK)):
        return [f"{r1}: the r1 program is missing"]
    return Checker(root, r1).check_all()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: docs.py ROOT R1")
    found = problems(Path(sys.argv[1]), Path(sys.argv[2]))
    print("\n".join(found) or "docs: every link and command resolves")
    sys.exit(1 if found else 0)
