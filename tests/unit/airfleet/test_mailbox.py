"""Caught mail is read in the order in which it came."""

import mailbox
from email.message import EmailMessage
from pathlib import Path

import pytest

from airfleet.cli import look
from airfleet.stack.mailbox import Mail, delete, read


def test_mails_are_listed_oldest_first_and_html_is_shown_as_text(tmp_path: Path) -> None:
    box = mailbox.Maildir(str(tmp_path / "mail"))
    for number in range(12):
        message = EmailMessage()
        message["To"], message["Subject"] = "team@localhost", f"number {number}"
        message.set_content("<style>p {}</style><h1>Failed</h1><p>a &lt;b&gt; &amp; c</p>", subtype="html")
        box.add(message)
    found = read(tmp_path / "mail")
    assert [mail.subject for mail in found] == [f"number {n}" for n in range(12)]
    assert found[0].text == "Failed\na <b> & c"


def test_no_mail_is_an_empty_list_before_and_after_the_folder_exists(tmp_path: Path) -> None:
    assert read(tmp_path / "none") == []
    mailbox.Maildir(str(tmp_path / "mail"))
    assert read(tmp_path / "mail") == []
    delete(tmp_path / "mail")
    assert read(tmp_path / "mail") == []


@pytest.mark.parametrize("arguments", [[], ["1"]])
def test_a_mail_is_shown_as_text_whatever_a_terminal_would_make_of_it(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    caught = Mail("today", "team@localhost", "[/x] \x1b[2Jgone \x9b2J", "[red] \x1b]0;title\x07")

    class Stack:
        def mails(self) -> list[Mail]:
            return [caught]

    monkeypatch.setattr(look.deployment, "stack", Stack)
    look.mail(int(arguments[0]) if arguments else None)
    shown = capsys.readouterr().out
    assert "[/x] \\x1b[2Jgone \\x9b2J" in shown
    assert not set(shown) & {"\x1b", "\x9b", "\x07"}
