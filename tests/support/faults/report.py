"""The report of the fault tests: one JSON entry for each fault that was tried, and the table that is made of them.

`python -m support.faults.report docs/reliability.json docs/reliability.md` writes the table between the markers of
the second file; nobody writes it by hand.
"""

import importlib.metadata
import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support.checkout import ROOT

from bench import evidence

BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"
_PACKAGES = ("apache-airflow", "apache-airflow-providers-celery", "celery", "kombu", "redis")


def machine() -> str:
    """Return what the tests run on."""
    return f"{evidence.machine()}, {platform.system()} {platform.release()}"


def versions() -> dict[str, str]:
    """Return the versions of the packages that a fault may meet, and this repository's commit, with a + if changed."""
    found = {name: importlib.metadata.version(name) for name in _PACKAGES}
    commit = _git("rev-parse", "--short", "HEAD")
    # The report itself changes with every fault.
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)docs")
    return found | {"airfleet": commit + ("+" if changed else "")}


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


@dataclass
class Entry:
    """One fault that was tried.

    *recovery_s* is the seconds that *recovery_of* names; *seconds* those from the trigger of the work to its end;
    *load* the machine's load average over the five minutes before the fault.
    *shortened* holds the settings that differ from the product's own, most of them to save time.
    """

    number: str
    fault: str
    result: str = "failed"
    recovery_s: float | None = None
    recovery_of: str = ""
    seconds: float | None = None
    further_tries: int | None = None
    shortened: dict[str, str] = field(default_factory=dict)
    notes: str = ""
    date: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d %H:%M"))
    machine: str = field(default_factory=machine)
    load: float = field(default_factory=lambda: os.getloadavg()[1])
    versions: dict[str, str] = field(default_factory=versions)


def append(path: Path, entry: Entry) -> None:
    """Add *entry* to the entries in *path*; an earlier one of the same fault and settings gives way to it."""
    new = asdict(entry)
    same = ("number", "fault", "shortened")
    kept = [found for found in read(path) if any(found[key] != new[key] for key in same)]
    kept.append(new)
    kept.sort(key=lambda found: (int(found["number"]), found["fault"], len(found["shortened"])))
    evidence.write(path, evidence.read(path) | {"faults": kept})


def read(path: Path) -> list[dict[str, Any]]:
    """Return the entries in *path*, none when there is no such file."""
    found: list[dict[str, Any]] = evidence.read(path).get("faults", [])
    return found


def table(entries: list[dict[str, Any]]) -> str:
    """Return the entries as a Markdown table, and under it the settings that were shortened for some of them."""
    lines = [
        "| # | fault, while tasks run | result | recovery | more tries | all work | load | date | Airflow | commit |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for entry in entries:
        recovery = "" if entry["recovery_s"] is None else f"{entry['recovery_s']:.0f} s ({entry['recovery_of']})"
        cells = (
            entry["number"],
            entry["fault"] + (" *" if entry["shortened"] else ""),
            entry["result"] + (f": {entry['notes']}" if entry["notes"] else ""),
            recovery,
            "" if entry["further_tries"] is None else str(entry["further_tries"]),
            "" if entry["seconds"] is None else f"{entry['seconds']:.0f} s",
            f"{entry['load']:.0f}" if "load" in entry else "",
            entry["date"],
            entry["versions"]["apache-airflow"],
            entry["versions"]["airfleet"],
        )
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "Machines: " + "; ".join(sorted({entry["machine"] for entry in entries})) + "."]
    if any(entry["shortened"] for entry in entries):
        lines += ["", "\\* with other settings than the product's:", ""]
    for entry in entries:
        if entry["shortened"]:
            changed = ", ".join(f"`{key} = {value}`" for key, value in sorted(entry["shortened"].items()))
            lines.append(f"- {entry['number']}, {entry['fault']}: {changed}")
    return "\n".join(lines)


def write_table(source: Path, target: Path) -> None:
    """Put the table of *source* between the markers of *target*."""
    text = target.read_text()
    before, marker, rest = text.partition(BEGIN)
    _, other, after = rest.partition(END)
    if not marker or not other:
        raise SystemExit(f"{target} lacks the lines {BEGIN} and {END}. Put them where the table belongs.")
    target.write_text(f"{before}{BEGIN}\n\n{table(read(source))}\n\n{END}{after}")


if __name__ == "__main__":
    write_table(Path(sys.argv[1]), Path(sys.argv[2]))
