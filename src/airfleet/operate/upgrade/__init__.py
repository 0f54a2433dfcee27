"""Whether another version of this checkout would take over its databases, its Dags and its .env; nothing is changed.

`tree` lays the version out beside the running one, `scratch` copies the metadata database, `probe` is run by that
version's own Python, `rehearsal` does all of it in order and takes everything away again.
"""
