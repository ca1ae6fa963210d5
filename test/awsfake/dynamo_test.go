package awsfake_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/test/awsfake"
)

func TestQuery(t *testing.T) {
	c := withTable(t, awsfake.Start(t))
	for _, v := range []string{"10", "9", "0000000000000000011", "1"} {
		put(t, c, item("db", v, nil))
	}
	put(t, c, item("other", "1", nil))
	base := func() *dynamodb.QueryInput {
		return &dynamodb.QueryInput{
			TableName:                 aws.String(tableName),
			KeyConditionExpression:    aws.String("#n = :n"),
			ExpressionAttributeNames:  map[string]string{"#n": "name"},
			ExpressionAttributeValues: map[string]types.AttributeValue{":n": str("db")},
		}
	}
	tests := []struct {
		name   string
		change func(*dynamodb.QueryInput)
		want   []string
	}{
		{"byte order", func(*dynamodb.QueryInput) {}, []string{"0000000000000000011", "1", "10", "9"}},
		{"newest", func(q *dynamodb.QueryInput) { q.ScanIndexForward, q.Limit = aws.Bool(false), aws.Int32(1) }, []string{"9"}},
		{"after", func(q *dynamodb.QueryInput) {
			q.KeyConditionExpression = aws.String("#n = :n AND #v > :v")
			q.ExpressionAttributeNames["#v"] = "version"
			q.ExpressionAttributeValues[":v"] = str("1")
		}, []string{"10", "9"}},
		{"unreserved name", func(q *dynamodb.QueryInput) {
			q.KeyConditionExpression = aws.String("#n=:n and version<=:v")
			q.ExpressionAttributeValues[":v"] = str("1")
		}, []string{"0000000000000000011", "1"}},
		{"from key", func(q *dynamodb.QueryInput) { q.ExclusiveStartKey = item("db", "1", nil) }, []string{"10", "9"}},
		{"backward from key", func(q *dynamodb.QueryInput) {
			q.ScanIndexForward, q.ExclusiveStartKey = aws.Bool(false), item("db", "10", nil)
		}, []string{"1", "0000000000000000011"}},
		{"unknown name", func(q *dynamodb.QueryInput) { q.ExpressionAttributeValues[":n"] = str("none") }, []string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := base()
			tt.change(in)
			if diff := cmp.Diff(tt.want, versions(t, c, in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	c := withTable(t, awsfake.Start(t))
	query := func(expr string, names map[string]string, values map[string]types.AttributeValue) error {
		_, err := c.Query(t.Context(), &dynamodb.QueryInput{
			TableName: aws.String(tableName), KeyConditionExpression: aws.String(expr),
			ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		})
		return err
	}
	putIt := func(it map[string]types.AttributeValue) error {
		_, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(tableName), Item: it})
		return err
	}
	values := map[string]types.AttributeValue{":n": str("db")}
	names := map[string]string{"#n": "name"}
	tests := []struct {
		name    string
		err     error
		code    string
		message string
	}{
		{"reserved name", query("name = :n", nil, values), "ValidationException",
			"Invalid KeyConditionExpression: Attribute name is a reserved keyword; reserved keyword: name"},
		{"reserved key in a projection", func() error {
			_, err := c.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(tableName), ProjectionExpression: aws.String("version, Key")})
			return err
		}(), "ValidationException", "Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: Key"},
		{"undefined name", query("#x = :n", names, values), "ValidationException",
			"Invalid KeyConditionExpression: An expression attribute name used in the document path is not defined; attribute name: #x"},
		{"unused name", query("#n = :n", map[string]string{"#n": "name", "#v": "version"}, values), "ValidationException",
			"Value provided in ExpressionAttributeNames unused in expressions: keys: {#v}"},
		{"no partition key", query("version = :n", nil, values), "ValidationException", ""},
		{"not a key", query("#n = :n AND digest = :n", names, values), "ValidationException", ""},
		{"syntax", query("#n = = :n", names, values), "ValidationException", ""},
		{"beyond this package", query("#n = :n AND begins_with(version, :n)", names, values), "NotImplemented", ""},
		{"either of two", query("#n = :n OR #n = :n", names, values), "NotImplemented", ""},
		{"empty name", query("#n = :n", names, map[string]types.AttributeValue{":n": str("")}), "ValidationException", ""},
		{"key missing", putIt(map[string]types.AttributeValue{"name": str("db")}), "ValidationException",
			"One or more parameter values were invalid: Missing the key version in the item"},
		{"key of a wrong type", putIt(map[string]types.AttributeValue{"name": str("db"), "version": &types.AttributeValueMemberN{Value: "1"}}), "ValidationException",
			"One or more parameter values were invalid: Type mismatch for key version expected: S actual: N"},
		{"long name", putIt(item(strings.Repeat("n", 2049), "1", nil)), "ValidationException", ""},
		{"large item", putIt(item("db", "1", map[string]types.AttributeValue{"contents": str(strings.Repeat("x", 400*1024-21))})), "ValidationException",
			"Item size has exceeded the maximum allowed size"},
		{"no table", func() error {
			_, err := c.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("none")})
			return err
		}(), "ResourceNotFoundException", "Requested resource not found"},
		{"table twice", func() error { _, err := c.CreateTable(t.Context(), createTable(tableName)); return err }(), "ResourceInUseException", ""},
		{"unknown member", func() error {
			_, err := c.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(tableName), FilterExpression: aws.String("version = :v")})
			return err
		}(), "NotImplemented", ""},
		{"unknown operation", func() error { _, err := c.ListBackups(t.Context(), &dynamodb.ListBackupsInput{}); return err }(), "NotImplemented", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantCode(t, tt.err, tt.code, tt.message) })
	}
	// One byte less fits: name(4)+db(2)+version(7)+1(1)+contents(8) = 22.
	put(t, c, item("db", "1", map[string]types.AttributeValue{"contents": str(strings.Repeat("x", 400*1024-22))}))
}

