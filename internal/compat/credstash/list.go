package credstash

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/credrender/credrender/internal/compat"
	"github.com/credrender/credrender/pkg/source"
)

// list prints a line for each version. Like in credstash, a line without a comment ends
// in a space.
func (s *session) list(ctx context.Context, b *Backend) error {
	entries, err := b.List(ctx, "")
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, e := range entries {
		_, _ = fmt.Fprintf(&text, "%-*s -- version %s -- comment %s\n", s.Width(entries), s.Listed(e.Name), s.Listed(e.Version), s.Listed(e.Comment))
	}
	return s.Print(text.String())
}

func (s *session) keys(ctx context.Context, b *Backend) error {
	entries, err := b.List(ctx, "")
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, name := range compat.Names(entries) {
		text.WriteString(s.Listed(name) + "\n")
	}
	return s.Print(text.String())
}

func (s *session) delete(ctx context.Context, b *Backend) error {
	name := s.call.text("credential")
	gone, err := b.Delete(ctx, name, "")
	var text strings.Builder
	for _, e := range gone {
		_, _ = fmt.Fprintf(&text, "Deleting %s -- version %s\n", s.Listed(e.Name), s.Listed(e.Version))
	}
	if printErr := s.Print(text.String()); printErr != nil {
		return printErr
	}
	if errors.Is(err, source.ErrNotFound) {
		s.warn("nothing is stored under %s", source.Show(name))
		return nil
	}
	return err
}
