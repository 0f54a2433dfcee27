"""The changes, one module each: what is changed, and at its end the entry for the registry."""
