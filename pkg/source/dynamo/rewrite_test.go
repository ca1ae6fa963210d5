package dynamo_test

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/test/awsfake"
)

// raw puts attributes as other programs do.
func raw(t *testing.T, srv *awsfake.Server, attrs map[string]types.AttributeValue) {
	t.Helper()
	_, err := dynamodb.NewFromConfig(srv.Config(t)).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(tableName), Item: attrs})
	if err != nil {
		t.Fatal(err)
	}
}

func rawItem(t *testing.T, srv *awsfake.Server, name, version string) map[string]types.AttributeValue {
	t.Helper()
	return rawItemOf(t, srv, tableName, name, version)
}

func rawItemOf(t *testing.T, srv *awsfake.Server, table, name, version string) map[string]types.AttributeValue {
	t.Helper()
	out, err := dynamodb.NewFromConfig(srv.Config(t)).GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(table),
		Key:       map[string]types.AttributeValue{"name": text(name), "version": text(version)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Item
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// stored is an item as another program has written it: the hmac binary, base64
// on two lines, an attribute of its own.
func stored(it credstash.Item) map[string]types.AttributeValue {
	encoded := base64.StdEncoding.EncodeToString(it.Key)
	return map[string]types.AttributeValue{
		"name": text(it.Name), "version": text(it.Version), "comment": text(it.Comment), "digest": text(it.Digest),
		"key": text(encoded[:4] + "\n" + encoded[4:] + "\n"), "contents": text(base64.StdEncoding.EncodeToString(it.Contents)),
		"hmac":       &types.AttributeValueMemberB{Value: []byte("00000000000000000000000000000000000000000000000000000000000000AB")},
		"created_at": &types.AttributeValueMemberN{Value: "5"},
	}
}

func TestRewriteChangesTheKeyAlone(t *testing.T) {
	srv := awsfake.Start(t)
	tab := open(t, srv)
	want := stored(item("n", "1"))
	raw(t, srv, want)
	held, err := tab.Get(t.Context(), "n", "1")
	if err != nil {
		t.Fatal(err)
	}
	next := held
	next.Key = []byte("wrapped anew")
	if err := tab.Rewrite(t.Context(), held, next); err != nil {
		t.Fatal(err)
	}
	want["key"] = text(base64.StdEncoding.EncodeToString(next.Key))
	if diff := cmp.Diff(want, rawItem(t, srv, "n", "1"), cmpopts.IgnoreUnexported(types.AttributeValueMemberS{}, types.AttributeValueMemberB{}, types.AttributeValueMemberN{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// The same again: as of a client whose answer was lost.
	if err := tab.Rewrite(t.Context(), held, next); err != nil {
		t.Errorf("again: %v", err)
	}
}

func TestRewriteOfWhatHasChanged(t *testing.T) {
	srv := awsfake.Start(t)
	tab := open(t, srv)
	put(t, tab, item("n", "1"))
	held, next := item("n", "1"), item("n", "1")
	next.Key = []byte("wrapped anew")
	held.Key = []byte("of an earlier look")
	if err := tab.Rewrite(t.Context(), held, next); !errors.Is(err, source.ErrChanged) {
		t.Errorf("another key: %v", err)
	}
	held, next = item("n", "2"), item("n", "2")
	next.Key = []byte("wrapped anew")
	if err := tab.Rewrite(t.Context(), held, next); !errors.Is(err, source.ErrChanged) {
		t.Errorf("a version that is gone: %v", err)
	}
	if items, err := tab.Versions(t.Context(), "n"); len(items) != 1 || err != nil {
		t.Errorf("it was made: %v, %v", items, err)
	}
	if got, _ := tab.Get(t.Context(), "n", "1"); string(got.Key) != "wrapped 1" {
		t.Errorf("the key is %q", got.Key)
	}
}

// TestRewriteToAnotherFormat: what only the old one had is gone.
func TestRewriteToAnotherFormat(t *testing.T) {
	srv := awsfake.Start(t)
	tab := open(t, srv)
	held := credstash.Item{Name: "n", Version: "1", Algorithm: credstash.AESGCM, Key: []byte("k"), Contents: []byte("c"), IV: make([]byte, 12), Tag: make([]byte, 16)}
	put(t, tab, held)
	next := item("n", "1")
	if err := tab.Rewrite(t.Context(), held, next); err != nil {
		t.Fatal(err)
	}
	got, err := tab.Get(t.Context(), "n", "1")
	if diff := cmp.Diff(next, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	attrs := rawItem(t, srv, "n", "1")
	if attrs["algorithm"] != nil || attrs["iv"] != nil || attrs["tag"] != nil {
		t.Errorf("left behind: %v", attrs)
	}
}

func TestRewriteAfterALostAnswer(t *testing.T) {
	t.Parallel()
	srv := awsfake.Start(t)
	tab := open(t, srv)
	put(t, tab, item("n", "1"))
	srv.Fail(awsfake.Rule{Operation: "UpdateItem", Reset: true, Applied: true, Times: 1})
	next := item("n", "1")
	next.Key = []byte("wrapped anew")
	if err := tab.Rewrite(t.Context(), item("n", "1"), next); err != nil {
		t.Error(err)
	}
	if n := srv.Count(awsfake.DynamoDB, "UpdateItem"); n != 2 {
		t.Errorf("%d requests", n)
	}
}

// TestDeleteOfWhatHasChanged: an item is deleted only as what it was read.
func TestDeleteOfWhatHasChanged(t *testing.T) {
	srv := awsfake.Start(t)
	tab := open(t, srv)
	held := item("n", "1")
	next := held
	next.Key = []byte("wrapped anew")
	put(t, tab, next)
	if err := tab.Delete(t.Context(), held); !errors.Is(err, source.ErrChanged) {
		t.Errorf("another key: %v", err)
	}
	if rawItem(t, srv, "n", "1") == nil {
		t.Fatal("it is gone")
	}
	listed, err := tab.Versions(t.Context(), "n")
	if err != nil || len(listed) != 1 || string(listed[0].Key) != "wrapped anew" {
		t.Fatalf("versions: %v, %v", listed, err)
	}
	srv.Fail(awsfake.Rule{Operation: "DeleteItem", Reset: true, Applied: true, Times: 1})
	if err := tab.Delete(t.Context(), listed[0]); err != nil {
		t.Errorf("after a lost answer: %v", err)
	}
	if rawItem(t, srv, "n", "1") != nil {
		t.Error("it is still there")
	}
}

// TestDeleteAsListed: what Versions tells of an item is enough to delete it,
// whoever has written it and in whichever format.
func TestDeleteAsListed(t *testing.T) {
	gcm := credstash.Item{Algorithm: credstash.AESGCM, Key: []byte("k"), Contents: []byte("c"), IV: make([]byte, 12), Tag: make([]byte, 16)}.Encode()
	for name, attrs := range map[string]map[string]types.AttributeValue{
		"other spelling": stored(item("n", "1")),
		"gcm":            {"algorithm": text(gcm["algorithm"].S), "key": &types.AttributeValueMemberB{Value: gcm["key"].B}},
		"garbled":        {"key": text("not base64!")},
		"no key":         {"contents": text("x")},
	} {
		srv := awsfake.Start(t)
		tab := open(t, srv)
		attrs["name"], attrs["version"] = text("n"), text("1")
		raw(t, srv, attrs)
		listed, err := tab.Versions(t.Context(), "n")
		if err != nil || len(listed) != 1 {
			t.Fatalf("%s: %v, %v", name, listed, err)
		}
		if err := tab.Delete(t.Context(), listed[0]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if rawItem(t, srv, "n", "1") != nil {
			t.Errorf("%s: it is still there", name)
		}
	}
}

// TestDeleteAgainstOlderStandIns: dynalite, and DynamoDB Local before 2.2, say
// nothing of the item for which a condition failed. That is no deleted one.
func TestDeleteAgainstOlderStandIns(t *testing.T) {
	srv := awsfake.Start(t)
	tab := open(t, srv)
	held := item("n", "1")
	put(t, tab, held)
	srv.Fail(awsfake.Rule{Operation: "DeleteItem", Code: "ConditionalCheckFailedException", Times: 1})
	if err := tab.Delete(t.Context(), held); !errors.Is(err, source.ErrChanged) {
		t.Errorf("got %v", err)
	}
	if rawItem(t, srv, "n", "1") == nil {
		t.Error("it is gone")
	}
	for range 2 { // the second finds nothing
		if err := tab.Delete(t.Context(), held); err != nil || rawItem(t, srv, "n", "1") != nil {
			t.Errorf("delete: %v", err)
		}
	}
}
