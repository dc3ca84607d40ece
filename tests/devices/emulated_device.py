"""A device without hardware: tensors on ``emu:0``, computed on the CPU.

It behaves as a GPU does where CPU tests see nothing: operations on tensors of both
places raise, float64 is refused as on MPS, and what makes the host wait is counted. The
registration is global, so its tests run in a process of their own (``make test``).
"""

from collections import Counter
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

_setup_privateuseone_for_python_backend("emu")

DEVICE = torch.device("emu:0")
CPU = torch.device("cpu")

# The size of the result, or the result itself, has to reach the host.
_WAITING = {
    "aten::_local_scalar_dense",
    "aten::_unique2",
    "aten::bincount",
    "aten::equal",
    "aten::is_nonzero",
    "aten::masked_select",
    "aten::nonzero",
    "aten::repeat_interleave",
    "aten::unique_consecutive",
    "aten::unique_dim",
}
# These take tensors of both places.
_COPIES = {"aten::_to_copy", "aten::copy_", "aten::_copy_from", "aten::set_"}


class Tensor(torch.Tensor):
    """A tensor on ``emu:0``, whose values are in ``raw``, on the CPU."""

    raw: torch.Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, raw: torch.Tensor) -> "Tensor":
        """Wrap a CPU tensor."""
        self = torch.Tensor._make_wrapper_subclass(
            cls,
            raw.size(),
            strides=raw.stride(),
            storage_offset=raw.storage_offset(),
            dtype=raw.dtype,
            device=DEVICE,
            requires_grad=False,
        )
        self.raw = raw
        return self

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):  # noqa: ANN001, D105
        return Emulation.run(func, args, kwargs or {}, Counter(), Counter())


class Emulation(TorchDispatchMode):
    """Runs what is computed inside of it on the emulated device.

    Attributes:
        ops: How often each operation was dispatched, by its name with overload.
        waits: How often the host had to wait for the device, by cause.
    """

    def __init__(self) -> None:
        """Count from zero."""
        super().__init__()
        self.ops: Counter[str] = Counter()
        self.waits: Counter[str] = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # noqa: ANN001, D105
        return self.run(func, args, kwargs or {}, self.ops, self.waits)

    @staticmethod
    def run(
        func: Any, args: Any, kwargs: Any, ops: Counter[str], waits: Counter[str]
    ) -> Any:
        """Compute on the CPU, and wrap what belongs on the device.

        Raises:
            RuntimeError: If the operation takes tensors of both places.
            TypeError: If the device would hold float64.
        """
        name = func._schema.name
        tensors = [
            x for x in tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor)
        ]
        ours = [x for x in tensors if isinstance(x, Tensor)]
        mixed = any(x.dim() and not isinstance(x, Tensor) for x in tensors)
        if ours and mixed and name not in _COPIES:
            raise RuntimeError(f"{name}: tensors on emu:0 and cpu")
        device = kwargs.get("device")
        to_device = bool(ours) if device is None else device.type == DEVICE.type
        if name == "aten::copy_":
            to_device = isinstance(args[0], Tensor)
        if ours:
            ops[func.name()] += 1
            if name in _WAITING or (name == "aten::index" and _has_mask(args[1])):
                waits[name] += 1
            if not to_device:
                waits["copy to cpu"] += 1
        if device is not None:
            kwargs = {**kwargs, "device": CPU}
        out = func(*tree_map(_raw, args), **tree_map(_raw, kwargs))
        if not to_device:
            return out
        if any(_is_double(x) for x in tree_leaves(out)):
            raise TypeError(f"{name}: emu has no float64, as MPS has none")
        wrapped = tree_map(lambda x: Tensor(x) if _is_cpu(x) else x, out)
        if not ours:
            return wrapped
        return return_and_correct_aliasing(func, args, kwargs, wrapped)


def _raw(value: Any) -> Any:
    return value.raw if isinstance(value, Tensor) else value


def _is_cpu(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and not isinstance(value, Tensor)


def _is_double(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.dtype == torch.float64


def _has_mask(indices: Any) -> bool:
    return any(x is not None and x.dtype == torch.bool for x in indices)
