package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// deletionDays is the least that KMS allows.
const deletionDays = 7

// removeAll removes whatever a run made. What does not exist is no error, and
// one failure does not keep the others.
func (a *account) removeAll(ctx context.Context) error {
	var errs []error
	for _, r := range []struct {
		what   string
		remove func(context.Context) error
	}{
		{"S3 bucket " + a.bucket(), a.removeBucket},
		{"parameter " + a.parameter(), a.removeParameter},
		{"secret " + a.secret(), a.removeSecret},
		{"IAM role " + a.role(), a.removeRole},
		{"DynamoDB table " + a.table(), a.removeTable},
		{"KMS key of " + a.alias(), a.removeKey},
	} {
		err := r.remove(ctx)
		switch {
		case absent(err):
			say("  absent   %s", r.what)
		case err != nil:
			say("  FAILED   %s: %v", r.what, err)
			errs = append(errs, fmt.Errorf("remove %s: %w", r.what, err))
		default:
			say("  removed  %s", r.what)
		}
	}
	return errors.Join(errs...)
}

// removeBucket deletes all versions of all objects first.
func (a *account) removeBucket(ctx context.Context) error {
	pages := s3.NewListObjectVersionsPaginator(a.s3, &s3.ListObjectVersionsInput{Bucket: aws.String(a.bucket())})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		var ids []s3types.ObjectIdentifier
		for _, v := range page.Versions {
			ids = append(ids, s3types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			ids = append(ids, s3types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		if len(ids) == 0 {
			continue
		}
		out, err := a.s3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: aws.String(a.bucket()), Delete: &s3types.Delete{Objects: ids}})
		if err != nil {
			return err
		}
		for _, e := range out.Errors {
			return fmt.Errorf("delete object %s: %s", aws.ToString(e.Key), aws.ToString(e.Code))
		}
	}
	_, err := a.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String(a.bucket())})
	return err
}

func (a *account) removeParameter(ctx context.Context) error {
	_, err := a.ssm.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: aws.String(a.parameter())})
	return err
}

func (a *account) removeSecret(ctx context.Context) error {
	if _, err := a.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String(a.secret())}); err != nil {
		return err // a forced deletion succeeds for what does not exist
	}
	_, err := a.secrets.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{
		SecretId: aws.String(a.secret()), ForceDeleteWithoutRecovery: aws.Bool(true),
	})
	return err
}

// removeRole deletes the role's own policies first.
func (a *account) removeRole(ctx context.Context) error {
	role := aws.String(a.role())
	policies, err := a.iam.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: role})
	if err != nil {
		return err
	}
	for _, name := range policies.PolicyNames {
		if _, err := a.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: role, PolicyName: aws.String(name)}); err != nil {
			return err
		}
	}
	_, err = a.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: role})
	return err
}

// removeTable switches deletion protection off first, which setup switched on.
func (a *account) removeTable(ctx context.Context) error {
	table := &dynamodb.DescribeTableInput{TableName: aws.String(a.table())}
	if _, err := a.dynamodb.DescribeTable(ctx, table); err != nil {
		return err
	}
	// A table that is being made cannot be changed yet.
	if err := dynamodb.NewTableExistsWaiter(a.dynamodb, fastTable).Wait(ctx, table, 5*time.Minute); err != nil {
		return err
	}
	if _, err := a.dynamodb.UpdateTable(ctx, &dynamodb.UpdateTableInput{
		TableName: table.TableName, DeletionProtectionEnabled: aws.Bool(false),
	}); err != nil {
		return fmt.Errorf("switch off deletion protection: %w", err)
	}
	if err := dynamodb.NewTableExistsWaiter(a.dynamodb, fastTable).Wait(ctx, table, 5*time.Minute); err != nil {
		return err
	}
	if _, err := a.dynamodb.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: table.TableName}); err != nil {
		return err
	}
	return dynamodb.NewTableNotExistsWaiter(a.dynamodb, func(o *dynamodb.TableNotExistsWaiterOptions) { o.MinDelay = 2 * time.Second }).
		Wait(ctx, table, 10*time.Minute)
}

// removeKey schedules the key's deletion, then deletes the alias, by which a
// second attempt would find the key.
func (a *account) removeKey(ctx context.Context) error {
	keys, lookErr := a.keys(ctx)
	for _, key := range keys {
		if key.KeyState == kmstypes.KeyStatePendingDeletion {
			continue
		}
		if _, err := a.kms.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{
			KeyId: key.KeyId, PendingWindowInDays: aws.Int32(deletionDays),
		}); err != nil {
			return err
		}
	}
	if lookErr != nil {
		return lookErr
	}
	_, err := a.kms.DeleteAlias(ctx, &kms.DeleteAliasInput{AliasName: aws.String(a.alias())})
	if len(keys) > 0 && absent(err) {
		return nil
	}
	return err
}
