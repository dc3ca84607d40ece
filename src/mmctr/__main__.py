"""``python -m mmctr``: the same as ``kedro run`` in the project's folder."""

from pathlib import Path

from kedro.framework.project import configure_project


def main() -> None:
    """Run the project's pipelines with the command line's options."""
    configure_project(Path(__file__).parent.name)
    from mmctr.cli import run  # reads the settings that were just configured

    run(prog_name="python -m mmctr")


if __name__ == "__main__":
    main()
