"""The connection `smtp_default`, made in Airflow's own processes from the mail settings that both engines pass on.

airflow_local_settings.py calls `provide` wherever Airflow is initialised. A role without permission to send mail gets
no such settings and no connection.
"""

import json
import os
from collections.abc import Mapping

VARIABLE = "AIRFLOW_CONN_SMTP_DEFAULT"


def provide() -> None:
    """Put the connection into this process's environment, unless a team has set one of its own."""
    # init has all of .env and sends no mail; only roles that send mail get the mail catcher's address.
    if "MAIL_CATCHER_ADDRESS" in os.environ:
        os.environ.setdefault(VARIABLE, smtp_connection(os.environ))


def smtp_connection(given: Mapping[str, str]) -> str:
    """Return the connection as JSON: to the server that SMTP_HOST names, or to the local mail catcher."""
    host, port = given["SMTP_HOST"], given["SMTP_PORT"]
    user, password, plain = given["SMTP_USER"], given["SMTP_PASSWORD"], given["SMTP_DISABLE_TLS"].lower() == "true"
    if not host:
        host, _, port = given["MAIL_CATCHER_ADDRESS"].rpartition(":")
        user, password, plain = "airflow", given["MAIL_CATCHER_PASSWORD"], True
    connection = {
        "conn_type": "smtp",
        "host": host,
        "port": int(port),
        "login": user,
        "password": password,
        # JSON, because the hook reads the text "false" in a URL as true.
        "extra": {"disable_ssl": True, "disable_tls": plain, "from_email": given["MAIL_FROM"]},
    }
    return json.dumps(connection)
