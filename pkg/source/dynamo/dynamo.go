// Package dynamo keeps items of the credstash format in a DynamoDB table, the
// way credstash itself does: partition key "name", sort key "version", both
// strings. [Table] implements the interfaces of package store that have to do
// with items; the keys are package kms's.
//
// All reads but those of [Table.Probe] are consistent: they see every write that
// has finished. The newest version is a Query of one item in descending order;
// there is no batch form of that in DynamoDB, so many names mean many requests
// at once.
//
// Attribute names always go through placeholders: name and key, among others,
// are reserved words
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html).
package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// The attributes that DynamoDB itself has to know.
const (
	nameAttr    = "name"    // partition key
	versionAttr = "version" // sort key
	commentAttr = "comment"
	// What tells one item from another, and how to read it.
	keyAttr       = "key"
	algorithmAttr = "algorithm"
)

// Table is one table. It is safe for concurrent use. Errors wrap the sentinels
// of package source and keep AWS's code and message.
type Table struct {
	api    api
	reads  *wire.JSONClient
	client awsconfig.Client
	name   string
}

// api holds the operations that are used as method values. A *dynamodb.Client kept
// in a struct or interface would drag all of its methods into the binary:
// text/template looks methods up by name, so the linker keeps every method of
// every type that reflection can reach. Both clients so kept were 2.0 MB of 15.7.
type api struct {
	putItem       func(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	updateItem    func(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	deleteItem    func(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	describeTable func(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	createTable   func(context.Context, *dynamodb.CreateTableInput, ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error)
	tagResource   func(context.Context, *dynamodb.TagResourceInput, ...func(*dynamodb.Options)) (*dynamodb.TagResourceOutput, error)
}

// New returns the table of that name in the client's region, or of that ARN, which
// may be another account's. It does no I/O.
//
// Reads do not run the middleware of the client's APIOptions; its Observer sees
// them.
func New(client awsconfig.Client, table string) *Table {
	c := dynamodb.NewFromConfig(client.Config)
	return &Table{name: table, client: client, reads: newReader(c, client, table), api: api{
		putItem:       c.PutItem,
		updateItem:    c.UpdateItem,
		deleteItem:    c.DeleteItem,
		describeTable: c.DescribeTable,
		createTable:   c.CreateTable,
		tagResource:   c.TagResource,
	}}
}

// Preconnect implements store.Preconnector: it makes connections for n reads at once, and
// keeps them until ctx ends.
func (t *Table) Preconnect(ctx context.Context, n int) {
	if url := t.reads.URL(ctx); t.client.Preconnect != nil && url != "" {
		t.client.Preconnect(ctx, url, n)
	}
}

func (t *Table) op(verb string) string { return verb + " table " + t.name }
