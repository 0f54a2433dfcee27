"""Every metric of the deployment, once: its name, unit, labels, help text and where it comes from."""
