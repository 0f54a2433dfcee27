"""The Grafana dashboards as code: `python -m dashboards` writes monitoring/grafana/dashboards/*.json."""
