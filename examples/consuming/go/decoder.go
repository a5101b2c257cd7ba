package main

import (
	"context"
	"fmt"

	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/sr"
)

// decoder reads records of any schema that the registry knows: each says in its first five bytes with which it was written.
type decoder struct {
	registry *sr.Client
	header   sr.ConfluentHeader
	schemas  map[int]avro.Schema
}

func newDecoder(registry *sr.Client) *decoder {
	return &decoder{registry: registry, schemas: map[int]avro.Schema{}}
}

func (d *decoder) decode(ctx context.Context, value []byte) (map[string]any, error) {
	id, body, err := d.header.DecodeID(value)
	if err != nil {
		return nil, err
	}
	schema, err := d.schema(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("schema %d: %w", id, err)
	}
	var event map[string]any
	err = avro.Unmarshal(schema, body, &event)
	return event, err
}

// schema asks the registry once for each id.
func (d *decoder) schema(ctx context.Context, id int) (avro.Schema, error) {
	if schema, known := d.schemas[id]; known {
		return schema, nil
	}
	found, err := d.registry.SchemaByID(ctx, id)
	if err != nil {
		return nil, err
	}
	// A cache of its own: two schemas may give the same name to different records.
	schema, err := avro.ParseWithCache(found.Schema, "", &avro.SchemaCache{})
	if err != nil {
		return nil, err
	}
	d.schemas[id] = schema
	return schema, nil
}
