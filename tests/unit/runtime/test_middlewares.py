"""How a middleware is called that keeps answers until they are whole, and one that is not there for tasks."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.responses import Response

from airfleet.runtime.patches.changes import middlewares

_HTTP: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": []}
_START = {"type": "http.response.start", "status": 201, "headers": [(b"a", b"1")]}


def _called(app: Any, scope: dict[str, Any] = _HTTP) -> list[dict[str, Any]]:
    """Return what is sent when *app* stands behind a middleware that adds a header."""
    sent: list[dict[str, Any]] = []

    async def dispatch(request: Any, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers["b"] = "2"
        return response

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def upstream(*_: Any) -> None:
        sent.append({"type": "upstream"})

    middleware = SimpleNamespace(app=app, dispatch_func=dispatch)
    asyncio.run(middlewares.whole(upstream)(middleware, scope, None, send))  # type: ignore[arg-type]
    return sent


def test_an_answer_in_parts_is_sent_whole_with_the_middlewares_headers() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(_START)
        await send({"type": "http.response.body", "body": b"one ", "more_body": True})
        await send({"type": "http.response.body", "body": b"two"})

    start, body = _called(app)
    assert (start["status"], start["headers"]) == (201, [(b"a", b"1"), (b"b", b"2")])
    assert body["body"] == b"one two"
    assert not body.get("more_body")


def test_a_page_that_fails_or_says_nothing_is_an_error_and_no_empty_answer() -> None:
    async def fails(*_: Any) -> None:
        raise LookupError("the database")

    async def nothing(*_: Any) -> None:
        pass

    with pytest.raises(LookupError, match="the database"):
        _called(fails)
    with pytest.raises(RuntimeError, match="No response"):
        _called(nothing)


def test_what_is_no_request_is_left_to_upstream() -> None:
    assert _called(None, {"type": "lifespan"}) == [{"type": "upstream"}]


def test_a_message_that_cannot_be_kept_is_an_error() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(_START)
        await send({"type": "http.response.pathsend", "path": "/a"})

    with pytest.raises(RuntimeError, match="pathsend"):
        _called(app)


_TASKS: dict[str, Any] = {"type": "http", "path": "/execution/task-instances/1", "headers": [(b"accept", b"*/*")]}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (_TASKS, "app"),
        (_TASKS | {"headers": [(b"cookie", b"_token=x")]}, "upstream"),
        (_TASKS | {"path": "/api/v2/version"}, "upstream"),
        (_TASKS | {"path": "/executions"}, "upstream"),
        ({"type": "lifespan"}, "upstream"),
    ],
)
def test_only_a_tasks_call_without_cookies_passes_by(scope: dict[str, Any], expected: str) -> None:
    passed: list[str] = []

    async def app(*_: Any) -> None:
        passed.append("app")

    async def upstream(*_: Any) -> None:
        passed.append("upstream")

    asyncio.run(middlewares.for_people(upstream)(SimpleNamespace(app=app), scope, None, None))  # type: ignore[arg-type]
    assert passed == [expected]
