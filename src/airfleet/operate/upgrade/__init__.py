"""Rehearsal of an upgrade: another version of this checkout with copies of its databases, Dags and .env.

`tree` lays out the version beside the running one, `scratch` copies the metadata database, `probe` runs under that
version's own Python, `rehearsal` runs the steps in order and deletes everything at the end.
"""
