"""`python -m airfleet.operate.check FOLDER [--json]`: parse Dag files as the dag-processor would, without a stack."""

import json
import re
import sys
from pathlib import Path

from airfleet.config.errors import AirfleetError


def check(folder: Path) -> tuple[list[str], dict[str, str]]:
    """Return the ids of the Dags in *folder*, and for each file that does not import `file:line` and the error."""
    from airflow.dag_processing.dagbag import DagBag

    if not folder.is_dir():
        raise AirfleetError(f"{folder} is not a folder. Name the folder that holds the Dag files.")
    bag = DagBag(dag_folder=str(folder))
    return sorted(bag.dags), {_where(file, said): _last_line(said) for file, said in bag.import_errors.items()}


def _where(file: str, said: str) -> str:
    lines = re.findall(rf'File "[^"]*{re.escape(Path(file).name)}", line (\d+)', said)
    return f"{file}:{lines[-1]}" if lines else file


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.strip().splitlines() if line.strip(" ^~")]
    return lines[-1] if lines else "does not import"


def main() -> None:
    """Print what was found; exit 1 when a file does not import."""
    as_json = "--json" in sys.argv
    dags, problems = check(Path(sys.argv[1]))
    if as_json:
        print(json.dumps({"dags": dags, "import_errors": problems}, indent=2))
    else:
        print(f"{len(dags)} Dags: {', '.join(dags)}")
        for where, said in problems.items():
            print(f"{where}: {said}", file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    try:
        main()
    except AirfleetError as error:
        sys.exit(str(error))
