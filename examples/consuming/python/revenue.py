"""What was sold and what went back, from the events of orders alone: decoded through the schema registry, committed records only.

    python revenue.py --brokers 127.0.0.1:9092 --registry http://127.0.0.1:8081/apis/ccompat/v7

The last line is what Chimera's own read model daily_revenue says too.
"""

import argparse
from collections import Counter
from decimal import Decimal

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext


def committed_records(brokers, topic):
    """Every record of a topic from the first to the present end, each partition in its order."""
    consumer = Consumer({
        "bootstrap.servers": brokers,
        "group.id": "revenue-example",  # the client wants a name; nothing is committed to it
        "enable.auto.commit": False,
        "isolation.level": "read_committed",  # what was aborted never happened
        "enable.partition.eof": True,
    })
    metadata = consumer.list_topics(topic, timeout=10).topics[topic]
    if metadata.error is not None:
        raise KafkaException(metadata.error)
    unfinished = set(metadata.partitions)
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in unfinished])
    try:
        while unfinished:
            message = consumer.poll(timeout=10)
            if message is None:
                raise TimeoutError(f"no answer for 10 s from partitions {sorted(unfinished)} of {topic}")
            if message.error() is None:
                yield message
            elif message.error().code() == KafkaError._PARTITION_EOF:
                unfinished.discard(message.partition())
            else:
                raise KafkaException(message.error())
    finally:
        consumer.close()


def net_of(event):
    """What an event adds to the revenue: (currency, amount), or None."""
    action = event["eventType"].removeprefix("ecommerce.order.order.")
    payload = event["payload"]
    match action:
        case "paid.v1":
            sale, sign = payload["sale"], 1
        case "canceled.v1" | "returned.v1":
            sale, sign = payload["credit"], -1
        case "credited.v1":
            sale, sign = payload["credit"], 1  # a credit note is signed already
        case _:
            return None
    return (sale["currency"], sign * sale["amount"]) if sale else None


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--brokers", required=True)
    arguments.add_argument("--registry", required=True)
    arguments.add_argument("--topic", default="ecommerce.order.order")
    asked = arguments.parse_args()

    # The schema that each record was written with is fetched by the id in its first bytes, once.
    registry = SchemaRegistryClient({"url": asked.registry})
    decode = AvroDeserializer(registry, conf={"subject.name.strategy.type": "TOPIC"})
    context = SerializationContext(asked.topic, MessageField.VALUE)

    placed, revenue, last = 0, Counter(), {}
    for message in committed_records(asked.brokers, asked.topic):
        event = decode(message.value(), context)
        # Not the offset: that has gaps, where transactions ended.
        expected = last.get(message.partition(), 0) + 1
        if event["sequence"] != expected:
            raise ValueError(f"partition {message.partition()}: sequence {event['sequence']} instead of {expected}")
        last[message.partition()] = expected
        placed += event["eventType"] == "ecommerce.order.order.created.v1"
        if (net := net_of(event)) is not None:
            currency, amount = net
            revenue[currency] += amount

    print(f"{sum(last.values())} events in {len(last)} partitions, no sequence missing")
    totals = ", ".join(f"{amount.quantize(Decimal('0.01'))} {currency}" for currency, amount in sorted(revenue.items()))
    print(f"orders placed: {placed}, net revenue: {totals}")


if __name__ == "__main__":
    main()
