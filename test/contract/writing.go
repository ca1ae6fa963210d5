package contract

import (
	"bytes"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func writingCases() []Case {
	return []Case{
		{
			Service: serviceDynamoDB, Name: "puts a version only where none is, and tells which one is", Source: api + "API_PutItem.html",
			check: checkConditionalPut,
		},
		{
			Service: serviceDynamoDB, Name: "changes attributes only where the condition holds, and keeps the others", Source: api + "API_UpdateItem.html",
			check: checkConditionalUpdate,
		},
		{
			Service: serviceDynamoDB, Name: "deletes only what the condition holds for", Source: api + "API_DeleteItem.html",
			check: checkConditionalDelete,
		},
		{
			Service: serviceDynamoDB, Name: "gives strings and binaries back byte for byte, empty ones too", Source: guide + "HowItWorks.NamingRulesDataTypes.html",
			check: checkBytes,
		},
		{
			Service: serviceDynamoDB, Name: "refuses items without their key, or with a key of another type", Source: api + "API_PutItem.html",
			check: checkItemKey,
		},
		{
			Service: serviceDynamoDB, Name: "refuses to create a table that is there", Source: api + "API_CreateTable.html",
			check: checkTableTwice,
		},
		{
			Service: serviceDynamoDB, Name: "tags tables, and switches point-in-time recovery on", Source: api + "API_UpdateContinuousBackups.html",
			Differs: map[string]string{Dynalite: "no such operation", DynamoDBLocal: "no such operation"},
			check:   checkBackups,
		},
	}
}

func checkConditionalPut(w *world) {
	table := w.table()
	in := &dynamodb.PutItemInput{
		TableName: &table, Item: row("a", "1", "comment", str("first")),
		ConditionExpression: aws.String("attribute_not_exists(#n)"), ExpressionAttributeNames: map[string]string{"#n": "name"},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	_, err := w.db.PutItem(w.ctx, in)
	w.must(err)
	in.Item = row("a", "1", "comment", str("second"))
	_, err = w.db.PutItem(w.ctx, in)
	w.refused("the second put", err, "ConditionalCheckFailedException")
	in.Item = row("a", "2")
	_, err = w.db.PutItem(w.ctx, in)
	w.must(err)
	equal(w, "versions", versions(w.query(byName(table, "a")).Items), "1 2")
}

func checkConditionalUpdate(w *world) {
	table := w.table()
	w.mustPut(table, row("a", "1", "key", str("old"), "nonce", str("n"), "created_at", number("5")))
	in := &dynamodb.UpdateItemInput{
		TableName: &table, Key: row("a", "1"), UpdateExpression: aws.String("SET #k = :new, digest = :d REMOVE nonce"),
		ConditionExpression: aws.String("#k = :old"), ExpressionAttributeNames: map[string]string{"#k": "key"},
		ExpressionAttributeValues: item{":old": str("other"), ":new": str("new"), ":d": str("SHA256")},
	}
	_, err := w.db.UpdateItem(w.ctx, in)
	w.refused("another key", err, "ConditionalCheckFailedException")
	in.ExpressionAttributeValues[":old"] = str("old")
	_, err = w.db.UpdateItem(w.ctx, in)
	w.must(err)
	items := w.query(byName(table, "a")).Items
	if len(items) != 1 {
		w.fail("got %d items", len(items))
	}
	key, _ := items[0]["key"].(*types.AttributeValueMemberS)
	if key == nil || key.Value != "new" || items[0]["nonce"] != nil || items[0]["digest"] == nil || items[0]["created_at"] == nil {
		w.fail("got %v", items[0])
	}
	in.Key = row("b", "1")
	_, err = w.db.UpdateItem(w.ctx, in)
	w.refused("an item that is not there", err, "ConditionalCheckFailedException")
}

func checkConditionalDelete(w *world) {
	table := w.table()
	w.mustPut(table, row("a", "1", "hmac", str("x")))
	in := &dynamodb.DeleteItemInput{
		TableName: &table, Key: row("a", "1"), ConditionExpression: aws.String("hmac = :h"),
		ExpressionAttributeValues: item{":h": str("y")},
	}
	_, err := w.db.DeleteItem(w.ctx, in)
	w.refused("another hmac", err, "ConditionalCheckFailedException")
	in.ConditionExpression = aws.String("attribute_not_exists(version) OR hmac = :h")
	_, err = w.db.DeleteItem(w.ctx, in)
	w.refused("another hmac, or no item", err, "ConditionalCheckFailedException")
	in.ExpressionAttributeValues[":h"] = str("x")
	_, err = w.db.DeleteItem(w.ctx, in)
	w.must(err)
	equal(w, "versions", versions(w.query(byName(table, "a")).Items), "")
	_, err = w.db.DeleteItem(w.ctx, in) // which is there no more
	w.must(err)
}

func checkBytes(w *world) {
	table := w.table()
	text, data := "<&>\u2028 \x00 é 🔑", []byte{0, 255, 10, 13}
	w.mustPut(table, row(text, "1", "s", str(text), "empty", str(""), "b", &types.AttributeValueMemberB{Value: data}))
	items := w.query(byName(table, text)).Items
	if len(items) != 1 {
		w.fail("got %d items", len(items))
	}
	s, _ := items[0]["s"].(*types.AttributeValueMemberS)
	b, _ := items[0]["b"].(*types.AttributeValueMemberB)
	empty, _ := items[0]["empty"].(*types.AttributeValueMemberS)
	if s == nil || b == nil || empty == nil {
		w.fail("got %v", items[0])
	}
	equal(w, "string", s.Value, text)
	equal(w, "empty string", empty.Value, "")
	if !bytes.Equal(b.Value, data) {
		w.fail("binary: got %v", b.Value)
	}
}

func checkItemKey(w *world) {
	table := w.table()
	w.refused("no version", w.put(table, item{"name": str("a")}), "ValidationException")
	w.refused("a number as version", w.put(table, item{"name": str("a"), "version": number("1")}), "ValidationException")
	_, err := w.db.GetItem(w.ctx, &dynamodb.GetItemInput{TableName: &table, Key: item{"name": str("a")}})
	w.refused("half a key", err, "ValidationException")
}

func checkTableTwice(w *world) {
	table := w.table()
	_, err := w.db.CreateTable(w.ctx, &dynamodb.CreateTableInput{
		TableName: &table, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("name"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("name"), KeyType: types.KeyTypeHash}},
	})
	w.refused("CreateTable", err, "ResourceInUseException")
}

func checkBackups(w *world) {
	table := w.table()
	described, err := w.db.DescribeTable(w.ctx, &dynamodb.DescribeTableInput{TableName: &table})
	w.must(err)
	_, err = w.db.TagResource(w.ctx, &dynamodb.TagResourceInput{
		ResourceArn: described.Table.TableArn, Tags: []types.Tag{{Key: aws.String("Name"), Value: aws.String("x")}},
	})
	w.must(err)
	_, err = w.db.UpdateContinuousBackups(w.ctx, &dynamodb.UpdateContinuousBackupsInput{
		TableName: &table, PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)},
	})
	w.must(err)
	out, err := w.db.DescribeContinuousBackups(w.ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &table})
	w.must(err)
	pitr := out.ContinuousBackupsDescription.PointInTimeRecoveryDescription
	if pitr == nil {
		w.fail("no description of point-in-time recovery")
	}
	equal(w, "recovery", pitr.PointInTimeRecoveryStatus, types.PointInTimeRecoveryStatusEnabled)
}
