"""Init, begun while the servers are still made."""

from pathlib import Path

import pytest

from airfleet.config import env_file, settings
from airfleet.config.paths import Paths
from airfleet.stack.embedded.one_shot import Init
from airfleet.stack.init.rotated import NOTHING_ROTATED


def test_an_init_whose_servers_never_come_is_not_left_behind(tmp_path: Path) -> None:
    env_file.fill(tmp_path / ".env", Paths().env_example)
    with (
        pytest.raises(OSError, match="no space"),
        Init(settings.load(tmp_path / ".env"), Paths(), NOTHING_ROTATED) as init,
    ):
        running = init.begin()
        assert init.begin() is running
        assert running.poll() is None
        raise OSError("no space for the databases")
    assert running.returncode is not None
