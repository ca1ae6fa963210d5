package secretsmanager

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/internal/wire"
)

// value is the stored value of a want, or an error.
type value struct {
	data    []byte
	version string
	err     error
}

// result returns the value, or that of a key in it.
func (v value) result(key string) source.Result {
	if v.err != nil {
		return source.Result{Err: v.err, Trace: source.Trace{Absent: errors.Is(v.err, source.ErrNotFound)}}
	}
	r := source.Result{Trace: source.Trace{Version: v.version, Size: int64(len(v.data))}}
	data := v.data
	if key != "" {
		var err error
		if data, err = pick(v.data, key); err != nil {
			if r.Err = err; errors.Is(err, source.ErrNotFound) {
				r.Trace = source.Trace{Mark: v.version, Absent: true}
			}
			return r
		}
	}
	r.Secret = source.NewSecret(data)
	return r
}

// pick returns the value of a key in a JSON object, checked as by the template function
// fromJson: a number keeps its digits, and null is not a value.
func pick(data []byte, key string) ([]byte, error) {
	if err := checkDocument(data, key); err != nil {
		return nil, err
	}
	all, err := members(data)
	if err != nil {
		return nil, noObject(key)
	}
	var raw []byte
	keys := path(all, key)
	for i, name := range keys {
		if i > 0 {
			if all, err = members(raw); err != nil {
				return nil, fmt.Errorf("%w: it has no key %s", source.ErrNotFound, source.Show(key))
			}
		}
		at := index(all, name)
		if at < 0 {
			return nil, fmt.Errorf("%w: it has no key %s", source.ErrNotFound, source.Show(key))
		}
		raw = data[all[at].valueStart:all[at].valEnd]
		data = raw
	}
	switch raw[0] {
	case 'n':
		return nil, fmt.Errorf("%w: its key %s is null", source.ErrUnsupported, source.Show(key))
	case '"':
		var text string
		err := json.Unmarshal(raw, &text)
		return []byte(text), err
	}
	return bytes.Clone(raw), nil
}

// twenty requests the newest values of up to twenty ids.
func (s *Secrets) twenty(ctx context.Context, ids []string) map[want]value {
	if len(ids) == 1 { // needs no right to batches
		return map[want]value{{id: ids[0]}: s.one(ctx, want{id: ids[0]})}
	}
	values, err := s.batch(ctx, ids)
	switch {
	case err == nil:
	case errors.Is(err, source.ErrDenied), wire.Code(err) == "ValidationException", wire.Code(err) == "InvalidParameterException":
		values = nil // no right to batches, or an id that is none: each by itself
	default:
		for _, id := range ids {
			values[want{id: id}] = value{err: err}
		}
	}
	return s.rest(ctx, ids, values)
}

// rest requests the ids that values does not have.
func (s *Secrets) rest(ctx context.Context, ids []string, values map[want]value) map[want]value {
	missing := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, ok := values[want{id: id}]; return ok })
	found := make([]value, len(missing))
	var g errgroup.Group
	g.SetLimit(concurrency)
	for i, id := range missing {
		g.Go(func() error { found[i] = s.one(ctx, want{id: id}); return nil })
	}
	_ = g.Wait()
	all := make(map[want]value, len(ids))
	maps.Copy(all, values)
	for i, id := range missing {
		all[want{id: id}] = found[i]
	}
	return all
}

func (s *Secrets) batch(ctx context.Context, ids []string) (map[want]value, error) {
	values := map[want]value{}
	in := batchInput{SecretIDList: ids}
	for {
		var out batchOutput
		if err := s.client.DoChecked(ctx, "BatchGetSecretValue", &in, &out, func() error { return in.check(&out) }); err != nil {
			return values, wire.Wrap("read secrets", err)
		}
		for _, e := range out.SecretValues {
			for _, id := range ids {
				if named(id, e.Name, e.ARN) {
					values[want{id: id}] = e.value()
				}
			}
		}
		for _, e := range out.Errors {
			values[want{id: e.SecretID}] = failure(&smithy.GenericAPIError{Code: e.ErrorCode, Message: e.Message})
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return values, nil
		}
	}
}

// named reports whether id is a secret's name, its ARN, or its ARN without the
// six characters that AWS appends
// (https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen).
func named(id, name, arn string) bool {
	return id == name || id == arn || len(arn) > 7 && id == arn[:len(arn)-7] && strings.HasPrefix(id, "arn:")
}

func failure(err error) value {
	wrapped := wire.Wrap("read secret", err)
	if e, ok := errors.AsType[*source.CallError](wrapped); ok {
		switch e.Code {
		case "ResourceNotFoundException": // of a table it means the table
			e.Kind = source.ErrNotFound
		case "InvalidRequestException", "DecryptionFailure": // marked for deletion; its key may not be used
			e.Kind = source.ErrDenied
		}
	}
	return value{err: wrapped}
}

// one asks for one value.
func (s *Secrets) one(ctx context.Context, w want) value {
	in := getInput{SecretID: w.id, VersionStage: w.version}
	switch {
	case len(w.version) >= idLength:
		in.VersionID, in.VersionStage = w.version, ""
	case w.version == "":
		in.VersionStage = current // AWS's default, and not that of every emulator
	}
	var out stored
	if err := s.client.DoChecked(ctx, "GetSecretValue", &in, &out, func() error { return in.check(&out) }); err != nil {
		return failure(err)
	}
	return out.value()
}

// versionOf tells which version id a stage has now.
func (s *Secrets) versionOf(ctx context.Context, w want) (string, error) {
	out, err := s.describe(ctx, w.id)
	if err != nil {
		return "", err
	}
	if out.DeletedDate != nil {
		return "", failure(&smithy.GenericAPIError{Code: "InvalidRequestException", Message: "the secret was marked for deletion"}).err
	}
	stage := w.version
	if stage == "" {
		stage = current
	}
	if _, ok := out.VersionIDsToStages[w.version]; ok {
		return w.version, nil
	}
	if id := out.version(stage); id != "" {
		return id, nil
	}
	return "", fmt.Errorf("%w: it has no version %s", source.ErrNotFound, source.Show(stage))
}

func (s *Secrets) describe(ctx context.Context, id string) (*describeOutput, error) {
	var out describeOutput
	check := func() error {
		if !named(id, out.Name, out.ARN) {
			return wire.Other()
		}
		return nil
	}
	if err := s.client.DoChecked(ctx, "DescribeSecret", describeInput{SecretID: id}, &out, check); err != nil {
		return nil, failure(err).err
	}
	return &out, nil
}

// version returns the id of the version with a stage, or "".
func (d *describeOutput) version(stage string) string {
	for id, stages := range d.VersionIDsToStages {
		if slices.Contains(stages, stage) {
			return id
		}
	}
	return ""
}
