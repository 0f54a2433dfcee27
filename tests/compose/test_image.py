"""The one image: small, without root, and with nothing secret in it."""

import json

from support.deployment import Deployment
from support.engine import docker

IMAGE = "airfleet:local"
MEGABYTE = 1_000_000


def test_it_is_at_most_400_mb(stack: Deployment) -> None:
    assert int(docker("image", "inspect", IMAGE, "--format", "{{.Size}}")) <= 400 * MEGABYTE


def test_it_says_what_it_is_and_does_not_run_as_root(stack: Deployment) -> None:
    (found,) = json.loads(docker("image", "inspect", IMAGE))
    labels = {key.removeprefix("org.opencontainers.image."): value for key, value in found["Config"]["Labels"].items()}
    assert labels["title"] == "airfleet"
    assert {"description", "licenses", "version", "revision"} <= set(labels)
    assert found["Config"]["User"] == "50000:0"


def test_it_holds_no_compiler_no_installer_and_no_secret(stack: Deployment) -> None:
    look = "for p in gcc cc pip pip3 uv git; do command -v $p; done; find / -xdev -type f -name .env -o -name '*.key'"
    assert docker("run", "--rm", "--entrypoint", "sh", IMAGE, "-c", look, check=False) == ""
    layers = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", IMAGE)
    (found,) = json.loads(docker("image", "inspect", IMAGE))
    said = layers + json.dumps(found["Config"])
    assert not [secret for secret in stack.docker().settings.secrets() if secret in said]
