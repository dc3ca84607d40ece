"""What a failed request of the embeddings API means, and what to do about it."""

import openai

# Shorter "keys" are words a local service ignores, and would blot out plain text.
_SHORTEST_SECRET = 6
_LONGEST_DETAIL = 300

_ADVICE = {
    400: "the request was refused: check embedding.openai.model and .dimensions",
    401: "the key in OPENAI_API_KEY was refused: set a valid one",
    403: "the key in OPENAI_API_KEY may not use this model: check its project",
    404: "no such address or model: check embedding.openai.base_url and .model",
    413: "the request was too large: lower embedding.openai.texts_per_request",
    429: "the service limits the rate or the quota is used up: wait, lower "
    "embedding.openai.concurrency and .texts_per_request, or raise .max_retries",
}


def explain_failure(error: Exception, where: str, key: str) -> str:
    """Turn an error of the SDK into one sentence of what, where and what to do.

    Args:
        error: What the SDK raised once its retries were spent.
        where: Address of the service, without credentials.
        key: The key, so that it can be taken out of what the service wrote.

    Returns:
        A message without the key.
    """
    if isinstance(error, openai.APITimeoutError):
        return (
            f"{where} gave no answer in time: raise embedding.openai.timeout_seconds, "
            "or lower .texts_per_request"
        )
    if isinstance(error, openai.APIConnectionError):
        return (
            f"{where} could not be reached or broke off: is the service up, and is "
            "embedding.openai.base_url (or OPENAI_BASE_URL) right?"
        )
    if isinstance(error, openai.APIStatusError):
        status = error.status_code
        advice = _ADVICE.get(status, "the service failed: try again later")
        detail = _without_key(error.message, key)
        return f"{where} answered {status}: {advice} (it says: {detail})"
    return (
        f"{where} sent an answer that cannot be read ({type(error).__name__}): is it "
        "an embeddings service? If so, try again"
    )


def _without_key(text: str, key: str) -> str:
    if len(key) >= _SHORTEST_SECRET:
        text = text.replace(key, "***")
    return text[:_LONGEST_DETAIL]
