"""The shop's settings, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from retail.errors import Verdict

_PERCENT = 100.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The shop's data folder, and the limits of its pipelines.

    *max_bad_share* is a share of a file's rows (0 to 1), *score_threshold* a quality score (0 to 100).
    """

    data_dir: Path
    max_bad_share: float = 0.05
    score_threshold: float = 90.0

    @property
    def source_dir(self) -> Path:
        return self.data_dir / "source"

    @property
    def report_dir(self) -> Path:
        return self.data_dir / "reports"

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read RETAIL_DATA_DIR, RETAIL_MAX_BAD_PERCENT and RETAIL_SCORE_THRESHOLD.

        Raises Verdict naming every bad key at once.
        """
        env = os.environ if env is None else env
        problems: list[str] = []

        def percent(key: str, default: float) -> float:
            text = env.get(key) or str(default)
            try:
                value = float(text)
            except ValueError:
                value = -1.0
            if not 0 <= value <= _PERCENT:
                problems.append(f"{key} is {text!r}; it needs a number from 0 to 100")
            return value

        bad = percent("RETAIL_MAX_BAD_PERCENT", 5.0)
        threshold = percent("RETAIL_SCORE_THRESHOLD", 90.0)
        folder = Path(env.get("RETAIL_DATA_DIR") or Path(__file__).resolve().parents[2] / "data")
        if not folder.is_absolute():
            problems.append(f"RETAIL_DATA_DIR is {str(folder)!r}; it needs an absolute path")
        if problems:
            raise Verdict("The shop's settings are not usable: " + "; ".join(problems) + ".")
        return cls(folder, bad / _PERCENT, threshold)
