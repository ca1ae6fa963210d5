//go:build interop

package interop

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// matrix is what came out.
type matrix struct {
	peers []peer
	rows  []row
}

// row is what one peer wrote in one form.
type row struct {
	writer, form string
	unwritten    []string            // values that it does not take
	unread       map[string][]string // by reader: values that it did not give back
	written      int                 // values that it did take
}

// write fills a row. A value counts as read if it is in every context.
func (m *matrix) write(t *testing.T, writer peer, form string) {
	t.Helper()
	r := row{writer: writer.name, form: form, unread: map[string][]string{}}
	for _, v := range matrixValues {
		err := m.writeValue(t, &r, writer, v.name, v.value)
		if err != nil {
			t.Logf("%s does not write %s as %s: %v", writer.name, v.name, form, err)
			r.unwritten = append(r.unwritten, v.name)
			continue
		}
		r.written++
	}
	m.rows = append(m.rows, r)
}

func (m *matrix) writeValue(t *testing.T, r *row, writer peer, name string, value []byte) error {
	t.Helper()
	for i, context := range matrixContexts {
		item := fmt.Sprintf("%s/%s/%s/%d", strings.Fields(writer.name)[0], r.form, strings.ReplaceAll(name, " ", "-"), i)
		if err := writer.put(item, value, context, r.form); err != nil {
			return err
		}
		for _, reader := range m.peers {
			got, err := reader.get(item, context)
			if err == nil && !bytes.Equal(got, value) {
				err = fmt.Errorf("got %.40q", got)
			}
			if err != nil && !slices.Contains(r.unread[reader.name], name) {
				t.Logf("%s does not read %s: %.200v", reader.name, item, err)
				r.unread[reader.name] = append(r.unread[reader.name], name)
			}
		}
	}
	return nil
}

// check asserts what the table has to show: every cell that a peer can do, we
// do.
func (m *matrix) check(t *testing.T) {
	t.Helper()
	for _, r := range m.rows {
		if lost := r.unread[ours]; len(lost) > 0 {
			t.Errorf("we do not read what %s wrote as %s: %v", r.writer, r.form, lost)
		}
		if r.writer == ours && len(r.unwritten) > 0 {
			t.Errorf("we do not write %v as %s", r.unwritten, r.form)
		}
		if r.writer == ours {
			continue
		}
		// Whoever reads a value that a peer has written reads ours of that form.
		for _, mine := range m.rows {
			if mine.writer != ours || mine.form != r.form {
				continue
			}
			for reader, lost := range mine.unread {
				for _, v := range lost {
					if !slices.Contains(r.unread[reader], v) && !slices.Contains(r.unwritten, v) {
						t.Errorf("%s reads %s of %s as %s, and not ours", reader, v, r.writer, r.form)
					}
				}
			}
		}
	}
}

const (
	tableBegin = "<!-- TestMatrix wrote this -->\n"
	tableEnd   = "<!-- to here -->\n"
)

// in puts the table where doc has it.
func (m *matrix) in(t *testing.T, doc string) string {
	t.Helper()
	before, rest, ok := strings.Cut(doc, tableBegin)
	_, after, ended := strings.Cut(rest, tableEnd)
	if !ok || !ended {
		t.Fatalf("the page lacks %q or %q", tableBegin, tableEnd)
	}
	return before + tableBegin + m.table() + tableEnd + after
}

func (m *matrix) table() string {
	var readers []string
	for _, p := range m.peers {
		readers = append(readers, p.name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| written by | as | not written | read by %s |\n|---|---|---|%s\n", strings.Join(readers, " | "), strings.Repeat("---|", len(readers)))
	for _, r := range m.rows {
		cells := []string{r.writer, r.form, strings.Join(r.unwritten, ", ")}
		for _, reader := range readers {
			cells = append(cells, r.cell(reader))
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	return b.String()
}

func (r row) cell(reader string) string {
	switch lost := r.unread[reader]; len(lost) {
	case 0:
		return "all"
	case r.written:
		return "**none**"
	default:
		return "not " + strings.Join(lost, ", ")
	}
}
