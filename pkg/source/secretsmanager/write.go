package secretsmanager

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/credrender/credrender/pkg/source"
)

var _ source.Writer = (*Secrets)(nil)

const (
	// maxSize of a secret, in bytes
	// (https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html).
	maxSize = 65536
	// private is the stage of a version that is not published yet.
	private = "CREDRENDER_NEXT"
	// maxRaces limits the attempts at a secret that others write at the same time.
	maxRaces = 60
)

// Put implements source.Writer. A new secret is created. The whole value of an existing one
// is replaced in one request. Where the new value depends on the one before, because it is
// a key of a JSON object or w has a condition, Put stores it under a private stage, and
// moves AWSCURRENT to it from the version that it has read. If another writer was faster,
// it reads again, so no write is lost.
func (s *Secrets) Put(ctx context.Context, ref source.Ref, w source.Write) (source.Stored, error) {
	if err := refuse(ref, w); err != nil {
		return source.Stored{}, err
	}
	return s.retry(ctx, func() (source.Stored, error) { return s.put(ctx, ref, w, private) })
}

// retry runs write until no other writer is faster.
func (s *Secrets) retry(ctx context.Context, write func() (source.Stored, error)) (source.Stored, error) {
	for try := 0; ; try++ {
		stored, err := write()
		if !errors.Is(err, errRace) || try == maxRaces {
			return stored, err
		}
		if err := source.Pause(ctx, try); err != nil {
			return source.Stored{}, err
		}
	}
}

// ErrPending comes with source.ErrDenied: the secret exists until its recovery window ends.
var ErrPending = errors.New("the secret is pending deletion")

// errRace: another writer was faster.
var errRace = fmt.Errorf("%w repeatedly", source.ErrChanged)

// refuse returns an error for what no secret can be.
func refuse(ref source.Ref, w source.Write) error {
	value, isKey := w.Value.Reveal(), strings.Contains(ref.Name, "#")
	switch {
	case w.Version != "":
		return &source.RefusalError{Reason: "--version does not apply to Secrets Manager: AWS assigns version IDs"}
	case w.Comment != "":
		return &source.RefusalError{Reason: "--comment does not apply to Secrets Manager: a version has none", Instead: "'aws secretsmanager update-secret --description' describes the secret"}
	case w.Format != "":
		return &source.RefusalError{Reason: "--item-format does not apply to Secrets Manager"}
	case w.Tier != "":
		return &source.RefusalError{Reason: "--tier does not apply to Secrets Manager"}
	case len(value) == 0 && !isKey:
		return &source.RefusalError{Reason: "Secrets Manager does not store empty values"}
	}
	return fits(value)
}

// Refuses returns the error that Put would have for any secret of that name, or nil.
func (*Secrets) Refuses(ref source.Ref, w source.Write) error { return refuse(ref, w) }

func fits(value []byte) error {
	if len(value) > maxSize {
		return fmt.Errorf("%w: a secret of Secrets Manager has at most %d bytes, and the value has %d", source.ErrTooLarge, maxSize, len(value))
	}
	return nil
}

// put writes once. stage is for a version that is not published at once.
func (s *Secrets) put(ctx context.Context, ref source.Ref, w source.Write, stage string) (source.Stored, error) {
	id, key, isKey := strings.Cut(ref.Name, "#")
	held, err := s.describe(ctx, id)
	if errors.Is(err, source.ErrNotFound) && stage == private {
		return s.first(ctx, id, key, w)
	}
	if err != nil {
		return source.Stored{}, err
	}
	if err := s.permits(held, w.Force); err != nil {
		return source.Stored{}, err
	}
	before := held.version(current)
	switch {
	case w.Expect.Version != "" && w.Expect.Version != before:
		return source.Stored{}, source.ErrChanged
	case !isKey && w.IfAbsent && before != "":
		return source.Stored{}, source.ErrExists
	case isKey:
		change := func(old []byte) ([]byte, error) {
			if w.IfAbsent && old != nil {
				return nil, source.ErrExists
			}
			return replacement(old, w.Value.Reveal(), w.Force)
		}
		return s.change(ctx, id, key, version{before, stage, w.Expect.Version != "", w.IfChanged}, change)
	}
	value := w.Value.Reveal()
	if w.IfChanged && before != "" {
		now := s.one(ctx, want{id: id, version: before})
		if now.err != nil {
			return source.Stored{}, fmt.Errorf("compare with the newest version: %w", now.err)
		}
		if bytes.Equal(now.data, value) {
			return source.Stored{Version: before}, nil
		}
	}
	if stage == private && w.Expect.Version == "" && !w.IfAbsent {
		version, _, err := s.store(ctx, id, value, "")
		return source.Stored{Version: version, Changed: err == nil}, err
	}
	return s.replace(ctx, id, value, version{before, stage, w.Expect.Version != "", false})
}

// first creates a secret.
func (s *Secrets) first(ctx context.Context, id, key string, w source.Write) (source.Stored, error) {
	if w.Expect.Version != "" {
		return source.Stored{}, source.ErrChanged
	}
	value := w.Value.Reveal()
	if key != "" {
		text, err := edit([]byte("{}"), path(nil, key), func([]byte) ([]byte, error) { return replacement(nil, value, false) })
		if err != nil {
			return source.Stored{}, err
		}
		value = text
	}
	if err := fits(value); err != nil {
		return source.Stored{}, err
	}
	version, err := s.create(ctx, id, value)
	if errors.Is(err, source.ErrExists) && (!w.IfAbsent || key != "") {
		err = errRace // another writer has created it
	}
	return source.Stored{Version: version, Changed: err == nil}, err
}

