package template

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"
	"text/template/parse"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// Limits of a template's text.
const (
	maxText    = 4 << 20 // bytes
	maxNesting = 100     // of if, else if, with and range
)

// rootName is the name of the template itself among its definitions. No definition can
// have it.
const rootName = "\x00"

// Parse reads a template. Errors are of type [*Error] and wrap [ErrSyntax].
func Parse(text string, o Options) (*Template, error) {
	t := &Template{opts: o.clone(), text: text, strings: map[string]bool{},
		maxSteps: maxSteps, maxMade: maxMade, parts: []part{{name: o.Name}}}
	t.refs, t.constantKeys = sync.OnceValue(t.findRefs), sync.OnceValue(t.findConstantKeys)
	for i := range o.Partials {
		t.addPart(o.Partials[i].Name, o.Partials[i].Text)
	}
	if len(t.text) > maxText {
		return nil, t.syntax(0, 0, fmt.Sprintf("the template is larger than %d MiB", maxText>>20))
	}
	if err := t.parse(); err != nil {
		return nil, err
	}
	t.prepare()
	return t, nil
}

// nesting returns how deep branches and ranges are nested. It looks at words only, before
// the parser runs, which has no limit but the stack.
func nesting(text, left string) (deepest int) {
	words := usualBranching
	if left != "" {
		words = func() *regexp.Regexp { return branching(left) }
	}
	var chains []int // of an if and its else ifs
	depth := 0
	for _, m := range words().FindAllStringSubmatch(text, -1) {
		switch word := m[1]; {
		case word == "end":
			if len(chains) > 0 {
				depth -= chains[len(chains)-1]
				chains = chains[:len(chains)-1]
			}
		case word[0] == 'e' && len(chains) > 0:
			chains[len(chains)-1]++
			depth++
		default:
			chains = append(chains, 1)
			depth++
		}
		deepest = max(deepest, depth)
	}
	return deepest
}

// branching matches the words that nest, after a left delimiter.
func branching(left string) *regexp.Regexp {
	return regexp.MustCompile(regexp.QuoteMeta(left) + `(?:-\s)?\s*(if|with|range|block|define|end|else\s+if|else\s+with)\b`)
}

var usualBranching = sync.OnceValue(func() *regexp.Regexp { return branching("{{") })

func (t *Template) parse() error {
	t.original = map[string]*parse.Tree{}
	for i := range t.parts {
		left, right := t.opts.LeftDelim, t.opts.RightDelim
		if i > 0 {
			left, right = "", ""
		}
		if nesting(t.partText(i), left) > maxNesting {
			return t.syntax(i, 0, fmt.Sprintf("if, else if, with and range are nested more than %d deep", maxNesting))
		}
		trees, err := parse.Parse(partName(i), t.padded(i), left, right, known())
		if err != nil {
			return t.parseError(err)
		}
		if err := t.define(i, trees); err != nil {
			return err
		}
	}
	t.dropUnused()
	var foreign error
	for _, tree := range t.original {
		inspect(tree.Root, aliasGet)
		inspect(tree.Root, func(n parse.Node) bool {
			if name, ours := foreignCall(n); name != "" && foreign == nil {
				e := t.errorAt(n.(*parse.ChainNode).Node.Position())
				e.Msg, e.Err = fmt.Sprintf("function %q not defined: here it is %s", name, ours), ErrSyntax
				foreign = e
			}
			return foreign == nil
		})
	}
	return foreign
}

// foreignCall returns a call of gomplate's, such as env.Getenv, whose namespace is the
// name of a function here, and what to write for it.
func foreignCall(n parse.Node) (name, ours string) {
	chain, ok := n.(*parse.ChainNode)
	if !ok || len(chain.Field) == 0 {
		return "", ""
	}
	id, ok := chain.Node.(*parse.IdentifierNode)
	if !ok {
		return "", ""
	}
	called := id.Ident + "." + chain.Field[0]
	if ours = peerFunctions()[called]; ours == "" {
		return "", ""
	}
	return called, ours
}

// aliasGet turns gcredstash's get into secret. Sprig's get takes a dict first and never a
// string, so the first argument tells them apart.
func aliasGet(n parse.Node) bool {
	c, ok := n.(*parse.CommandNode)
	if !ok || len(c.Args) < 2 {
		return true
	}
	id, ok := c.Args[0].(*parse.IdentifierNode)
	if _, isString := c.Args[1].(*parse.StringNode); ok && isString && id.Ident == "get" {
		id.Ident = "secret"
	}
	return true
}

// prepare makes the trees to execute, and collects what they call.
func (t *Template) prepare() {
	t.trees, t.used = map[string]*parse.Tree{}, map[string]function{}
	r := &rewriter{traits: func(name string) funcs.Traits { return find(name).Traits }}
	r.findMutating(t.original)
	for _, name := range slices.Sorted(maps.Keys(t.original)) {
		tree := t.original[name].Copy()
		t.note(tree.Root)
		r.tree(tree)
		t.trees[name] = tree
	}
	t.sites = r.sites
}

// note collects the functions and constants of a tree.
func (t *Template) note(root *parse.ListNode) {
	inspect(root, func(n parse.Node) bool {
		switch n := n.(type) {
		case *parse.StringNode:
			t.strings[n.Text] = true
		case *parse.IdentifierNode:
			if f := find(n.Ident); f.name != "" {
				t.used[n.Ident] = f
			}
		}
		return true
	})
}

func (o Options) clone() Options {
	o.Vars, _ = funcs.DeepCopy(o.Vars).(map[string]any)
	o.Entry = o.Entry.clone()
	o.Contexts = maps.Clone(o.Contexts)
	for name, c := range o.Contexts {
		o.Contexts[name] = maps.Clone(c)
	}
	o.Context = maps.Clone(o.Context)
	o.Sources, o.Allow, o.Partials = slices.Clone(o.Sources), slices.Clone(o.Allow), nil
	return o
}
