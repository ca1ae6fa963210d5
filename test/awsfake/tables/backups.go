package tables

import (
	"github.com/credrender/credrender/test/awsfake/wire"
)

type updateBackups struct {
	onTable
	PointInTimeRecoverySpecification struct{ PointInTimeRecoveryEnabled bool }
}

func (u *updateBackups) run(r *Region, _ *wire.Request) (any, error) {
	t, err := r.table(u.TableName)
	if err != nil {
		return nil, &wire.Error{Code: "TableNotFoundException", Message: "Table not found: " + u.TableName}
	}
	t.backups = u.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled
	return backupsOut(t), nil
}

type describeBackups struct{ onTable }

func (d *describeBackups) run(r *Region, _ *wire.Request) (any, error) {
	t, err := r.table(d.TableName)
	if err != nil {
		return nil, &wire.Error{Code: "TableNotFoundException", Message: "Table not found: " + d.TableName}
	}
	return backupsOut(t), nil
}

func backupsOut(t *table) any {
	status := map[bool]string{true: "ENABLED", false: "DISABLED"}[t.backups]
	return map[string]any{"ContinuousBackupsDescription": map[string]any{
		"ContinuousBackupsStatus":        "ENABLED",
		"PointInTimeRecoveryDescription": map[string]any{"PointInTimeRecoveryStatus": status},
	}}
}
