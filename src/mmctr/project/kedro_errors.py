"""Errors as Kedro words them."""

from kedro.io import DatasetError


def sentence_of(error: BaseException) -> str:
    """Say what is wrong, without the words that Kedro puts before it.

    Args:
        error: One that a dataset raised may be wrapped by Kedro, which names the
            dataset with all its arguments first.
    """
    text = str(error)
    head, _, rest = text.partition("\n")
    is_wrapped = isinstance(error, DatasetError) and "Failed while " in head
    return rest or text if is_wrapped else text
