// Revenue tells what was sold and what went back, from the events of orders alone: decoded through the schema registry without
// any generated type, committed records only.
//
//	go run . -brokers 127.0.0.1:9092 -registry http://127.0.0.1:8081/apis/ccompat/v7
//
// The last line is what Chimera's own read model daily_revenue says too.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
)

func main() {
	brokers := flag.String("brokers", "", "host:port, separated by commas")
	registry := flag.String("registry", "", "URL of the schema registry")
	topic := flag.String("topic", "ecommerce.order.order", "topic of the order events")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := run(ctx, *brokers, *registry, *topic); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, brokers, registry, topic string) error {
	client, err := sr.NewClient(sr.URLs(registry))
	if err != nil {
		return err
	}
	decoder := newDecoder(client)
	placed, events := 0, 0
	last := map[int32]int64{}
	revenue := map[string]*big.Rat{}
	err = committedRecords(ctx, strings.Split(brokers, ","), topic, func(partition int32, value []byte) error {
		event, err := decoder.decode(ctx, value)
		if err != nil {
			return err
		}
		// Not the offset: that has gaps, where transactions ended.
		sequence := event["sequence"].(int64)
		if sequence != last[partition]+1 {
			return fmt.Errorf("partition %d: sequence %d after %d", partition, sequence, last[partition])
		}
		last[partition] = sequence
		events++
		if event["eventType"] == "ecommerce.order.order.created.v1" {
			placed++
		}
		addNet(revenue, event)
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Printf("%d events in %d partitions, no sequence missing\n", events, len(last))
	fmt.Printf("orders placed: %d, net revenue: %s\n", placed, totals(revenue))
	return nil
}

// addNet adds what an event means for the revenue. A union's value comes as a map from the name of the branch to the record.
func addNet(revenue map[string]*big.Rat, event map[string]any) {
	for branch, payload := range event["payload"].(map[string]any) {
		field, sign := "", int64(0)
		switch branch {
		case "ecommerce.order.order.Paid":
			field, sign = "sale", 1
		case "ecommerce.order.order.Canceled", "ecommerce.order.order.Returned":
			field, sign = "credit", -1
		case "ecommerce.order.order.Credited":
			field, sign = "credit", 1 // a credit note is signed already
		default:
			return
		}
		sale, ok := payload.(map[string]any)[field].(map[string]any)
		if !ok {
			return // canceled before it was paid
		}
		if inner, nullable := sale["ecommerce.order.order.Sale"]; nullable {
			sale = inner.(map[string]any)
		}
		currency := sale["currency"].(string)
		amount := new(big.Rat).Mul(sale["amount"].(*big.Rat), big.NewRat(sign, 1))
		if revenue[currency] == nil {
			revenue[currency] = new(big.Rat)
		}
		revenue[currency].Add(revenue[currency], amount)
	}
}

func totals(revenue map[string]*big.Rat) string {
	var parts []string
	for currency, amount := range revenue {
		parts = append(parts, amount.FloatString(2)+" "+currency)
	}
	slices.SortFunc(parts, func(a, b string) int { return strings.Compare(a[len(a)-3:], b[len(b)-3:]) })
	return strings.Join(parts, ", ")
}
