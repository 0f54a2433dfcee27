"""The deployment's own tool: settings, preflight, the stack, scaling and status."""
