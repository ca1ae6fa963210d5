package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// sources renders one template over the table and everything beside it.
func (j *journey) sources(ctx context.Context) error {
	raw, text, sealed, token, app := j.newValue(), j.newValue(), j.newValue(), j.newValue(), j.newValue()
	if err := j.makeBucket(ctx); err != nil {
		return fmt.Errorf("make bucket %s: %w", j.bucket(), err)
	}
	if err := j.putBlob(ctx, "raw", raw, func(b []byte) []byte { return b }); err != nil {
		return err
	}
	asText := func(b []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(b) + "\n") }
	if err := j.putBlob(ctx, "text", text, asText); err != nil {
		return err
	}
	blob, err := j.want(ctx, 0, sealed, "encrypt", "-", "env=prod")
	if err != nil {
		return err
	}
	if err := j.putObject(ctx, "sealed", []byte(blob)); err != nil {
		return err
	}
	if _, err := j.ssm.PutParameter(ctx, &ssm.PutParameterInput{
		Name: aws.String(j.parameter()), Value: aws.String(token), Type: ssmtypes.ParameterTypeSecureString,
		Tags: []ssmtypes.Tag{{Key: aws.String(tagKey), Value: aws.String(j.prefix)}},
	}); err != nil {
		return fmt.Errorf("put parameter: %w", err)
	}
	if _, err := j.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: aws.String(j.secret()), SecretString: aws.String(`{"password": "` + app + `"}`),
		Tags: []smtypes.Tag{{Key: aws.String(tagKey), Value: aws.String(j.prefix)}},
	}); err != nil {
		return fmt.Errorf("create secret: %w", err)
	}
	object := func(key string) string {
		return fmt.Sprintf("{{ s3secret %q \"env=prod\" }}\n", "s3://"+j.bucket()+"/"+key)
	}
	src, dest, _, err := j.job("sources", object("raw")+object("text")+object("sealed")+
		fmt.Sprintf("{{ ssm %q }}\n{{ secretsManager %q \"password\" }}\n{{ secret \"db\" \"env=prod\" }}\n", j.parameter(), j.secret()))
	if err != nil {
		return err
	}
	want := fmt.Sprintf("%s\n%s\n%s\n%s\n%s\n%s\n", raw, text, sealed, token, app, j.current)
	// The second render asks whether anything changed.
	for range 2 {
		if _, err := j.ok(ctx, "render", src+":"+dest); err != nil {
			return err
		}
		if err := j.holds(dest, want); err != nil {
			return err
		}
	}
	_, err = j.want(ctx, 3, "", "get", "s3://"+j.bucket()+"/raw", "env=dev")
	return err
}

func (j *journey) makeBucket(ctx context.Context) error {
	in := &s3.CreateBucketInput{Bucket: aws.String(j.bucket())}
	if j.region != "us-east-1" { // which is no location constraint
		in.CreateBucketConfiguration = &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(j.region)}
	}
	_, err := j.s3.CreateBucket(ctx, in)
	return err
}

// putBlob stores what "aws kms encrypt" makes of a value.
func (j *journey) putBlob(ctx context.Context, key, value string, form func([]byte) []byte) error {
	out, err := j.kms.Encrypt(ctx, &kms.EncryptInput{
		KeyId: aws.String(j.alias()), Plaintext: []byte(value), EncryptionContext: map[string]string{"env": "prod"},
	})
	if err != nil {
		return fmt.Errorf("encrypt: %w", err)
	}
	return j.putObject(ctx, key, form(out.CiphertextBlob))
}

func (j *journey) putObject(ctx context.Context, key string, data []byte) error {
	_, err := j.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(j.bucket()), Key: aws.String(key), Body: bytes.NewReader(data)})
	if err != nil {
		return fmt.Errorf("put object %s: %w", key, err)
	}
	return nil
}
