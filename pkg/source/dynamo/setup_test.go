package dynamo_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/test/awsfake"
)

const tableARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/" + tableName

func TestEnsureTable(t *testing.T) {
	srv := awsfake.New(awsfake.Options{CreatingPolls: 1})
	t.Cleanup(srv.Close)
	tab := dynamo.New(srv.Client(t), tableName)
	want := dynamo.TableState{ARN: tableARN, Created: true, OnDemand: true}
	for range 2 {
		got, err := tab.EnsureTable(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		put(t, tab, item("ready", got.ARN+map[bool]string{true: "1", false: "2"}[got.Created]))
		want.Created = false
	}
	if got := srv.Count(awsfake.DynamoDB, "CreateTable"); got != 1 {
		t.Errorf("made %d tables", got)
	}
}

// Two setups at once end with one table and no error.
func TestEnsureTableRace(t *testing.T) {
	srv := awsfake.Start(t)
	tab := dynamo.New(srv.Client(t), tableName)
	created := make(chan bool, 4)
	var wg sync.WaitGroup
	for range cap(created) {
		wg.Go(func() {
			state, err := tab.EnsureTable(t.Context())
			if err != nil {
				t.Error(err)
			}
			created <- state.Created
		})
	}
	wg.Wait()
	close(created)
	n := 0
	for c := range created {
		if c {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d of the setups made the table", n)
	}
}

func TestEnsureTableWaits(t *testing.T) {
	srv := awsfake.New(awsfake.Options{CreatingPolls: 1 << 30})
	t.Cleanup(srv.Close)
	tab := dynamo.New(srv.Client(t), tableName)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := tab.EnsureTable(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
}

// Tables as others made them are taken as they are, or refused for their keys.
func TestEnsureTableFound(t *testing.T) {
	provisioned := &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(1), WriteCapacityUnits: aws.Int64(2)}
	s, n := types.ScalarAttributeTypeS, types.ScalarAttributeTypeN
	type keys []struct {
		name string
		kind types.ScalarAttributeType
	}
	tests := []struct {
		name string
		keys keys
		err  error
	}{
		{"credstash's own", keys{{"name", s}, {"version", s}}, nil},
		{"no sort key", keys{{"name", s}}, dynamo.ErrSchema},
		{"other names", keys{{"id", s}, {"version", s}}, dynamo.ErrSchema},
		{"exchanged", keys{{"version", s}, {"name", s}}, dynamo.ErrSchema},
		{"numbered versions", keys{{"name", s}, {"version", n}}, dynamo.ErrSchema},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := awsfake.Start(t).Client(t)
			in := &dynamodb.CreateTableInput{TableName: aws.String(tableName), ProvisionedThroughput: provisioned}
			for i, k := range tt.keys {
				in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: aws.String(k.name), AttributeType: k.kind})
				in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: aws.String(k.name), KeyType: []types.KeyType{types.KeyTypeHash, types.KeyTypeRange}[i]})
			}
			if _, err := dynamodb.NewFromConfig(cfg.Config).CreateTable(t.Context(), in); err != nil {
				t.Fatal(err)
			}
			got, err := dynamo.New(cfg, tableName).EnsureTable(t.Context())
			if !errors.Is(err, tt.err) {
				t.Fatalf("got %v, want %v", err, tt.err)
			}
			if want := (dynamo.TableState{ARN: tableARN, ReadUnits: 1, WriteUnits: 2}); err == nil && got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}
