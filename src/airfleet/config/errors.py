"""Errors for the user."""


class AirfleetError(Exception):
    """An error that the user can fix: it says what was found, what is needed and the next step.

    *problems* has one sentence or more for each problem; the command line prints all of them and exits 1.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
