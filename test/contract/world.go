package contract

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// world is what one case has to work with.
type world struct {
	ctx   context.Context // lives as long as one case
	stand Stand
	db    *dynamodb.Client
	kms   *kms.Client
	errs  []error
}

// newWorld makes clients that try once: a retry would hide what is looked for.
func newWorld(ctx context.Context, s Stand) *world {
	s.Config = s.Config.Copy()
	s.Config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	w := &world{ctx: ctx, stand: s}
	if s.Config.HTTPClient == nil {
		s.Config.HTTPClient = awshttp.NewBuildableClient()
	}
	s.Config.HTTPClient = inMemory{s.Config.HTTPClient}
	w.db = dynamodb.NewFromConfig(s.Config, func(o *dynamodb.Options) {
		o.BaseEndpoint = aws.String(s.DynamoDB)
		o.DisableValidateResponseChecksum = true // DynamoDB Local sends 0
	})
	w.kms = w.kmsAs(s.Config)
	return w
}

// inMemory sends each request body as a bytes.Reader, which net/http writes in one
// piece with the headers. It works around a race in the SDK (smithy-go 1.28): net/http
// looks for surplus bytes after any other body, and when the answer has arrived by
// then, the SDK has closed the body, whose WriteTo returns io.EOF. net/http takes
// that for a failed write and closes the connection while the response is read. On
// a busy machine that failed one run in twelve, in the cases with pages of 1 MB.
type inMemory struct{ next aws.HTTPClient }

// Do implements aws.HTTPClient.
func (c inMemory) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return c.next.Do(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	_ = r.Body.Close()
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return c.next.Do(r)
}

func (w *world) kmsAs(cfg aws.Config) *kms.Client {
	return kms.NewFromConfig(cfg, func(o *kms.Options) { o.BaseEndpoint = aws.String(w.stand.KMS) })
}

// fail ends the case.
func (w *world) fail(format string, args ...any) { panic(gaveUp{fmt.Errorf(format, args...)}) }

// must ends the case at an error.
func (w *world) must(err error) {
	if err != nil {
		panic(gaveUp{err})
	}
}

// refused notes an error of the case unless err is AWS's answer of that code.
func (w *world) refused(what string, err error, code string) {
	api, ok := errors.AsType[smithy.APIError](err)
	switch {
	case err == nil:
		w.errs = append(w.errs, fmt.Errorf("%s: accepted, want %s", what, code))
	case !ok:
		w.errs = append(w.errs, fmt.Errorf("%s: %w, want %s", what, err, code))
	case api.ErrorCode() != code:
		w.errs = append(w.errs, fmt.Errorf("%s: %s (%s), want %s", what, api.ErrorCode(), api.ErrorMessage(), code))
	}
}

// equal notes an error of the case unless got is want.
func equal[T comparable](w *world, what string, got, want T) {
	if got != want {
		w.errs = append(w.errs, fmt.Errorf("%s: got %v, want %v", what, got, want))
	}
}

// unique is a name that nothing else has.
func unique(prefix string) string { return prefix + "-" + strings.ToLower(rand.Text()[:12]) }

// table makes a table like credstash's and returns its name when it can be used.
func (w *world) table() string { return w.tableWith(nil) }

func (w *world) tableWith(capacity *types.ProvisionedThroughput) string {
	name := aws.String(unique("contract"))
	in := &dynamodb.CreateTableInput{
		TableName:   name,
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
	if capacity != nil {
		in.BillingMode, in.ProvisionedThroughput = types.BillingModeProvisioned, capacity
	}
	_, err := w.db.CreateTable(w.ctx, in)
	w.must(err)
	for range 200 {
		out, err := w.db.DescribeTable(w.ctx, &dynamodb.DescribeTableInput{TableName: name})
		w.must(err)
		if out.Table.TableStatus == types.TableStatusActive {
			return *name
		}
		time.Sleep(20 * time.Millisecond)
	}
	w.fail("table %s does not become active", *name)
	return ""
}

type item = map[string]types.AttributeValue

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }

