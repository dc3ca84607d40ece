"""Parameters of exports."""

from typing import Literal

from pydantic import Field

from mmctr.runtime.params import Params

Format = Literal["onnx", "torch"]


class ExportParams(Params):
    """What a bundle is exported as."""

    formats: list[Format] = Field(["onnx", "torch"], min_length=1)
    """onnx: model.onnx, for onnxruntime; torch: model.pt2, for torch.export.load."""
