"""`python -m airfleet`: started by ./airfleet."""

from airfleet.cli.app import main

main()
