package ssm

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

var _ source.Writer = (*Parameters)(nil)

const (
	secure   = "SecureString"
	standard = "Standard"
	advanced = "Advanced"
	// maxUpdates limits the attempts at a parameter that others update at the same time.
	maxUpdates = 20
)

// sizes are the limits of values, in bytes
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html).
var sizes = map[string]int{standard: 4 << 10, advanced: 8 << 10}

// Put implements source.Writer. A new parameter is a SecureString. An existing one keeps its
// KMS key, tier, policies, data type, description and allowed pattern: AWS replaces each
// that a request leaves out by its default. Tags stay by themselves.
//
// Parameter Store has no conditional writes. With w.Expect, Put compares the version just
// before it writes. If another writer comes between, its version is in the history, Put's
// own is the newest, and the error wraps source.ErrChanged.
func (p *Parameters) Put(ctx context.Context, ref source.Ref, w source.Write) (source.Stored, error) {
	if err := refuse(ref, w); err != nil {
		return source.Stored{}, err
	}
	if w.IfChanged {
		held := p.Fetch(ctx, []source.Ref{ref})[ref]
		if held.Err == nil && bytes.Equal(held.Secret.Reveal(), w.Value.Reveal()) {
			return source.Stored{Version: held.Trace.Version}, nil
		}
		if held.Err != nil && !errors.Is(held.Err, source.ErrNotFound) {
			return source.Stored{}, fmt.Errorf("compare with the newest version: %w", held.Err)
		}
	}
	for try := 0; ; try++ {
		version, err := p.put(ctx, ref, w)
		created := errors.Is(err, source.ErrExists) && !w.IfAbsent // by another writer
		if err == nil || !created && !errors.Is(err, errUpdating) || try == maxUpdates {
			return source.Stored{Version: version, Changed: version != ""}, err
		}
		if err := source.Pause(ctx, try); err != nil {
			return source.Stored{}, err
		}
	}
}

// refuse returns an error for what no parameter can be.
func refuse(ref source.Ref, w source.Write) error {
	value := w.Value.Reveal()
	switch {
	case strings.Contains(ref.Name, ":"):
		return &source.RefusalError{Reason: "a parameter is written by its name only", Instead: "leave out the version, label or ARN"}
	case strings.HasSuffix(ref.Name, "/"), strings.Contains(ref.Name, "//"):
		return &source.RefusalError{Reason: "a part of the path is empty", Instead: "write the whole name, as in /app/db"}
	case isReference(ref.Name):
		return &source.RefusalError{Reason: "the name refers to Secrets Manager", Instead: "write sm:ID"}
	case w.Version != "":
		return &source.RefusalError{Reason: "--version does not apply to Parameter Store: AWS numbers the versions"}
	case w.Format != "":
		return &source.RefusalError{Reason: "--item-format does not apply to Parameter Store"}
	case len(value) == 0:
		return &source.RefusalError{Reason: "Parameter Store does not store empty values"}
	case !utf8.Valid(value):
		return &source.RefusalError{Reason: "Parameter Store stores only text, and the value is binary", Instead: "encode it, as in base64"}
	case len(value) > sizes[advanced]:
		return fmt.Errorf("%w: a parameter of the advanced tier has at most %d bytes, and the value has %d", source.ErrTooLarge, sizes[advanced], len(value))
	}
	return nil
}

// Refuses returns the error that Put would have for any parameter of that name, or nil.
func (*Parameters) Refuses(ref source.Ref, w source.Write) error { return refuse(ref, w) }

// put writes once. An existing parameter is overwritten only after its settings were read.
func (p *Parameters) put(ctx context.Context, ref source.Ref, w source.Write) (version string, err error) {
	held, err := p.describe(ctx, ref.Name)
	if err != nil {
		return "", err
	}
	if err := p.permits(ctx, ref, held, w); err != nil {
		return "", err
	}
	in := putInput{Name: ref.Name, Value: string(w.Value.Reveal()), Type: secure, Tier: standard, KeyID: p.key}
	if held != nil {
		if err := in.keep(held, w, p.key); err != nil {
			return "", err
		}
	}
	if w.Tier != "" {
		in.Tier = tierOf(w.Tier)
	}
	in.Description = cmp.Or(w.Comment, in.Description)
	if limit := cmp.Or(sizes[in.Tier], sizes[standard]); len(in.Value) > limit {
		return "", fmt.Errorf("%w: a parameter of the standard tier has at most %d bytes, and the value has %d: --tier advanced allows %d, costs money and cannot be undone", source.ErrTooLarge, limit, len(in.Value), sizes[advanced])
	}
	var out putOutput
	if err := p.client.Do(ctx, "PutParameter", &in, &out); err != nil {
		return "", p.explain(ctx, ref.Name, failure("write parameter", err))
	}
	return strconv.FormatInt(out.Version, 10), p.between(ctx, ref, w, out.Version)
}

