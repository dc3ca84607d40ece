"""The paths of the server."""

import logging
from typing import Annotated, Any

import pyarrow as pa
from fastapi import Body, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse

from mmctr import __version__
from mmctr.serving.http.access import TokenRequired
from mmctr.serving.http.limits import BodyLimit
from mmctr.serving.http.models import (
    Added,
    FieldFacts,
    Health,
    ModelFacts,
    NewItems,
    Ranking,
    RankRequest,
    Refusal,
    ScoreRequest,
    Scores,
    UnknownParts,
)
from mmctr.serving.http.observing import Metrics, Observed
from mmctr.serving.http.refusals import REFUSALS, describe_faults, refuse
from mmctr.serving.http.service import Service
from mmctr.serving.http.workers import Workers

logger = logging.getLogger(__name__)

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def create_app(
    service: Service, workers: Workers, metrics: Metrics, token: str | None = None
) -> FastAPI:
    """Build the app.

    Args:
        service: Answers.
        workers: Threads for it.
        metrics: Counts.
        token: What clients must know; None: nothing.
    """
    app = FastAPI(
        title="mmctr",
        version=__version__,
        description="Click probabilities from a trained model.",
        responses={401: {"model": Refusal}} if token else None,
    )
    _add_answers(app, service, workers, metrics)
    _add_facts(app, service, metrics)
    app.add_exception_handler(RequestValidationError, _refuse_form)
    app.add_exception_handler(ValueError, _refuse_content)
    app.add_exception_handler(pa.ArrowException, _refuse_content)
    # The last one stands in front.
    app.add_middleware(BodyLimit, limits=service.limits)
    if token:
        app.add_middleware(TokenRequired, token=token)
    paths = [str(getattr(route, "path", "")) for route in app.routes]
    app.add_middleware(Observed, metrics=metrics, paths=paths)
    return app


def _add_answers(
    app: FastAPI, service: Service, workers: Workers, metrics: Metrics
) -> None:
    history, candidates = _examples(service)
    asked = {"history": history, "user": {}, "row": {}}

    @app.post("/score", responses=REFUSALS)
    async def score(
        request: Annotated[
            ScoreRequest, Body(examples=[{**asked, "candidates": candidates}])
        ],
    ) -> Scores:
        """Score candidates for a user."""
        answer = await workers.run(service.score, request)
        _count(metrics, answer.unknown)
        return answer

    @app.post("/rank", responses=REFUSALS)
    async def rank(
        request: Annotated[RankRequest, Body(examples=[{**asked, "k": 3}])],
    ) -> Ranking:
        """Find the items that a user would click most likely."""
        answer = await workers.run(service.rank, request)
        _count(metrics, answer.unknown)
        return answer

    @app.post("/items", responses=REFUSALS)
    async def items(
        request: Annotated[NewItems, Body(examples=[_new_item(service)])],
    ) -> Added:
        """Add items that training never saw; they are scorable at once."""
        added = await workers.run(service.add_items, request)
        metrics.items.set(added.items)
        return added


def _add_facts(app: FastAPI, service: Service, metrics: Metrics) -> None:
    @app.get("/", include_in_schema=False)
    async def root() -> Response:
        """Lead to the page of all paths."""
        return RedirectResponse("/docs")

    @app.get("/health")
    async def health() -> Health:
        """Say that the server answers, and from what."""
        bundle = service.bundle
        return Health(
            status="ok",
            bundle=bundle.digest,
            items=service.n_items,
            added_items=service.added_items,
        )

    @app.get("/model")
    async def model() -> ModelFacts:
        """Describe the model, and what requests may have."""
        return _model_facts(service)

    @app.get("/metrics", response_class=PlainTextResponse)
    async def numbers() -> Response:
        """Give numbers for Prometheus."""
        return Response(metrics.page(), media_type=_METRICS_TYPE)


def _model_facts(service: Service) -> ModelFacts:
    bundle, facts = service.bundle, service.bundle.facts
    return ModelFacts(
        bundle=bundle.digest,
        item_ids=bundle.id_kind,
        items=service.n_items,
        features=facts.features,
        fields=[
            FieldFacts(column=each.column, side=each.side, kind=each.kind)
            for each in bundle.fields.fields
        ],
        probability=facts.probability,
        metrics=facts.metrics,
        versions=facts.versions,
        commit=facts.commit,
        limits=service.limits.model_dump(),
        card=bundle.scorer.card,
    )


def _count(metrics: Metrics, unknown: UnknownParts) -> None:
    metrics.unknown.labels("history").inc(unknown.history)
    metrics.unknown.labels("candidates").inc(len(unknown.candidates))
    metrics.unknown.labels("fields").inc(len(unknown.fields))


def _examples(service: Service) -> tuple[list[Any], list[Any]]:
    """A history and candidates that the bundle has, of its own requests."""
    sample = service.bundle.scorer.sample
    longest = max(sample["history"], key=len, default=[])
    item = service.bundle.item_type
    return [item(x) for x in longest[-3:]], [item(x) for x in sample["item_id"][:2]]


def _new_item(service: Service) -> dict[str, Any]:
    """A new item with what every bundle can take."""
    bundle = service.bundle
    vectors = {
        f"{name}_vector": [0.5] * own.width
        for name, own in bundle.facts.modalities.items()
        if own.width
    }
    new = "new-item" if bundle.item_type is str else 2**31
    return {"items": [{"item_id": new, "title": "wooden castle", **vectors}]}


async def _refuse_form(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return refuse(describe_faults(error.errors()))


async def _refuse_content(request: Request, error: Exception) -> JSONResponse:
    where = getattr(error, "where", ())
    why = " ".join(str(error).split())
    if not where:
        logger.warning("%s refused: %s", request.url.path, why)
    return refuse([{"loc": ["body", *where], "msg": why}])
