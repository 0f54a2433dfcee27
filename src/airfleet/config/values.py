"""Types of .env's values: each is the same on both engines, and refused with a sentence that says what is needed."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, SecretStr

_PLACEHOLDERS = re.compile(r"(?i)change|replace|example|placeholder|password|secret|todo|xxx|<.*>")
_URL_SAFE = re.compile(r"[A-Za-z0-9._~=-]+")
_FERNET_BYTES = 32
_JWT_BYTES = 64
_API_SECRET_BYTES = 32
_PASSWORD_CHARACTERS = 12
# bcrypt hashes only this many bytes of a password.
_HASHED_CHARACTERS = 72


def text(shape: str, needed: str) -> AfterValidator:
    """Return a check for text of this *shape*, a regular expression that no error shows; *needed* says it in words."""
    pattern = re.compile(shape)

    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"is {value!r}, and needs to be {needed}")
        return value

    return AfterValidator(check)


def whole(least: int, most: int | None = None) -> BeforeValidator:
    """Return a check for a whole number, in digits alone: Compose passes on what the file says."""
    needed = f"from {least} to {most}" if most is not None else f"of at least {least}"

    def check(value: object) -> int:
        given = str(value)
        if not re.fullmatch(r"0|[1-9][0-9]{0,17}", given) or not least <= int(given) <= (most or int(given)):
            raise ValueError(f"is {given!r}, and needs to be a whole number {needed}")
        return int(given)

    return BeforeValidator(check)


def switch(on: str, off: str) -> BeforeValidator:
    """Return a check for one of the two words, for True and False."""
    words: dict[object, bool] = {on: True, off: False, True: True, False: False}

    def check(value: object) -> bool:
        if value not in words:
            raise ValueError(f"is {value!r}, and needs to be {on} or {off}")
        return words[value]

    return BeforeValidator(check)


def _parsed(parse: Callable[[str], object], needed: str) -> AfterValidator:
    def check(value: str) -> str:
        try:
            parse(value)
        except ValueError:
            raise ValueError(f"is {value!r}, and needs to be {needed}") from None
        return value

    return AfterValidator(check)


def _secret(minimum: int, unit: str, maximum: int | None = None) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if not text:
            raise ValueError("is empty")
        if _PLACEHOLDERS.search(text):
            raise ValueError("is a placeholder, not a secret")
        if len(text.encode()) < minimum:
            raise ValueError(f"has {len(text.encode())} {unit}, and needs at least {minimum}")
        if maximum and len(text.encode()) > maximum:
            raise ValueError(f"has {len(text.encode())} {unit}, and may have {maximum} at most")
        if not _URL_SAFE.fullmatch(text):
            raise ValueError("has characters other than letters, digits and . _ ~ = -")
        return value

    return AfterValidator(check)


def _fernet(value: SecretStr) -> SecretStr:
    try:
        size = len(base64.urlsafe_b64decode(value.get_secret_value()))
    except (binascii.Error, ValueError):
        size = 0
    if size != _FERNET_BYTES:
        raise ValueError("is not a Fernet key (32 bytes in URL-safe base64)")
    return value


Password = Annotated[SecretStr, _secret(_PASSWORD_CHARACTERS, "characters")]
HashedPassword = Annotated[SecretStr, _secret(_PASSWORD_CHARACTERS, "characters", _HASHED_CHARACTERS)]
JwtSecret = Annotated[SecretStr, _secret(_JWT_BYTES, "bytes")]
ApiSecret = Annotated[SecretStr, _secret(_API_SECRET_BYTES, "bytes")]
FernetKey = Annotated[SecretStr, AfterValidator(_fernet)]

Port = Annotated[int, whole(1, 65535)]
Count = Annotated[int, whole(1, 64)]
AtLeastOne = Annotated[int, whole(1)]
ZeroOrOne = Annotated[int, whole(0, 1)]
OnOff = Annotated[bool, switch("on", "off"), PlainSerializer(lambda value: "on" if value else "off")]
TrueFalse = Annotated[bool, switch("true", "false"), PlainSerializer(lambda value: str(value).lower())]

Name = Annotated[str, text(r"[A-Za-z0-9._@-]+", "a name of letters, digits and . _ @ -")]
SystemUser = Annotated[str, text(r"|[A-Za-z_][\w.-]*", "empty or the name of a user of this machine")]
Queues = Annotated[str, text(r"[\w.-]+(,[\w.-]+)*", "names of queues, separated by single commas")]
FirstRun = Annotated[
    str,
    text(r"|[\w.]*:[\w.-]+(,[\w.-]+)*", "empty or MODULE:DAG_ID,DAG_ID, as in retail.first_run:weekly_full_pipeline"),
]
TeamCommands = Annotated[
    str, text(r"|[\w-]+=[\w.]+(,[\w-]+=[\w.]+)*", "empty or NAME=MODULE,NAME=MODULE, as in audit=retail")
]
Prefixes = Annotated[
    str, text(r"|\w+(,\w+)*", "empty or beginnings of keys, separated by single commas, as in RETAIL_,AIRFLOW_VAR_")
]
# Under a path the gateway would not know the Execution API, which it refuses to callers outside.
WebAddress = Annotated[
    str,
    text(
        r"|https?://[^\s/?#@]+/?",
        "empty or http:// or https:// with a host, and no path, as https://airflow.example.com",
    ),
]

IPv4 = Annotated[str, _parsed(ipaddress.IPv4Address, "an IPv4 address, as 127.0.0.1")]
Network = Annotated[str, _parsed(ipaddress.IPv4Network, "an IPv4 network, as 172.31.251.0/24")]
HostPort = Annotated[str, text(r"[\w.-]+:[0-9]{1,5}", "HOST:PORT, as postgres:5432")]
Image = Annotated[str, text(r"[\w./:@-]+", "an image's name, as airfleet:local")]
Memory = Annotated[str, text(r"[1-9][0-9]*[kmg]", "a number with k, m or g, as 512m")]
Cores = Annotated[str, text(r"[0-9]+(\.[0-9]+)?", "a number of cores, as 0.5 or 2, or 0 for no limit")]
Share = Annotated[str, text(r"0(\.[0-9]+)?|1(\.0+)?", "a number from 0 to 1, as 0.1")]
Days = Annotated[str, text(r"[1-9][0-9]*[hdwy]", "a number with h, d, w or y, as 30d")]
Disk = Annotated[str, text(r"[1-9][0-9]*[MG]B", "a number with MB or GB, as 10GB")]
