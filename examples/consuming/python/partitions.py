"""Where an order lies: every record is in the partition that Kafka's own default partitioner (murmur2) names for its key.

    python partitions.py --brokers 127.0.0.1:9092

So a topic with the same number of partitions, written with the same partitioner, joins without a shuffle.
"""

import argparse

from confluent_kafka.admin import AdminClient

from revenue import committed_records


def murmur2(key: bytes) -> int:
    """The hash of Kafka's Java client. In librdkafka and confluent-kafka: partitioner=murmur2_random; their default is another."""
    mask, mix = 0xFFFFFFFF, 0x5BD1E995
    result = 0x9747B28C ^ len(key)
    whole = len(key) & ~3
    for at in range(0, whole, 4):
        word = int.from_bytes(key[at:at + 4], "little") * mix & mask
        word = (word ^ word >> 24) * mix & mask
        result = result * mix & mask ^ word
    if rest := key[whole:]:
        result = (result ^ int.from_bytes(rest, "little")) * mix & mask
    result = (result ^ result >> 13) * mix & mask
    return result ^ result >> 15


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key among so many."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--brokers", required=True)
    arguments.add_argument("--topic", default="ecommerce.order.order")
    asked = arguments.parse_args()

    admin = AdminClient({"bootstrap.servers": asked.brokers})
    partitions = len(admin.list_topics(asked.topic, timeout=10).topics[asked.topic].partitions)
    found = {}
    for message in committed_records(asked.brokers, asked.topic):
        found.setdefault(message.key(), set()).add(message.partition())
    astray = [key for key, places in found.items() if places != {partition_of(key, partitions)}]
    if astray:
        raise ValueError(f"{len(astray)} keys are not where murmur2 says, such as {astray[0]!r}")
    print(f"keys: {len(found)}, all where murmur2 says among {partitions} partitions")


if __name__ == "__main__":
    main()
