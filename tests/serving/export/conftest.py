"""The table of how far exports are off, behind the tests that have made them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

PARITY = "parity"


@pytest.fixture
def note_parity(
    record_property: Callable[[str, object], None],
) -> Callable[[str, Path], None]:
    """Keep what an export's folder says of its parity, under a name."""

    def note(name: str, folder: Path) -> None:
        found = json.loads((folder / "export.json").read_text())["parity"]
        record_property(PARITY, (name, found))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the largest difference of each export from its bundle, by format."""
    noted = [
        value
        for report in terminalreporter.stats.get("passed", [])
        for name, value in report.user_properties
        if name == PARITY
    ]
    if not noted:
        return
    terminalreporter.section("largest difference of a probability, and rows at a step")
    for name, found in noted:
        own = (
            f"{file} {each['max_difference']:.1e} of {each['rows']}"
            + (f", {each['rows_at_a_step']} at a step" * bool(each["rows_at_a_step"]))
            for file, each in found.items()
        )
        terminalreporter.write_line(f"{name:<24} {'; '.join(own)}")
