"""The errors that a person reads."""


class AirfleetError(Exception):
    """Something a person can mend: says what was found, what is needed and the next step.

    *problems* holds one sentence or more for each thing found; the command line prints them all and exits 1.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
