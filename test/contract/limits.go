package contract

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Where AWS documents DynamoDB.
const (
	guide = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
	api   = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/"
)

const (
	maxItem = 400 * 1024
	big     = 400_000 // bytes: three of them are more than a page
)

func limitCases() []Case {
	return []Case{
		{
			Service: serviceDynamoDB, Name: "takes an item of 409,600 bytes, and none of 409,601", Source: guide + "Constraints.html",
			Differs: map[string]string{Moto: "takes 405,000"},
			check:   checkItemLimit,
		},
		{
			Service: serviceDynamoDB, Name: "counts lists and maps as documented: 3 bytes, and one for each element", Source: guide + "CapacityUnitCalculations.html",
			Differs: map[string]string{Moto: "counts otherwise"},
			check:   checkDocumentSize,
		},
		{
			Service: serviceDynamoDB, Name: "takes names of 2,048 bytes and versions of 1,024, no longer and no empty ones", Source: guide + "Constraints.html",
			check: checkKeyLimit,
		},
		{
			Service: serviceDynamoDB, Name: "keeps 38 digits of a number, and drops its outer zeros", Source: guide + "HowItWorks.NamingRulesDataTypes.html",
			Differs: map[string]string{Moto: "keeps any text that is a number"},
			check:   checkNumbers,
		},
		{
			Service: serviceDynamoDB, Name: "ends a Query's page with the item that reaches 1 MB", Source: "pages of small items cost 128.5 eventual units: https://www.dbi-services.com/blog/dynamodb-scan-pagination/",
			Differs: map[string]string{Moto: "ends before it, at 1,000,000"},
			check:   func(w *world) { checkPage(w, false) },
		},
		{
			Service: serviceDynamoDB, Name: "ends a Scan's page with the item that reaches 1 MB", Source: "as for Query",
			Differs: map[string]string{Moto: "ends before it, at 1,000,000"},
			check:   func(w *world) { checkPage(w, true) },
		},
		{
			Service: serviceDynamoDB, Name: "gets at most 100 keys in a batch, none twice", Source: api + "API_BatchGetItem.html",
			check: checkBatchLimit,
		},
		{
			Service: serviceDynamoDB, Name: "leaves keys of a batch unprocessed beyond 16 MB", Source: api + "API_BatchGetItem.html",
			check: checkBatchBytes,
		},
		{
			Service: serviceDynamoDB, Name: "charges reads by 4 KB: a Query's sum, half if eventual, whatever is projected", Source: guide + "read-write-operations.html",
			Differs: map[string]string{Moto: "always 1"},
			check:   checkUnits,
		},
		{
			Service: serviceDynamoDB, Name: "charges a Query that finds nothing a unit, or half", Source: guide + "read-write-operations.html",
			Differs: map[string]string{Moto: "always 1", Dynalite: "0", DynamoDBLocal: "0"},
			check:   checkEmptyUnits,
		},
		{
			Service: serviceDynamoDB, Name: "throttles a provisioned table that has used its burst", Source: guide + "burst-adaptive-capacity.html",
			Differs: map[string]string{Moto: "never", Dynalite: "never", DynamoDBLocal: "never"},
			check:   checkThrottling,
		},
	}
}

func checkItemLimit(w *world) {
	table := w.table()
	w.mustPut(table, sized("a", "1", maxItem))
	w.refused("a byte more", w.put(table, sized("a", "1", maxItem+1)), "ValidationException")
}

func checkDocumentSize(w *world) {
	table := w.table()
	list, doc := make([]types.AttributeValue, 1000), map[string]types.AttributeValue{}
	for i := range list {
		list[i] = str("")
		doc[fmt.Sprintf("%03d", i)] = str("")
	}
	// l: 1 + 3 + 1000 x 1; m: 1 + 3 + 1000 x (1 + 3).
	documents := 1004 + 4004
	fits := func(bytes int) item {
		it := sized("a", "1", bytes-documents)
		it["l"], it["m"] = &types.AttributeValueMemberL{Value: list}, &types.AttributeValueMemberM{Value: doc}
		return it
	}
	w.mustPut(table, fits(maxItem))
	w.refused("a byte more", w.put(table, fits(maxItem+1)), "ValidationException")
}

func checkKeyLimit(w *world) {
	table := w.table()
	name, version := strings.Repeat("n", 2048), strings.Repeat("v", 1024)
	w.mustPut(table, row(name, version))
	w.refused("a longer name", w.put(table, row(name+"n", version)), "ValidationException")
	w.refused("a longer version", w.put(table, row(name, version+"v")), "ValidationException")
	w.refused("an empty name", w.put(table, row("", version)), "ValidationException")
	w.refused("an empty version", w.put(table, row(name, "")), "ValidationException")
}

