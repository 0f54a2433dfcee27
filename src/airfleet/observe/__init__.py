"""Metrics, the exporter, the monitoring servers, and dashboards drawn without Grafana."""
