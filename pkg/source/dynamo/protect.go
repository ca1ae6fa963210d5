package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/credrender/credrender/pkg/source/internal/wire"
	"github.com/credrender/credrender/pkg/source/limit"
)

func (a *Admin) protection(d *description) property {
	return property{
		"deletion protection",
		func(context.Context) (string, error) {
			if d.DeletionProtectionEnabled {
				return "", nil
			}
			return "it is not protected from deletion", nil
		},
		func(ctx context.Context) error {
			in := settings{TableName: a.name, DeletionProtectionEnabled: true}
			return wire.Wrap(a.op("protect"), a.calls.Do(ctx, "UpdateTable", &in, nil))
		},
	}
}

func (a *Admin) recovery() property {
	return property{
		"point-in-time recovery",
		func(ctx context.Context) (string, error) {
			var out backups
			if err := a.calls.Do(ctx, "DescribeContinuousBackups", &table{a.name}, &out); err != nil {
				return "", wire.Wrap(a.op("look up backups of"), err)
			}
			if out.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus == "ENABLED" {
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
		in := recovery{TableName: a.name}
		in.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled = true
		err := a.calls.Do(ctx, "UpdateContinuousBackups", &in, nil)
		early = wire.Wrap(a.op("turn on point-in-time recovery of"), err)
		if wire.Code(err) == "ContinuousBackupsUnavailableException" {
			return "without backups", false, nil
		}
		return "", true, early
	})
	if _, stuck := errors.AsType[*limit.StuckError](err); stuck {
		return errors.Join(fmt.Errorf("%s: %w", a.op("wait for backups of"), err), early)
	}
	return err
}
