package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// fastTable asks more often than the SDK does by itself.
func fastTable(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = 2 * time.Second }

// keys returns the keys that a run made: that of the alias, and all with the
// run's tag. A run that was killed within setup may have made a key without an
// alias.
func (a *account) keys(ctx context.Context) ([]*kmstypes.KeyMetadata, error) {
	var found []*kmstypes.KeyMetadata
	key, err := a.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(a.alias())})
	if err == nil {
		found = append(found, key.KeyMetadata)
	} else if !absent(err) {
		return nil, err
	}
	pages := kms.NewListKeysPaginator(a.kms, &kms.ListKeysInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return found, fmt.Errorf("look for keys with the tag %s=%s: %w", tagKey, a.prefix, err)
		}
		for _, k := range page.Keys {
			if len(found) > 0 && aws.ToString(k.KeyId) == aws.ToString(found[0].KeyId) {
				continue
			}
			key, err := a.ours(ctx, k.KeyId)
			if err != nil {
				return found, err
			}
			if key != nil {
				found = append(found, key)
			}
		}
	}
	return found, nil
}

// ours returns the key if it has the run's tag. Keys that the caller may not
// look at are not ours.
func (a *account) ours(ctx context.Context, id *string) (*kmstypes.KeyMetadata, error) {
	tags, err := a.kms.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: id})
	if err != nil {
		if denied(err) || absent(err) {
			return nil, nil // somebody else's key
		}
		return nil, err
	}
	if !slices.ContainsFunc(tags.Tags, func(t kmstypes.Tag) bool {
		return aws.ToString(t.TagKey) == tagKey && aws.ToString(t.TagValue) == a.prefix
	}) {
		return nil, nil // as above
	}
	key, err := a.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: id})
	if err != nil {
		return nil, err
	}
	return key.KeyMetadata, nil
}

// left lists what still exists. What should not is an error too.
func (a *account) left(ctx context.Context) ([]string, error) {
	var left []string
	var errs []error
	for _, l := range []struct {
		what string
		look func() error
	}{
		{"DynamoDB table " + a.table(), func() error {
			_, err := a.dynamodb.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(a.table())})
			return err
		}},
		{"S3 bucket " + a.bucket(), func() error {
			_, err := a.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(a.bucket())})
			return err
		}},
		{"IAM role " + a.role(), func() error {
			_, err := a.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(a.role())})
			return err
		}},
		{"parameter " + a.parameter(), func() error {
			_, err := a.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(a.parameter())})
			return err
		}},
		{"secret " + a.secret(), func() error {
			out, err := a.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String(a.secret())})
			if err == nil && out.DeletedDate != nil {
				return &dynamotypes.ResourceNotFoundException{} // its deletion takes a moment
			}
			return err
		}},
	} {
		switch err := l.look(); {
		case err == nil:
			left = append(left, l.what)
			errs = append(errs, fmt.Errorf("%s still exists", l.what))
		case !absent(err):
			errs = append(errs, fmt.Errorf("look for %s: %w", l.what, err))
		}
	}
	keys, err := a.leftKeys(ctx)
	return append(append(left, keys...), a.leftBackups(ctx)...), errors.Join(append(errs, err)...)
}

func (a *account) leftKeys(ctx context.Context) ([]string, error) {
	keys, err := a.keys(ctx)
	var left []string
	for _, key := range keys {
		if key.KeyState == kmstypes.KeyStatePendingDeletion {
			left = append(left, fmt.Sprintf("KMS key %s: AWS deletes it on %s, without charge until then",
				aws.ToString(key.Arn), aws.ToTime(key.DeletionDate).Format(time.DateOnly)))
			continue
		}
		left = append(left, "KMS key "+aws.ToString(key.Arn))
		err = errors.Join(err, fmt.Errorf("KMS key %s is not scheduled for deletion", aws.ToString(key.Arn)))
	}
	return left, err
}

// leftBackups finds what DynamoDB keeps of a table with point-in-time recovery
// for 35 days, without charge
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html).
func (a *account) leftBackups(ctx context.Context) []string {
	out, err := a.dynamodb.ListBackups(ctx, &dynamodb.ListBackupsInput{
		TableName: aws.String(a.table()), BackupType: dynamotypes.BackupTypeFilterSystem,
	})
	if err != nil {
		return []string{"perhaps a system backup of the table, which AWS deletes after 35 days, without charge (list backups: " + err.Error() + ")"}
	}
	var left []string
	for _, b := range out.BackupSummaries {
		left = append(left, "system backup "+aws.ToString(b.BackupArn)+": AWS deletes it after 35 days, without charge")
	}
	return left
}
