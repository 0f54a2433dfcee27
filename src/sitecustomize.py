"""Python imports this as it starts, in every process that has this folder on its path: each role, on both engines."""

from airfleet.upstream import imports

imports.install()
