"""Whether all titles came, and for people how many did not and why."""

from mmctr.content.embedders.openai.delivery import Delivery
from mmctr.content.embedders.openai.plan import EmbeddingPlan
from mmctr.content.embedders.protocol import EmbeddingError, EmbeddingStopped


def require_all(
    delivery: Delivery, counts: list[int], plan: EmbeddingPlan, *, is_stopped: bool
) -> None:
    """Say how far it came, unless all is done.

    Args:
        delivery: What the requests brought.
        counts: Titles of each request.
        plan: What was to be embedded.
        is_stopped: Whether the user stopped it.

    Raises:
        EmbeddingStopped: If the user stopped it.
        EmbeddingError: If a request failed.
    """
    done = plan.cached + sum(counts[position] for position in delivery.done)
    failed = sum(counts[position] for position in delivery.failed)
    rest = plan.unique - done - failed
    if not failed and not rest and not is_stopped:
        return
    parts = [f"{done:,} of {plan.unique:,} done"]
    if failed:
        reasons = delivery.reasons()
        more = f"; and {len(reasons) - 3} more reasons" if len(reasons) > 3 else ""
        parts.append(f"{failed:,} failed: {'; or: '.join(reasons[:3])}{more}")
    message = ", ".join(parts)
    if rest:
        message += f"; {rest:,} not sent, as {delivery.ended_by}"
    message += "; run again to resume"
    raise EmbeddingStopped(message) if is_stopped else EmbeddingError(message)
