"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: an error must be fixed, a warning should be known."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "ERROR"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: what was checked, what was found, what to do."""

    level: Level
    topic: str
    text: str
    remedy: str = ""


def describe_findings(findings: list[Finding]) -> str:
    """Write a line per finding, its remedy below it, and the totals."""
    lines = []
    for each in findings:
        head = f"{each.level:<8}{each.topic:<13}"
        first, *rest = each.text.splitlines() or [""]
        lines.append(f"{head}{first}")
        lines += [f"{'':21}{line}" for line in rest]
        lines += [f"{'':21}-> {each.remedy}"] if each.remedy else []
    errors = sum(each.level is Level.ERROR for each in findings)
    warnings = sum(each.level is Level.WARNING for each in findings)
    totals = f"{_count(errors, 'error')}, {_count(warnings, 'warning')}"
    return "\n".join([*lines, f"\n{totals}"])


def _count(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
