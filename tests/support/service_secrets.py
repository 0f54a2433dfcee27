"""Which secrets of .env each service of the compose files may be given: what `docker inspect` of it shows."""

from pydantic import SecretStr

from airfleet.config.settings import Settings

SECRETS = {name.upper() for name, field in Settings.model_fields.items() if field.annotation is SecretStr}
# A server outside the stack takes the place of the password for the one inside.
_METADATA = {"METADATA_PASSWORD", "METADATA_URL"}
_RESULTS = {"RESULTS_PASSWORD", "RESULTS_URL"}
_BROKER = {"REDIS_PASSWORD", "BROKER_URL"}
_WAREHOUSE = {"WAREHOUSE_LOADER_PASSWORD", "WAREHOUSE_URL"}
_MAIL = {"MAIL_CATCHER_PASSWORD", "SMTP_PASSWORD"}
# Every role of Airflow sends its own spans.
_TRACES = {"OTEL_EXPORTER_OTLP_HEADERS"}
_WORKER = {"FERNET_KEY", "API_SECRET_KEY"} | _TRACES | _RESULTS | _BROKER | _WAREHOUSE | _MAIL

MAY_HOLD: dict[str, set[str]] = {
    # Makes every login, and ends.
    "airflow-init": SECRETS,
    "postgres": {"POSTGRES_PASSWORD"},
    "pgbouncer": {"METADATA_PASSWORD"},
    "redis": {"REDIS_PASSWORD", "REDIS_MONITORING_PASSWORD"},
    "mail": {"MAIL_CATCHER_PASSWORD"},
    "gateway": set(),
    "join": set(),
    "airflow-webserver": {"FERNET_KEY", "JWT_SECRET", "API_SECRET_KEY", "SESSION_KEY"} | _METADATA | _TRACES,
    "airflow-scheduler": {"FERNET_KEY", "JWT_SECRET", "API_SECRET_KEY"} | _METADATA | _RESULTS | _BROKER | _TRACES,
    "airflow-dag-processor": {"FERNET_KEY"} | _METADATA | _MAIL | _TRACES,
    "airflow-triggerer": {"FERNET_KEY", "API_SECRET_KEY"} | _METADATA | _MAIL | _TRACES,
    "airflow-worker": _WORKER,
    "airflow-worker-heavy": _WORKER,
    "flower": {"FLOWER_PASSWORD"} | _BROKER,
    "statsd-filter": set(),
    "statsd-exporter": set(),
    "airfleet-exporter": {"MONITORING_READER_PASSWORD", "REDIS_MONITORING_PASSWORD", "REDIS_PASSWORD"},
    "prometheus-init": {"MONITORING_PASSWORD"},
    "prometheus": set(),
    "alertmanager-init": {"MONITORING_PASSWORD", "PAGERDUTY_ROUTING_KEY", "SLACK_WEBHOOK_URL"} | _MAIL,
    "alertmanager": set(),
    "grafana": {"ADMIN_PASSWORD", "MONITORING_PASSWORD", "MONITORING_READER_PASSWORD"},
}
