"""Matrix products of many rows, on torch's fastest kernel."""

from typing import Any

import torch
from torch import nn
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.nn import functional

# Below this many multiplications the set-up of a kernel costs more than it saves.
_WORTH_IT = 2**22
_STEPS_AN_OCTAVE = 32
# MKL shares a product of fewer rows or columns among threads by cutting them apart.
_NARROWEST = 16


def linear(
    rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """``rows @ weight.T + bias``, as ``torch.nn.functional.linear`` has it.

    In single precision on a CPU torch multiplies matrices with MKL. As a convolution of
    1 x 1, whose pixels are the rows, the same product goes through oneDNN, whose
    kernels are faster on processors that are not Intel's (twice on AMD's EPYC), as long
    as there are more rows than columns on either side. Sums are in another order, so
    results differ by rounding.

    Shapes alone decide, and results do not depend on the number of threads. With it
    torch's own convolution would change its kernel, oneDNN's gradient of the weight its
    sums, and so would MKL's products where an axis has a few numbers: such an axis is
    padded with zeros.

    oneDNN compiles a kernel for every number of rows it meets and keeps it:
    :func:`spare_rows` keeps those numbers few.
    ``torch.backends.mkldnn.flags(enabled=False)`` turns all of it off.

    Args:
        rows: ``[m, k]``.
        weight: ``[n, k]``.
        bias: ``[n]``.

    Returns:
        ``[m, n]``.
    """
    fast = uses_onednn(rows.device) and _is_worth_it(rows, weight)
    # What keeps inputs for a gradient takes time where there is none.
    onednn = _OneDnnLinear.apply if torch.is_grad_enabled() else _product
    product = onednn if fast else functional.linear
    return product(*_padded(rows, weight, bias))[: len(rows), : len(weight)]


def spare_rows(count: int, device: torch.device) -> int:
    """How many rows to append to ``count``, so that few distinct numbers occur.

    Returns:
        Rows up to the next of 32 steps between two powers of two, 3 % of ``count`` at
        most; 0 for no row, and where :func:`linear` compiles nothing.
    """
    if not uses_onednn(device):
        return 0
    step = max(1, 2 ** (count.bit_length() - 1) // _STEPS_AN_OCTAVE) if count else 1
    return -count % step


def uses_onednn(device: torch.device) -> bool:
    """Whether :func:`linear` takes oneDNN there: on a CPU in fp32."""
    return (
        device.type == "cpu"
        and torch.backends.mkldnn.is_available()
        and torch.backends.mkldnn.enabled
        and not torch.is_autocast_enabled("cpu")
    )


def _is_worth_it(rows: torch.Tensor, weight: torch.Tensor) -> bool:
    many = len(rows) >= max(weight.shape) and len(rows) * weight.numel() >= _WORTH_IT
    return many and rows.dtype == torch.float32


def _padded(
    rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    """Append zeros where an axis is narrow, but not 1 (a product with a vector)."""
    m, k, n = (
        max(_NARROWEST - size, 0) if size > 1 else 0
        for size in (*rows.shape, len(weight))
    )
    if m or k:
        rows = functional.pad(rows, (0, k, 0, m))
    if k or n:
        weight = functional.pad(weight, (0, k, 0, n))
    if n and bias is not None:
        bias = functional.pad(bias, (0, n))
    return rows, weight, bias


def _product(
    rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """The product by oneDNN, with one thread too; it has no gradient."""
    pixels = rows.contiguous().view(1, 1, *rows.shape).permute(0, 3, 1, 2)
    product = torch.mkldnn_convolution(
        pixels,
        weight[:, :, None, None],
        bias,
        padding=[0, 0],
        stride=[1, 1],
        dilation=[1, 1],
        groups=1,
    )
    return product.permute(0, 2, 3, 1).view(len(rows), -1)


class _OneDnnLinear(torch.autograd.Function):
    """The product and the gradient of its rows by oneDNN, that of the weight by MKL."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        rows: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
    ) -> torch.Tensor:
        ctx.save_for_backward(rows, weight)
        return _product(rows, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, into: torch.Tensor
    ) -> tuple[torch.Tensor | None, torch.Tensor | None, torch.Tensor | None]:
        rows, weight = ctx.saved_tensors
        of_rows, of_weight, of_bias = ctx.needs_input_grad
        return (
            _product(into, weight.T.contiguous()) if of_rows else None,
            into.T @ rows if of_weight else None,
            into.sum(dim=0) if of_bias else None,
        )


class RowsLinear(nn.Linear):
    """``torch.nn.Linear`` whose product is :func:`linear`; ``[m, k]`` -> ``[m, n]``."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Multiply and add the bias."""
        return linear(input, self.weight, self.bias)
