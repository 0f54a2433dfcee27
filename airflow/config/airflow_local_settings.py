"""What holds for every task of every Dag; Airflow loads this file from $AIRFLOW_HOME/config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.providers.smtp.notifications.smtp import SmtpNotifier

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

FAILURE_SUBJECT = "Failed: {{ ti.dag_id }}.{{ ti.task_id }} (try {{ ti.try_number }})"
FAILURE_BODY = """\
<h2>{{ ti.dag_id }}.{{ ti.task_id }} failed</h2>
<table>
<tr><th align="left">Dag</th><td>{{ ti.dag_id }}</td></tr>
<tr><th align="left">Task</th><td>{{ ti.task_id }}{% if ti.map_index is not none and ti.map_index >= 0 %} [{{ ti.map_index }}]{% endif %}</td></tr>
<tr><th align="left">Run</th><td>{{ run_id }}</td></tr>
<tr><th align="left">Try</th><td>{{ ti.try_number }} of {{ (ti.max_tries or 0) + 1 }}</td></tr>
<tr><th align="left">Error</th><td><pre>{{ (exception | default('the process was killed or timed out', true)) | string | e }}</pre></td></tr>
<tr><th align="left">Log</th><td><a href="{{ ti.log_url }}">{{ ti.log_url }}</a></td></tr>
</table>
"""


def task_policy(task: BaseOperator) -> None:
    """Mail the people in MAIL_TO when a task fails for good, unless its Dag says what to do then."""
    if not task.on_failure_callback:
        task.on_failure_callback = [
            SmtpNotifier(to="{{ var.value.mail_to }}", subject=FAILURE_SUBJECT, html_content=FAILURE_BODY)
        ]
