"""The deployment tool: settings, preflight, the stack, scaling and status."""
