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

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

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
	api    api
	reads  *wire.JSONClient
	client awsconfig.Client
	name   string
}

// api holds the operations as method values. text/template looks methods up by name, so
// the linker keeps every method of every type that reflection can reach. A
// *dynamodb.Client in a struct or interface would therefore add all of its methods to the
// binary: with both clients kept so, 2.0 MB of 15.7 MB.
type api struct {
	putItem       func(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	updateItem    func(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	deleteItem    func(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	describeTable func(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	createTable   func(context.Context, *dynamodb.CreateTableInput, ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error)
	tagResource   func(context.Context, *dynamodb.TagResourceInput, ...func(*dynamodb.Options)) (*dynamodb.TagResourceOutput, error)
}

// New returns the table of that name in the client's region, or of that ARN, which may be
// in another account. It sends no request.
//
// Reads do not run the middleware of the client's APIOptions, but they do call its
// Observer.
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

// Preconnect implements store.Preconnector: it opens connections for n concurrent reads,
// and keeps them open until ctx ends.
func (t *Table) Preconnect(ctx context.Context, n int) {
	t.reads.Preconnect(ctx, n)
}

func (t *Table) op(verb string) string { return verb + " table " + t.name }
