"""A mail server that stores all mail: the default until .env names a real one."""

import os
import secrets
import signal
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class _Server(SMTP):  # type: ignore[misc]
    """Asks for user and password with the prompts that Go programs such as Alertmanager expect."""

    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"


class _Controller(Controller):  # type: ignore[misc]
    def factory(self) -> SMTP:
        return _Server(self.handler, **self.SMTP_kwargs)


def _only(password: str) -> object:
    def check(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: object) -> AuthResult:
        good = (
            isinstance(login, LoginPassword)
            and login.login == b"airflow"
            and secrets.compare_digest(login.password, password.encode())
        )
        # handled=False makes the server send its own "535 authentication failed".
        return AuthResult(success=good, handled=good)

    return check


def main() -> None:
    """Listen on MAIL_CATCHER_ADDRESS and write each mail into the Maildir MAIL_CATCHER_FOLDER, until stopped."""
    host, port = os.environ["MAIL_CATCHER_ADDRESS"].rsplit(":", 1)
    folder = Path(os.environ["MAIL_CATCHER_FOLDER"])
    folder.parent.mkdir(parents=True, exist_ok=True)
    controller = _Controller(
        Mailbox(str(folder)),
        hostname=host,
        port=int(port),
        authenticator=_only(os.environ["MAIL_CATCHER_PASSWORD"]),
        auth_required=True,
        # On loopback or the stack's own network; the catcher has no certificate.
        auth_require_tls=False,
    )
    controller.start()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    controller.stop()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
