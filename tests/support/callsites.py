"""What the installed Airflow can send: its registry, and every call of its stats API, from the source."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

_CALLS = {"incr": "counter", "decr": "counter", "gauge": "gauge", "timing": "timer", "timer": "timer"}
_RECEIVERS = {"stats", "Stats", "_stats", "stats_module"}
# The implementation of the stats API calls itself; those calls send nothing of their own.
_IMPLEMENTATION = "/_shared/observability/"


@dataclass(frozen=True, order=True)
class CallSite:
    """One form in which the stats API is called; ``{}`` in *form* is filled in at run time."""

    form: str
    sent_as: str


def package_root() -> Path:
    """Return the folder of the installed airflow package.

    Raises ModuleNotFoundError when Airflow is not installed.
    """
    spec = importlib.util.find_spec("airflow.configuration")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("Airflow is not installed here. Make the environment from the lock first.")
    return Path(spec.origin).parent


def registry(root: Path) -> dict[str, str]:
    """Return the StatsD type of every name in Airflow's own registry."""
    path = root / "_shared/observability/metrics/metrics_template.yaml"
    return {entry["name"]: entry["type"] for entry in yaml.safe_load(path.read_text())["metrics"]}


def call_sites(root: Path) -> dict[CallSite, list[str]]:
    """Return every call of the stats API below *root* with the files that make it, relative to *root*.

    A name that the code computes in another place than the call is resolved through the assignments of the
    same function; what stays unknown appears as ``{}``.
    """
    found: dict[CallSite, list[str]] = {}
    for path in sorted(root.rglob("*.py")):
        where = path.as_posix()
        text = path.read_text(encoding="utf-8")
        if _IMPLEMENTATION in where or not any(f".{name}(" in text for name in _CALLS):
            continue
        for function in _scopes(ast.parse(text)):
            for site in _calls(function):
                files = found.setdefault(site, [])
                relative = path.relative_to(root).as_posix()
                if relative not in files:
                    files.append(relative)
    return found


def _scopes(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the module and each function, each to be searched without the functions inside it."""
    yield tree
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(scope):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        yield child
        yield from _own_nodes(child)


def _calls(scope: ast.AST) -> Iterator[CallSite]:
    nodes = list(_own_nodes(scope))
    assigned: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    assigned.setdefault(target.id, []).append(node.value)
    for node in nodes:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        receiver = node.func.value
        name = receiver.id if isinstance(receiver, ast.Name) else getattr(receiver, "attr", "")
        if node.func.attr not in _CALLS or name not in _RECEIVERS:
            continue
        if node.func.attr == "timer" and not node.args and not node.keywords:
            continue  # a stopwatch: nothing is sent
        argument = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "stat"), None)
        for form in sorted(_forms(argument, assigned)):
            yield CallSite(form, _CALLS[node.func.attr])


def _forms(value: ast.expr | None, assigned: dict[str, list[ast.expr]]) -> set[str]:
    if isinstance(value, ast.Constant | ast.JoinedStr):
        parts = value.values if isinstance(value, ast.JoinedStr) else [value]
        return {"".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)}
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        return {left + right for left in _forms(value.left, assigned) for right in _forms(value.right, assigned)}
    if isinstance(value, ast.Call) and value.args:
        # self._get_metric_name("executor.open_slots"): the literal is the name, or the start of it.
        return _forms(value.args[0], assigned)
    if isinstance(value, ast.IfExp):
        return _forms(value.body, assigned) | _forms(value.orelse, assigned)
    if isinstance(value, ast.Name) and value.id in assigned:
        return {form for one in assigned[value.id] for form in _forms(one, {})}
    return {"{}"}
