"""Write Alertmanager's configuration from .env: page to PagerDuty, ticket to Slack, warning to mail.

A receiver whose key is not set is left out, and its alerts go to the next milder one that is there; with none set they
go to a receiver that sends nothing, and are shown by Alertmanager and Grafana only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, kw_only=True)
class Receivers:
    """The receivers of alerts; an empty key turns its receiver off.

    *mail_smarthost* is ``host:port``. The URLs of PagerDuty and of this deployment's Grafana can be set, for tests and
    for private services. *secrets* has the file of each secret, so that no secret is in the configuration itself.
    """

    pagerduty_key_file: Path | None = None
    pagerduty_url: str = "https://events.pagerduty.com/v2/enqueue"
    slack_url_file: Path | None = None
    mail_to: str = ""
    mail_from: str = ""
    mail_smarthost: str = ""
    mail_user: str = ""
    mail_password_file: Path | None = None
    mail_tls: bool = True
    grafana_url: str = ""


# Causes and consequences: while the first alert fires, those of the second list are suppressed.
_FOLLOWS: Mapping[str, tuple[str, ...]] = {
    "PostgresDown": (
        "SchedulerHeartbeatMissing",
        "DagProcessorHeartbeatMissing",
        "TriggererHeartbeatMissing",
        "ApiServerDown",
        "ExporterSourceDown",
        "QueueWaitHigh",
        "DeadlineUnjudged",
        "SchedulerLoopSlow",
        "ScheduleDelayHigh",
    ),
    "RedisDown": (
        "CeleryWorkersLow",
        "QueueWithoutConsumer",
        "QueueWaitHigh",
        "CeleryPublishTimeouts",
        "ExporterSourceDown",
        "ScheduleDelayHigh",
    ),
    "SchedulerHeartbeatMissing": (
        "SchedulerLoopSlow",
        "ScheduleDelayHigh",
        "DeadlineUnjudged",
        "QueueWaitHigh",
        "ExecutorSaturated",
        "PoolStarving",
    ),
    "CeleryWorkersLow": ("QueueWithoutConsumer", "QueueWaitHigh", "ExecutorSaturated"),
    "StatsdExporterDown": ("TargetDown",),
}

# Alerts of one message may differ in their task or reason, and then have no summary in common.
_TITLE = (
    "{{ with .CommonAnnotations.summary }}{{ . }}"
    "{{ else }}{{ .CommonLabels.alertname }} {{ .CommonLabels.dag_id }}: {{ len .Alerts }} alerts{{ end }}"
)
_TEXT = (
    '{{ range .Alerts }}{{ if eq .Status "resolved" }}Over: {{ end }}{{ .Annotations.summary }}\n'
    "{{ .Annotations.description }}\nWhat to do: {{ .Annotations.runbook_url }}\n"
    "Look at: GRAFANA/d/{{ .Annotations.__dashboardUid__ }}?viewPanel={{ .Annotations.__panelId__ }}"
    " ({{ .Annotations.panel }})\n{{ end }}"
)


def configuration(receivers: Receivers) -> dict[str, Any]:
    """Return the configuration for the *receivers* that are on."""
    built = {
        "warning": _mail(receivers),
        "ticket": _slack(receivers),
        "page": _pagerduty(receivers),
    }
    config: dict[str, Any] = {
        "route": {
            "receiver": "nobody",
            # One message for all Dags and tasks that a fault affects.
            "group_by": ["alertname", "dag_id"],
            "group_wait": "15s",
            "group_interval": "5m",
            "repeat_interval": "4h",
            "routes": [
                {"matchers": [f'severity="{severity}"'], "receiver": _receiver(severity, built)}
                for severity in ("page", "ticket", "warning")
            ],
        },
        "inhibit_rules": [
            {
                "source_matchers": [f'alertname="{cause}"'],
                "target_matchers": [f'alertname=~"{"|".join(effects)}"'],
            }
            for cause, effects in _FOLLOWS.items()
        ]
        + [
            # The faster the budget burns, the fewer messages about it.
            {
                "source_matchers": ['alertname="TaskErrorBudgetFast"'],
                "target_matchers": ['alertname=~"TaskErrorBudgetMedium|TaskErrorBudgetSlow"'],
                "equal": ["dag_id"],
            },
            {
                "source_matchers": ['alertname="TaskErrorBudgetMedium"'],
                "target_matchers": ['alertname="TaskErrorBudgetSlow"'],
                "equal": ["dag_id"],
            },
        ],
        "receivers": [{"name": "nobody"}, *({"name": name, **one} for name, one in built.items() if one)],
    }
    return config


def render(receivers: Receivers) -> str:
    """Return the text of the configuration file; it has paths of secrets and no secret."""
    return yaml.safe_dump(configuration(receivers), sort_keys=False, width=1000)


def _receiver(severity: str, built: Mapping[str, dict[str, Any]]) -> str:
    """Return the receiver of a severity, or the nearest that is on: less urgent first, then more urgent."""
    order = {
        "page": ("page", "ticket", "warning"),
        "ticket": ("ticket", "warning", "page"),
        # A warning must not page anyone.
        "warning": ("warning", "ticket"),
    }[severity]
    return next((name for name in order if built[name]), "nobody")


def _text(receivers: Receivers) -> str:
    return _TEXT.replace("GRAFANA", receivers.grafana_url.rstrip("/"))


def _pagerduty(receivers: Receivers) -> dict[str, Any]:
    if receivers.pagerduty_key_file is None:
        return {}
    return {
        "pagerduty_configs": [
            {
                "routing_key_file": str(receivers.pagerduty_key_file),
                "url": receivers.pagerduty_url,
                "description": _TITLE,
                "details": {"what": _text(receivers)},
                "send_resolved": True,
            }
        ]
    }


def _slack(receivers: Receivers) -> dict[str, Any]:
    if receivers.slack_url_file is None:
        return {}
    return {
        "slack_configs": [
            {
                "api_url_file": str(receivers.slack_url_file),
                "title": _TITLE,
                "text": _text(receivers),
                "send_resolved": True,
            }
        ]
    }


def _mail(receivers: Receivers) -> dict[str, Any]:
    if not (receivers.mail_smarthost and receivers.mail_to):
        return {}
    one: dict[str, Any] = {
        "to": receivers.mail_to,
        "from": receivers.mail_from,
        "smarthost": receivers.mail_smarthost,
        "require_tls": receivers.mail_tls,
        "headers": {"Subject": '{{ if eq .Status "resolved" }}Over: {{ end }}' + _TITLE},
        "text": _text(receivers),
        "html": "",
        "send_resolved": True,
    }
    if receivers.mail_user:
        one["auth_username"] = receivers.mail_user
    if receivers.mail_password_file is not None:
        one["auth_password_file"] = str(receivers.mail_password_file)
    return {"email_configs": [one]}
