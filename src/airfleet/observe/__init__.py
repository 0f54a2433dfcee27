"""Metrics, the exporter, the monitoring servers, and boards drawn without Grafana."""
