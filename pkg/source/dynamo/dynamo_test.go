package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/test/awsfake"
)

var (
	_ store.Reader        = (*dynamo.Table)(nil)
	_ store.Scanner       = (*dynamo.Table)(nil)
	_ store.Writer        = (*dynamo.Table)(nil)
	_ store.VersionLister = (*dynamo.Table)(nil)
	_ store.Rewriter      = (*dynamo.Table)(nil)
)

const tableName = "credential-store"

// open returns a table that is ready for use.
func open(t *testing.T, srv *awsfake.Server) *dynamo.Table {
	t.Helper()
	tab := table(t, srv)
	if _, err := tab.EnsureTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	return tab
}

// table returns a client for the table, which may not exist.
func table(t *testing.T, srv *awsfake.Server) (tab *dynamo.Table) {
	t.Helper()
	awsfake.InEnv(t, srv.Env(), func() {
		c, err := awsconfig.Load(t.Context(), awsconfig.Options{})
		if err != nil {
			t.Fatal(err)
		}
		tab = dynamo.New(c.AWS, tableName)
	})
	return tab
}

// item is one that Decode reads back as it was.
func item(name, version string) credstash.Item {
	return credstash.Item{
		Name: name, Version: version, Comment: "of " + name, Digest: "SHA256",
		Key: []byte("wrapped " + version), Contents: []byte("ciphertext\x00\xff"), HMAC: make([]byte, 32),
	}
}

func put(t *testing.T, tab *dynamo.Table, items ...credstash.Item) {
	t.Helper()
	for _, it := range items {
		if err := tab.Put(t.Context(), it); err != nil {
			t.Fatal(err)
		}
	}
}

// all reads a scan to its end or its first error.
func all(seq iter.Seq2[credstash.Item, error]) (items []credstash.Item, err error) {
	for it, err := range seq {
		if err != nil {
			return items, err
		}
		items = append(items, it)
	}
	return items, nil
}

func sorted(items []credstash.Item) []credstash.Item {
	return slices.SortedFunc(slices.Values(items), func(a, b credstash.Item) int {
		return strings.Compare(a.Name+"\x00"+a.Version, b.Name+"\x00"+b.Version)
	})
}

func TestRead(t *testing.T) {
	srv := awsfake.Start(t)
	tab := open(t, srv)
	put(t, tab, item("db", "10"), item("db", "9"), item("db", "0000000000000000011"), item("key", "1"))
	srv.Forget()

	newest, err := tab.Newest(t.Context(), "db")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(item("db", "9"), newest, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	exact, err := tab.Get(t.Context(), "db", "10")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(item("db", "10"), exact, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	for _, err := range []error{
		func() error { _, err := tab.Newest(t.Context(), "none"); return err }(),
		func() error { _, err := tab.Get(t.Context(), "db", "1"); return err }(),
		func() error { _, err := tab.Get(t.Context(), "none", "9"); return err }(),
	} {
		if !errors.Is(err, source.ErrNotFound) || !strings.Contains(err.Error(), tableName) {
			t.Errorf("got %v, want %v and the table's name", err, source.ErrNotFound)
		}
	}
	for _, r := range srv.Requests() {
		if !r.Consistent {
			t.Errorf("%s of %s can miss a finished write", r.Operation, r.Name)
		}
	}
}

func TestVersions(t *testing.T) {
	srv := awsfake.New(awsfake.Options{PageBytes: 500})
	t.Cleanup(srv.Close)
	tab := open(t, srv)
	var want []credstash.Item
	for i := range 20 {
		v := fmt.Sprintf("%019d", i)
		put(t, tab, item("db", v))
		want = append(want, credstash.Item{Name: "db", Version: v, Comment: "of db", Key: []byte("wrapped " + v)})
	}
	put(t, tab, item("dba", "1"))
	got, err := tab.Versions(t.Context(), "db")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := srv.Count(awsfake.DynamoDB, "Query"); got < 5 {
		t.Errorf("read %d pages, want several", got)
	}
	if got, err := tab.Versions(t.Context(), "none"); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v for a name that is not there", got, err)
	}
}

func TestScan(t *testing.T) {
	srv := awsfake.New(awsfake.Options{PageBytes: 1000})
	t.Cleanup(srv.Close)
	tab := open(t, srv)
	if got, err := all(tab.Scan(t.Context(), false)); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v from an empty table", got, err)
	}
	var want, keys []credstash.Item
	for i := range 30 {
		it := item(fmt.Sprintf("n%02d", i/3), fmt.Sprint(i%3))
		put(t, tab, it)
		want = append(want, it)
		keys = append(keys, credstash.Item{Name: it.Name, Version: it.Version, Comment: it.Comment})
	}
	srv.Forget()
	got, err := all(tab.Scan(t.Context(), false))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, sorted(got), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if got := srv.Count(awsfake.DynamoDB, "Scan"); got < 5 {
		t.Errorf("read %d pages, want several", got)
	}
	got, err = all(tab.Scan(t.Context(), true))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(keys, sorted(got)); diff != "" {
		t.Error(diff)
	}

	srv.Forget()
	for range tab.Scan(t.Context(), false) {
		break
	}
	if got := srv.Count(awsfake.DynamoDB, "Scan"); got != 1 {
		t.Errorf("read %d pages for one item", got)
	}
}

