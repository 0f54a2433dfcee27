"""Build Prometheus and its companions with Go, once, into a cache folder.

No package registry carries these programs as binaries, so a machine without Docker that does not have them on PATH
compiles them: about five minutes on two cores the first time, nothing after that. A program's file carries its version;
a new version builds anew and leaves the old file.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from airfleet.observe.servers.go import GoMissingError
from airfleet.observe.servers.go import find as find_go

# Called with the program's name and one line of progress.
Progress = Callable[[str, str], None]

BEAT_S = 15.0


class BuildError(RuntimeError):
    """A monitoring program could not be built; the message names the program, the cause and the next step."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """One Go program: *package* of *module* at *version*; *placeholders* are made, empty, before it builds."""

    name: str
    module: str
    version: str
    # Where it is not `v` and the version: Prometheus 3.16.0 is v0.316.0 of its module.
    module_tag: str = ""
    package: str = ""
    tags: str = ""
    placeholders: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """The name of the built file in the cache."""
        return f"{self.name}-{self.version}"

    @property
    def module_version(self) -> str:
        """The version of the module."""
        return self.module_tag or f"v{self.version}"


# No cloud service discovery (it is most of the program), DNS kept, and Go's own resolver.
_PROMETHEUS_TAGS = "remove_all_sd,enable_dns_sd,netgo"
_PROMETHEUS = "github.com/prometheus/prometheus"
_ALERTMANAGER = "github.com/prometheus/alertmanager"
# What `--version` says; plain builds leave it empty.
_VERSION_VARIABLE = "github.com/prometheus/common/version.Version"

STATSD_EXPORTER = Program(name="statsd_exporter", module="github.com/prometheus/statsd_exporter", version="0.31.0")
PROMETHEUS = Program(
    name="prometheus",
    module=_PROMETHEUS,
    package="/cmd/prometheus",
    version="3.16.0",
    module_tag="v0.316.0",
    tags=_PROMETHEUS_TAGS,
)
PROMTOOL = Program(
    name="promtool",
    module=_PROMETHEUS,
    package="/cmd/promtool",
    version=PROMETHEUS.version,
    module_tag=PROMETHEUS.module_tag,
    tags=_PROMETHEUS_TAGS,
)
# The published module lacks the compiled web pages that its source embeds, so `/` answers 404.
ALERTMANAGER = Program(
    name="alertmanager",
    module=_ALERTMANAGER,
    package="/cmd/alertmanager",
    version="0.35.0",
    tags="netgo",
    placeholders=("ui/app/dist/index.html",),
)
AMTOOL = Program(name="amtool", module=_ALERTMANAGER, package="/cmd/amtool", version=ALERTMANAGER.version, tags="netgo")

# This order gives the first graphs soonest.
RUNTIME = (STATSD_EXPORTER, PROMETHEUS, ALERTMANAGER)
CHECKERS = (PROMTOOL, AMTOOL)


def built(cache: Path, programs: Iterable[Program] = RUNTIME) -> dict[str, Path]:
    """Return the programs that the cache already holds, by name; none that another user can have put there."""
    paths = {program.name: cache / program.file_name for program in programs}
    return {name: path for name, path in paths.items() if path.is_file() and _is_ours(cache) and _is_ours(path)}


def _is_ours(path: Path) -> bool:
    found = path.stat()
    return found.st_uid in (0, os.geteuid()) and not found.st_mode & stat.S_IWOTH


def build(
    cache: Path,
    programs: Iterable[Program] = RUNTIME,
    *,
    progress: Progress = lambda _name, _line: None,
    jobs: int | None = None,
) -> dict[str, Path]:
    """Build what *cache* lacks and return the path of every program by its name.

    *jobs* is the number of compilers at a time (half the cores by default; the stack runs beside it). Raises BuildError
    without Go, and with the end of Go's output when a build fails.
    """
    wanted = list(programs)
    have = built(cache, wanted)
    missing = [program for program in wanted if program.name not in have]
    if missing:
        cache.mkdir(parents=True, exist_ok=True)
        if not _is_ours(cache):
            raise BuildError(f"{cache} can be written by another user. Set XDG_CACHE_HOME to a folder of your own.")
        go = find_go(cache.with_name("go"), lambda line: progress("go", line))
        for program in missing:
            started = time.monotonic()
            progress(program.name, f"building {program.version}, once; this takes a few minutes")
            _build_one(go, program, cache, jobs or max(1, (os.cpu_count() or 2) // 2), progress)
            progress(program.name, f"built in {time.monotonic() - started:.0f} s")
    return built(cache, wanted)


def default_cache() -> Path:
    """Return the user's cache folder for these programs; XDG_CACHE_HOME moves it."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "airfleet" / "bin"


