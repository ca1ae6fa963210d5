package awsfake_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/test/awsfake"
)

const tableName = "credential-store"

// withTable returns a client and a table like credstash's.
func withTable(t *testing.T, srv *awsfake.Server) *dynamodb.Client {
	t.Helper()
	c := dynamodb.NewFromConfig(srv.Config(t, awsfake.OneAttempt))
	_, err := c.CreateTable(t.Context(), createTable(tableName))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func createTable(name string) *dynamodb.CreateTableInput {
	return &dynamodb.CreateTableInput{
		TableName:   aws.String(name),
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("name"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("version"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("name"), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String("version"), KeyType: types.KeyTypeRange},
		},
	}
}

func withKey(t *testing.T, srv *awsfake.Server) (*kms.Client, string) {
	t.Helper()
	c := kms.NewFromConfig(srv.Config(t, awsfake.OneAttempt))
	made, err := c.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: aws.String("alias/credstash"), TargetKeyId: made.KeyMetadata.KeyId})
	if err != nil {
		t.Fatal(err)
	}
	return c, *made.KeyMetadata.KeyId
}

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func item(name, version string, more map[string]types.AttributeValue) map[string]types.AttributeValue {
	m := map[string]types.AttributeValue{"name": str(name), "version": str(version)}
	for k, v := range more {
		m[k] = v
	}
	return m
}

func put(t *testing.T, c *dynamodb.Client, it map[string]types.AttributeValue) {
	t.Helper()
	if _, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(tableName), Item: it}); err != nil {
		t.Fatal(err)
	}
}

// wantCode fails unless err is that answer of AWS; message may be "" for any.
func wantCode(t *testing.T, err error, code, message string) {
	t.Helper()
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		t.Fatalf("got %v, want %s", err, code)
	}
	if api.ErrorCode() != code || message != "" && api.ErrorMessage() != message {
		t.Fatalf("got %s: %q, want %s: %q", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}

func versions(t *testing.T, c *dynamodb.Client, in *dynamodb.QueryInput) []string {
	t.Helper()
	out, err := c.Query(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, it := range out.Items {
		got = append(got, it["version"].(*types.AttributeValueMemberS).Value)
	}
	return got
}

// ignoreDocument leaves out a field that the SDK's types carry for no purpose.
var ignoreDocument = cmp.FilterPath(func(p cmp.Path) bool {
	return strings.HasSuffix(p.Last().String(), "noSmithyDocumentSerde")
}, cmp.Ignore())
