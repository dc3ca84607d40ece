"""``python -m mmctr``: the same as ``kedro run`` in the project's folder."""

import sys
from pathlib import Path

from kedro.framework.cli.utils import find_run_command
from kedro.framework.project import configure_project


def main() -> None:
    """Run the project's pipelines with the command line's options."""
    package = Path(__file__).parent.name
    configure_project(package)
    run = find_run_command(package)
    run(prog_name=f"python -m {package}", standalone_mode=True)


if __name__ == "__main__":
    sys.exit(main())
