"""The git commit of the code that runs."""

import logging
import subprocess  # nosec B404
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import mmctr

logger = logging.getLogger(__name__)


@cache
def code_commit() -> str | None:
    """Look up the commit of this package, once per process.

    Returns:
        40 digits, with ``-dirty`` behind them where files were changed since; None
        where the package is not part of a git repository.
    """
    folder = Path(mmctr.__file__).parent
    # An installed package may lie inside another project's repository.
    if _git(folder, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    return _git(folder, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def warn_if_commits_differ(commits: Iterable[str | None], what: str) -> None:
    """Warn where results that belong together were made by different code.

    Args:
        commits: One per result; None is unknown, and differs from nothing.
        what: The results, as the subject of the warning.
    """
    known = sorted({commit for commit in commits if commit})
    if len(known) > 1:
        logger.warning(
            "%s: made by different commits (%s); if results changed between them, "
            "delete the older ones and run again",
            what,
            ", ".join(known),
        )


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        # Fixed words and this package's folder, no shell; git is where the user has it.
        done = subprocess.run(  # nosec B603 B607
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
