package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/credrender/credrender/pkg/source/internal/wire"
	"github.com/credrender/credrender/pkg/source/limit"
)

func (a *Admin) protection(d *types.TableDescription) property {
	return property{
		"deletion protection",
		func(context.Context) (string, error) {
			if aws.ToBool(d.DeletionProtectionEnabled) {
				return "", nil
			}
			return "it is not protected from deletion", nil
		},
		func(ctx context.Context) error {
			_, err := a.admin.updateTable(ctx, &dynamodb.UpdateTableInput{TableName: aws.String(a.name), DeletionProtectionEnabled: aws.Bool(true)})
			return wire.Wrap(a.op("protect"), err)
		},
	}
}

func (a *Admin) recovery() property {
	return property{
		"point-in-time recovery",
		func(ctx context.Context) (string, error) {
			out, err := a.admin.backups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: aws.String(a.name)})
			if err != nil {
				return "", wire.Wrap(a.op("look up backups of"), err)
			}
			if b := out.ContinuousBackupsDescription; b != nil && b.PointInTimeRecoveryDescription != nil &&
				b.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus == types.PointInTimeRecoveryStatusEnabled {
				return "", nil
			}
			return "point-in-time recovery is off", nil
		},
		a.recoverable,
	}
}

// recoverable turns on point-in-time recovery. For a moment after a table becomes ready,
// until DynamoDB has set up its backups, the request fails
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateContinuousBackups.html).
func (a *Admin) recoverable(ctx context.Context) error {
	var early error
	err := limit.Poll(ctx, createPoll, func(ctx context.Context) (string, bool, error) {
		_, err := a.admin.updateBackups(ctx, &dynamodb.UpdateContinuousBackupsInput{
			TableName:                        aws.String(a.name),
			PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)},
		})
		early = wire.Wrap(a.op("turn on point-in-time recovery of"), err)
		if _, unavailable := errors.AsType[*types.ContinuousBackupsUnavailableException](err); unavailable {
			return "without backups", false, nil
		}
		return "", true, early
	})
	if _, stuck := errors.AsType[*limit.StuckError](err); stuck {
		return errors.Join(fmt.Errorf("%s: %w", a.op("wait for backups of"), err), early)
	}
	return err
}
