"""The mail in the local mail catcher.

`python -m airfleet.stack.mailbox` prints it as JSON, from the folder MAIL_CATCHER_FOLDER.
"""

import email.policy
import json
import mailbox
import os
import re
import shutil
from dataclasses import asdict, dataclass
from email.parser import BytesParser
from html import unescape
from pathlib import Path


@dataclass(frozen=True)
class Mail:
    """One caught mail; *text* is its body without markup."""

    date: str
    to: str
    subject: str
    text: str


def read(folder: Path) -> list[Mail]:
    """Return every mail in the Maildir *folder*, oldest first; none before there is one."""
    # The last of its folders that is made.
    if not (folder / "cur").exists():
        return []
    box = mailbox.Maildir(str(folder), create=False)
    # A Maildir's file names begin with the second of delivery and its microseconds.
    return [_parse(box.get_bytes(key)) for key in sorted(box.keys(), key=_delivered)]


def delete(folder: Path) -> None:
    """Delete all mail."""
    shutil.rmtree(folder, ignore_errors=True)


def _delivered(key: str) -> tuple[int, int]:
    match = re.match(r"(\d+)\.M(\d+)", key)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _parse(raw: bytes) -> Mail:
    message = BytesParser(policy=email.policy.default).parsebytes(raw)
    body = message.get_body(("plain", "html"))
    text = str(body.get_content()) if body else ""
    if body and body.get_content_subtype() == "html":
        text = re.sub(r"\n\s*\n+", "\n", unescape(re.sub(r"<(style|script).*?</\1>|<[^>]+>", "\n", text, flags=re.S)))
    return Mail(str(message["date"]), str(message["to"]), str(message["subject"]), text.strip())


if __name__ == "__main__":
    print(json.dumps([asdict(mail) for mail in read(Path(os.environ["MAIL_CATCHER_FOLDER"]))]))
