"""What Grafana makes of a panel's SQL before it asks Postgres."""


def fill_sql(statement: str, *, seconds: int) -> str:
    """Return a panel's SQL with Grafana's time filter filled in: the last *seconds*."""
    before, _, rest = statement.partition("$__timeFilter(")
    while rest:
        column, _, after = rest.partition(")")
        before += f"{column} > now() - interval '{seconds} seconds'"
        more, _, rest = after.partition("$__timeFilter(")
        before += more
    return before
