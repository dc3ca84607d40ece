"""How log records are shown: columns on a terminal, plain lines elsewhere."""

import logging
import os
import sys
from pathlib import Path

import yaml
from kedro.framework.project import LOGGING
from kedro.logging import RichHandler
from kedro.utils import find_kedro_project

_LOGGING_CONFIG = "KEDRO_LOGGING_CONFIG"

_PLAIN = "%(asctime)s %(levelname)s %(name)s: %(message)s"

_NOISE = ("Completed ", "Using synchronous mode", "Asynchronous mode is")
"""Beginnings of what Kedro's runners say besides `mmctr.project.hooks.node_log`."""

_NOTHING_RAN = "No nodes ran"
"""Kedro adds it to the error of a first node, and to run again would not help."""


_OF_MLFLOW_S_OWN_CODE = "Add type hints to the `predict` method"
"""It warns so while kedro-mlflow is imported, of a class of the latter."""


class ConsoleHandler(RichHandler):
    """Rich's columns on a terminal; elsewhere one plain, uncut line per record.

    A line is ``2026-01-31 12:00:00 LEVEL logger: message``; of a message of several
    lines, these follow each other with `` | `` between them.
    """

    def __init__(self) -> None:
        """Take the terminal's own width, and messages as they are."""
        super().__init__(
            markup=False,
            show_path=False,
            rich_tracebacks=True,
            tracebacks_show_locals=False,
            log_time_format="[%X]",
        )
        self.addFilter(is_shown)
        self._plain = logging.Formatter(_PLAIN, "%Y-%m-%d %H:%M:%S")

    def emit(self, record: logging.LogRecord) -> None:
        """Write to stdout, whatever it is by now."""
        if sys.stdout.isatty():
            super().emit(record)
            return
        try:
            lines = self._plain.format(record).splitlines()
            if record.exc_info is None:
                lines = [" | ".join(line.strip() for line in lines)]
            sys.stdout.write("\n".join(lines) + "\n")
            sys.stdout.flush()
        except Exception:
            self.handleError(record)


def is_shown(record: logging.LogRecord) -> bool:
    """Whether a record is for the user: of runners, what they skip and what fails.

    Of plugins, only warnings and errors.
    """
    if record.name == "py.warnings":
        return _OF_MLFLOW_S_OWN_CODE not in record.getMessage()
    is_runner = record.name.startswith("kedro.runner")
    if record.levelno > logging.INFO:
        return not (is_runner and record.getMessage().startswith(_NOTHING_RAN))
    if record.name.startswith("kedro_mlflow"):
        return False
    return not (is_runner and record.getMessage().startswith(_NOISE))


def use_console() -> None:
    """Replace Kedro's handler of the root logger by this module's.

    Kedro reads ``conf/logging.yml`` below the working directory only: here it is read
    where a command is started in a folder of the project.
    """
    project = find_kedro_project(Path.cwd())
    file = (project or Path.cwd()) / "conf" / "logging.yml"
    if file.is_file() and project != Path.cwd() and not os.environ.get(_LOGGING_CONFIG):
        LOGGING.configure(yaml.safe_load(file.read_text("utf-8")))
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if type(handler) is RichHandler:
            root.removeHandler(handler)
            root.addHandler(ConsoleHandler())
