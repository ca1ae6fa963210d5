package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/source"
)

// What to do about a failed call depends on the command, on the service and on
// who is behind the failure.
func TestHintsOfCalls(t *testing.T) {
	dynamo := func(op string) source.CallError {
		return source.CallError{Service: "DynamoDB", Operation: op, By: source.ByAWS}
	}
	kms := func(op string) source.CallError {
		return source.CallError{Service: "KMS", Operation: op, By: source.ByAWS}
	}
	as := func(e source.CallError, kind error, changes ...func(*source.CallError)) source.CallError {
		e.Op, e.Kind = "do", kind
		for _, change := range changes {
			change(&e)
		}
		return e
	}
	by := func(p source.Party) func(*source.CallError) {
		return func(e *source.CallError) { e.By, e.Host = p, "dynamodb.eu-west-9.amazonaws.com" }
	}
	message := func(s string) func(*source.CallError) { return func(e *source.CallError) { e.Message = s } }
	causes := func(errs ...error) func(*source.CallError) { return func(e *source.CallError) { e.Causes = errs } }
	code := func(s string) func(*source.CallError) { return func(e *source.CallError) { e.Code = s } }
	s3 := source.CallError{Service: "S3", Operation: "GetObject", By: source.ByAWS}
	ssm := source.CallError{Service: "SSM", Operation: "GetParameters", By: source.ByAWS}
	sm := source.CallError{Service: "Secrets Manager", Operation: "BatchGetSecretValue", By: source.ByAWS}

	for name, tt := range map[string]struct {
		command, key string
		err          source.CallError
		want, not    string // parted by |
	}{
		"denied put":        {"put", "", as(dynamo("PutItem"), source.ErrDenied), "put needs dynamodb:Query and dynamodb:PutItem on the table, kms:GenerateDataKey on the key; AWS refused dynamodb:PutItem", "Decrypt|GetItem"},
		"denied data key":   {"put", "", as(kms("GenerateDataKey"), source.ErrDenied), "AWS refused kms:GenerateDataKey", "Decrypt"},
		"denied list":       {"list", "", as(dynamo("Scan"), source.ErrDenied), "list needs dynamodb:Scan on the table", "Query|kms:"},
		"denied delete":     {"delete", "", as(dynamo("DeleteItem"), source.ErrDenied), "dynamodb:DeleteItem", "kms:|PutItem"},
		"denied rekey":      {"rekey", "", as(kms("ReEncrypt"), source.ErrDenied), "dynamodb:UpdateItem|kms:ReEncryptFrom and kms:ReEncryptTo on the key; AWS refused kms:ReEncryptFrom", "kms:Decrypt"},
		"denied setup":      {"setup", "", as(dynamo("CreateTable"), source.ErrDenied), "dynamodb:CreateTable|dynamodb:UpdateTable|kms:CreateKey|policy --role admin", "GetItem"},
		"denied grant":      {"grant", "", as(kms("CreateGrant"), source.ErrDenied), "kms:CreateGrant|policy --role admin", "Decrypt|dynamodb"},
		"denied revoke":     {"revoke", "", as(kms("RevokeGrant"), source.ErrDenied), "kms:RevokeGrant", "CreateGrant"},
		"denied render":     {"render", "", as(dynamo("Query"), source.ErrDenied), "dynamodb:Query and dynamodb:GetItem on the table, kms:Decrypt on the key|'credrender policy' prints", "PutItem"},
		"denied object":     {"get", "", as(s3, source.ErrDenied), "get needs s3:GetObject on the objects|s3:ListBucket S3 also denies", "dynamodb"},
		"denied parameter":  {"render", "", as(ssm, source.ErrDenied), "ssm:GetParameters on|ssm:GetParametersByPath", "dynamodb"},
		"denied batch":      {"render", "", as(sm, source.ErrDenied), "secretsmanager:GetSecretValue|AWS refused secretsmanager:BatchGetSecretValue", "dynamodb"},
		"denied object put": {"put", "", as(source.CallError{Service: "S3", Operation: "PutObject"}, source.ErrDenied), "s3:PutObject and s3:PutObjectTagging on the objects", "dynamodb"},
		"denied for all":    {"get", "", as(dynamo("Query"), source.ErrDenied, message("with an explicit deny in a service control policy")), "overrides every allow", ""},
		"unknown command":   {"", "", as(dynamo("Query"), source.ErrDenied), "it needs dynamodb:Query", ""},

		"disabled":         {"get", "", as(kms("Decrypt"), source.ErrDisabled, causes(source.ErrDenied), message("arn:aws:kms:eu-west-1:123456789012:key/k is disabled.")), "aws kms enable-key --key-id arn:aws:kms:eu-west-1:123456789012:key/k", "cancel-key-deletion|needs"},
		"pending deletion": {"get", "", as(kms("Decrypt"), source.ErrDisabled, causes(source.ErrDenied), message("arn:aws:kms:eu-west-1:123456789012:key/k is pending deletion.")), "aws kms cancel-key-deletion --key-id arn:aws:kms:eu-west-1:123456789012:key/k", "needs"},
		"no alias":         {"put", "alias/mine", as(kms("GenerateDataKey"), source.ErrNoKey, causes(source.ErrNoStore)), "'credrender setup' creates alias/mine|--kms-region", "did you mean"},
		"alias as ID":      {"put", "credstash", as(kms("GenerateDataKey"), source.ErrNoKey, causes(source.ErrNoStore)), "did you mean --key alias/credstash?", "setup"},
		"no such ID":       {"put", "1234abcd-12ab-34cd-56ef-1234567890ab", as(kms("GenerateDataKey"), source.ErrNoKey), "aws kms list-aliases", "did you mean"},
		"wrong use":        {"put", "", as(kms("GenerateDataKey"), source.ErrUnsupported, code("InvalidKeyUsageException")), "symmetric encryption key", ""},
		"replica":          {"get", "", as(kms("Decrypt"), source.ErrDenied, message("The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.")), "--kms-region|kms:Decrypt", ""},
		"no table":         {"get", "", as(dynamo("Query"), source.ErrNoStore), "'credrender setup' creates it", "kms"},
		"no bucket":        {"get", "", as(s3, source.ErrNoStore), "aws s3 ls", "setup"},

		"clock":       {"get", "", as(dynamo("Query"), source.ErrClock, causes(source.ErrCredentials), by(source.ByClock)), "date -u|timedatectl", "sts|--profile"},
		"expired":     {"get", "", as(dynamo("Query"), source.ErrCredentials, code("ExpiredTokenException")), "aws sts get-caller-identity", "list-regions"},
		"off region":  {"get", "", as(dynamo("Query"), source.ErrCredentials, code("UnrecognizedClientException")), "aws account list-regions", ""},
		"authority":   {"get", "", as(dynamo("Query"), source.ErrUnreachable, by(source.ByAuthority)), "AWS_CA_BUNDLE=FILE", "--wait|--allow-stale"},
		"certificate": {"get", "", as(dynamo("Query"), source.ErrUnreachable, by(source.ByTLS)), "date -u", "AWS_CA_BUNDLE|--wait"},
		"no region":   {"put", "", as(dynamo("Query"), source.ErrUnreachable, by(source.ByDNS)), "--region, AWS_REGION|getent hosts dynamodb.eu-west-9.amazonaws.com", "--wait"},
		"proxy":       {"list", "", as(dynamo("Scan"), source.ErrUnreachable, by(source.ByProxy)), "HTTPS_PROXY|NO_PROXY", "--wait"},
		"page":        {"list", "", as(dynamo("Scan"), source.ErrUnreachable, by(source.ByServer)), "not from AWS", "--wait|IAM|takes"},
		"network":     {"doctor", "", as(dynamo("Scan"), source.ErrUnreachable, by(source.ByNetwork)), "check the route", "--wait"},
		"fault":       {"get", "", as(dynamo("Query"), source.ErrUnreachable), "health.aws.amazon.com", "--wait"},
		"slow":        {"get", "", as(dynamo("Query"), source.ErrUnreachable, by(source.ByTime)), "--timeout", "--wait"},

		"down in render": {"render", "", as(dynamo("Query"), source.ErrUnreachable, by(source.ByNetwork)), "--wait 5m|--allow-stale 24h", ""},
		"down in plan":   {"plan", "", as(dynamo("Query"), source.ErrUnreachable, by(source.ByNetwork)), "check the route", "--wait"},
		"down in daemon": {"daemon", "", as(dynamo("Query"), source.ErrUnreachable, by(source.ByNetwork)), "the daemon tries again", "--wait"},
		"down in grant":  {"grant", "", as(kms("CreateGrant"), source.ErrUnreachable, by(source.ByNetwork)), "check the route", "--wait"},

		"table throttles":   {"get", "", as(dynamo("Query"), source.ErrThrottled), "setup --update", "KMS|--wait"},
		"KMS throttles":     {"render", "", as(kms("Decrypt"), source.ErrThrottled), "KMS's quota|--wait 5m", "table"},
		"SSM throttles":     {"get", "", as(ssm, source.ErrThrottled), "high-throughput-enabled", "table"},
		"S3 throttles":      {"get", "", as(s3, source.ErrThrottled), "prefix of a bucket", "table"},
		"SM throttles":      {"get", "", as(sm, source.ErrThrottled), "Secrets Manager", "table"},
		"a proxy throttles": {"get", "", as(dynamo("Query"), source.ErrThrottled, by(source.ByServer)), "not from AWS", "setup"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(strings.NewReader(""), nil, nil)
			a.globals = newGlobals()
			a.key = tt.key
			for _, c := range newRoot(a).Commands() {
				if c.Name() == tt.command {
					a.command = c
				}
			}
			got := a.hint(fmt.Errorf("around it: %w", &tt.err))
			for want := range strings.SplitSeq(tt.want, "|") {
				if !strings.Contains(got, want) {
					t.Errorf("%q is not in %q", want, got)
				}
			}
			for not := range strings.SplitSeq(tt.not, "|") {
				if not != "" && strings.Contains(got, not) {
					t.Errorf("%q is in %q", not, got)
				}
			}
		})
	}
}
