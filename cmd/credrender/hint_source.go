package main

import (
	"errors"

	"github.com/credrender/credrender/pkg/source"
)

// sourceHint says what to do about a ref that is not in the store, or "".
func sourceHint(err error) string {
	failed, ok := errors.AsType[*source.RefError](err)
	if !ok {
		return ""
	}
	for _, h := range sourceHints {
		if h.source == failed.Ref.Source && errors.Is(err, h.err) {
			return h.text
		}
	}
	return ""
}

var sourceHints = []struct {
	source string
	err    error
	text   string
}{
	{source.SSM, source.ErrNotFound, "'aws ssm get-parameter --name NAME' shows whether it is in this account and region; a name in a table that begins with ssm: is read through a source of the config (docs/sources.md)"},
	{source.SSM, source.ErrDenied, "reading takes ssm:GetParameters (for a path ssm:GetParametersByPath), and kms:Decrypt for a SecureString under a key of one's own"},
	{source.SecretsManager, source.ErrNotFound, "'aws secretsmanager describe-secret --secret-id ID' shows whether it is in this account and region"},
	{source.SecretsManager, source.ErrDenied, "reading takes secretsmanager:GetSecretValue, of several also secretsmanager:BatchGetSecretValue, and kms:Decrypt under a key of one's own"},
	{source.S3, source.ErrNotFound, "'aws s3 ls s3://BUCKET/KEY' shows whether it is there"},
	{source.S3, source.ErrDenied, "reading takes s3:GetObject and kms:Decrypt; without s3:ListBucket S3 says the same of an object that is not there"},
	{source.S3, source.ErrIntegrity, "s3secret wants what 'aws kms encrypt --output text --query CiphertextBlob' or 'credrender encrypt' made; s3object takes objects as they are"},
	{source.S3Object, source.ErrNotFound, "'aws s3 ls s3://BUCKET/KEY' shows whether it is there"},
	{source.S3Object, source.ErrDenied, "reading takes s3:GetObject; without s3:ListBucket S3 says the same of an object that is not there"},
	{source.EC2, source.ErrNotFound, "tags are in the metadata once 'Allow tags in instance metadata' is on"},
	{source.EC2, source.ErrUnreachable, "--fixtures answers ec2 off EC2; in a container the instance's hop limit must be 2"},
}
