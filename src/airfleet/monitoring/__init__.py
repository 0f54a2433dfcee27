"""The monitoring programs of the embedded stack: how they are built and how they are started."""
