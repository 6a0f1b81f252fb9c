"""The HTTP side: what is asked at which path, and what comes back.

Nothing of a request is kept, logged or told back in an error.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from datetime import date
from hmac import compare_digest
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from features.errors import UserError
from pipeline.serving.asked import MOST_BYTES, Answered, Asked, Refused, Told, columns_of
from pipeline.serving.queue import Done, FullError, Queue
from pipeline.serving.reader import mapped
from pipeline.serving.scorer import Scorer, refusal

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

OPEN = ("/health",)
"""Paths that need no token: a probe has none, and they tell nothing."""

MOST_PROBLEMS = 5


def app(queue: Queue, token: str | None = None, hosts: tuple[str, ...] = ()) -> "Guard":
    """The application: `/scores`, `/model`, `/health` and its own OpenAPI document.

    Parameters
    ----------
    token
        What a request has to carry, as `Authorization: Bearer TOKEN`; None asks for nothing.
    hosts
        Names by which the server may be called; empty: by any.
    """
    web = FastAPI(
        title="churn",
        description="Who leaves, and what each customer is worth; see docs/serving.md.",
        version=queue.scorer.model.manifest.version,
        docs_url=None,  # its page loads scripts of others
        redoc_url=None,
        max_body_size=MOST_BYTES,
    )
    web.router.route_class = _Route
    web.add_exception_handler(RequestValidationError, _invalid)
    web.add_exception_handler(Exception, _unforeseen)
    refusals: dict[int | str, dict[str, Any]] = {
        code: {"model": Refused} for code in (400, 401, 413, 421, 422, 500, 503)
    }

    @web.post("/scores", response_model=Answered, responses=refusals, summary="Score customers")
    async def scores(said: Asked) -> Response:
        try:
            done = await asyncio.wrap_future(queue.ask(said))
        except FullError:
            return _refused(503, "Too many requests wait; try again.", {"Retry-After": "1"})
        except UserError as error:
            return _refused(422, str(error))
        return Response(_answered(done), media_type="application/json")

    @web.get("/health", summary="Whether a model answers")
    async def health() -> dict[str, str]:
        return {"status": "ok", "model_version": queue.scorer.model.manifest.version}

    @web.get("/model", responses={401: {"model": Refused}}, summary="The model that answers")
    async def model() -> dict[str, Any]:
        return about(queue.scorer)

    return Guard(web, token, hosts)


class Guard:
    """Stands before the application: names, tokens, and errors that no one foresaw."""

    def __init__(self, web: FastAPI, token: str | None, hosts: tuple[str, ...]) -> None:
        self.web, self.token, self.hosts = web, token, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it before anything of it is read."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.web(scope, receive, send)
            return
        started = False

        async def noted(message: Any) -> None:
            nonlocal started
            started = True
            await send(message)

        refused = self._refused(scope)
        try:
            await (refused or self.web)(scope, receive, noted)
        except Exception as error:
            # Not raised: the server would print it, and with it perhaps a customer's value.
            if not started:
                await _refused(500, refusal(error))(scope, receive, send)

    def _refused(self, scope: Scope) -> Response | None:
        headers = {name.lower(): value for name, value in scope["headers"]}
        name = _host(headers.get(b"host", b"").decode("latin-1"))
        if self.hosts and name not in self.hosts:
            # Another name may be a page's that wants to reach this machine through a browser.
            return _refused(421, f"Ask by one of the names {', '.join(self.hosts)}.")
        if self.token is None or scope["path"] in OPEN:
            return None
        kind, _, given = headers.get(b"authorization", b"").partition(b" ")
        if kind.lower() == b"bearer" and compare_digest(given.strip(), self.token.encode()):
            return None
        return _refused(
            401, "A token is needed: Authorization: Bearer TOKEN.", {"WWW-Authenticate": "Bearer"}
        )


def about(scorer: Scorer) -> dict[str, Any]:
    """What there is to know of the model that answers, and what it wants of a request."""
    manifest, found = scorer.model.manifest, scorer.found
    numbers, texts = columns_of(manifest)
    return {
        "model_version": manifest.version,
        "registered_model": found.name or None,
        "registered_version": found.version or None,
        "contender": manifest.contender,
        "log": manifest.log.name,
        "learned_until": str(manifest.cutoffs[-1]),
        "horizon_days": manifest.horizon_days,
        "grades": manifest.grades,
        "columns_of_orders": list(mapped(scorer.spec)),
        "columns_of_customers": {
            "customer_id": "text",
            **{name: "number or null" if gap else "number" for name, gap in numbers.items()},
            **dict.fromkeys(texts, "text or null"),
        },
    }


def _answered(done: Done) -> bytes:
    """The answer as JSON; what a model cannot say is null."""
    manifest, answer, request = done.scorer.model.manifest, done.answer, done.request
    orders = None
    if request.rows:
        aside = sum(answer.set_aside.values())
        orders = Told(
            rows=len(request.rows), used=len(request.rows) - aside, set_aside=answer.set_aside
        ).model_dump()
    return json.dumps(
        {
            "model_version": manifest.version,
            "as_of": request.day,
            "horizon_days": manifest.horizon_days,
            "scores": answer.scores,
            "orders": orders,
        },
        default=date.isoformat,
        allow_nan=False,
    ).encode()


def _host(header: str) -> str:
    """The name in a Host header, without its port."""
    name, colon, port = header.rpartition(":")
    return name if colon and port.isdigit() else header


def _refused(code: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, code, headers)


async def _unforeseen(_: Any, error: Exception) -> Response:
    return _refused(500, refusal(error))


TWICE = object()
"""Stands in a body for an object that has a key twice: of no field's kind, so its place is told."""


class _Body(Request):
    async def json(self) -> Any:
        """The body; of two values under one key JSON's own reader would take the last."""
        return json.loads(await self.body(), object_pairs_hook=_each_once)


class _Route(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Read bodies as `_Body` does."""
        answer = super().get_route_handler()

        async def handler(request: Request) -> Response:
            return await answer(_Body(request.scope, request.receive))

        return handler


def _each_once(pairs: list[tuple[str, Any]]) -> Any:
    found = dict(pairs)
    return found if len(found) == len(pairs) else TWICE


CELL = (
    "each cell is a text of up to 10,000 characters, a finite number of up to 1e14 (a whole one of "
    "64 bits), true, false or null"
)
CELL_DEPTH = 4
"""Body, field, row and column lead to a cell."""


async def _invalid(_: Any, error: Any) -> Response:
    """What is wrong with a body, a RequestValidationError: place and rule, in words of our own."""
    found = list(dict.fromkeys(map(_in_words, error.errors())))
    more = len(found) - MOST_PROBLEMS
    rest = [f"and {more:,} more"] if more > 0 else []
    return _refused(422, "; ".join([*found[:MOST_PROBLEMS], *rest]))


def _in_words(problem: dict[str, Any]) -> str:
    """A problem of a body: its place, and the rule that it breaks."""
    if problem["type"] == "json_invalid":
        return f"body: no JSON from character {problem['loc'][-1]} on"
    place = ", ".join(str(part) for part in problem["loc"][1:3] if _ours(part)) or "body"
    if problem.get("input") is TWICE:
        return f"{place}: a key stands twice; give each once"
    # Of a cell, each kind that it could be has a problem of its own.
    cell = len(problem["loc"]) > CELL_DEPTH and problem["loc"][-1] != "[key]"
    return f"{place}: {CELL if cell else problem['msg']}"


def _ours(part: Any) -> bool:
    """Whether a part of a place is a number or a field; a request's own words are not repeated."""
    return isinstance(part, int) or part in Asked.model_fields
