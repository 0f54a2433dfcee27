"""`python -m bench.modules 'MODULE ARGUMENTS...'...`: run modules one after the other on servers of their own.

Postgres and Redis run alone meanwhile, with every database made and empty, and are deleted afterwards with all data.
"""

import shlex
import sys

from airfleet.config.paths import Paths
from airfleet.operate import first_runs
from airfleet.operate.alone import alone
from bench.instance import OURS, instances


def main() -> int:
    """Run each until one fails; return its exit status."""
    at = Paths()
    with alone(at, "bench"), instances(at, OURS) as (one,):
        one.stack.start_servers(lambda sentence: print(sentence, file=sys.stderr))
        environment = first_runs.preparation_environment(one.stack)
        for given in sys.argv[1:]:
            module, *arguments = shlex.split(given)
            if failed := one.stack.run_command(module, arguments, environment):
                return failed
    return 0


if __name__ == "__main__":
    sys.exit(main())
