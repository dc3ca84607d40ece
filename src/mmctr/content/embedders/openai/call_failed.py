"""A call of a service that failed: may it pass later, and when to ask again."""

from contextlib import suppress

import openai

from mmctr.content.embedders.openai.delivery import RequestFailed

_LONGEST_ASKED_SECONDS = 120.0


class CallFailed(RequestFailed):
    """A call for files or batches failed.

    Attributes:
        status: HTTP status, None where there was no answer, or none that can be read.
        wait_seconds: How long the service asks to wait, None where it does not.
    """

    def __init__(self, error: Exception, failure: RequestFailed) -> None:
        """Keep what matters of the SDK's error, which may hold the key."""
        super().__init__(failure.reason, is_final=failure.is_final)
        self.status: int | None = None
        self.wait_seconds: float | None = None
        if isinstance(error, openai.APIStatusError):
            self.status = error.status_code
            self.wait_seconds = _asked_wait(error)

    @property
    def may_pass(self) -> bool:
        """Whether the same call may work later."""
        passing = self.status in {None, 408, 409, 429} or self.status >= 500
        return passing and not self.is_final


def _asked_wait(error: openai.APIStatusError) -> float | None:
    headers = error.response.headers
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        with suppress(KeyError, ValueError):
            asked = float(headers[name]) / unit
            if 0 <= asked <= _LONGEST_ASKED_SECONDS:
                return asked
    return None
