"""Loading of models from this machine: no progress bars, and one kind of error."""

from collections.abc import Iterator
from contextlib import contextmanager

from transformers.utils import logging as transformers_logging


@contextmanager
def loading(problem: str, advice: str) -> Iterator[None]:
    """Silence the loaders, and explain what they raise.

    Args:
        problem: The parameter, and what could not be loaded from where.
        advice: What that must be.

    Raises:
        ValueError: In place of whatever the loader raises.
    """
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    except Exception as error:  # one for each way of not being such a model
        raise ValueError(f"{problem} ({error}); it must be {advice}") from error
    finally:
        if bars:
            transformers_logging.enable_progress_bar()
