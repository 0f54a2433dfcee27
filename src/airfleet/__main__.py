"""`python -m airfleet`: what ./airfleet hands over to."""

from airfleet.cli.app import main

main()
