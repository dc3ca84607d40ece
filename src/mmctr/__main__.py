"""``mmctr``, or ``python -m mmctr``: the project's commands, in its folder.

With options alone it is ``kedro run``; ``--help`` lists the commands.
"""

import sys
from pathlib import Path

from kedro.framework.project import configure_project


def main() -> None:
    """Run the command that is named first, or else the project's pipelines."""
    configure_project(Path(__file__).parent.name)
    from mmctr.project.cli import (  # reads the settings that were just configured
        cli,
        run,
    )

    first = sys.argv[1] if len(sys.argv) > 1 else "-"
    if first in ("-h", "--help") or not first.startswith("-"):
        cli(prog_name="mmctr")
    else:
        run(prog_name="mmctr")


if __name__ == "__main__":
    main()
