package awsfake_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/test/awsfake"
)

func get(ctx context.Context, c *dynamodb.Client, name string) error {
	_, err := c.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String(tableName), Key: item(name, "1", nil), ConsistentRead: aws.Bool(true)})
	return err
}

func TestRules(t *testing.T) {
	srv := awsfake.Start(t)
	c := withTable(t, srv)
	remove := srv.Fail(awsfake.Rule{Operation: "GetItem", Name: "secret", Code: "AccessDeniedException", Message: "no"})
	wantCode(t, get(t.Context(), c, "secret"), "AccessDeniedException", "no")
	if err := get(t.Context(), c, "other"); err != nil {
		t.Error(err)
	}
	remove()
	if err := get(t.Context(), c, "secret"); err != nil {
		t.Error(err)
	}
	srv.Fail(awsfake.Rule{Service: awsfake.DynamoDB, Code: "InternalServerError", Status: http.StatusInternalServerError, Times: 2})
	wantCode(t, get(t.Context(), c, "a"), "InternalServerError", "")
	wantCode(t, get(t.Context(), c, "a"), "InternalServerError", "")
	if err := get(t.Context(), c, "a"); err != nil {
		t.Error(err)
	}
}

func TestRuleMatch(t *testing.T) {
	srv := awsfake.Start(t)
	c, id := withKey(t, srv)
	srv.Fail(awsfake.Rule{Match: func(r awsfake.Request) bool { return r.Context["env"] == "prod" }, Code: "ThrottlingException", Message: "Rate exceeded"})
	for env, code := range map[string]string{"prod": "ThrottlingException", "dev": ""} {
		_, err := c.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{
			KeyId: aws.String(id), NumberOfBytes: aws.Int32(32), EncryptionContext: map[string]string{"env": env},
		})
		if code == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		wantCode(t, err, code, "Rate exceeded")
	}
}

func TestLostAnswers(t *testing.T) {
	srv := awsfake.Start(t)
	c := withTable(t, srv)
	put(t, c, item("a", "1", nil))
	tests := []struct {
		rule    awsfake.Rule
		applied bool
	}{
		{awsfake.Rule{Reset: true, Times: 1}, false},
		{awsfake.Rule{Reset: true, Applied: true, Times: 1}, true},
		{awsfake.Rule{Cut: true, Times: 1}, true},
	}
	for i, tt := range tests {
		name := fmt.Sprintf("lost%d", i)
		tt.rule.Operation = "PutItem"
		srv.Fail(tt.rule)
		if _, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(tableName), Item: item(name, "1", nil), ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal}); err == nil {
			t.Errorf("rule %d: no error", i)
		}
		out, err := c.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(tableName), Key: item(name, "1", nil)})
		if err != nil {
			t.Fatal(err)
		}
		if applied := out.Item != nil; applied != tt.applied {
			t.Errorf("rule %d: applied %v, want %v", i, applied, tt.applied)
		}
	}
}

// A delayed request ends with its caller, and does not keep Close waiting.
func TestDelay(t *testing.T) {
	srv := awsfake.New(awsfake.Options{})
	c := withTable(t, srv)
	srv.Fail(awsfake.Rule{Operation: "GetItem", Delay: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := get(ctx, c, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = get(t.Context(), c, "a") })
	srv.Close()
	wg.Wait()
}

func TestRecords(t *testing.T) {
	srv := awsfake.Start(t)
	c := withTable(t, srv)
	srv.Forget()
	_ = get(t.Context(), c, "a")
	srv.Fail(awsfake.Rule{Operation: "Scan", Code: "AccessDeniedException"})
	_, _ = c.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(tableName)})
	_, err := c.Query(t.Context(), &dynamodb.QueryInput{
		TableName: aws.String(tableName), KeyConditionExpression: aws.String("#n = :n"),
		ExpressionAttributeNames: map[string]string{"#n": "name"}, ExpressionAttributeValues: map[string]types.AttributeValue{":n": str("b")},
	})
	if err != nil {
		t.Fatal(err)
	}
	common := awsfake.Request{Service: awsfake.DynamoDB, Region: awsfake.Region, AccessKey: awsfake.AccessKey, Principal: awsfake.User, Table: tableName}
	want := []awsfake.Request{common, common, common}
	want[0].Operation, want[0].Name, want[0].Version, want[0].Consistent, want[0].Status, want[0].ReadUnits = "GetItem", "a", "1", true, 200, 1
	want[1].Operation, want[1].Status, want[1].Code = "Scan", 400, "AccessDeniedException"
	want[2].Operation, want[2].Name, want[2].Status, want[2].ReadUnits = "Query", "b", 200, 0.5
	if diff := cmp.Diff(want, srv.Requests()); diff != "" {
		t.Error(diff)
	}
	if got := srv.Count(awsfake.DynamoDB, ""); got != 3 {
		t.Errorf("counted %d, want 3", got)
	}
	if !srv.Asked("a") || srv.Asked("c") {
		t.Error("asked for a and not for c, recorded otherwise")
	}
	if got := srv.Connections(awsfake.KMS); got != 0 {
		t.Errorf("got %d connections to KMS, want 0", got)
	}
}

func TestConnections(t *testing.T) {
	srv := awsfake.Start(t)
	c := kms.NewFromConfig(srv.Config(t, awsfake.OneAttempt), func(o *kms.Options) {
		o.HTTPClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	})
	for range 3 {
		if _, err := c.ListAliases(t.Context(), &kms.ListAliasesInput{}); err != nil {
			t.Fatal(err)
		}
	}
	if kms, dynamo := srv.Connections(awsfake.KMS), srv.Connections(awsfake.DynamoDB); kms != 3 || dynamo != 0 {
		t.Errorf("got %d connections to KMS and %d to DynamoDB, want 3 and 0", kms, dynamo)
	}
	srv.Forget()
	if got := srv.Connections(awsfake.KMS); got != 0 {
		t.Errorf("got %d connections after Forget", got)
	}
}

func TestSTS(t *testing.T) {
	srv := awsfake.Start(t)
	cfg := srv.Config(t, awsfake.OneAttempt)
	c := sts.NewFromConfig(cfg)
	out, err := c.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::123456789012:role/app"), RoleSessionName: aws.String("s")})
	if err != nil {
		t.Fatal(err)
	}
	asRole := func(token string) error {
		cfg := cfg.Copy()
		cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: token}, nil
		})
		_, err := kms.NewFromConfig(cfg).ListAliases(t.Context(), &kms.ListAliasesInput{})
		return err
	}
	if err := asRole(*out.Credentials.SessionToken); err != nil {
		t.Error(err)
	}
	wantCode(t, asRole("forged"), "UnrecognizedClientException", "")
	srv.Fail(awsfake.Rule{Service: awsfake.STS, Code: "AccessDenied", Status: http.StatusForbidden, Message: "not authorized"})
	_, err = c.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantCode(t, err, "AccessDenied", "not authorized")
}

// A child process is led here by Env alone.
func TestEnvOfChild(t *testing.T) {
	srv := awsfake.Start(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(srv.Env(), "AWSTEST_CHILD=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := srv.Count(awsfake.DynamoDB, "ListTables"); got != 1 {
		t.Errorf("got %d requests, want 1", got)
	}
}

func TestUnsigned(t *testing.T) {
	srv := awsfake.Start(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL(awsfake.KMS), strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", "TrentService.ListAliases")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("got status %d, want %d", resp.StatusCode, http.StatusBadRequest)
	}
}
