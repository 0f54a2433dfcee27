"""Write Alertmanager's configuration, its login and its secrets' files from the environment, into a folder.

``python -m airfleet.observe.servers.alertmanager_init FOLDER``: the keys are those of .env (see .env.example).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from airfleet.config import private_file
from airfleet.observe.servers import login
from airfleet.observe.servers.alertmanager_config import Receivers, render

CONFIG = "alertmanager.yml"


def write(folder: Path, environ: Mapping[str, str]) -> Path:
    """Write the configuration for the receivers whose keys are set in *environ*; return its path.

    Each secret is in its own file, readable by its owner only; the file of an emptied key is deleted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    smtp_host = environ.get("SMTP_HOST", "")
    catcher = environ.get("MAIL_CATCHER_ADDRESS", "")
    password = environ.get("SMTP_PASSWORD", "") if smtp_host else environ.get("MAIL_CATCHER_PASSWORD", "")
    receivers = Receivers(
        pagerduty_key_file=_secret(folder / "pagerduty-routing-key", environ.get("PAGERDUTY_ROUTING_KEY", "")),
        slack_url_file=_secret(folder / "slack-webhook-url", environ.get("SLACK_WEBHOOK_URL", "")),
        mail_to=environ.get("MAIL_TO", ""),
        mail_from=environ.get("MAIL_FROM", ""),
        mail_smarthost=f"{smtp_host}:{environ.get('SMTP_PORT') or 587}" if smtp_host else catcher,
        mail_user=environ.get("SMTP_USER", "") if smtp_host else "airflow",
        mail_password_file=_secret(folder / "smtp-password", password),
        mail_tls=bool(smtp_host) and environ.get("SMTP_DISABLE_TLS", "false").lower() != "true",
        grafana_url=environ.get("GRAFANA_URL", "http://localhost:3000"),
    )
    path = folder / CONFIG
    path.write_text(render(receivers))
    return path


def _secret(path: Path, text: str) -> Path | None:
    if not text:
        path.unlink(missing_ok=True)
        return None
    private_file.write(path, text)
    return path


def main() -> int:
    """Write into the folder that the command line names."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and the folder
        print("Name the folder: python -m airfleet.observe.servers.alertmanager_init FOLDER", file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    print(f"wrote {write(folder, os.environ)}")
    print(f"wrote {login.guard(folder, os.environ['MONITORING_USER'], os.environ['MONITORING_PASSWORD'])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
