"""Nothing secret is committed; what looks like a secret and is none is listed here, with the reason."""

import subprocess
from pathlib import Path

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings
from support.checkout import ROOT

EXAMPLE = "an example with PASSWORD in the place of a password"
A_WORD = "says which secret it is, and does not hold it"
MADE_UP = "made up for the test; no server beyond it knows it"
NO_SECRETS = {
    ".env.example": EXAMPLE,
    "docs/compose.md": EXAMPLE,
    "src/airfleet/embedded/servers.py": A_WORD,
    "src/airfleet/mail_catcher.py": "the words with which a mail server asks for a password",
    "src/airfleet/roles.py": A_WORD,
    "src/retail/bench_copying.py": A_WORD,
    "tests/compose/test_bad_input.py": MADE_UP,
    "tests/compose/test_reach.py": MADE_UP,
    "tests/contract/test_no_secrets.py": MADE_UP,
    "tests/contract/test_upstream.py": "digests of source code",
    "tests/monitoring/conftest.py": MADE_UP,
    "tests/monitoring/test_alerts.py": MADE_UP,
    "tests/monitoring/test_delivery.py": MADE_UP,
    "tests/stack/test_bad_input.py": MADE_UP,
    "tests/stack/test_intruders.py": MADE_UP,
    "tests/stack/test_own_dags.py": MADE_UP,
    "tests/stack/test_pipelines_report.py": MADE_UP,
    "tests/unit/airfleet/test_docker_stack.py": MADE_UP,
    "tests/unit/airfleet/test_settings.py": MADE_UP,
}
# Digests, pictures, and what is generated from files that are read.
NOT_READ = (".lock", ".png", ".json")


def suspicious(root: Path, names: list[str]) -> set[str]:
    """Return the files in which something looks like a secret."""
    found = SecretsCollection(root=str(root))
    with default_settings():
        found.scan_files(*names)
    return {name for name, _ in found}


def test_no_committed_file_holds_a_secret() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    files = [name for name in listed if name and not name.endswith(NOT_READ) and (ROOT / name).is_file()]
    assert suspicious(ROOT, files) <= set(NO_SECRETS)


def test_a_planted_secret_is_found(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text('database = "postgresql://owner:Zq81nVx0pL@db/shop"\n')
    (tmp_path / "key.txt").write_text("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n")
    assert suspicious(tmp_path, ["settings.py", "key.txt"]) == {"settings.py", "key.txt"}
