"""Redaction of a secret in texts and logs, whichever library writes them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Shorter "keys" are words a local service ignores, and would remove plain text.
_SHORTEST_SECRET = 6


def without_secret(text: str, secret: str) -> str:
    """Replace a secret by stars in a text that another program wrote.

    Args:
        text: Any text.
        secret: The secret; one of less than six characters counts as none.

    Returns:
        The redacted text.
    """
    return text.replace(secret, "***") if len(secret) >= _SHORTEST_SECRET else text


@contextmanager
def redacted_logs(secret: str) -> Iterator[None]:
    """Replace a secret by stars in every record of every logger.

    HTTP libraries log the reason and the headers of an answer, and a service may repeat
    the key in either. Filters would have to know each library's loggers; what makes the
    records is one place.

    Args:
        secret: The secret; one of less than six characters counts as none.
    """
    if len(secret) < _SHORTEST_SECRET:
        yield
        return
    before = logging.getLogRecordFactory()

    def make(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = before(*args, **kwargs)
        try:
            message = record.getMessage()
        except Exception:  # a defect of the caller's, which logging itself reports
            return record
        # Arguments that the message leaves out are for every handler to see, too.
        if secret in message or secret in repr(record.args):
            record.msg, record.args = without_secret(message, secret), ()
        if record.exc_info and secret in str(record.exc_info[1]):
            record.exc_info = None
        return record

    logging.setLogRecordFactory(make)
    try:
        yield
    finally:
        logging.setLogRecordFactory(before)
