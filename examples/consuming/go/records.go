package main

import (
	"context"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// committedRecords hands over every committed record of a topic from the first to the present end, each partition in its order.
func committedRecords(ctx context.Context, brokers []string, topic string, take func(partition int32, value []byte) error) error {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(brokers...),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), // what was aborted never happened
		kgo.KeepControlRecords(),                     // the last thing in a partition is the end of a transaction
	)
	if err != nil {
		return err
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListCommittedOffsets(ctx, topic)
	if err != nil {
		return err
	}
	if err := ends.Error(); err != nil {
		return err
	}
	unfinished := map[int32]int64{}
	ends.Each(func(end kadm.ListedOffset) {
		if end.Offset > 0 {
			unfinished[end.Partition] = end.Offset
		}
	})
	for len(unfinished) > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return err
		}
		for records := fetches.RecordIter(); !records.Done(); {
			record := records.Next()
			end, wanted := unfinished[record.Partition]
			if !wanted || record.Offset >= end {
				continue
			}
			if !record.Attrs.IsControl() {
				if err := take(record.Partition, record.Value); err != nil {
					return err
				}
			}
			if record.Offset+1 == end {
				delete(unfinished, record.Partition)
			}
		}
	}
	return nil
}
