package policy

import (
	"fmt"
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

// Place says where a reference is read from, as ARNs need it. It is comparable.
type Place struct {
	Partition string // aws, aws-cn, aws-us-gov
	Account   string // twelve digits
	Region    string
	KeyRegion string // of a key that is not there yet; empty: Region
	Table     string // a name or an ARN
	Key       string // the ARN of the key itself: policies do not know aliases
	Alias     string // for Admin: the ARN of the alias, if the key has one
}

func (p Place) arn(service, resource string) string {
	return source.ARN{Partition: p.Partition, Service: service, Region: p.Region, Account: p.Account, Resource: resource}.String()
}

func (p Place) table() string {
	if strings.HasPrefix(p.Table, "arn:") {
		return p.Table
	}
	return p.arn("dynamodb", "table/"+p.Table)
}

// check refuses what would make a policy that allows nothing, or other things: the
// parts of a place are printed into ARNs.
func (p Place) check() error {
	arn, named, err := source.ParseTable(p.Table)
	switch {
	case err != nil:
		return err
	case named && p.Table != "" && !source.IsTableName(p.Table):
		return fmt.Errorf("%w: %s is not the name of a table: DynamoDB takes 3 to 255 letters, digits, '.', '-' and '_'", ErrPlace, source.Show(p.Table))
	case !named && arn.Partition != p.Partition:
		return fmt.Errorf("%w: the table %s is not in the partition of region %s, which is %s", ErrPlace, p.Table, p.Region, p.Partition)
	case len(p.Account) != 12 || strings.Trim(p.Account, "0123456789") != "":
		return fmt.Errorf("%w: %s is not the ID of an account, which has twelve digits", ErrPlace, source.Show(p.Account))
	}
	if key, ok := source.ParseARN(p.Key); p.Key != "" && (!ok || key.Service != "kms" || !strings.HasPrefix(key.Resource, "key/") || strings.ContainsAny(p.Key, "*?$ ")) {
		return fmt.Errorf("%w: %s is not the ARN of a key", ErrPlace, source.Show(p.Key))
	} else if p.Key != "" && key.Partition != p.Partition {
		return fmt.Errorf("%w: the key %s is not in the partition of region %s, which is %s", ErrPlace, p.Key, p.Region, p.Partition)
	}
	return nil
}