func checkNumbers(w *world) {
	table := w.table()
	digits := strings.Repeat("1234567890", 4)[:38]
	w.mustPut(table, row("a", "1", "zeros", number("001.500"), "small", number("1e-3"), "long", number(digits)))
	w.refused("39 digits", w.put(table, row("a", "2", "long", number(digits+"1"))), "ValidationException")
	out, err := w.db.GetItem(w.ctx, &dynamodb.GetItemInput{TableName: &table, Key: row("a", "1")})
	w.must(err)
	for name, want := range map[string]string{"zeros": "1.5", "small": "0.001", "long": digits} {
		n, ok := out.Item[name].(*types.AttributeValueMemberN)
		if !ok {
			w.fail("%s came back as %T", name, out.Item[name])
		}
		equal(w, name, n.Value, want)
	}
}

// checkPage has four items, of which the third reaches 1 MB.
func checkPage(w *world, scan bool) {
	table := w.table()
	for i := range 4 {
		w.mustPut(table, sized("a", fmt.Sprint(i), big))
	}
	var start item
	var pages []string
	for range 3 {
		var items []item
		if scan {
			out, err := w.db.Scan(w.ctx, &dynamodb.ScanInput{TableName: &table, ExclusiveStartKey: start})
			w.must(err)
			items, start = out.Items, out.LastEvaluatedKey
		} else {
			in := byName(table, "a")
			in.ExclusiveStartKey = start
			out := w.query(in)
			items, start = out.Items, out.LastEvaluatedKey
		}
		pages = append(pages, versions(items))
		if start == nil {
			break
		}
	}
	equal(w, "pages", strings.Join(pages, ", "), "0 1 2, 3")
}

func (w *world) batch(table string, keys ...item) (*dynamodb.BatchGetItemOutput, error) {
	return w.db.BatchGetItem(w.ctx, &dynamodb.BatchGetItemInput{
		RequestItems:           map[string]types.KeysAndAttributes{table: {Keys: keys, ConsistentRead: aws.Bool(true)}},
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
}

func checkBatchLimit(w *world) {
	table := w.table()
	w.mustPut(table, row("a", "7"))
	var keys []item
	for i := range 100 {
		keys = append(keys, row("a", fmt.Sprint(i)))
	}
	out, err := w.batch(table, keys...)
	w.must(err)
	equal(w, "found", versions(out.Responses[table]), "7")
	_, err = w.batch(table, append(keys, row("a", "100"))...)
	w.refused("101 keys", err, "ValidationException")
	_, err = w.batch(table, row("a", "1"), row("a", "1"))
	w.refused("a key twice", err, "ValidationException")
}

func checkBatchBytes(w *world) {
	table := w.table()
	var keys []item
	for i := range 42 { // 16.8 million bytes
		w.mustPut(table, sized("a", fmt.Sprint(i), big))
		keys = append(keys, row("a", fmt.Sprint(i)))
	}
	out, err := w.batch(table, keys...)
	w.must(err)
	got, left := len(out.Responses[table]), len(out.UnprocessedKeys[table].Keys)
	equal(w, "answered and left", got+left, len(keys))
	if got*big > 16<<20+big || left == 0 {
		w.fail("answered %d items of %d bytes at once", got, big)
	}
}

// units is what a Query consumed.
func (w *world) units(in *dynamodb.QueryInput) float64 {
	c := w.query(in).ConsumedCapacity
	if c == nil {
		w.fail("no consumed capacity in the answer")
	}
	return *c.CapacityUnits
}

func checkUnits(w *world) {
	table := w.table()
	w.mustPut(table, sized("small", "1", 3000), sized("small", "2", 3000), sized("big", "1", 9000))
	equal(w, "two items of 3,000 bytes", w.units(byName(table, "small")), 2)
	in := byName(table, "big")
	equal(w, "9,000 bytes", w.units(in), 3)
	in.ProjectionExpression = aws.String("version")
	equal(w, "9,000 bytes, projected", w.units(in), 3)
	in.ConsistentRead = aws.Bool(false)
	equal(w, "9,000 bytes, projected, eventually", w.units(in), 1.5)
	out, err := w.batch(table, row("small", "1"), row("small", "2"))
	w.must(err)
	if len(out.ConsumedCapacity) != 1 {
		w.fail("a batch says nothing of what it consumed")
	}
	equal(w, "two items of 3,000 bytes in a batch", *out.ConsumedCapacity[0].CapacityUnits, 2)
}

func checkEmptyUnits(w *world) {
	in := byName(w.table(), "none")
	equal(w, "consistently", w.units(in), 1)
	in.ConsistentRead = aws.Bool(false)
	equal(w, "eventually", w.units(in), 0.5)
}

// checkThrottling reads more than five minutes of a unit a second can pay for.
func checkThrottling(w *world) {
	table := w.tableWith(&types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(1), WriteCapacityUnits: aws.Int64(500)})
	w.mustPut(table, sized("a", "1", big))
	for range 10 {
		_, err := w.db.Query(w.ctx, byName(table, "a"))
		if err != nil {
			w.refused("the next read", err, "ProvisionedThroughputExceededException")
			return
		}
	}
	w.fail("read %d units at once from a table of 1 unit a second", 10*big/4096)
}
