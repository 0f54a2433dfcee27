"""`python -m airfleet.runtime.patches.listing`: docs/patches.md, on standard output."""

from collections.abc import Iterator

from airfleet.runtime.patches.patch import ROLES, Patch
from airfleet.runtime.patches.registry import PATCHES

_HEAD = """\
# Changes to Airflow

Written by `make patches` from `src/airfleet/runtime/patches`; a test compares them.

airfleet runs Airflow from its published packages, and changes some of its functions, and some of Celery, FastAPI,
kombu and SQLAlchemy, in the memory of its own roles. No file of a package is written to. Each change is there for a
measured gain, for a fault that tasks would suffer from, or for a secret.

- **Turn them off**: `AIRFLEET_PATCHES=off` in `.env`, then `./airfleet up` (under Docker `docker compose up -d` does
  as well). Or name those that you want: `AIRFLEET_PATCHES=tokens,task_exit`. `on`, the default, is all of them. Off,
  Airflow is as it was published, but for the executor, the listeners and the settings of `airflow.cfg`, which are
  Airflow's own interfaces; it is slower, and the section *safety* says what else is lost.
- **See them**: `./airfleet patches` lists each with the roles in which it is active now, and `./airfleet status` says
  when one that `.env` asks for is not. Workers on other machines report on their own machine.
- **After an upgrade**: a change is applied where the source of each function that it was written for is the installed
  one, whatever the version number; elsewhere it is left out, with a warning in the role's log. `./airfleet upgrade
  --check` says which a version would lose, and what that costs.
- **How**: `src/sitecustomize.py` installs an import hook in each Python process of a role (`patches/hook.py`), which
  applies a change as its module is imported. It hands on to a `sitecustomize` of yours. Where yours comes first on the
  path, `airflow/config/airflow_local_settings.py` installs the hook instead.
- **Settings** of Airflow that are good with a change alone come with it, unless the environment or `airflow.cfg` says
  otherwise.
"""


def page() -> str:
    """Return docs/patches.md."""
    groups = dict.fromkeys(patch.group for patch in PATCHES)
    return "\n".join([_HEAD, *(line for group in groups for line in _group(group)), ""]).rstrip() + "\n"


def _group(group: str) -> Iterator[str]:
    yield f"## {group}"
    yield ""
    for patch in PATCHES:
        if patch.group == group:
            yield from _entry(patch)


def _entry(patch: Patch) -> Iterator[str]:
    yield f"### {patch.name}"
    yield ""
    yield f"{patch.what}"
    yield ""
    yield f"- **Gain**: {patch.gain}"
    yield f"- **Risk**: {patch.risk}"
    yield f"- **Upstream**: {patch.upstream}"
    roles = "every role and init" if set(patch.roles) > set(ROLES) else ", ".join(patch.roles)
    yield f"- **Where**: {'every role' if set(patch.roles) == set(ROLES) else roles}"
    if patch.settings:
        given = (f"`[{section}] {option} = {value}`" for (section, option), value in patch.settings.items())
        yield f"- **Setting that comes with it**: {', '.join(given)}"
    if patch.replaces:
        yield f"- **Replaces**: {', '.join(f'`{name}`' for name in patch.replaces)}"
    else:
        yield "- **Replaces**: nothing; it is an extension through Airflow's or Celery's own interfaces."
    yield ""


if __name__ == "__main__":
    print(page(), end="")
