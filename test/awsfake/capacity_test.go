package awsfake_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/test/awsfake"
)

// clock is a time that only tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// withProvisioned makes a table of so many units a second.
func withProvisioned(t *testing.T, srv *awsfake.Server, read, write int64) *dynamodb.Client {
	t.Helper()
	c := dynamodb.NewFromConfig(srv.Config(t, awsfake.OneAttempt))
	in := createTable(tableName)
	in.BillingMode = types.BillingModeProvisioned
	in.ProvisionedThroughput = &types.ProvisionedThroughput{ReadCapacityUnits: &read, WriteCapacityUnits: &write}
	if _, err := c.CreateTable(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	return c
}

// reads counts how many consistent reads of a unit pass at once.
func reads(ctx context.Context, c *dynamodb.Client) (n int, err error) {
	for n = range 1000 {
		if err = get(ctx, c, "a"); err != nil {
			return n, err
		}
	}
	return n, errors.New("never throttled")
}

func TestBurst(t *testing.T) {
	now := newClock()
	srv := awsfake.New(awsfake.Options{Burst: 30 * time.Second, Now: now.Now})
	t.Cleanup(srv.Close)
	c := withProvisioned(t, srv, 2, 1)
	for _, step := range []struct {
		what string
		idle time.Duration
		want int
	}{
		{"a new table's burst", 0, 60},
		{"one second", time.Second, 2},
		{"a quarter: half a unit", 250 * time.Millisecond, 0},
		{"another: one unit", 250 * time.Millisecond, 1},
		{"an hour fills no more than the burst", time.Hour, 60},
	} {
		now.pass(step.idle)
		n, err := reads(t.Context(), c)
		wantCode(t, err, "ProvisionedThroughputExceededException", "")
		if n != step.want {
			t.Errorf("%s: %d reads passed, want %d", step.what, n, step.want)
		}
		throttled, _ := errors.AsType[*types.ProvisionedThroughputExceededException](err)
		if len(throttled.ThrottlingReasons) != 1 || *throttled.ThrottlingReasons[0].Reason != "TableReadProvisionedThroughputExceeded" {
			t.Errorf("got reasons %v", throttled.ThrottlingReasons)
		}
	}
	put(t, c, item("a", "1", nil)) // writes have their own
	now.pass(time.Hour)
	srv.Drain(tableName)
	if n, _ := reads(t.Context(), c); n != 0 {
		t.Errorf("%d reads passed after Drain, want none", n)
	}
}

// What costs more than the burst holds passes only when it is full, and then
// has to be paid off.
func TestDebt(t *testing.T) {
	now := newClock()
	srv := awsfake.New(awsfake.Options{Burst: 10 * time.Second, Now: now.Now})
	t.Cleanup(srv.Close)
	c := withProvisioned(t, srv, 1, 1000)
	put(t, c, item("a", "1", map[string]types.AttributeValue{"contents": str(strings.Repeat("x", 80_000))})) // 20 units
	if err := get(t.Context(), c, "a"); err != nil {
		t.Fatal(err)
	}
	now.pass(19 * time.Second)
	wantCode(t, get(t.Context(), c, "a"), "ProvisionedThroughputExceededException", "")
	now.pass(time.Second)
	if err := get(t.Context(), c, "a"); err != nil {
		t.Error(err)
	}
}

func TestWritesThrottled(t *testing.T) {
	srv := awsfake.New(awsfake.Options{Burst: time.Second, Now: newClock().Now})
	t.Cleanup(srv.Close)
	c := withProvisioned(t, srv, 1, 1)
	put(t, c, item("a", "1", nil))
	_, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(tableName), Item: item("a", "2", nil)})
	wantCode(t, err, "ProvisionedThroughputExceededException", "")
	_, err = c.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String(tableName), Key: item("a", "1", nil)})
	wantCode(t, err, "ProvisionedThroughputExceededException", "")
	if err := get(t.Context(), c, "a"); err != nil {
		t.Error("a throttled delete deleted:", err)
	}
}

// batchGet returns the versions found and those left unprocessed.
func batchGet(t *testing.T, c *dynamodb.Client, versions ...string) (found, left int, err error) {
	t.Helper()
	var keys []map[string]types.AttributeValue
	for _, v := range versions {
		keys = append(keys, item("a", v, nil))
	}
	out, err := c.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
		tableName: {Keys: keys, ConsistentRead: aws.Bool(true), ProjectionExpression: aws.String("#v"), ExpressionAttributeNames: map[string]string{"#v": "version"}},
	}})
	if err != nil {
		return 0, 0, err
	}
	rest := out.UnprocessedKeys[tableName]
	if len(rest.Keys) > 0 && (*rest.ProjectionExpression != "#v" || !*rest.ConsistentRead) {
		t.Errorf("keys came back without how they were asked for: %v", rest)
	}
	return len(out.Responses[tableName]), len(rest.Keys), nil
}

