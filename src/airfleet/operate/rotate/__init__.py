"""Rotation of secrets on a running stack, without losing a task.

`plan` computes the new secrets and the processes to restart, `kept` replaces `.env` and keeps the earlier one until the
end, `drain` lets the workers finish their tasks, `rotation` runs the steps in order.
"""
