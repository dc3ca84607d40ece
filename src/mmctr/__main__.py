"""``mmctr``, or ``python -m mmctr``: the project's commands, in its folder.

With options alone it is ``kedro run``.
"""

import sys
from pathlib import Path

from kedro.framework.project import configure_project


def main() -> None:
    """Run the command that is named first, or else the project's pipelines."""
    configure_project(Path(__file__).parent.name)
    from mmctr.cli import cli, run  # reads the settings that were just configured

    is_named = len(sys.argv) > 1 and not sys.argv[1].startswith("-")
    if is_named:
        cli(prog_name="mmctr")
    else:
        run(prog_name="mmctr")


if __name__ == "__main__":
    main()
