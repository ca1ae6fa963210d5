package contract

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func readingCases() []Case {
	return []Case{
		{
			Service: serviceDynamoDB, Name: "orders versions by their bytes, backward from the last", Source: guide + "Query.html",
			check: checkOrder,
		},
		{
			Service: serviceDynamoDB, Name: "queries what comes after a version", Source: guide + "Query.KeyConditionExpressions.html",
			check: checkAfter,
		},
		{
			Service: serviceDynamoDB, Name: "names the last key of a page that Limit ended, though nothing follows", Source: guide + "Query.Pagination.html",
			Differs: map[string]string{Moto: "names none"},
			check:   checkLastKey,
		},
		{
			Service: serviceDynamoDB, Name: "refuses reserved words in expressions", Source: guide + "ReservedWords.html",
			Differs: map[string]string{Moto: "takes `name` in a Query"},
			check:   checkReserved,
		},
		{
			Service: serviceDynamoDB, Name: "refuses placeholders that are undefined or unused", Source: guide + "Expressions.ExpressionAttributeNames.html",
			Differs: map[string]string{Moto: "takes unused values"},
			check:   checkPlaceholders,
		},
		{
			Service: serviceDynamoDB, Name: "refuses a condition on what is no key, and a Query without a name", Source: guide + "Query.KeyConditionExpressions.html",
			check: checkKeyCondition,
		},
		{
			Service: serviceDynamoDB, Name: "gives back only what is projected", Source: guide + "Expressions.ProjectionExpressions.html",
			check: checkProjection,
		},
		{
			Service: serviceDynamoDB, Name: "says ResourceNotFoundException of a table that is not there", Source: api + "API_Query.html",
			check: checkNoTable,
		},
	}
}

func checkOrder(w *world) {
	table := w.table()
	for _, v := range []string{"10", "9", "0000000000000000011", "a", "Z", "é"} {
		w.mustPut(table, row("a", v))
	}
	w.mustPut(table, row("other", "zz"))
	in := byName(table, "a")
	equal(w, "forward", versions(w.query(in).Items), "0000000000000000011 10 9 Z a é")
	in.ScanIndexForward, in.Limit = aws.Bool(false), aws.Int32(1)
	equal(w, "newest", versions(w.query(in).Items), "é")
}

func checkAfter(w *world) {
	table := w.table()
	w.mustPut(table, row("a", "1"), row("a", "2"), row("a", "3"))
	in := byName(table, "a")
	in.KeyConditionExpression = aws.String("#n = :n AND #v > :v")
	in.ExpressionAttributeNames["#v"] = "version"
	for after, want := range map[string]string{"0": "1 2 3", "1": "2 3", "3": ""} {
		in.ExpressionAttributeValues[":v"] = str(after)
		equal(w, "after "+after, versions(w.query(in).Items), want)
	}
}

func checkLastKey(w *world) {
	table := w.table()
	w.mustPut(table, row("a", "1"))
	in := byName(table, "a")
	in.Limit = aws.Int32(1)
	equal(w, "with Limit", versions([]item{w.query(in).LastEvaluatedKey}), "1")
	in.Limit = nil
	equal(w, "without", len(w.query(in).LastEvaluatedKey), 0)
}

func checkReserved(w *world) {
	table := w.table()
	in := byName(table, "a")
	in.KeyConditionExpression, in.ExpressionAttributeNames = aws.String("name = :n"), nil
	_, err := w.db.Query(w.ctx, in)
	w.refused("name in a Query", err, "ValidationException")
	_, err = w.db.Scan(w.ctx, &dynamodb.ScanInput{TableName: &table, ProjectionExpression: aws.String("version, Key")})
	w.refused("Key in a Scan", err, "ValidationException")
	_, err = w.db.PutItem(w.ctx, &dynamodb.PutItemInput{TableName: &table, Item: row("a", "1"), ConditionExpression: aws.String("attribute_not_exists(name)")})
	w.refused("name in a condition", err, "ValidationException")
}

func checkPlaceholders(w *world) {
	table := w.table()
	in := byName(table, "a")
	in.ExpressionAttributeNames["#unused"] = "x"
	_, err := w.db.Query(w.ctx, in)
	w.refused("an unused name", err, "ValidationException")
	in = byName(table, "a")
	in.ExpressionAttributeValues[":unused"] = str("x")
	_, err = w.db.Query(w.ctx, in)
	w.refused("an unused value", err, "ValidationException")
	in = byName(table, "a")
	in.KeyConditionExpression = aws.String("#n = :undefined")
	_, err = w.db.Query(w.ctx, in)
	w.refused("an undefined value", err, "ValidationException")
}

func checkKeyCondition(w *world) {
	table := w.table()
	in := byName(table, "a")
	in.KeyConditionExpression = aws.String("#n = :n AND digest = :n")
	_, err := w.db.Query(w.ctx, in)
	w.refused("digest in a Query", err, "ValidationException")
	in = byName(table, "a")
	in.ExpressionAttributeNames["#n"] = "version"
	_, err = w.db.Query(w.ctx, in)
	w.refused("a Query by version", err, "ValidationException")
}

func checkProjection(w *world) {
	table := w.table()
	w.mustPut(table, row("a", "1", "contents", str("x"), "key", str("y")))
	out, err := w.db.GetItem(w.ctx, &dynamodb.GetItemInput{
		TableName: &table, Key: row("a", "1"), ProjectionExpression: aws.String("#k, version, absent"),
		ExpressionAttributeNames: map[string]string{"#k": "key"},
	})
	w.must(err)
	equal(w, "attributes", len(out.Item), 2)
	equal(w, "version", versions([]item{out.Item}), "1")
	in := byName(table, "a")
	in.Select = types.SelectCount
	count := w.query(in)
	equal(w, "counted", count.Count, 1)
	equal(w, "items with a count", len(count.Items), 0)
}

func checkNoTable(w *world) {
	name := unique("absent")
	_, err := w.db.Query(w.ctx, byName(name, "a"))
	w.refused("Query", err, "ResourceNotFoundException")
	_, err = w.db.DescribeTable(w.ctx, &dynamodb.DescribeTableInput{TableName: &name})
	w.refused("DescribeTable", err, "ResourceNotFoundException")
}