def main() -> int:
    """Build every program, the checkers included, and print the progress."""
    try:
        build(default_cache(), (*RUNTIME, *CHECKERS), progress=lambda name, line: print(f"{name}: {line}", flush=True))
    except (BuildError, GoMissingError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _build_one(go: str, program: Program, cache: Path, jobs: int, progress: Progress) -> None:
    with tempfile.TemporaryDirectory(prefix="build-", dir=cache) as folder:
        target = Path(folder) / program.file_name
        linker = f"-ldflags=-s -w -X {_VERSION_VARIABLE}={program.version}"
        flags = ["-p", str(jobs), linker, *(["-tags", program.tags] if program.tags else [])]
        if program.placeholders:
            source = _copy_module(go, program, Path(folder) / "source", progress)
            command = [go, "build", *flags, "-o", str(target), f".{program.package}"]
            _run(command, program, progress, cwd=source)
        else:
            command = [go, "install", *flags, f"{program.module}{program.package}@{program.module_version}"]
            _run(command, program, progress, cwd=Path(folder), gobin=folder)
            target = Path(folder) / program.name
        target.replace(cache / program.file_name)


def _copy_module(go: str, program: Program, to: Path, progress: Progress) -> Path:
    # Outside any module, so that no go.mod above the cache folder is used.
    command = [go, "mod", "download", "-json", f"{program.module}@{program.module_version}"]
    out = _run(command, program, progress, cwd=to.parent)
    shutil.copytree(json.loads(out)["Dir"], to)
    for folder in [to, *(path for path in to.rglob("*") if path.is_dir())]:
        folder.chmod(0o755)  # Go's module cache is read-only, and so is a copy of it
    for name in program.placeholders:
        path = to / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return to


def _run(command: list[str], program: Program, progress: Progress, *, cwd: Path, gobin: str = "") -> str:
    environment = {**os.environ, **({"GOBIN": gobin} if gobin else {})}
    # A build must not slow the tasks that run beside it.
    nice = shutil.which("nice")
    line = [nice, "-n", "10", *command] if nice else command
    with subprocess.Popen(
        line, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        said: list[str] = []
        reader = threading.Thread(target=_follow, args=(process, said), daemon=True)
        reader.start()
        out = _wait(process, program, progress, said)
        reader.join()
    if process.returncode != 0:
        words = "\n".join(line for line in said if not line.startswith("go: downloading"))[-2000:]
        raise BuildError(
            f"Building {program.name} {program.version} failed ({' '.join(command[:3])} ended with "
            f"{process.returncode}):\n{words}\nIt needs Go 1.26 or newer, 2 GiB of free disk, and a Go "
            "module proxy that answers (see `go env GOPROXY`). Put that right and run again; nothing else "
            "depends on it."
        )
    return out


def _follow(process: subprocess.Popen[str], said: list[str]) -> None:
    assert process.stderr is not None  # noqa: S101 - Popen was told to pipe it # nosec B101
    said.extend(line.rstrip() for line in process.stderr)


def _wait(process: subprocess.Popen[str], program: Program, progress: Progress, said: list[str]) -> str:
    assert process.stdout is not None  # noqa: S101 - Popen was told to pipe it # nosec B101
    out: list[str] = []
    reader = threading.Thread(target=lambda: out.append(process.stdout.read() if process.stdout else ""), daemon=True)
    reader.start()
    started = time.monotonic()
    while True:
        try:
            process.wait(BEAT_S)
            break
        except subprocess.TimeoutExpired:
            fetched = sum(line.startswith("go: downloading") for line in list(said))
            doing = f"{fetched} modules fetched, compiling" if fetched else "compiling"
            progress(program.name, f"{doing}, {time.monotonic() - started:.0f} s so far")
    reader.join()
    return out[0]


if __name__ == "__main__":
    sys.exit(main())