// A scan that fails in its middle says so after what it had.
func TestScanFails(t *testing.T) {
	srv := awsfake.New(awsfake.Options{PageBytes: 1000})
	t.Cleanup(srv.Close)
	tab := open(t, srv)
	for i := range 30 {
		put(t, tab, item(fmt.Sprint(i), "1"))
	}
	pages := 0
	srv.Fail(awsfake.Rule{Operation: "Scan", Code: "AccessDeniedException", Match: func(awsfake.Request) bool { pages++; return pages > 2 }})
	got, err := all(tab.Scan(t.Context(), false))
	if !errors.Is(err, source.ErrDenied) || len(got) == 0 {
		t.Errorf("got %d items and %v", len(got), err)
	}
}

// One item that nobody can read hides none of the others.
func TestForeignItems(t *testing.T) {
	srv := awsfake.Start(t)
	tab := open(t, srv)
	put(t, tab, item("good", "1"))
	raw := dynamodb.NewFromConfig(srv.Config(t))
	for name, v := range map[string]types.AttributeValue{
		"number": &types.AttributeValueMemberN{Value: "1"}, "map": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{}},
		"list": &types.AttributeValueMemberL{}, "set": &types.AttributeValueMemberSS{Value: []string{"x"}}, "bool": &types.AttributeValueMemberBOOL{Value: true},
	} {
		_, err := raw.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(tableName), Item: map[string]types.AttributeValue{
			"name": &types.AttributeValueMemberS{Value: name}, "version": &types.AttributeValueMemberS{Value: "1"}, "key": v, "contents": v, "hmac": v,
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := all(tab.Scan(t.Context(), false))
	if err != nil || len(got) != 6 {
		t.Errorf("got %d items, %v", len(got), err)
	}
	for _, it := range got {
		if (it.Fault == nil) != (it.Name == "good") {
			t.Errorf("%s: fault %v", it.Name, it.Fault)
		}
	}
}

func TestPut(t *testing.T) {
	srv := awsfake.Start(t)
	tab := open(t, srv)
	put(t, tab, item("db", "1"))
	other := item("db", "1")
	other.Key = []byte("another data key")
	if err := tab.Put(t.Context(), other); !errors.Is(err, source.ErrExists) {
		t.Errorf("got %v, want %v", err, source.ErrExists)
	}
	got, err := tab.Get(t.Context(), "db", "1")
	if err != nil || string(got.Key) != "wrapped 1" {
		t.Errorf("the first item is gone: %v, %v", got, err)
	}
	large := item("large", "1")
	large.Contents = make([]byte, credstash.MaxItemSize)
	if err := tab.Put(t.Context(), large); !errors.Is(err, source.ErrTooLarge) {
		t.Errorf("got %v, want %v", err, source.ErrTooLarge)
	}
}

// The SDK tries a put again whose answer was lost. What it then finds is the
// item that it stored.
func TestPutAnswerLost(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]awsfake.Rule{
		"reset": {Operation: "PutItem", Reset: true, Applied: true, Times: 1},
		"cut":   {Operation: "PutItem", Reset: true, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := awsfake.Start(t)
			tab := open(t, srv)
			srv.Fail(rule)
			put(t, tab, item("db", "1"))
			if got := srv.Count(awsfake.DynamoDB, "PutItem"); got != 2 {
				t.Errorf("put %d times, want 2", got)
			}
			if got, err := tab.Versions(t.Context(), "db"); err != nil || len(got) != 1 {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestDelete(t *testing.T) {
	tab := open(t, awsfake.Start(t))
	put(t, tab, item("db", "1"), item("db", "2"))
	for range 2 { // one that is not there is no error
		if err := tab.Delete(t.Context(), item("db", "2")); err != nil {
			t.Fatal(err)
		}
	}
	got, err := tab.Newest(t.Context(), "db")
	if err != nil || got.Version != "1" {
		t.Errorf("got version %q, %v", got.Version, err)
	}
}

func TestErrors(t *testing.T) {
	calls := map[string]func(context.Context, *dynamo.Table) error{
		"Query":       func(ctx context.Context, tab *dynamo.Table) error { _, err := tab.Newest(ctx, "a"); return err },
		"GetItem":     func(ctx context.Context, tab *dynamo.Table) error { _, err := tab.Get(ctx, "a", "1"); return err },
		"Scan":        func(ctx context.Context, tab *dynamo.Table) error { _, err := all(tab.Scan(ctx, true)); return err },
		"PutItem":     func(ctx context.Context, tab *dynamo.Table) error { return tab.Put(ctx, item("a", "1")) },
		"DeleteItem":  func(ctx context.Context, tab *dynamo.Table) error { return tab.Delete(ctx, item("a", "1")) },
		"CreateTable": func(ctx context.Context, tab *dynamo.Table) error { _, err := tab.EnsureTable(ctx); return err },
	}
	rules := []struct {
		rule awsfake.Rule
		want error
	}{
		{awsfake.Rule{Code: "AccessDeniedException", Message: "User: u is not authorized"}, source.ErrDenied},
		{awsfake.Rule{Code: "ProvisionedThroughputExceededException", Message: "slow"}, source.ErrThrottled},
		{awsfake.Rule{Code: "InternalServerError", Status: 500}, source.ErrUnreachable},
		{awsfake.Rule{Code: "ExpiredTokenException"}, source.ErrCredentials},
		{awsfake.Rule{Reset: true}, source.ErrUnreachable},
	}
	for operation, call := range calls {
		t.Run(operation, func(t *testing.T) {
			srv := awsfake.Start(t)
			tab := dynamo.New(srv.Client(t, awsfake.OneAttempt), tableName)
			if operation != "CreateTable" {
				if err := call(t.Context(), tab); !errors.Is(err, source.ErrNoStore) || !strings.Contains(err.Error(), tableName) {
					t.Errorf("no table: got %v, want %v and its name", err, source.ErrNoStore)
				}
			}
			for _, tt := range rules {
				remove := srv.Fail(tt.rule)
				if err := call(t.Context(), tab); !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.rule.Code) {
					t.Errorf("%s: got %v, want %v", tt.rule.Code, err, tt.want)
				}
				remove()
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := call(ctx, tab); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want %v", err, context.Canceled)
			}
		})
	}
}
