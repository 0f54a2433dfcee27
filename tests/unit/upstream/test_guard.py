"""A change is applied to the version that it was made for, and to no other."""

import pytest

from airfleet.upstream import guard


def test_the_installed_version_fits() -> None:
    assert guard.fits(guard.CELERY, "a change")


def test_another_version_is_left_alone_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(guard.log, "warning", lambda text, *values: said.append(text % values))
    assert not guard.fits(("celery", "0.0.1"), "a change")
    assert said[0].startswith("a change is left out: it was made for celery 0.0.1")
