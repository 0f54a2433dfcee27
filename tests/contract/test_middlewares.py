"""A task's call is answered the same with the webserver's middlewares changed, and with a fraction of the tasks."""

import json
from typing import Any

from support.fresh_python import ask

_CALLS = r"""
    import asyncio, json, os, re, time
    os.environ["AIRFLOW__API_AUTH__JWT_SECRET"] = "s" * 32
    import jwt
    from fastapi.testclient import TestClient
    from fastapi import FastAPI, HTTPException
    from fastapi.middleware.gzip import GZipMiddleware
    from airflow.api_fastapi.auth.middlewares.refresh_token import JWTRefreshMiddleware
    from airflow.api_fastapi.execution_api.app import InProcessExecutionAPI, create_task_execution_api_app

    class Refusing:
        # As a plugin's may do.
        def __init__(self, app):
            self.app = app
        async def __call__(self, scope, receive, send):
            if scope["type"] == "http" and any(name == b"x-refuse" for name, _ in scope["headers"]):
                raise HTTPException(403, "not at night")
            await self.app(scope, receive, send)

    pages = create_task_execution_api_app()
    whole = FastAPI()
    whole.mount("/execution", pages)
    whole.add_middleware(Refusing)
    whole.add_middleware(JWTRefreshMiddleware)
    whole.add_middleware(GZipMiddleware, minimum_size=1024)

    # One that nears its end: less than a fifth of its life is left, enough for a slow machine.
    now = int(time.time())
    claims = {"sub": "0" * 8 + "-0000-0000-0000-" + "0" * 12, "aud": "urn:airflow.apache.org:task"}
    token = jwt.encode(claims | {"iat": now - 9000, "nbf": now - 9000, "exp": now + 1000}, "s" * 32, "HS512")

    WRAPPING = {"content-encoding", "content-length", "transfer-encoding", "vary"}
    made = 0
    class Counted(asyncio.DefaultEventLoopPolicy):
        def new_event_loop(self):
            loop = super().new_event_loop()
            def factory(loop, coroutine, **given):
                global made
                made += 1
                return asyncio.Task(coroutine, loop=loop, **given)
            loop.set_task_factory(factory)
            return loop
    asyncio.set_event_loop_policy(Counted())

    def asked(client, path, headers, method="GET", **given):
        global made
        made = 0
        answer = client.request(method, path, headers=headers, **given)
        # How it is wrapped may differ, and a new token does each time.
        kept = {k: v for k, v in answer.headers.items() if k not in WRAPPING and k != "refreshed-api-token"}
        # An error of the database has a number of its own.
        text = re.sub(r'\w+(?="}})', "ID", answer.text)
        return [answer.status_code, text, kept, "refreshed-api-token" in answer.headers, made]

    def asked_in_process():
        import httpx
        with httpx.Client(transport=InProcessExecutionAPI().transport, base_url="http://in-process") as client:
            answer = client.get("/health", headers={"correlation-id": "c-4"})
            return [answer.status_code, answer.text, answer.headers.get("correlation-id")]

    beat = "/execution/task-instances/" + claims["sub"] + "/heartbeat"
    # As the server runs them: the mounted pages' own start comes with the first call otherwise.
    with TestClient(pages), TestClient(whole, raise_server_exceptions=False) as client:
        asked(client, "/execution/health", {})
        print(json.dumps({
            "well": asked(client, "/execution/health", {"correlation-id": "c-1"}),
            "old": asked(client, "/execution/health", {"Airflow-API-Version": "2026-04-06"}),
            "cookie": asked(client, "/execution/health", {"cookie": "a=b"}),
            "refused": asked(client, "/execution/health", {"x-refuse": "1"}),
            "nowhere": asked(client, "/execution/none", {"correlation-id": "c-2"}),
            "no token": asked(client, beat, {}, "PUT", json={"hostname": "h", "pid": 1}),
            "renewed": asked(client, "/execution/health", {"authorization": "Bearer " + token}),
            "wrong": asked(client, beat, {"authorization": "Bearer " + token}, "PUT", json={}),
            # There are no tables.
            "fails": asked(
                client, beat, {"authorization": "Bearer " + token, "correlation-id": "c-3"},
                "PUT", json={"hostname": "h", "pid": 1},
            ),
            "in process": [*asked_in_process(), None, 0],
        }))
"""


def _answers(*, changed: bool) -> dict[str, list[Any]]:
    given = json.loads(ask(_CALLS, role="airflow api-server", changed=changed))
    assert isinstance(given, dict)
    return given


def test_a_tasks_call_is_answered_the_same_without_a_task_for_each_middleware() -> None:
    ours, upstream = _answers(changed=True), _answers(changed=False)
    assert {name: answer[:4] for name, answer in ours.items()} == {n: answer[:4] for n, answer in upstream.items()}
    status, _, headers, _, _ = ours["well"]
    assert (status, headers["correlation-id"]) == (200, "c-1")
    assert "airflow-api-version" in headers
    assert ours["renewed"][3] and not ours["well"][3]
    refused = {"refused": 403, "nowhere": 404, "no token": 401, "wrong": 422, "fails": 500}
    assert {name: ours[name][0] for name in refused} == refused
    assert "ID" in ours["fails"][1]
    assert ours.pop("in process")[:3] == [200, ours["well"][1], "c-4"]
    for name, answer in ours.items():
        assert answer[4] < upstream[name][4], f"{name}: airfleet.runtime.patches.changes.middlewares saves nothing"
