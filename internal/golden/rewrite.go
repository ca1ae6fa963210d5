package golden

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/credrender/credrender/internal/config"
)

// rewriter replaces expectations in the text of a test file. It changes only their own
// lines, so that comments and the layout stay.
type rewriter struct {
	path  string
	data  []byte
	edits []replacement
}

type replacement struct {
	line     int // of the case
	old, new string
}

func (w *rewriter) replace(line int, old, text string) {
	w.edits = append(w.edits, replacement{line, old, text})
}

// finish writes the file if anything in it changes.
func (w *rewriter) finish(write func(dir, name string, data []byte) error) error {
	if len(w.edits) == 0 {
		return nil
	}
	slices.Reverse(w.edits) // from the end, so that lines before stay where they are
	text := string(w.data)
	for _, r := range w.edits {
		next, err := w.apply(text, r)
		if err != nil {
			return err
		}
		text = next
	}
	return write(filepath.Dir(w.path), filepath.Base(w.path), []byte(text))
}

// apply replaces one expectation and reads the result again, to be sure that it is the
// only change.
func (w *rewriter) apply(text string, r replacement) (string, error) {
	fail := func() (string, error) {
		return "", &config.Error{File: w.path, Line: r.line, Key: "want_text", Msg: "cannot be replaced here", Hint: "write it as a block (want_text: |) or as want: FILE"}
	}
	node, key := wantText(text, r.line)
	if node == nil || node.Value != r.old {
		return fail()
	}
	lines := strings.SplitAfter(text, "\n")
	first := key.Line - 1
	end := first + 1
	for end < len(lines) && belongs(lines[end], key.Column) {
		end++
	}
	for end > first+1 && strings.TrimSpace(lines[end-1]) == "" {
		end-- // blank lines before the next key
	}
	head := lines[first][:key.Column-1] + "want_text: "
	next := strings.Join(lines[:first], "") + head + scalar(r.new, key.Column+1) + strings.Join(lines[end:], "")
	if check, _ := wantText(next, r.line); check == nil || check.Value != r.new || !sameCases(w.path, text, next) {
		return fail()
	}
	return next, nil
}

// belongs reports whether a line is a part of the value of a key at a column.
func belongs(line string, column int) bool {
	body := strings.TrimLeft(line, " ")
	return strings.TrimSpace(line) == "" || len(line)-len(body) >= column
}

// scalar returns a value as YAML: a block where it can be one, with lines indented by
// indent.
func scalar(text string, indent int) string {
	body := strings.TrimRight(text, "\n")
	plain := !strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\t' || r == '\uFFFD' || r >= 0x7f && r < 0xa0 || r == '\uFEFF'
	})
	if body == "" || !plain || strings.HasPrefix(text, " ") || strings.HasPrefix(text, "\n") || strings.HasPrefix(text, "\t") {
		quoted, _ := yaml.Marshal(&yaml.Node{Kind: yaml.ScalarNode, Value: text, Style: yaml.DoubleQuotedStyle}) // a scalar has a text
		return string(quoted)
	}
	chomp := map[int]string{0: "-", 1: ""}
	mark, known := chomp[len(text)-len(body)]
	if !known {
		mark = "+"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "|%s\n", mark)
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if line != "" {
			b.WriteString(strings.Repeat(" ", indent))
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// wantText returns the key want_text and its value in the case at a line, or nil.
func wantText(text string, line int) (value, key *yaml.Node) {
	var doc yaml.Node
	if yaml.Unmarshal([]byte(text), &doc) != nil {
		return nil, nil
	}
	var find func(n *yaml.Node)
	find = func(n *yaml.Node) {
		for i := 0; n.Kind == yaml.MappingNode && n.Line == line && n.Style&yaml.FlowStyle == 0 && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == "want_text" && n.Content[i+1].Kind == yaml.ScalarNode && n.Content[i+1].Anchor == "" {
				key, value = n.Content[i], n.Content[i+1]
			}
		}
		for _, c := range n.Content {
			find(c)
		}
	}
	find(&doc)
	return value, key
}

// sameCases reports whether two versions of a test file have the same cases, by name.
func sameCases(path, before, after string) bool {
	a, errA := config.ParseTests(path, []byte(before))
	b, errB := config.ParseTests(path, []byte(after))
	return errA == nil && errB == nil && slices.EqualFunc(a.Cases, b.Cases, func(x, y config.TestCase) bool { return x.Name == y.Name })
}
