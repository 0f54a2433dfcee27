"""Let what a task asks pass the webserver's middlewares without a task (asyncio's) and a stream for each of them.

Starlette's base for middlewares runs all that is inside of one in a task of its own, hands each message of the answer
through a stream, and starts another task for each part of the request that is read, to hear of an answer that was given
already. A call to the Execution API passes four of them, and its answers are short and whole: they are kept here until
the middleware has seen to their headers. The outermost reads a cookie, which tasks do not send.

What comes to the client is the same but for its wrapping: an answer of less than a KiB is no longer sent in chunks and
compressed, as it is known to be short.

Measured (2026-11-26, a slow machine, four bursts of 200 tasks each): the webserver takes 0.071 CPU seconds a task, not
0.097.
"""

from collections.abc import Awaitable, Callable
from functools import partialmethod
from typing import TYPE_CHECKING, Any

from airfleet.runtime.early_pages import MOUNT
from airfleet.runtime.patches.patch import WEBSERVER, Patch

if TYPE_CHECKING:
    pass

Call = Callable[[Any, Any, Any, Any], Awaitable[None]]


def change(module: Any) -> None:
    """Change how the middlewares of *module*, one of the two that have some, are called."""
    (_change_refreshing if hasattr(module, "JWTRefreshMiddleware") else _change_pages)(module)


def _change_refreshing(module: Any) -> None:
    middleware = module.JWTRefreshMiddleware
    middleware.__call__ = for_people(middleware.__call__)


def _change_pages(module: Any) -> None:
    for middleware in (module.CorrelationIdMiddleware, module.JWTReissueMiddleware):
        middleware.__call__ = whole(middleware.__call__)
    from cadwyn.middleware import VersionPickingMiddleware as Base

    # Of these pages alone: a plugin may have some of Cadwyn's with answers in parts.
    picking = type(Base.__name__, (Base,), {"__call__": whole(Base.__call__)})
    pages = module.CadwynWithOpenAPICustomization
    pages.__init__ = partialmethod(pages.__init__, versioning_middleware_class=picking)


def whole(call: Call) -> Call:
    """Keep an answer until it is whole, in place of what *call* does."""
    from starlette.requests import Request
    from starlette.responses import Response

    async def answer_whole(self: Any, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await call(self, scope, receive, send)
            return

        async def answer(_: Request) -> Response:
            response = None
            body = []

            async def keep(message: Any) -> None:
                nonlocal response
                if message["type"] == "http.response.start":
                    response = Response(status_code=message["status"])
                    response.raw_headers = list(message.get("headers", []))
                elif message["type"] == "http.response.body":
                    body.append(message.get("body", b""))
                else:
                    raise RuntimeError(f"A page for tasks sends {message['type']!r}, which cannot be kept.")

            await self.app(scope, receive, keep)
            if response is None:
                raise RuntimeError("No response returned.")
            response.body = b"".join(body)
            return response

        response = await self.dispatch_func(Request(scope, receive), answer)
        await response(scope, receive, send)

    return answer_whole


def for_people(call: Call) -> Call:
    """Leave out *call*, which sees to a cookie, for what a task asks without one."""
    from starlette.exceptions import HTTPException
    from starlette.responses import JSONResponse

    async def ask_for_people(self: Any, scope: Any, receive: Any, send: Any) -> None:
        if (
            scope["type"] == "http"
            and scope["path"].startswith(f"{MOUNT}/")
            and not any(name == b"cookie" for name, _ in scope["headers"])
        ):
            try:
                await self.app(scope, receive, send)
            except HTTPException as refused:
                # A plugin's middleware refuses; what is left out would have made an answer of it.
                answer = JSONResponse({"detail": refused.detail}, refused.status_code)
                await answer(scope, receive, send)
        else:
            await call(self, scope, receive, send)

    return ask_for_people


PATCH = Patch(
    name="middlewares",
    group="middlewares",
    roles=(WEBSERVER,),
    what="A task's call passes the webserver's middlewares without an asyncio task and a stream for each of them.",
    gain="0.071 CPU seconds of the webserver a task instead of 0.097 (2026-11-26, a slow machine).",
    risk="It stands on the path of authentication: a middleware that Airflow adds later to these pages is not changed,"
    " but one that streams its answer is refused. Contract tests compare each answer with Airflow's own.",
    upstream="Write the middlewares as plain ASGI classes instead of BaseHTTPMiddleware.",
    replaces=(
        "airflow.api_fastapi.auth.middlewares.refresh_token:JWTRefreshMiddleware.__call__",
        "airflow.api_fastapi.execution_api.app:CorrelationIdMiddleware.__call__",
        "airflow.api_fastapi.execution_api.app:JWTReissueMiddleware.__call__",
        "airflow.api_fastapi.execution_api.app:CadwynWithOpenAPICustomization.__init__",
    ),
    sources={
        "starlette.middleware.base:BaseHTTPMiddleware.__call__": "a8390f3b9374199c",
        "airflow.api_fastapi.auth.middlewares.refresh_token:JWTRefreshMiddleware.dispatch": "b40f8c6967e7be0a",
        "airflow.api_fastapi.execution_api.app:CorrelationIdMiddleware": "ceb1fb9c1620ee4c",
        "airflow.api_fastapi.execution_api.app:JWTReissueMiddleware": "95bfac9615541e73",
        "cadwyn.middleware:VersionPickingMiddleware": "42d606b840037e7f",
    },
    change=change,
)
