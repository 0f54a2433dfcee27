"""The shop's mails; the caller sends them."""

from __future__ import annotations

from retail.money import rupees
from retail.report import Facts, environment


def completion(facts: Facts, report_link: str) -> tuple[str, str]:
    """The (subject, HTML) of the mail that a finished weekly run sends; *report_link* is the report's page."""
    change = facts.net_change
    told = "" if change is None else f", {change * 100:+.1f} %"
    subject = (
        f"Shop week to {facts.week.last:%d %b %Y}: net {rupees(facts.week.net_cents)}{told}; "
        f"quality {facts.score:.1f} ({facts.grade})"
    )
    page = environment().get_template("completion.html.j2")
    return subject, page.render(facts=facts, report_link=report_link)
