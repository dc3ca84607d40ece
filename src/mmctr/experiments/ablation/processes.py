"""How many trainings run at once."""

import logging

from mmctr.runtime.free_memory import available_memory, own_memory

logger = logging.getLogger(__name__)

# A training process has the same libraries and rows as this one, and a batch.
_MORE_THAN_THIS = 1.5


def choose_processes(requested: int | None, device: str) -> int | None:
    """Choose how many trainings run at once.

    Args:
        requested: ``ablation.processes``.
        device: ``ctr_modeling.device``.

    Returns:
        Processes of one thread each; None for this process and all its threads: if 1 is
        requested, on a GPU, and where torch has a single thread anyway.
    """
    if requested is not None:
        return requested if requested > 1 else None

    import torch

    from mmctr.runtime.device import resolve_device

    threads = torch.get_num_threads()
    if threads == 1 or resolve_device(device).type != "cpu":
        return None
    available, own = available_memory(), own_memory()
    if available is None or own is None:
        return threads
    fitting = max(int(available / (_MORE_THAN_THIS * own)), 1)
    if fitting < threads:
        logger.info(
            "%d cores, and memory for about %d trainings at once; ablation.processes "
            "sets another number",
            threads,
            fitting,
        )
    return min(threads, fitting)
