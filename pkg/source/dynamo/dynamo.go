// Package dynamo stores credstash items in a DynamoDB table, as credstash does: the
// partition key is "name", the sort key is "version", both strings. [Table]
// implements the interfaces of package store for items; package kms implements those
// for keys.
//
// Reads are consistent, except those of [Table.Probe]: they see every write that has
// finished. The newest version is a Query for one item in descending order. DynamoDB
// has no batch form of Query, so a batch of names is as many concurrent requests.
//
// Attribute names always go through placeholders: name and key, among others,
// are reserved words
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html).
package dynamo

import (
	"context"

	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// Names of attributes in requests to DynamoDB.
const (
	nameAttr    = "name"    // partition key
	versionAttr = "version" // sort key
	commentAttr = "comment"
	// These attributes distinguish items and say how to read them.
	keyAttr       = "key"
	algorithmAttr = "algorithm"
)

// Table is one table. It is safe for concurrent use. Errors wrap the sentinels
// of package source and keep AWS's code and message.
type Table struct {
	calls  *wire.JSONClient
	client awsconfig.Client
	name   string
}

// New returns the table of that name in the client's region, or of that ARN, which may be
// in another account. It sends no request.
//
// Requests do not run the middleware of the client's APIOptions, but they do call its
// Observer.
func New(client awsconfig.Client, table string) *Table {
	return &Table{name: table, client: client, calls: newClient(client, table)}
}

// Preconnect implements store.Preconnector: it opens connections for n concurrent reads,
// and keeps them open until ctx ends.
func (t *Table) Preconnect(ctx context.Context, n int) {
	t.calls.Preconnect(ctx, n)
}

func (t *Table) op(verb string) string { return verb + " table " + t.name }
