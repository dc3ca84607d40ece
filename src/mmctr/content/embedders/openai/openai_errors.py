"""What a failed request of the embeddings API means, and what to do about it."""

import openai

from mmctr.content.embedders.openai.delivery import RequestFailed
from mmctr.runtime.secrets import without_secret

_LONGEST_DETAIL = 300

_ADVICE = {
    400: "the request was refused: check embedding.openai.model and .dimensions",
    401: "the key in OPENAI_API_KEY (or credentials.yml) was refused: set a valid one",
    403: "the key in OPENAI_API_KEY (or credentials.yml) may not use this model: check "
    "its project",
    404: "no such address or model: check embedding.openai.base_url and .model",
    413: "the request was too large: lower embedding.openai.request_size",
    429: "the service limits the rate: set embedding.openai.tokens_per_minute, lower "
    ".concurrency and .request_size, or wait",
}
_QUOTA_USED_UP = "insufficient_quota"
_QUOTA_ADVICE = "the account's quota is used up: add credit"
# Every other request carries the same key.
_FINAL = {401, 403}


def explain_failure(error: Exception, where: str, key: str) -> RequestFailed:
    """Turn an error of the SDK into one sentence of what, where and what to do.

    Args:
        error: What the SDK raised once its retries were spent.
        where: Address of the service, without credentials.
        key: The key, so that it can be taken out of what the service wrote.

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
    if isinstance(error, openai.APIStatusError):
        return _explain_status(error, where, key)
    return RequestFailed(
        f"{where} sent an answer that cannot be read ({type(error).__name__}): it is "
        "cut off, or no embeddings service"
    )


def _explain_status(
    error: openai.APIStatusError, where: str, key: str
) -> RequestFailed:
    status = error.status_code
    is_quota = status == 429 and error.code == _QUOTA_USED_UP
    advice = _QUOTA_ADVICE if is_quota else _ADVICE.get(status)
    if advice is None:
        advice = (
            "the service failed: try again later"
            if status >= 500
            else "the request was refused"
        )
    wait = error.response.headers.get("retry-after", "")
    asks = f", and asks to wait {wait} seconds" if wait.isdigit() else ""
    detail = without_key(" ".join(error.message.split()), key)
    return RequestFailed(
        f"{where} answered {status}{asks}: {advice} (it says: {detail})",
        is_final=status in _FINAL or is_quota,
    )


def without_key(text: str, key: str) -> str:
    """Take the key out of a text that someone else wrote, and shorten it."""
    return without_secret(text, key)[:_LONGEST_DETAIL]
