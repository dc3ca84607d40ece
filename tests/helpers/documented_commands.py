"""The commands that README, CONTRIBUTING and docs/ tell their readers to type."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from paths import REPOSITORY

PAGES = [
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted((REPOSITORY / "docs").glob("*.md")),
]
_PROGRAM = re.compile(r"^(?:\w+=\S* )*(?:\.venv/bin/)?(make|kedro|mmctr|python) (.*)")
_NAME = re.compile(r"(?:^|[,{\s])([A-Za-z_][\w.]*)=")


class Command(NamedTuple):
    """A command, and the page that has it."""

    page: str
    program: str
    words: list[str]

    def option(self, *names: str) -> list[str]:
        """Values of an option, however it is given."""
        following = zip(self.words, [*self.words[1:], ""], strict=True)
        return [
            value if word in names else word.partition("=")[2]
            for word, value in following
            if word.partition("=")[0] in names
        ]

    def parameters(self) -> list[str]:
        """Names that ``--params`` gives values."""
        return _NAME.findall(",".join(self.option("--params")))


def documented_commands() -> list[Command]:
    """Collect them from blocks of bash and from code within sentences."""
    return [
        Command(page.name, program, words)
        for page in PAGES
        for program, words in _of_text(page.read_text("utf-8"))
    ]


def _of_text(text: str) -> Iterator[tuple[str, list[str]]]:
    lines = []
    for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL):
        lines += re.sub(r"\\\n\s*", "", block).splitlines()
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    lines += [" ".join(code.split()) for code in re.findall("`([^`]+)`", prose)]
    for line in lines:
        whole = f"kedro run {line}" if line.startswith("--params") else line.strip()
        if found := _PROGRAM.match(whole):
            yield found[1], _words(found[2])


def _words(line: str) -> list[str]:
    """Up to a pipe or a redirection."""
    words = shlex.split(line, comments=True)
    ends = [place for place, word in enumerate(words) if word in {"|", ">", "&&"}]
    return words[: min(ends, default=None)]


def make_targets(makefile: Path) -> set[str]:
    """List the targets of a Makefile."""
    text = makefile.read_text("utf-8")
    return {
        target
        for line in re.findall(r"^([\w -]+):(?!=)", text, re.MULTILINE)
        for target in line.split()
    }
