"""New secrets for a running stack: which, whom they concern, and how no task is lost over it.

`plan` says what is replaced and who is restarted for it, `kept` replaces `.env` and keeps the one before until all is
over, `drain` lets the workers finish what they run, `rotation` does all of it in order.
"""
