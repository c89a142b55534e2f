"""Runs one scenario with confluent-kafka (librdkafka) against a broker and prints what it saw as one JSON line.

Usage: exercise.py SCENARIO BOOTSTRAP UNIQUE
"""

import json
import sys
import threading
import time

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaException,
    OFFSET_BEGINNING,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

DEADLINE_S = 40


def wait_for(what, probe):
    """Waits until probe() is true; fails with the name of what was waited for."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        value = probe()
        if value:
            return value
        time.sleep(0.05)
    raise TimeoutError(what)


def admin_of(bootstrap):
    return AdminClient({"bootstrap.servers": bootstrap})


def settle(futures):
    """Waits for the futures of an admin call and gives their results by key."""
    return {key: future.result(timeout=DEADLINE_S) for key, future in futures.items()}


def create(bootstrap, topic, partitions=1, config=None):
    admin = admin_of(bootstrap)
    settle(admin.create_topics([NewTopic(topic, num_partitions=partitions, replication_factor=1, config=config or {})]))
    wait_for("the topic's leaders", lambda: topic in admin.list_topics(timeout=10).topics)


def send(bootstrap, topic, values, **settings):
    """Produces values, each as key and value, and gives the acknowledged (partition, offset) pairs."""
    acknowledged = []
    failed = []

    def delivered(error, message):
        if error is None:
            acknowledged.append((message.partition(), message.offset()))
        else:
            failed.append(str(error))

    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5, **settings})
    for value in values:
        producer.produce(topic, key=value, value=value, on_delivery=delivered)
        producer.poll(0)
    left = producer.flush(DEADLINE_S)
    if left or failed:
        raise RuntimeError(f"{left} records left, failed: {failed[:3]}")
    return acknowledged


class Member(threading.Thread):
    """A member of a consumer group that reads in a thread of its own until it is stopped."""

    def __init__(self, bootstrap, group, topic, **settings):
        super().__init__(daemon=True)
        self.values = []
        self.assigned = 0
        self.failure = None
        self.stopping = threading.Event()
        self.consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": group,
                "auto.offset.reset": "earliest",
                "session.timeout.ms": 10000,
                "heartbeat.interval.ms": 500,
                "auto.commit.interval.ms": 100,
                **settings,
            }
        )
        self.cooperative = settings.get("partition.assignment.strategy") == "cooperative-sticky"
        self.consumer.subscribe([topic], on_assign=self.on_assign, on_revoke=self.on_revoke)
        self.start()

    def on_assign(self, consumer, partitions):
        self.assigned = self.assigned + len(partitions) if self.cooperative else len(partitions)

    def on_revoke(self, consumer, partitions):
        self.assigned = self.assigned - len(partitions) if self.cooperative else 0

    def run(self):
        try:
            while not self.stopping.is_set():
                message = self.consumer.poll(0.1)
                if message is None:
                    continue
                if message.error():
                    raise KafkaException(message.error())
                self.values.append(message.value().decode())
            self.consumer.close()
        except Exception as error:  # reported by whoever stops the member
            self.failure = error

    def stop(self):
        self.stopping.set()
        self.join(DEADLINE_S)
        if self.failure is not None:
            raise self.failure


def produce_and_consume(bootstrap, unique, codec):
    topic = f"librdkafka-{unique}"
    create(bootstrap, topic, 2)
    values = [f"value-{codec}-{index}" for index in range(500)]
    acknowledged = send(bootstrap, topic, values, **{"compression.type": codec, "enable.idempotence": True})
    member = Member(bootstrap, f"group-{unique}", topic)
    wait_for("every value", lambda: len(member.values) >= 500)
    member.stop()
    return {"same": sorted(member.values) == sorted(values), "acknowledged": len(set(acknowledged))}


def stored_in(bootstrap, unique, target):
    """Produces with every codec to a topic that stores one, and reads all of it with CRCs checked."""
    topic = f"librdkafka-{unique}"
    create(bootstrap, topic, config={"compression.type": target})
    values = []
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        some = [f"value-{codec}-{index}" for index in range(200)]
        send(bootstrap, topic, some, **{"compression.type": codec, "enable.idempotence": True})
        values += some
    member = Member(bootstrap, f"group-{unique}", topic, **{"check.crcs": True})
    wait_for("every value", lambda: len(member.values) >= len(values))
    member.stop()
    return {"same": member.values == values}


def acks(bootstrap, unique):
    topic = f"librdkafka-{unique}"
    create(bootstrap, topic)
    counts = {}
    for level in ("0", "1", "all"):
        counts[level] = len(send(bootstrap, topic, [f"{level}-{index}" for index in range(50)], acks=level))
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"group-{unique}"})
    partition = TopicPartition(topic, 0)
    wait_for("every record", lambda: consumer.get_watermark_offsets(partition, timeout=10) == (0, 150))
    consumer.close()
    return counts


def share_partitions(bootstrap, unique, strategy):
    topic = f"librdkafka-{unique}"
    group = f"group-{unique}"
    settings = {"partition.assignment.strategy": strategy}
    create(bootstrap, topic, 4)
    first = Member(bootstrap, group, topic, **settings)
    wait_for("one member has all", lambda: first.assigned == 4)
    second = Member(bootstrap, group, topic, **settings)
    wait_for("each has half", lambda: first.assigned == 2 and second.assigned == 2)
    send(bootstrap, topic, [f"early-{index}" for index in range(200)])
    wait_for("every value", lambda: len(first.values) + len(second.values) >= 200)
    both = len(first.values) > 0 and len(second.values) > 0
    first.stop()
    wait_for("the other has all", lambda: second.assigned == 4)
    second.stop()
    send(bootstrap, topic, [f"late-{index}" for index in range(50)])
    third = Member(bootstrap, group, topic, **settings)
    wait_for("the new values", lambda: len(third.values) >= 50)
    third.stop()
    return {"both": both, "late": sorted(third.values) == sorted(f"late-{index}" for index in range(50))}


def static_member(bootstrap, unique):
    """A static member that comes back within its session keeps its partitions without a rebalance of the other."""
    topic = f"librdkafka-{unique}"
    group = f"group-{unique}"
    create(bootstrap, topic, 2)
    first = Member(bootstrap, group, topic, **{"group.instance.id": "one"})
    second = Member(bootstrap, group, topic, **{"group.instance.id": "two"})
    wait_for("each has one", lambda: first.assigned == 1 and second.assigned == 1)
    second.stop()
    again = Member(bootstrap, group, topic, **{"group.instance.id": "two"})
    wait_for("it is back", lambda: again.assigned == 1)
    kept = first.assigned == 1
    first.stop()
    again.stop()
    return {"kept": kept}


def topics(bootstrap, unique):
    topic = f"librdkafka-{unique}"
    admin = admin_of(bootstrap)
    create(bootstrap, topic, 2, {"retention.ms": "5000000"})
    settle(admin.create_partitions([NewPartitions(topic, 3)]))
    wait_for("three partitions", lambda: len(admin.list_topics(topic, timeout=10).topics[topic].partitions) == 3)
    resource = ConfigResource(ResourceType.TOPIC, topic)
    before = settle(admin.describe_configs([resource]))[resource]["retention.ms"].value
    change = ConfigResource(
        ResourceType.TOPIC,
        topic,
        incremental_configs=[ConfigEntry("retention.ms", "6000000", incremental_operation=AlterConfigOpType.SET)],
    )
    settle(admin.incremental_alter_configs([change]))
    after = wait_for(
        "the setting",
        lambda: next(
            (value for value in [settle(admin.describe_configs([resource]))[resource]["retention.ms"].value] if value != before),
            None,
        ),
    )
    cluster = admin.describe_cluster().result(timeout=DEADLINE_S)
    settle(admin.delete_topics([topic]))
    wait_for("the topic is gone", lambda: topic not in admin.list_topics(timeout=10).topics)
    return {"before": before, "after": after, "nodes": len(cluster.nodes)}


def groups(bootstrap, unique):
    topic = f"librdkafka-{unique}"
    group = f"group-{unique}"
    create(bootstrap, topic)
    send(bootstrap, topic, [f"value-{index}" for index in range(10)])
    member = Member(bootstrap, group, topic)
    wait_for("every value", lambda: len(member.values) == 10)
    admin = admin_of(bootstrap)
    described = settle(admin.describe_consumer_groups([group]))[group]
    members = len(described.members)
    state = described.state.name
    member.stop()

    def offset():
        request = [ConsumerGroupTopicPartitions(group)]
        partitions = settle(admin.list_consumer_group_offsets(request))[group].topic_partitions
        return partitions[0].offset if partitions else None

    committed = offset()
    target = [ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 4)])]
    settle(admin.alter_consumer_group_offsets(target))
    altered = offset()
    ends = settle(admin.list_offsets({TopicPartition(topic, 0): OffsetSpec.latest()}))
    listed = group in [each.group_id for each in admin.list_consumer_groups().result(timeout=DEADLINE_S).valid]
    settle(admin.delete_consumer_groups([group]))
    gone = group not in [each.group_id for each in admin.list_consumer_groups().result(timeout=DEADLINE_S).valid]
    return {
        "members": members,
        "state": state,
        "committed": committed,
        "altered": altered,
        "end": next(iter(ends.values())).offset,
        "listed": listed,
        "gone": gone,
    }


def offsets(bootstrap, unique):
    """Manual assignment, seeking, timestamps, deleting records, synchronous commits."""
    topic = f"librdkafka-{unique}"
    create(bootstrap, topic)
    send(bootstrap, topic, [f"value-{index}" for index in range(20)])
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"group-{unique}", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    first = wait_for("the first value", lambda: consumer.poll(1.0))
    consumer.seek(TopicPartition(topic, 0, 15))
    sought = wait_for("the value sought", lambda: next((m for m in [consumer.poll(1.0)] if m and m.offset() >= 15), None))
    consumer.commit(message=sought, asynchronous=False)
    committed = consumer.committed([TopicPartition(topic, 0)], timeout=10)[0].offset
    early = consumer.offsets_for_times([TopicPartition(topic, 0, 1)], timeout=10)[0].offset
    consumer.close()
    admin = admin_of(bootstrap)  # kept: a client that is collected takes its futures with it
    deleted = settle(admin.delete_records([TopicPartition(topic, 0, 6)]))
    return {
        "first": first.offset(),
        "sought": sought.offset(),
        "committed": committed,
        "early": early,
        "low": next(iter(deleted.values())).low_watermark,
    }


def main():
    name, bootstrap, unique, *more = sys.argv[1:]
    scenarios = {
        each.__name__: each
        for each in (produce_and_consume, stored_in, acks, share_partitions, static_member, topics, groups, offsets)
    }
    print(json.dumps(scenarios[name](bootstrap, unique, *more)))


main()
