package terraform

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/dynblock"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// answers are attributes of resources that only AWS knows, by type and name;
// those that a test does not state are made up.
type answers map[string]string

// evaluation is one call of a module with its inputs. What is asked for is
// evaluated when it is asked for, as Terraform's graph would.
type evaluation struct {
	t       *testing.T
	m       *module
	inputs  map[string]cty.Value
	answers answers
	known   schema
	done    map[string]cty.Value
}

func evaluate(t *testing.T, dir string, inputs map[string]cty.Value, a answers) *evaluation {
	t.Helper()
	e := &evaluation{t, load(t, dir), map[string]cty.Value{}, a, readSchema(t), map[string]cty.Value{}}
	if err := e.set(inputs); err != nil {
		t.Fatal(err)
	}
	return e
}

// set converts inputs to the types of the variables, defaults included, and
// tries the conditions.
func (e *evaluation) set(inputs map[string]cty.Value) error {
	for label, b := range e.m.of("variable") {
		want, defaults, diags := typeexpr.TypeConstraintWithDefaults(b.Body.Attributes["type"].Expr)
		if diags.HasErrors() {
			return diags
		}
		value, ok := inputs[label]
		if !ok {
			if b.Body.Attributes["default"] == nil {
				return fmt.Errorf("variable %s is missing", label)
			}
			value, _ = b.Body.Attributes["default"].Expr.Value(nil)
		}
		if defaults != nil {
			value = defaults.Apply(value)
		}
		value, err := convert.Convert(value, want)
		if err != nil {
			return fmt.Errorf("variable %s: %w", label, err)
		}
		e.inputs[label] = value
	}
	return e.validate()
}

func (e *evaluation) validate() error {
	for label, b := range e.m.of("variable") {
		for _, v := range b.Body.Blocks {
			if holds := e.value(v.Body.Attributes["condition"].Expr, nil); holds.False() {
				message := e.value(v.Body.Attributes["error_message"].Expr, nil)
				return fmt.Errorf("variable %s: %s", label, message.AsString())
			}
		}
	}
	return nil
}

func (e *evaluation) output(name string) cty.Value {
	b := e.m.blocks["output."+name]
	if b == nil {
		e.t.Fatalf("%s has no output %s", e.m.dir, name)
	}
	for _, message := range e.refusals(name) {
		e.t.Errorf("%s: output %s: %s", e.m.dir, name, message)
	}
	return e.value(b.Body.Attributes["value"].Expr, nil)
}

// refusals are the conditions of an output that do not hold.
func (e *evaluation) refusals(output string) []string {
	b := e.m.blocks["output."+output].Body
	return e.failed(b, e.scopeOf(b, blockSchema{}, nil))
}

// value evaluates an expression with what it refers to; more are names of its
// own place, such as each.
func (e *evaluation) value(x hcl.Expression, more map[string]cty.Value) cty.Value {
	e.t.Helper()
	v, diags := x.Value(e.scope(x.Variables(), more))
	if diags.HasErrors() {
		e.t.Fatalf("%s: %v", x.Range(), diags)
	}
	return v
}

func (e *evaluation) scope(refs []hcl.Traversal, more map[string]cty.Value) *hcl.EvalContext {
	tree := map[string]any{"path": map[string]any{"module": cty.StringVal(e.m.dir)}}
	for _, ref := range refs {
		parts := 2
		switch root := ref.RootName(); {
		case root == "path" || root == "each" || root == "count":
			continue
		case more[root] != cty.NilVal:
			continue
		case root == "data":
			parts = 3
		}
		if address := name(ref, 0, parts); strings.Count(address, ".") == parts-1 {
			put(tree, strings.Split(address, "."), e.resolve(address))
		}
	}
	variables := objects(tree)
	for k, v := range more {
		variables[k] = v
	}
	return &hcl.EvalContext{Variables: variables, Functions: functions()}
}

// put lays a value into a tree of maps.
func put(tree map[string]any, path []string, v cty.Value) {
	for ; len(path) > 1; path = path[1:] {
		if tree[path[0]] == nil {
			tree[path[0]] = map[string]any{}
		}
		tree = tree[path[0]].(map[string]any)
	}
	tree[path[0]] = v
}

func objects(tree map[string]any) map[string]cty.Value {
	values := map[string]cty.Value{}
	for k, v := range tree {
		switch v := v.(type) {
		case cty.Value:
			values[k] = v
		case map[string]any:
			values[k] = cty.ObjectVal(objects(v))
		}
	}
	return values
}

// resolve returns what an address stands for, once.
func (e *evaluation) resolve(address string) cty.Value {
	if v, ok := e.done[address]; ok {
		return v
	}
	kind, label, _ := strings.Cut(address, ".")
	var v cty.Value
	switch kind {
	case "var":
		v = e.inputs[label]
	case "local":
		v = e.value(e.m.locals[label], nil)
	default:
		v = e.instances(address)
	}
	e.done[address] = v
	return v
}

