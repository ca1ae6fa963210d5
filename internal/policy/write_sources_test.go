package policy_test

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/policy"
	"github.com/credrender/credrender/pkg/source"
)

// A writer of each source gets what a put sends there, on the resources that the templates
// name.
func TestWritersOfSources(t *testing.T) {
	at := policy.Location{Partition: "aws", Region: "eu-west-1", KeyRegion: "eu-west-1", Account: "123456789012", Table: "table", Key: "arn:aws:kms:eu-west-1:123456789012:key/k"}
	need := func(src, name string, pattern bool) policy.Need {
		return policy.Need{Location: at, Ref: source.Ref{Source: src, Name: name}, Pattern: pattern}
	}
	doc, notes, err := policy.Build(policy.Writer, []policy.Need{
		need(source.SSM, "/app/key", false), need(source.SSM, "/all/*", true),
		need(source.SecretsManager, "app/db#password", false), need(source.SecretsManager, "web/*", true),
		need(source.S3, "bucket/app/key", false), need(source.S3Object, "bucket/plain", false),
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][][]string{}
	for _, s := range doc.Statement {
		got[s.Sid] = [][]string{s.Action, s.Resource}
	}
	parameter := "arn:aws:ssm:eu-west-1:123456789012:parameter/"
	secret := "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"
	want := map[string][][]string{
		"WriteParameters":   {{"ssm:GetParameters", "ssm:PutParameter"}, {parameter + "all", parameter + "all/*", parameter + "app/key"}},
		"ParameterSettings": {{"ssm:DescribeParameters"}, {"*"}},
		"WriteSecretsManager": {
			{"secretsmanager:CreateSecret", "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"},
			{secret + "app/db-??????", secret + "web/*"},
		},
		"WriteObjects":   {{"s3:GetObject", "s3:GetObjectTagging", "s3:PutObject", "s3:PutObjectTagging"}, {"arn:aws:s3:::bucket/app/key"}},
		"LookAtBuckets":  {{"s3:GetBucketVersioning", "s3:ListBucket"}, {"arn:aws:s3:::bucket"}},
		"EncryptObjects": {{"kms:Encrypt", "kms:GenerateDataKey"}, {at.Key}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statements %v (-want +got):\n%s", maps.Keys(got), diff)
	}
	if len(notes) == 0 {
		t.Error("no note about the plain object")
	}
}
