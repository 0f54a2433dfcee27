"""What an object makes at its start is made at its first use, once."""

import threading
import time
from dataclasses import dataclass

import pytest

from airfleet.runtime.patches.changes.page_fields import put_off


def field_class() -> type:
    """Return a class like FastAPI's ModelField, changed."""

    @dataclass
    class Field:
        name: str

        def __post_init__(self) -> None:
            made.append(self.name)
            # Time for another thread to come in between.
            time.sleep(0.05)
            self._type_adapter = f"validates {self.name}"

    made: list[str] = []
    put_off(Field)
    Field.made = made  # type: ignore[attr-defined]
    return Field


def test_nothing_is_made_before_it_is_asked_for() -> None:
    field = field_class()
    one = field("a")
    assert field.made == []
    assert [one._type_adapter, one._type_adapter] == ["validates a"] * 2
    assert field.made == ["a"]


def test_threads_that_ask_at_the_same_time_have_it_made_once() -> None:
    field = field_class()
    one = field("a")
    threads = [threading.Thread(target=lambda: one._type_adapter) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert field.made == ["a"]


def test_what_it_never_had_it_still_has_not() -> None:
    with pytest.raises(AttributeError, match="colour"):
        _ = field_class()("a").colour
