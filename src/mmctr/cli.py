"""The commands of ``kedro`` in this project: Kedro looks for them under this name."""

from mmctr.project.cli import cli

__all__ = ["cli"]
