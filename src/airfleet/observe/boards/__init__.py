"""The dashboards drawn into one HTML page from a running Prometheus."""
