package secretsmanager

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

var (
	_ source.Lister        = (*Secrets)(nil)
	_ source.Globber       = (*Secrets)(nil)
	_ source.HistoryReader = (*Secrets)(nil)
)

// maxPage is the limit of secrets, and of versions, in a page
// (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html).
const maxPage = 100

type listInput struct {
	Filters    []filter `json:",omitempty"`
	MaxResults int
	NextToken  string `json:",omitempty"`
}

type filter struct {
	Key    string
	Values []string
}

type listOutput struct {
	SecretList []struct {
		Name                   string
		SecretVersionsToStages map[string][]string
	}
	NextToken string
}

// List implements source.Lister. It lists the newest version of each secret, and none that
// is pending deletion. AWS may list a secret some minutes after it was created.
func (s *Secrets) List(ctx context.Context, pattern string) ([]source.Entry, error) {
	if strings.Contains(pattern, "#") {
		return nil, fmt.Errorf("%w: a pattern is for names of secrets, and a name has no #", source.ErrRef)
	}
	literal, _, _ := strings.Cut(pattern, "*")
	in := listInput{MaxResults: maxPage}
	if literal != "" {
		in.Filters = []filter{{"name", []string{literal}}} // names that begin so
	}
	entries := []source.Entry{}
	for {
		var out listOutput
		check := func() error {
			switch {
			case in.NextToken != "" && in.NextToken == out.NextToken:
				return wire.Other()
			case len(out.SecretList) == 0: // nothing to compare
				return wire.Anonymous()
			}
			return nil
		}
		if err := s.client.DoChecked(ctx, "ListSecrets", &in, &out, check); err != nil {
			return nil, refusal("list secrets", err)
		}
		for _, secret := range out.SecretList {
			if pattern == "" || source.Match(pattern, secret.Name) {
				d := describeOutput{VersionIDsToStages: secret.SecretVersionsToStages}
				entries = append(entries, source.Entry{Name: secret.Name, Version: d.version(current)})
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			slices.SortFunc(entries, func(a, b source.Entry) int { return cmp.Compare(a.Name, b.Name) })
			return entries, nil
		}
	}
}

// Glob implements source.Globber: it lists the names, and fetches them.
func (s *Secrets) Glob(ctx context.Context, pattern source.Ref) (map[string]source.Result, error) {
	entries, err := s.List(ctx, pattern.Name)
	if err != nil {
		return nil, err
	}
	refs := make([]source.Ref, len(entries))
	for i, e := range entries {
		refs[i] = source.Ref{Source: pattern.Source, Name: e.Name}
	}
	found := make(map[string]source.Result, len(refs))
	for r, res := range s.Fetch(ctx, refs) {
		found[r.Name] = res
	}
	return found, nil
}

type versionsInput struct {
	SecretID          string `json:"SecretId"`
	IncludeDeprecated bool
	MaxResults        int
	NextToken         string `json:",omitempty"`
}

type versionsOutput struct {
	ARN, Name string
	Versions  []struct {
		VersionID     string `json:"VersionId"`
		VersionStages []string
		CreatedDate   float64
	}
	NextToken string
}

// History implements source.HistoryReader. It includes versions without a stage, which AWS
// deletes when there are more than 100. One that lost a race with another writer is among
// them. A key of a JSON object has the versions of its secret.
func (s *Secrets) History(ctx context.Context, ref source.Ref) ([]source.VersionInfo, error) {
	id, _, _ := strings.Cut(ref.Name, "#")
	in := versionsInput{SecretID: id, IncludeDeprecated: true, MaxResults: maxPage}
	var infos []source.VersionInfo
	for {
		var out versionsOutput
		check := func() error {
			if !named(id, out.Name, out.ARN) || in.NextToken != "" && in.NextToken == out.NextToken {
				return wire.Other()
			}
			return nil
		}
		if err := s.client.DoChecked(ctx, "ListSecretVersionIds", &in, &out, check); err != nil {
			return nil, refusal("read history of secret", err)
		}
		for _, v := range out.Versions {
			slices.Sort(v.VersionStages)
			infos = append(infos, source.VersionInfo{Version: v.VersionID, Labels: v.VersionStages, Created: time.UnixMilli(int64(v.CreatedDate * 1000))})
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			break
		}
	}
	slices.SortStableFunc(infos, func(a, b source.VersionInfo) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(rank(a), rank(b)))
	})
	return infos, nil
}

// rank orders versions of the same time.
func rank(v source.VersionInfo) int {
	return max(slices.Index([]string{"", "AWSPREVIOUS", current}, strings.Join(v.Labels, "")), 0)
}