// permits checks the conditions of a write.
func (p *Parameters) permits(ctx context.Context, ref source.Ref, held *settings, w source.Write) error {
	switch {
	case w.IfAbsent && held != nil:
		return source.ErrExists
	case w.Expect.Version == "":
		return nil
	}
	seen := p.ask(ctx, []string{ref.Name}, false)[ref.Name].result() // unlike settings, this sees every write
	switch {
	case errors.Is(seen.Err, source.ErrNotFound):
		return source.ErrChanged
	case seen.Err != nil:
		return seen.Err
	case seen.Trace.Version != w.Expect.Version:
		return fmt.Errorf("%w: version %s is the newest", source.ErrChanged, seen.Trace.Version)
	}
	return nil
}

// keep takes over the settings of the existing parameter.
func (in *putInput) keep(held *settings, w source.Write, key string) error {
	switch {
	case held.Type != secure:
		return &source.RefusalError{
			Reason:  "the parameter is of type " + source.Show(held.Type) + ", and put writes only SecureStrings, which its readers may not be able to decrypt",
			Instead: "'aws ssm put-parameter --type " + source.Show(held.Type) + " --overwrite' writes it as it is; delete it first to make it a SecureString",
		}
	case key != "" && key != held.KeyID && !strings.HasSuffix(held.KeyID, "/"+key):
		return &source.RefusalError{Reason: "the parameter keeps its KMS key, " + source.Show(held.KeyID), Instead: "leave out --key"}
	case tierOf(w.Tier) == standard && held.Tier == advanced:
		return &source.RefusalError{Reason: "the parameter is of the advanced tier, which cannot be undone", Instead: "leave out --tier"}
	}
	in.Overwrite, in.KeyID = true, held.KeyID
	in.Tier = cmp.Or(held.Tier, standard)
	in.DataType, in.Description, in.AllowedPattern, in.Policies = held.DataType, held.Description, held.AllowedPattern, held.policies()
	return nil
}

// tierOf returns a tier in AWS's spelling.
func tierOf(word string) string {
	return map[string]string{"standard": standard, "advanced": advanced}[word]
}

// between reports a writer that came between the check of w.Expect and the write.
func (p *Parameters) between(ctx context.Context, ref source.Ref, w source.Write, version int64) error {
	expected, err := strconv.ParseInt(w.Expect.Version, 10, 64)
	isNumber := err == nil
	if !isNumber || version <= expected+1 {
		return nil
	}
	// A request whose answer was lost was sent again, so both versions may be ours.
	next := ref
	next.Version = strconv.FormatInt(expected+1, 10)
	if got := p.Fetch(ctx, []source.Ref{next})[next]; got.Err == nil && bytes.Equal(got.Secret.Reveal(), w.Value.Reveal()) {
		return nil
	}
	return fmt.Errorf("%w: version %s was stored in between, and version %d replaces it: Parameter Store cannot prevent that", source.ErrChanged, next.Version, version)
}

// explain says which label keeps AWS from deleting the oldest of a hundred versions.
func (p *Parameters) explain(ctx context.Context, name string, err error) error {
	e, ok := errors.AsType[*source.CallError](err)
	if !ok || e.Code != "ParameterMaxVersionLimitExceeded" {
		return err
	}
	e.Message = "AWS keeps 100 versions of a parameter, and does not delete the oldest one because it has a label"
	if past, err := p.versions(ctx, name); err == nil && len(past) > 0 && len(past[0].Labels) > 0 {
		newest, label := past[len(past)-1].Version, past[0].Labels[0]
		e.Message += fmt.Sprintf(": 'aws ssm label-parameter-version --name %s --parameter-version %d --labels %s' moves it", source.Show(name), newest, source.Show(label))
	}
	return err
}

// Delete implements source.Writer. AWS deletes a parameter with all its versions.
func (p *Parameters) Delete(ctx context.Context, ref source.Ref, d source.Deletion) (source.Deleted, error) {
	if ref.Version != "" || strings.Contains(ref.Name, ":") {
		return source.Deleted{}, &source.RefusalError{Reason: "AWS deletes a parameter with all its versions, by its name only", Instead: "leave out the version, label or ARN"}
	}
	whole := source.Deleted{Versions: []string{""}}
	if d.DryRun {
		seen := p.ask(ctx, []string{ref.Name}, false)[ref.Name].result()
		if seen.Err != nil {
			return source.Deleted{}, seen.Err
		}
		return whole, nil
	}
	var out struct{}
	if err := p.client.Do(ctx, "DeleteParameter", struct{ Name string }{ref.Name}, &out); err != nil {
		return source.Deleted{}, failure("delete parameter", err)
	}
	return whole, nil
}

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
