"""The command line: `./airfleet COMMAND`."""
