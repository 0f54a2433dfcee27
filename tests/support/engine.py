"""The Docker engine itself, beside what Compose does with it."""

import subprocess


def docker(*arguments: str, check: bool = True) -> str:
    """Run `docker ARGUMENTS` and return its output, stripped; with *check*, a failure fails the test."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, f"docker {arguments}\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()
