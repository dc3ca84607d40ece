"""``mmctr``, or ``python -m mmctr``: the project's commands, in its folder.

With options alone it is ``kedro run``; ``--help`` lists the commands. Those on a bundle
need no project, and load no Kedro. Modules in ``src/`` are found, as by ``kedro``.
"""

import sys
from pathlib import Path


def main() -> None:
    """Run the command that is named first, or else the project's pipelines."""
    first, *others = sys.argv[1:] or ["-"]
    # Code of one's own; last, so that it hides nothing.
    sys.path.append(str(Path("src").resolve()))
    if first in ("score", "serve") or (first == "doctor" and _names_one(others)):
        from mmctr.project.bundle_commands import COMMANDS

        COMMANDS[first](others, prog_name=f"mmctr {first}")
        return
    if first == "new":
        from mmctr.project.new_project import new

        new(others, prog_name="mmctr new")
        return
    from kedro.framework.project import configure_project

    configure_project(Path(__file__).parent.name)
    from mmctr.project.cli import (  # reads the settings that were just configured
        cli,
        run,
    )

    if first in ("-h", "--help") or not first.startswith("-"):
        cli(prog_name="mmctr")
    else:
        run(prog_name="mmctr")


def _names_one(arguments: list[str]) -> bool:
    """Whether ``doctor`` is to look at a bundle, not at the project."""
    return bool(arguments) and not arguments[0].startswith("-")


if __name__ == "__main__":
    main()
