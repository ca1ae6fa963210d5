package ssm

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

var _ source.HistoryReader = (*Parameters)(nil)

// maxHistory is the limit of versions in a page
// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameterHistory.html).
const maxHistory = 50

// History implements source.HistoryReader. AWS keeps 100 versions.
func (p *Parameters) History(ctx context.Context, ref source.Ref) ([]source.VersionInfo, error) {
	all, err := p.versions(ctx, base(ref.Name))
	infos := make([]source.VersionInfo, len(all))
	for i, v := range all {
		infos[i] = source.VersionInfo{Version: strconv.FormatInt(v.Version, 10), Author: v.LastModifiedUser, Comment: v.Description, Labels: v.Labels}
		if seconds, err := v.LastModifiedDate.Float64(); err == nil && seconds > 0 {
			infos[i].Created = time.UnixMilli(int64(seconds * 1000))
		}
	}
	return infos, err
}

// versions returns the versions of a parameter, oldest first, without their values.
func (p *Parameters) versions(ctx context.Context, name string) ([]past, error) {
	in := historyInput{Name: name, MaxResults: maxHistory}
	var all []past
	for {
		var out historyOutput
		check := func() error {
			if slices.ContainsFunc(out.Parameters, func(v past) bool { return v.Name != name }) || in.NextToken != "" && in.NextToken == out.NextToken {
				return wire.Other()
			}
			return nil
		}
		if err := p.client.DoChecked(ctx, "GetParameterHistory", &in, &out, check); err != nil {
			return nil, failure("read history of parameter", err)
		}
		all = append(all, out.Parameters...)
		if in.NextToken = out.NextToken; in.NextToken == "" {
			slices.SortFunc(all, func(a, b past) int { return int(a.Version - b.Version) })
			return all, nil
		}
	}
}
