"""Old task logs go; those of a run that still goes on stay, whatever their age."""

import os
from pathlib import Path

from airfleet.runtime.maintenance import old_logs

DAY = 86_400.0


def a_log(folder: Path, run_id: str, age_days: float, now: float) -> Path:
    path = folder / "dag_id=shop" / f"run_id={run_id}" / "task_id=load" / "attempt=1.log"
    path.parent.mkdir(parents=True)
    path.write_text("said something\n")
    os.utime(path, (now - age_days * DAY,) * 2)
    return path


def test_only_old_files_of_finished_runs_go_and_their_empty_folders_with_them(tmp_path: Path) -> None:
    now = 1_000 * DAY
    old, young = a_log(tmp_path, "old", 40, now), a_log(tmp_path, "young", 3, now)
    running = a_log(tmp_path, "running for weeks", 40, now)
    found = list(old_logs.old(tmp_path, now - 30 * DAY, ["shop/running for weeks"]))
    assert found == [old]
    old_logs.delete(tmp_path, found)
    assert young.exists()
    assert running.exists()
    assert not (tmp_path / "dag_id=shop" / "run_id=old").exists()
    assert (tmp_path / "dag_id=shop").exists()


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "precious.log"
    elsewhere.write_text("kept")
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "link.log").symlink_to(elsewhere)
    assert list(old_logs.old(folder, elsewhere.stat().st_mtime + DAY, [])) == []