// row is an item with its key, and pairs of further attributes.
func row(name, version string, more ...any) item {
	it := item{"name": str(name), "version": str(version)}
	for i := 0; i < len(more); i += 2 {
		it[more[i].(string)] = more[i+1].(types.AttributeValue) //nolint:gosec // they come in pairs
	}
	return it
}

// sized is a row of so many bytes, as DynamoDB counts.
func sized(name, version string, bytes int) item {
	used := len("name") + len(name) + len("version") + len(version) + len("contents")
	return row(name, version, "contents", str(strings.Repeat("x", bytes-used)))
}

func (w *world) put(table string, it item) error {
	_, err := w.db.PutItem(w.ctx, &dynamodb.PutItemInput{TableName: &table, Item: it})
	return err
}

func (w *world) mustPut(table string, items ...item) {
	for _, it := range items {
		w.must(w.put(table, it))
	}
}

// byName is a Query for one name, that is read consistently and charged for.
func byName(table, name string) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName: &table, KeyConditionExpression: aws.String("#n = :n"), ConsistentRead: aws.Bool(true),
		ExpressionAttributeNames:  map[string]string{"#n": "name"},
		ExpressionAttributeValues: item{":n": str(name)},
		ReturnConsumedCapacity:    types.ReturnConsumedCapacityTotal,
	}
}

func (w *world) query(in *dynamodb.QueryInput) *dynamodb.QueryOutput {
	out, err := w.db.Query(w.ctx, in)
	w.must(err)
	return out
}

// versions lists the sort keys of items.
func versions(items []item) string {
	var all []string
	for _, it := range items {
		if v, ok := it["version"].(*types.AttributeValueMemberS); ok {
			all = append(all, v.Value)
		}
	}
	return strings.Join(all, " ")
}

// identity returns the ARN of the stand's all-powerful caller.
func (w *world) identity() string {
	out, err := w.sts().GetCallerIdentity(w.ctx, &sts.GetCallerIdentityInput{})
	w.must(err)
	return *out.Arn
}

func (w *world) sts() *sts.Client {
	return sts.NewFromConfig(w.stand.Config, func(o *sts.Options) { o.BaseEndpoint = aws.String(w.stand.STS) })
}

// as returns a client that has assumed a role, and the role's ARN.
func (w *world) as(name string) (*kms.Client, string) {
	id, err := w.sts().GetCallerIdentity(w.ctx, &sts.GetCallerIdentityInput{})
	w.must(err)
	role := "arn:aws:iam::" + *id.Account + ":role/" + name
	out, err := w.sts().AssumeRole(w.ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("contract")})
	w.must(err)
	cfg := w.stand.Config.Copy()
	c := out.Credentials
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	return w.kmsAs(cfg), role
}

// key makes a key that everybody in the account may use.
func (w *world) key() string {
	out, err := w.kms.CreateKey(w.ctx, &kms.CreateKeyInput{})
	w.must(err)
	return *out.KeyMetadata.KeyId
}

type pairs = map[string]string

func (w *world) encrypt(key string, context pairs) []byte {
	out, err := w.kms.Encrypt(w.ctx, &kms.EncryptInput{KeyId: &key, Plaintext: []byte("secret"), EncryptionContext: context})
	w.must(err)
	return out.CiphertextBlob
}

func (w *world) decrypt(blob []byte, context pairs) error {
	return decrypt(w.ctx, w.kms, blob, context)
}

// decrypt fails as well where something else comes out than went in.
func decrypt(ctx context.Context, c *kms.Client, blob []byte, context pairs) error {
	out, err := c.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: blob, EncryptionContext: context})
	if err == nil && string(out.Plaintext) != "secret" {
		return fmt.Errorf("decrypted to %q", out.Plaintext)
	}
	return err
}
