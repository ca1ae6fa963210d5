package credstash

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/credrender/credrender/pkg/source"
	item "github.com/credrender/credrender/pkg/source/credstash"
	"github.com/credrender/credrender/pkg/store"
)

func (s *session) put(ctx context.Context, b *Backend) error {
	c, err := s.call.context()
	if err != nil {
		return err
	}
	value, err := s.value("value", s.call.text("value"))
	if err != nil {
		return err
	}
	name := s.call.text("credential")
	if s.call.given("prompt") {
		if value, err = s.ask(name + ": "); err != nil {
			return err
		}
	}
	return s.putOne(ctx, b, store.PutRequest{
		Name: name, Value: source.NewSecret(value), Context: c,
		Version: s.version("1"), Comment: s.call.text("comment"), Digest: s.call.text("digest"),
	})
}

// version returns the padded version of -v. An empty one is version 0.
func (s *session) version(standard string) string {
	if s.call.given("version") {
		standard = s.call.text("version")
	}
	return item.Pad(standard)
}

// putOne stores one value and reports it. With -a the version is the next one, even with
// concurrent writers.
func (s *session) putOne(ctx context.Context, b *Backend, r store.PutRequest) error {
	var err error
	if s.call.given("autoversion") {
		r.Version, err = s.putNext(ctx, b, r)
	} else {
		_, _, err = b.Put(ctx, r)
	}
	if err != nil {
		return &secretError{source.Ref{Name: r.Name, Version: r.Version}, err}
	}
	if err := s.Print(r.Name + " has been stored\n"); err != nil {
		return err
	}
	s.warnHidden(ctx, b, r.Name, r.Version)
	return nil
}

// putNext stores the next version. After an unpadded version that version is never read,
// as in credstash. The exit code is 0 for compatibility with scripts, and a warning is
// printed.
func (s *session) putNext(ctx context.Context, b *Backend, r store.PutRequest) (string, error) {
	r.Version = ""
	version, _, err := b.Put(ctx, r)
	unpadded, ok := errors.AsType[*item.VersionError](err)
	if !ok || !errors.Is(err, item.ErrUnpadded) {
		return version, err
	}
	n, ok := new(big.Int).SetString(unpadded.Version, 10)
	if !ok {
		return "", err
	}
	r.Version = item.Pad(n.Add(n, big.NewInt(1)).String())
	version, _, err = b.Put(ctx, r)
	return cmp.Or(version, r.Version), err
}

// putall stores the members of a JSON object. If one fails, the others are still stored,
// and the exit code is 1. credstash exits 0 then.
func (s *session) putall(ctx context.Context, b *Backend) error {
	c, err := s.call.context()
	if err != nil {
		return err
	}
	text, err := s.value("credentials", s.call.text("credentials"))
	if err != nil {
		return err
	}
	members, err := readObject(text)
	if errors.Is(err, errNotText) {
		return s.call.refuse("argument credentials: %v", err)
	}
	if err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	if s.call.given("comment") {
		s.warn("putall stores no comment, like credstash")
	}
	var failed []error
	for _, m := range members {
		if m.err == nil {
			m.err = s.putOne(ctx, b, store.PutRequest{
				Name: m.name, Value: source.NewSecret([]byte(m.value)), Context: c,
				Version: s.version(""), Digest: s.call.text("digest"),
			})
		} else {
			m.err = &secretError{source.Ref{Name: m.name}, m.err}
		}
		if m.err != nil {
			failed = append(failed, m.err)
		}
	}
	if len(failed) > 0 {
		return &partialError{errors.Join(failed...), len(failed), len(members)}
	}
	return nil
}
