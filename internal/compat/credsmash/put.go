package credsmash

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/credrender/credrender/internal/compat"
	"github.com/credrender/credrender/pkg/source"
	item "github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/store"
)

// read reads the file of an argument or option, or standard input for -.
func (s *session) read(param, path string) ([]byte, error) {
	if path == "-" {
		return s.ReadAll(s.Stdin)
	}
	data, err := s.ReadFile(path)
	if err != nil {
		if pe, ok := errors.AsType[*fs.PathError](err); ok {
			err = pe.Err
		}
		shown := "'" + compat.Word(path) + "'"
		if s.call.command.private() {
			shown = "a file (its name is not shown, it may be the value)"
		}
		return nil, &usageError{s.call.command, fmt.Sprintf("Invalid value for '%s': %s: %v", param, shown, err)}
	}
	return data, nil
}

func (s *session) put(ctx context.Context) error {
	name, path := s.call.args[0], s.call.args[1]
	data, err := s.read("SOURCE", path)
	if err != nil {
		return err
	}
	version, err := s.version()
	if err != nil {
		return err
	}
	if format := s.call.text("--format", formatOf(path, "raw")); format != "raw" {
		values, _, err := parseSecrets(data, format)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		value, ok := values[name]
		if !ok {
			return fmt.Errorf("%s: there is no %s in it", path, source.Show(name))
		}
		data = []byte(value)
	}
	return s.storeOne(ctx, name, data, version)
}

// putMany stores the secrets of a file, in its order. If one fails, the others are still
// stored, and the exit code is 1.
func (s *session) putMany(ctx context.Context) error {
	path := s.call.args[0]
	data, err := s.read("SOURCE", path)
	if err != nil {
		return err
	}
	values, names, err := parseSecrets(data, s.call.text("--format", formatOf(path, "json")))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var failed []error
	for _, name := range names {
		failed = append(failed, s.storeOne(ctx, name, []byte(values[name]), ""))
	}
	return errors.Join(failed...)
}

// storeOne stores one value and logs it.
func (s *session) storeOne(ctx context.Context, name string, value []byte, version string) error {
	r, err := s.request()
	if err != nil {
		return err
	}
	r.Name, r.Value, r.Version = name, source.NewSecret(value), version
	r.IfChanged = version == "" && s.call.text("--compare", "true") == "true"
	b, err := s.store(ctx)
	if err != nil {
		return err
	}
	stored, _, err := b.Put(ctx, r)
	if errors.Is(err, source.ErrExists) {
		err = errors.New("An error occurred (ConditionalCheckFailedException) when calling the PutItem operation: " +
			"The conditional request failed: version " + version + " is stored already")
	}
	if err != nil {
		return &secretError{name, version, err}
	}
	s.log(levelInfo, "cli", "Stored %s @ version %s", name, showVersion(stored))
	return nil
}

// request returns a put request with the algorithm of the config and its options.
func (s *session) request() (store.PutRequest, error) {
	known := map[string][]string{
		item.AESCTR:      {"digest_method", "key_length"},
		item.AESGCM:      {"iv_length", "key_length"},
		"aes-ctr-legacy": {"digest_method"},
	}[s.algorithm]
	if known == nil {
		//lint:ignore ST1005 credsmash's words
		return store.PutRequest{}, fmt.Errorf("Unsupported algo: %s", s.algorithm)
	}
	for _, key := range slices.Sorted(maps.Keys(s.options)) {
		if !slices.Contains(known, key) {
			return store.PutRequest{}, fmt.Errorf("[credsmash:%s] %s is no option of it", s.algorithm, source.Show(key))
		}
	}
	r := store.PutRequest{Algorithm: s.algorithm, Context: s.context, Digest: s.options.text("digest_method")}
	if s.algorithm == "aes-ctr-legacy" {
		r.Algorithm = item.Legacy
	}
	var err, ivErr error
	r.KeyLength, err = s.length("key_length")
	r.IVLength, ivErr = s.length("iv_length")
	return r, errors.Join(err, ivErr)
}
