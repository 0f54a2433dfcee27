"""Flask's settings for the pages of the login; Airflow reads this file where [fab] config_file names it."""

import os
import secrets

# Airflow's own choice is [api] secret_key, which workers hold for log requests; whoever knows the key of the sessions
# can sign a cookie that is an administrator's login. Only the webserver has this one. A command that has none serves no
# page, and takes a key that nobody knows.
SECRET_KEY = os.environ.get("SESSION_KEY") or secrets.token_hex(48)
