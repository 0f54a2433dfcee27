"""`./airfleet patches`: the changes to Airflow, and where each is active."""

from collections.abc import Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from airfleet.cli import show
from airfleet.cli.active_patches import Place, places
from airfleet.cli.look import Json
from airfleet.operate import deployment
from airfleet.runtime.patches import reported, switch
from airfleet.runtime.patches.patch import ROLES, Patch
from airfleet.runtime.patches.registry import PATCHES


def patches(as_json: Json = False) -> None:
    """List the changes to Airflow, what each gains, and the running roles in which it is active."""
    stack = deployment.stack()
    found = places(stack.states(), stack.paths)
    wanted = switch.wanted(stack.settings.airfleet_patches, PATCHES)
    if as_json:
        show.as_json([_plain(patch, patch in wanted, found[patch.name]) for patch in PATCHES])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Change", "Active", "Gain"):
        table.add_column(title, overflow="fold")
    for patch in PATCHES:
        table.add_row(patch.name, _summary(patch, patch in wanted, found[patch.name]), escape(patch.gain))
    show.console.print(table)
    show.console.print("docs/patches.md says more of each; AIRFLEET_PATCHES in .env turns them on and off.")


def _summary(patch: Patch, wanted: bool, found: Sequence[Place]) -> str:
    if not set(patch.roles) & set(ROLES):
        return f"{'in' if wanted else 'off in'} {', '.join(patch.roles)}, when it runs"
    if not found:
        return f"no role runs; {'on' if wanted else 'off'} from the next start"
    active = [place.process for place in found if place.state == reported.ACTIVE]
    parts = [f"[green]{', '.join(active)}[/]"] if active else []
    colour = "red" if wanted else "dim"
    parts += [f"[{colour}]{p.process}: {escape(p.state)}[/]" for p in found if p.state != reported.ACTIVE]
    return "\n".join(parts)


def _plain(patch: Patch, wanted: bool, found: Sequence[Place]) -> Mapping[str, object]:
    return {
        "name": patch.name,
        "group": patch.group,
        "what": patch.what,
        "gain": patch.gain,
        "roles": patch.roles,
        "wanted": wanted,
        "processes": {place.process: place.state for place in found},
    }