func TestUnprocessedKeys(t *testing.T) {
	now := newClock()
	srv := awsfake.New(awsfake.Options{BatchKeys: 3, Burst: 2 * time.Second, Now: now.Now})
	t.Cleanup(srv.Close)
	c := withProvisioned(t, srv, 2, 100)
	for i := range 5 {
		put(t, c, item("a", fmt.Sprint(i), nil))
	}
	type counts struct{ Found, Left int }
	var got []counts
	for _, versions := range [][]string{
		{"0", "1", "2", "3", "4"}, // three are answered
		{"3", "4"},                // one unit is left
	} {
		found, left, err := batchGet(t, c, versions...)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, counts{found, left})
	}
	if diff := cmp.Diff([]counts{{3, 2}, {1, 1}}, got); diff != "" {
		t.Error(diff)
	}
	_, _, err := batchGet(t, c, "4")
	wantCode(t, err, "ProvisionedThroughputExceededException", "")
	if read, _ := srv.UnitsOf("BatchGetItem"); read != 4 {
		t.Errorf("BatchGetItem was charged %v units, want 4", read)
	}
	if read, write := srv.UnitsOf("PutItem"); read != 0 || write != 5 {
		t.Errorf("PutItem was charged %v and %v units, want 0 and 5", read, write)
	}
	want := map[string]int{"dynamodb.CreateTable": 1, "dynamodb.PutItem": 5, "dynamodb.BatchGetItem": 3}
	if diff := cmp.Diff(want, srv.Operations()); diff != "" {
		t.Error(diff)
	}
}

func TestKMSQuota(t *testing.T) {
	now := newClock()
	srv := awsfake.New(awsfake.Options{KMSPerSecond: 2, Now: now.Now})
	t.Cleanup(srv.Close)
	c, id := withKey(t, srv)
	generate := func() error {
		_, err := c.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{KeyId: aws.String(id), NumberOfBytes: aws.Int32(64)})
		return err
	}
	for range 2 {
		for range 2 {
			if err := generate(); err != nil {
				t.Fatal(err)
			}
		}
		wantCode(t, generate(), "ThrottlingException", "")
		if _, err := c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(id)}); err != nil {
			t.Error("DescribeKey has a quota of its own:", err)
		}
		now.pass(time.Second)
	}
}

// The bytes of values, as DynamoDB Local and dynalite count them as well.
func TestValueSizes(t *testing.T) {
	c := withTable(t, awsfake.Start(t))
	n := func(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }
	tests := []struct {
		value types.AttributeValue
		size  int
	}{
		{n("0"), 1}, {n("1"), 2}, {n("12"), 2}, {n("123"), 3}, {n("12345"), 4}, {n("-1"), 3}, {n("-123"), 4},
		{n("0.1"), 2}, {n("1.5"), 3}, {n("10.5"), 3}, {n("100.5"), 4}, {n("1000"), 2}, {n("12300"), 3}, {n("1e20"), 2}, {n("123e-5"), 3},
		{&types.AttributeValueMemberNULL{Value: true}, 1},
		{&types.AttributeValueMemberBOOL{Value: true}, 1},
		{&types.AttributeValueMemberB{Value: []byte{1, 2, 3}}, 3},
		{str("é"), 2},
		{&types.AttributeValueMemberSS{Value: []string{"a", "bb"}}, 3},
		{&types.AttributeValueMemberNS{Value: []string{"1", "22", "333"}}, 7},
		{&types.AttributeValueMemberL{Value: []types.AttributeValue{str("a"), n("1")}}, 3 + 2 + 3},
		{&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"ab": str("c")}}, 3 + 1 + 2 + 1},
	}
	for _, tt := range tests {
		put(t, c, item("a", "1", map[string]types.AttributeValue{"v": tt.value}))
		out, err := c.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(tableName)})
		if err != nil {
			t.Fatal(err)
		}
		// name(4)+a(1)+version(7)+1(1)+v(1) = 14
		if got := int(*out.Table.TableSizeBytes) - 14; got != tt.size {
			t.Errorf("%v has %d bytes, want %d", tt.value, got, tt.size)
		}
	}
}

func TestNumbers(t *testing.T) {
	c := withTable(t, awsfake.Start(t))
	for text, want := range map[string]string{"-0.0": "0", "+1": "1", ".5": "0.5", "1E+3": "1000", "-120e-4": "-0.012"} {
		put(t, c, item("a", "1", map[string]types.AttributeValue{"n": &types.AttributeValueMemberN{Value: text}}))
		out, err := c.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(tableName), Key: item("a", "1", nil)})
		if err != nil {
			t.Fatal(err)
		}
		if got := out.Item["n"].(*types.AttributeValueMemberN).Value; got != want {
			t.Errorf("%s came back as %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"", ".", "1/2", "NaN", "0x1", "1e126", "1e-131", "1e", " 1"} {
		_, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(tableName), Item: item("a", "1", map[string]types.AttributeValue{"n": &types.AttributeValueMemberN{Value: text}})})
		wantCode(t, err, "ValidationException", "")
	}
}
