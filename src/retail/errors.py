"""What the shop's pipelines raise."""


class Verdict(Exception):
    """The work was done and its outcome is no: trying again on the same input cannot help.

    The sentence says what was found, where, and the next step. Anything else that a step raises is
    taken for a passing trouble of the machinery and is worth a retry.
    """


class SourceFault(Verdict):
    """A source file cannot be taken as it is (missing, cut short, wrongly encoded, other columns...)."""
