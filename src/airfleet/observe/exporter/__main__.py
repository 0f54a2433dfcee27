"""Run the exporter: ``python -m airfleet.observe.exporter``."""

from __future__ import annotations

import logging
import signal
import sys

from airfleet.observe.exporter.options import SettingsError, load
from airfleet.observe.exporter.server import serve


def main() -> None:
    """Serve until SIGTERM; a bad environment ends it with status 2 and the list of what is wrong."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        settings = load()
    except SettingsError as error:
        sys.exit(f"{error}\nSet them in the environment and start again.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    serve(settings)


if __name__ == "__main__":
    main()
