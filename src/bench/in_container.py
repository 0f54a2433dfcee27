"""`python -m bench.in_container HOST MODULE ARGUMENTS...`: run a module as on a machine of that name.

A container's health check looks for its own host name; on one machine every role has the same.
"""

import runpy
import socket
import sys


def main() -> None:
    """Run the module."""
    _, host, module, *arguments = sys.argv
    socket.getfqdn = lambda name="": host
    socket.gethostname = lambda: host
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main()
