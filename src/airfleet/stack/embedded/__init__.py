"""The stack without Docker: the same roles as plain processes on 127.0.0.1, under a process manager."""
