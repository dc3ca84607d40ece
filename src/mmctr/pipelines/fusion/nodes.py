"""The node of the fusion pipeline; experiments build their item tables with it too."""

from mmctr.ctr.inputs.build_item_table import build_item_table

__all__ = ["build_item_table"]