func TestConditionalPut(t *testing.T) {
	c := withTable(t, awsfake.Start(t))
	in := &dynamodb.PutItemInput{
		TableName: aws.String(tableName), Item: item("db", "1", map[string]types.AttributeValue{"comment": str("first")}),
		ConditionExpression: aws.String("attribute_not_exists(#n)"), ExpressionAttributeNames: map[string]string{"#n": "name"},
	}
	if _, err := c.PutItem(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	in.Item["comment"] = str("second")
	in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	_, err := c.PutItem(t.Context(), in)
	wantCode(t, err, "ConditionalCheckFailedException", "The conditional request failed")
	in.Item["version"] = str("2") // the condition is about name and version
	if _, err := c.PutItem(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	got, err := c.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(tableName), Key: item("db", "1", nil)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(str("first"), got.Item["comment"], cmp.AllowUnexported(types.AttributeValueMemberS{}), ignoreDocument); diff != "" {
		t.Error(diff)
	}
}

func TestScanPages(t *testing.T) {
	srv := awsfake.New(awsfake.Options{PageBytes: 100})
	t.Cleanup(srv.Close)
	c := withTable(t, srv)
	want := map[string]bool{}
	for i := range 40 {
		name, version := fmt.Sprintf("name%02d", i/2), fmt.Sprint(i%2)
		want[name+" "+version] = true
		put(t, c, item(name, version, nil))
	}
	got := map[string]bool{}
	in := &dynamodb.ScanInput{TableName: aws.String(tableName)}
	pages := 0
	for {
		out, err := c.Scan(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, it := range out.Items {
			got[it["name"].(*types.AttributeValueMemberS).Value+" "+it["version"].(*types.AttributeValueMemberS).Value] = true
		}
		if out.LastEvaluatedKey == nil {
			break
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if pages != 7 { // 18 bytes an item: the sixth reaches 100
		t.Errorf("got %d pages, want 7", pages)
	}
}

func TestCapacity(t *testing.T) {
	srv := awsfake.Start(t)
	c := withTable(t, srv)
	put(t, c, item("small", "1", nil))
	put(t, c, item("big", "1", map[string]types.AttributeValue{"contents": str(strings.Repeat("x", 9000))}))
	query := func(name, after string, consistent bool) float64 {
		in := &dynamodb.QueryInput{
			TableName: aws.String(tableName), KeyConditionExpression: aws.String("#n = :n AND version > :v"),
			ExpressionAttributeNames:  map[string]string{"#n": "name"},
			ExpressionAttributeValues: map[string]types.AttributeValue{":n": str(name), ":v": str(after)},
			ConsistentRead:            aws.Bool(consistent), ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
			ProjectionExpression: aws.String("version"),
		}
		out, err := c.Query(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return *out.ConsumedCapacity.CapacityUnits
	}
	got := []float64{query("small", "0", true), query("small", "0", false), query("big", "0", true), query("big", "0", false), query("big", "1", false)}
	if diff := cmp.Diff([]float64{1, 0.5, 3, 1.5, 0.5}, got); diff != "" {
		t.Error(diff)
	}
	if read, write := srv.Units(); read != 6.5 || write != 10 {
		t.Errorf("got %v read and %v write units, want 6.5 and 10", read, write)
	}
}

func TestTables(t *testing.T) {
	srv := awsfake.New(awsfake.Options{CreatingPolls: 1})
	t.Cleanup(srv.Close)
	c := withTable(t, srv)
	_, err := c.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(tableName)})
	wantCode(t, err, "ResourceNotFoundException", "")
	for _, want := range []types.TableStatus{types.TableStatusCreating, types.TableStatusActive} {
		out, err := c.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(tableName)})
		if err != nil {
			t.Fatal(err)
		}
		if out.Table.TableStatus != want {
			t.Errorf("got status %s, want %s", out.Table.TableStatus, want)
		}
		if got := *out.Table.TableArn; got != "arn:aws:dynamodb:eu-west-1:123456789012:table/credential-store" {
			t.Errorf("got ARN %s", got)
		}
	}
	for _, name := range []string{"aaa", "zzz"} {
		if _, err := c.CreateTable(t.Context(), createTable(name)); err != nil {
			t.Fatal(err)
		}
	}
	first, err := c.ListTables(t.Context(), &dynamodb.ListTablesInput{Limit: aws.Int32(2)})
	if err != nil {
		t.Fatal(err)
	}
	rest, err := c.ListTables(t.Context(), &dynamodb.ListTablesInput{ExclusiveStartTableName: first.LastEvaluatedTableName})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"aaa", tableName, "zzz"}, append(first.TableNames, rest.TableNames...)); diff != "" {
		t.Error(diff)
	}
	if _, err := c.UpdateContinuousBackups(t.Context(), &dynamodb.UpdateContinuousBackupsInput{
		TableName: aws.String(tableName), PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)},
	}); err != nil {
		t.Error(err)
	}
	if _, err := c.TagResource(t.Context(), &dynamodb.TagResourceInput{
		ResourceArn: aws.String("arn:aws:dynamodb:eu-west-1:123456789012:table/credential-store"),
		Tags:        []types.Tag{{Key: aws.String("Name"), Value: aws.String("x")}},
	}); err != nil {
		t.Error(err)
	}
}

