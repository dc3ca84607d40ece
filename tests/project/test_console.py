"""Lines for programs where there is no terminal, Rich's columns where there is one."""

import logging
import re
import sys

import pytest

from mmctr.project.console import ConsoleHandler

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (INFO|WARNING|ERROR) [\w.]+: .+")


@pytest.fixture
def log():
    """A logger that has this handler alone."""
    logger = logging.getLogger("kedro.runner.for_tests")
    handler = ConsoleHandler()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    yield logger
    logger.removeHandler(handler)


def test_a_record_is_one_line_however_long_and_whatever_is_in_it(log, capsys):
    log.warning("builds on\n  [red]codes[/red]\n  %s", "x" * 500)
    (line,) = capsys.readouterr().out.splitlines()
    assert LINE.fullmatch(line)
    assert line.endswith("builds on | [red]codes[/red] | " + "x" * 500)


def test_a_traceback_keeps_its_lines(log, capsys):
    try:
        raise OSError("broken")
    except OSError:
        log.exception("it failed")
    lines = capsys.readouterr().out.splitlines()
    assert LINE.fullmatch(lines[0])
    assert lines[-1] == "OSError: broken"


def test_runners_do_not_count_but_say_what_they_skip(log, capsys):
    log.info("Completed node: %s", "a")
    log.info("Skipping 2 nodes with existing outputs: a, b")
    log.warning("Completed nothing")
    log.warning("No nodes ran. Repeat the previous command to attempt a new run.")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ", 1)[1] for line in lines] == [
        "Skipping 2 nodes with existing outputs: a, b",
        "Completed nothing",
    ]


def test_a_terminal_gets_columns_and_messages_as_they_are(log, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    log.info("[red]3[/red] rows")
    (line,) = capsys.readouterr().out.splitlines()
    assert not LINE.fullmatch(line)
    assert "[red]3[/red] rows" in line
