"""Every metric of the deployment, defined once: name, unit, labels, help text and source."""