// instances evaluates a block as often as its count or for_each says.
func (e *evaluation) instances(address string) cty.Value {
	b := e.m.blocks[address]
	if b == nil {
		e.t.Fatalf("no %s in %s", address, e.m.dir)
	}
	if a := b.Body.Attributes["count"]; a != nil {
		n, _ := e.value(a.Expr, nil).AsBigFloat().Int64()
		list := []cty.Value{}
		for range n {
			list = append(list, e.instance(b, nil))
		}
		return cty.TupleVal(list)
	}
	a := b.Body.Attributes["for_each"]
	if a == nil {
		return e.instance(b, nil)
	}
	all := map[string]cty.Value{}
	for k, v := range e.value(a.Expr, nil).AsValueMap() {
		all[k] = e.instance(b, map[string]cty.Value{
			"each": cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal(k), "value": v}),
		})
	}
	return cty.ObjectVal(all)
}

func (e *evaluation) instance(b *hclsyntax.Block, more map[string]cty.Value) cty.Value {
	if b.Type == "module" {
		return e.called(b, more)
	}
	s := e.known[b.Type][b.Labels[0]]
	values := e.body(b.Body, s, more)
	for _, a := range s.Attributes {
		if _, ok := values[a]; ok {
			continue
		}
		answer := e.answers[b.Labels[0]+"."+a]
		if answer == "" {
			answer = "made-up " + a
		}
		values[a] = cty.StringVal(answer)
	}
	return cty.ObjectVal(values)
}

// body evaluates arguments and, as lists, blocks; conditions must hold.
func (e *evaluation) body(b *hclsyntax.Body, s blockSchema, more map[string]cty.Value) map[string]cty.Value {
	ctx := e.scopeOf(b, s, more)
	for _, message := range e.failed(b, ctx) {
		e.t.Errorf("%s: %s", b.SrcRange, message)
	}
	return e.content(dynblock.Expand(b, ctx), s, ctx)
}

// scopeOf has what a block refers to, but for the names of its dynamic blocks.
func (e *evaluation) scopeOf(b *hclsyntax.Body, s blockSchema, more map[string]cty.Value) *hcl.EvalContext {
	var refs []hcl.Traversal
	walk(b, nil, func(inner *hclsyntax.Body, _ []string) {
		for name, a := range inner.Attributes {
			if name != "ignore_changes" {
				refs = append(refs, a.Expr.Variables()...)
			}
		}
	})
	refs = slices.DeleteFunc(refs, func(r hcl.Traversal) bool {
		_, isBlock := s.Blocks[r.RootName()]
		return isBlock
	})
	return e.scope(refs, more)
}

func (e *evaluation) content(b hcl.Body, s blockSchema, ctx *hcl.EvalContext) map[string]cty.Value {
	var want hcl.BodySchema
	for _, a := range s.Arguments {
		want.Attributes = append(want.Attributes, hcl.AttributeSchema{Name: a})
	}
	for name := range s.Blocks {
		want.Blocks = append(want.Blocks, hcl.BlockHeaderSchema{Type: name})
	}
	content, _, diags := b.PartialContent(&want)
	if diags.HasErrors() {
		e.t.Fatal(diags)
	}
	values := map[string]cty.Value{}
	for name, a := range content.Attributes {
		v, diags := a.Expr.Value(ctx)
		if diags.HasErrors() {
			e.t.Fatal(diags)
		}
		values[name] = v
	}
	lists := map[string][]cty.Value{}
	for _, inner := range content.Blocks {
		lists[inner.Type] = append(lists[inner.Type], cty.ObjectVal(e.content(inner.Body, s.Blocks[inner.Type], ctx)))
	}
	for name, list := range lists {
		values[name] = cty.TupleVal(list)
	}
	return values
}

// failed returns the messages of conditions that do not hold.
func (e *evaluation) failed(b *hclsyntax.Body, ctx *hcl.EvalContext) (messages []string) {
	walk(b, nil, func(inner *hclsyntax.Body, _ []string) {
		condition, message := inner.Attributes["condition"], inner.Attributes["error_message"]
		if condition == nil || message == nil {
			return
		}
		holds, diags := condition.Expr.Value(ctx)
		if diags.HasErrors() {
			e.t.Fatal(diags)
		}
		if holds.False() {
			text, _ := message.Expr.Value(ctx)
			messages = append(messages, text.AsString())
		}
	})
	return messages
}

// called evaluates a module block to an object of its outputs.
func (e *evaluation) called(b *hclsyntax.Block, more map[string]cty.Value) cty.Value {
	inner := e.m.call(e.t, b)
	inputs := map[string]cty.Value{}
	for name, a := range b.Body.Attributes {
		if name != "source" && !slices.Contains(metaArguments, name) {
			inputs[name] = e.value(a.Expr, more)
		}
	}
	called := evaluate(e.t, inner.dir, inputs, e.answers)
	outputs := map[string]cty.Value{}
	for name := range inner.of("output") {
		outputs[name] = called.output(name)
	}
	return cty.ObjectVal(outputs)
}