// Every attribute type comes back as it went in, bytes for bytes; numbers in
// their normal form.
func TestAttributes(t *testing.T) {
	c := withTable(t, awsfake.Start(t))
	want := item("all \"types\" é", "1", map[string]types.AttributeValue{
		"s": str("<&>\u2028\x00"), "n": &types.AttributeValueMemberN{Value: "1.50"}, "b": &types.AttributeValueMemberB{Value: []byte{0, 255, 10}},
		"null": &types.AttributeValueMemberNULL{Value: true}, "bool": &types.AttributeValueMemberBOOL{Value: false},
		"m":  &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{str("x")}}}},
		"ss": &types.AttributeValueMemberSS{Value: []string{"a", "b"}}, "empty": str(""),
	})
	put(t, c, want)
	out, err := c.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(tableName), Key: item("all \"types\" é", "1", nil)})
	if err != nil {
		t.Fatal(err)
	}
	want["n"] = &types.AttributeValueMemberN{Value: "1.5"}
	if diff := cmp.Diff(want, out.Item, ignoreDocument); diff != "" {
		t.Error(diff)
	}
	if _, err := c.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String(tableName), Key: item("all \"types\" é", "1", nil)}); err != nil {
		t.Fatal(err)
	}
	out, err = c.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(tableName), Key: item("all \"types\" é", "1", nil)})
	if err != nil || out.Item != nil {
		t.Errorf("got %v, %v after DeleteItem", out.Item, err)
	}
}
