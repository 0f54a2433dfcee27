"""Service levels: how a Dag's author declares them, and what follows."""
