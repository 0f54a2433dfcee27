"""Rules that every Dag of the deployment is held to when its file is parsed."""
