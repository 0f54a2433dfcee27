"""Prometheus, Alertmanager and statsd_exporter: built or found, configured, started."""
