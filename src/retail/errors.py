"""Errors of the shop's pipelines."""


class Verdict(Exception):
    """The step ran and its result is negative: a retry on the same input cannot help.

    The message says what was found, where, and the next step. Any other exception of a step counts as a temporary error
    and is retried.
    """


class SourceFault(Verdict):
    """A source file cannot be loaded (missing, truncated, wrongly encoded, other columns...)."""
