package config

import (
	"fmt"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/source"
)

// table is a name, or the ARN of a table.
func table(value, dir string) (string, error) {
	if _, err := notEmpty(value, dir); err != nil {
		return value, err
	}
	_, _, err := source.ParseTable(value)
	return value, err
}

// checkTable compares the region of a table's ARN with the one that is set.
func checkTable(s job.Store) error {
	if s.Kind != dynamoDB {
		return nil
	}
	arn, named, err := source.ParseTable(s.Table)
	if err != nil {
		return err
	}
	if !named && s.Region != "" && s.Region != arn.Region {
		return fmt.Errorf("%s is in %s by its ARN, and the region is set to %s: leave the region out", s.Table, arn.Region, source.Show(s.Region))
	}
	return nil
}
