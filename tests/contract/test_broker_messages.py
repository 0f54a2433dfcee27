"""airfleet.runtime.broker sees the messages that the installed Celery and kombu leave in Redis, wherever they are.

What it did not see would be taken for lost, and queued again.
"""

from celery import Celery

from airfleet.runtime.broker import message_ids


def test_a_message_is_seen_in_its_queue_and_with_a_worker_until_it_is_acknowledged(app: Celery) -> None:
    low, high = (
        app.send_task("work", task_id=name, queue="default", priority=priority).id
        for name, priority in (("low", 9), ("high", 0))
    )
    other = app.send_task("work", task_id="other", queue="heavy").id
    assert message_ids(app, ["default"]) == {low, high}
    assert message_ids(app, ["default", "heavy"]) == {low, high, other}

    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue("default")
        taken = queue.get(timeout=5)
        assert connection.default_channel.client.llen("default") == 0
        assert message_ids(app, ["default"]) == {low, high}
        taken.ack()
        assert len(message_ids(app, ["default"])) == 1
        queue.close()


def test_no_message_is_seen_where_there_is_none(app: Celery) -> None:
    assert message_ids(app, ["default"]) == set()