// permits checks whether a secret may be written.
func (s *Secrets) permits(held *describeOutput, force bool) error {
	name := source.Show(held.Name)
	switch {
	case held.DeletedDate != nil:
		return fmt.Errorf("%w: %w", source.ErrDenied, ErrPending)
	case s.key != "" && s.key != held.KMSKeyID && !strings.HasSuffix(held.KMSKeyID, "/"+s.key):
		kept := held.KMSKeyID
		if kept == "" {
			kept = "the account's default"
		}
		return &source.RefusalError{Reason: "the secret keeps its KMS key, " + source.Show(kept), Instead: "leave out --key"}
	case force:
		return nil
	case held.OwningService != "":
		return &source.RefusalError{Reason: "the secret is managed by " + source.Show(held.OwningService) + ", which may stop working with another value", Instead: "--force writes it anyway"}
	case held.RotationEnabled:
		return &source.RefusalError{Reason: "AWS rotates the secret, so its value is valid only together with the service that it is for", Instead: "'aws secretsmanager rotate-secret --secret-id " + name + "' rotates it; --force writes it anyway"}
	}
	return nil
}

// version is how a version replaces another one.
type version struct {
	before    string // the version that must be the newest; empty: there is none
	stage     string // if it is the private one, the version is published
	strict    bool   // a faster writer is an error
	ifChanged bool
}

// change edits one key of the version before.
func (s *Secrets) change(ctx context.Context, id, key string, v version, change func([]byte) ([]byte, error)) (source.Stored, error) {
	doc := []byte("{}")
	if v.before != "" {
		now := s.one(ctx, want{id: id, version: v.before})
		if errors.Is(now.err, source.ErrNotFound) && !v.strict {
			return source.Stored{}, errRace
		}
		if now.err != nil {
			return source.Stored{}, now.err
		}
		doc = now.data
	}
	if err := checkDocument(doc, key); err != nil {
		return source.Stored{}, err
	}
	all, err := members(doc)
	if err != nil {
		return source.Stored{}, noObject(key)
	}
	text, err := edit(doc, path(all, key), change)
	switch {
	case errors.Is(err, errNoObject):
		return source.Stored{}, noObject(key)
	case err != nil:
		return source.Stored{}, err
	case v.ifChanged && bytes.Equal(text, doc):
		return source.Stored{Version: v.before}, nil
	}
	if err := fits(text); err != nil {
		return source.Stored{}, err
	}
	return s.replace(ctx, id, text, v)
}

// replace stores a value beside the version before, and publishes it in place of that one.
func (s *Secrets) replace(ctx context.Context, id string, value []byte, v version) (source.Stored, error) {
	stored, isCurrent, err := s.store(ctx, id, value, v.stage)
	if err != nil {
		return source.Stored{}, err
	}
	if v.stage == private {
		if !isCurrent {
			err = s.publish(ctx, id, v.before, stored)
		}
		s.unlabel(ctx, id, private, stored)
	}
	if errors.Is(err, source.ErrChanged) && !v.strict {
		err = errRace
	}
	return source.Stored{Version: stored, Changed: err == nil}, err
}

// Delete implements source.Writer. AWS deletes a secret after its default recovery window
// of 30 days. A key of a JSON object is removed from the newest version.
func (s *Secrets) Delete(ctx context.Context, ref source.Ref, d source.Deletion) (source.Deleted, error) {
	id, key, isKey := strings.Cut(ref.Name, "#")
	if ref.Version != "" {
		return source.Deleted{}, &source.RefusalError{Reason: "AWS itself deletes old versions of a secret", Instead: "leave out --version"}
	}
	held, err := s.describe(ctx, id)
	switch {
	case err != nil:
		return source.Deleted{}, err
	case held.DeletedDate != nil:
		return source.Deleted{}, fmt.Errorf("%w: the secret is pending deletion already", source.ErrNotFound)
	}
	if err := (&Secrets{}).permits(held, d.Force); err != nil { // its key does not matter
		return source.Deleted{}, err
	}
	whole := source.Deleted{Versions: []string{""}}
	if isKey {
		return s.deleteKey(ctx, id, key, held, d)
	}
	if d.DryRun {
		return whole, nil
	}
	var out deleteOutput
	if err := s.client.Do(ctx, "DeleteSecret", describeInput{SecretID: id}, &out); err != nil {
		return source.Deleted{}, refusal("delete secret", err)
	}
	whole.Until = time.Unix(int64(out.DeletionDate), 0)
	return whole, nil
}

func (s *Secrets) deleteKey(ctx context.Context, id, key string, held *describeOutput, d source.Deletion) (source.Deleted, error) {
	if d.DryRun {
		now := s.one(ctx, want{id: id}).result(key)
		if now.Err != nil {
			return source.Deleted{}, now.Err
		}
		return source.Deleted{Versions: []string{""}}, nil
	}
	gone := func(old []byte) ([]byte, error) { //nolint:unparam // nil deletes the key
		if old == nil {
			return nil, fmt.Errorf("%w: it has no key %s", source.ErrNotFound, source.Show(key))
		}
		return nil, nil
	}
	_, err := s.retry(ctx, func() (source.Stored, error) {
		stored, err := s.change(ctx, id, key, version{before: held.version(current), stage: private}, gone)
		if errors.Is(err, errRace) {
			if now, lookErr := s.describe(ctx, id); lookErr == nil {
				held = now
			}
		}
		return stored, err
	})
	if err != nil {
		return source.Deleted{}, err
	}
	return source.Deleted{Versions: []string{""}}, nil
}
