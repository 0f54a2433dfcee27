"""A rotation of the Fernet key gets past deferred tasks."""

from collections.abc import Iterator

import pytest
from airflow.models import crypto
from airflow.models.trigger import Trigger
from cryptography.fernet import Fernet, InvalidToken

from airfleet.runtime.patches.changes import plain_triggers as triggers

PLAIN = '{"moment": "a deferred task wrote it so"}'


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Fernet, Fernet]]:
    """The new key and the old one, of which Airflow has both."""
    new, old = Fernet.generate_key(), Fernet.generate_key()
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", f"{new.decode()},{old.decode()}")
    crypto.get_fernet.cache_clear()
    yield Fernet(new), Fernet(old)
    crypto.get_fernet.cache_clear()


def trigger(arguments: str) -> Trigger:
    made = Trigger("a.trigger", {})
    made.encrypted_kwargs = arguments
    return made


def test_airflow_takes_every_triggers_arguments_for_encrypted_by_itself(keys: tuple[Fernet, Fernet]) -> None:
    assert trigger(PLAIN).kwargs, "Airflow no longer reads plain arguments"
    with pytest.raises(InvalidToken):
        Trigger.rotate_fernet_key(trigger(PLAIN))


def test_plain_arguments_are_left_and_encrypted_ones_are_encrypted_anew(keys: tuple[Fernet, Fernet]) -> None:
    new, old = keys
    rotate = triggers.only_what_is_encrypted(Trigger.rotate_fernet_key)
    plain, encrypted = trigger(PLAIN), trigger(old.encrypt(b"{}").decode())
    rotate(plain)
    rotate(encrypted)
    assert plain.encrypted_kwargs == PLAIN
    assert new.decrypt(encrypted.encrypted_kwargs) == b"{}"
