"""What a failed call of the service means, and what to do about it."""

from collections.abc import Mapping
from contextlib import suppress

import openai

from mmctr.runtime.secrets import without_secret

_LONGEST_DETAIL = 300
_LONGEST_WAIT_SECONDS = 120.0

_ADVICE = {
    400: "the request was refused: check embedding.openai.model and .dimensions, and "
    "set .encoding_format=null where the service does not know it",
    401: "the key in OPENAI_API_KEY (or credentials.yml) was refused: set a valid one",
    403: "the key in OPENAI_API_KEY (or credentials.yml) may not use this model: check "
    "its project",
    404: "no such address or model: check embedding.openai.base_url and .model (for "
    "Azure .api_version too, and the name of the deployment as .model)",
    413: "the request was too large: lower embedding.openai.request_size",
    429: "the service limits the rate: set embedding.openai.tokens_per_minute, lower "
    ".concurrency and .request_size, or wait",
}
_QUOTA_USED_UP = "insufficient_quota"
_QUOTA_ADVICE = "the account's quota is used up: add credit"
# Every other request carries the same key.
_FINAL = {401, 403}


class RequestFailed(Exception):
    """A call of the service failed, the SDK's retries included.

    Attributes:
        reason: One sentence for people, without a secret.
        status: HTTP status; None where there was no answer, or an unreadable one.
        is_final: Whether every other request would fail for the same reason.
        wait_seconds: How long the service asks to wait; None where it does not.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        is_final: bool = False,
        wait_seconds: float | None = None,
    ) -> None:
        """Keep what matters of the SDK's error, which may hold the key."""
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.is_final = is_final
        self.wait_seconds = wait_seconds

    @property
    def is_temporary(self) -> bool:
        """Whether the same call may work later."""
        temporary = self.status in {None, 408, 409, 429} or self.status >= 500
        return temporary and not self.is_final


def explain_failure(error: Exception, where: str, key: str) -> RequestFailed:
    """Turn an error of the SDK into one sentence of what, where and what to do.

    Args:
        error: What the SDK raised after its last retry.
        where: Address of the service, without credentials.
        key: The key, so that it can be removed from what the service wrote.

    Returns:
        A failure whose text is without the key.
    """
    if isinstance(error, openai.APITimeoutError):
        return RequestFailed(
            f"{where} gave no answer in time: raise embedding.openai.timeout_seconds, "
            "or lower .request_size"
        )
    if isinstance(error, openai.APIConnectionError):
        return RequestFailed(
            f"{where} could not be reached or broke off: is the service up, and is "
            "embedding.openai.base_url (or OPENAI_BASE_URL) right?"
        )
    if not isinstance(error, openai.APIStatusError):
        return RequestFailed(
            f"{where} sent an answer that cannot be read ({type(error).__name__}): it "
            "is cut off, or no embeddings service"
        )
    status, headers = error.status_code, error.response.headers
    is_quota = status == 429 and error.code == _QUOTA_USED_UP
    general = (
        "the service failed: try again later"
        if status >= 500
        else "the request was refused"
    )
    advice = _QUOTA_ADVICE if is_quota else _ADVICE.get(status, general)
    wait = headers.get("retry-after", "")
    asks = f", and asks to wait {wait} seconds" if wait.isdigit() else ""
    detail = remove_key(" ".join(error.message.split()), key)
    return RequestFailed(
        f"{where} answered {status}{asks}: {advice} (it says: {detail})",
        status=status,
        is_final=status in _FINAL or is_quota,
        wait_seconds=_requested_wait(headers),
    )


def remove_key(text: str, key: str) -> str:
    """Remove the key from a text that the service wrote, and shorten it."""
    return without_secret(text, key)[:_LONGEST_DETAIL]


def _requested_wait(headers: Mapping[str, str]) -> float | None:
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        with suppress(KeyError, ValueError):
            seconds = float(headers[name]) / unit
            if 0 <= seconds <= _LONGEST_WAIT_SECONDS:
                return seconds
    return None
