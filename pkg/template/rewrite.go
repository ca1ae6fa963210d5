package template

import (
	"slices"
	"strconv"
	"text/template/parse"

	"github.com/credrender/credrender/pkg/template/internal/funcs"
)

// Functions that rewriting inserts into the tree. The parser does not know them, so a
// template cannot call them. Most take the number of their site.
const (
	fnEmit    = "emit"      // VALUE | emit ID: the text to print
	fnBranch  = "branch"    // VALUE | branch ID: what an if, with or range turns on
	fnKnown   = "known"     // known ID: was that value known?
	fnEnd     = "end"       // end ID: an if or with has ended
	fnEach    = "each"      // each ID: an iteration of a range begins
	fnDone    = "done"      // done ID: a range has ended
	fnEnter   = "enter"     // enter ID: a {{template}} follows
	fnLeave   = "leave"     // leave ID: it has ended
	fnUnknown = "unknown"   // the value of a variable after a branch that was not entered
	fnHalt    = "halt"      // nothing is certain from here on
	fnNote    = "note"      // VALUE | note ID: what a variable or {{template}} is given
	fnPend    = "pend"      // pend VALUE: an argument of or; an unknown one ends it
	fnTruth   = "truth"     // truth VALUE: an argument of and
	fnLogic   = "logic"     // VALUE | logic: what and or or returned
	fnInclude = "includeAt" // includeAt ID NAME DATA: include
	fnField   = "field"     // field VALUE NAME...: a field, or nil where it is missing
)

// site is a position in the text that rewriting has numbered.
type site struct {
	pos  parse.Pos
	verb string // if, with, range, template, or empty where something is printed
	vars int    // variables that a range declares
	// counts: what a range goes over is a number that the template makes.
	counts bool
	// plain: what a with or range turns on is no more than whether there is a value.
	plain bool
	// silent: neither side of a branch prints.
	silent bool
	// escapes: a branch may leave the loop around it.
	escapes bool
}

// rewriter numbers the positions at which a template prints, branches, loops and
// calls, and inserts calls there, as html/template does for its escapers. So
// text/template itself executes every pass, and the inserted functions differ from
// pass to pass.
//
// Where a pass does not know what a branch turns on, it enters neither side,
// and all that either side could have changed becomes unknown: the variables
// that they assign, the rest of a loop that they may leave, and everything if
// they change a map.
type rewriter struct {
	sites    []site
	mutating map[string]bool // definitions that call a function which changes its argument
	traits   func(function string) funcs.Traits
}

// around is the context of a node: the visible variables and, for the body of the
// loop it is in, the variables that the body assigns and whether it changes maps.
type around struct {
	vars     []string
	assigned []string
	mutates  bool
}

func (r *rewriter) tree(t *parse.Tree) { r.list(t.Root, &around{vars: []string{"$"}}) }

// list rewrites the nodes of l in place.
func (r *rewriter) list(l *parse.ListNode, outer *around) {
	if l == nil {
		return
	}
	in := *outer
	in.vars = slices.Clone(outer.vars)
	nodes := make([]parse.Node, 0, len(l.Nodes))
	for _, n := range l.Nodes {
		nodes = append(nodes, r.node(n, &in)...)
	}
	l.Nodes = nodes
}

func (r *rewriter) node(n parse.Node, in *around) []parse.Node {
	switch n := n.(type) {
	case *parse.ActionNode:
		r.pipe(n.Pipe)
		in.vars = append(in.vars, declaredIn(n.Pipe)...)
		fn := fnEmit
		if len(n.Pipe.Decl) > 0 {
			fn = fnNote
		}
		pipeTo(n.Pipe, fn, r.add(n.Pos, "", 0))
	case *parse.IfNode:
		id := r.branch(&n.BranchNode, "if", in)
		return []parse.Node{n, action(fnEnd, id, n.Pos)}
	case *parse.WithNode:
		id := r.branch(&n.BranchNode, "with", in)
		return []parse.Node{n, action(fnEnd, id, n.Pos)}
	case *parse.RangeNode:
		id := r.branch(&n.BranchNode, "range", in)
		return []parse.Node{n, action(fnDone, id, n.Pos)}
	case *parse.TemplateNode:
		r.pipe(n.Pipe)
		in.vars = append(in.vars, declaredIn(n.Pipe)...)
		id := r.add(n.Pos, "template", 0)
		if n.Pipe != nil {
			pipeTo(n.Pipe, fnNote, id)
		}
		return []parse.Node{action(fnEnter, id, n.Pos), n, action(fnLeave, id, n.Pos)}
	}
	return []parse.Node{n}
}

func (r *rewriter) add(pos parse.Pos, verb string, vars int) int {
	r.sites = append(r.sites, site{pos: pos, verb: verb, vars: vars})
	return len(r.sites) - 1
}

// pipe rewrites calls of and and or. They must take zeros of documents for false; and
// an unknown argument must end or as a true one does, so that the next is not
// evaluated for nothing.
func (r *rewriter) pipe(p *parse.PipeNode) {
	if p == nil {
		return
	}
	cmds := make([]*parse.CommandNode, 0, len(p.Cmds))
	for i, c := range p.Cmds {
		forgiveMissing(c, p.Cmds[:i])
		id, _ := c.Args[0].(*parse.IdentifierNode)
		isLogic := id != nil && (id.Ident == "or" || id.Ident == "and")
		for k, a := range c.Args {
			r.operand(a)
			if isLogic && k > 0 {
				fn := fnTruth
				if id.Ident == "or" {
					fn = fnPend
				}
				c.Args[k] = &parse.PipeNode{NodeType: parse.NodePipe, Pos: a.Position(), Cmds: []*parse.CommandNode{
					{NodeType: parse.NodeCommand, Pos: a.Position(), Args: []parse.Node{name(fn, a.Position()), a}}}}
			}
		}
		if isInclude(c) && (len(c.Args) > 1 || i > 0) {
			at := command(fnInclude, r.add(c.Pos, "template", 0), c.Pos)
			c.Args = append(at.Args, c.Args[1:]...)
		}
		cmds = append(cmds, c)
		if isLogic {
			cmds = append(cmds, &parse.CommandNode{NodeType: parse.NodeCommand, Pos: c.Pos, Args: []parse.Node{name(fnLogic, c.Pos)}})
		}
	}
	p.Cmds = cmds
}

// forgiveMissing makes a missing key nil where it is the value of required, which reports
// it with the message of the template.
func forgiveMissing(c *parse.CommandNode, before []*parse.CommandNode) {
	id, _ := c.Args[0].(*parse.IdentifierNode)
	if id == nil || id.Ident != "required" {
		return
	}
	value := &c.Args[len(c.Args)-1]
	if len(before) > 0 && len(before[len(before)-1].Args) == 1 {
		value = &before[len(before)-1].Args[0]
	}
	switch n := (*value).(type) {
	case *parse.FieldNode:
		*value = fieldCall(&parse.DotNode{NodeType: parse.NodeDot, Pos: n.Pos}, n.Ident, n.Pos)
	case *parse.VariableNode:
		if len(n.Ident) > 1 {
			*value = fieldCall(&parse.VariableNode{NodeType: parse.NodeVariable, Pos: n.Pos, Ident: n.Ident[:1]}, n.Ident[1:], n.Pos)
		}
	}
}

func fieldCall(of parse.Node, path []string, pos parse.Pos) parse.Node {
	args := []parse.Node{name(fnField, pos), of}
	for _, field := range path {
		args = append(args, &parse.StringNode{NodeType: parse.NodeString, Pos: pos, Quoted: strconv.Quote(field), Text: field})
	}
	return &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos, Cmds: []*parse.CommandNode{{NodeType: parse.NodeCommand, Pos: pos, Args: args}}}
}

func (r *rewriter) operand(n parse.Node) {
	switch n := n.(type) {
	case *parse.PipeNode:
		r.pipe(n)
	case *parse.ChainNode:
		r.operand(n.Node)
	}
}

// branch rewrites an if, with or range and returns its site.
func (r *rewriter) branch(b *parse.BranchNode, verb string, outer *around) int {
	id := r.add(b.Pos, verb, len(b.Pipe.Decl))
	r.sites[id].counts, r.sites[id].plain = r.isCount(b.Pipe), verb != "if" && isPlain(b.Pipe)
	breaks, continues := escapesOfBoth(b)
	r.sites[id].silent = isSilent(b.List, b.ElseList)
	r.sites[id].escapes = verb != "range" && (breaks || continues)
	fallback := r.fallback(b, verb == "range", outer)
	in := *outer
	in.vars = slices.Concat(outer.vars, declaredIn(b.Pipe))
	hasElse := b.ElseList != nil
	r.list(b.ElseList, &in)
	if verb == "range" {
		in.assigned, in.mutates = assignedIn(b.List), r.mutates(b.List)
	}
	r.list(b.List, &in)
	if verb == "range" {
		b.List.Nodes = append([]parse.Node{action(fnEach, id, b.Pos)}, b.List.Nodes...)
	}
	r.pipe(b.Pipe)
	pipeTo(b.Pipe, fnBranch, id)
	if hasElse || len(fallback) > 0 {
		b.ElseList = r.unlessUnknown(id, b, fallback)
	}
	return id
}

// isCount reports whether a pipeline ends in a literal number or in a function that
// returns one. A range over a number of a document is a mistake more often than a
// count.
func (r *rewriter) isCount(n parse.Node) bool {
	pipe, ok := n.(*parse.PipeNode)
	if !ok {
		_, isNumber := n.(*parse.NumberNode)
		return isNumber
	}
	switch last := pipe.Cmds[len(pipe.Cmds)-1].Args[0].(type) {
	case *parse.IdentifierNode:
		return r.traits(last.Ident).Has(funcs.Numeric)
	default:
		return r.isCount(last)
	}
}

// unlessUnknown makes the else of a branch: its own where the branch was
// known, the fallback where not.
func (r *rewriter) unlessUnknown(id int, b *parse.BranchNode, fallback []parse.Node) *parse.ListNode {
	known := &parse.IfNode{BranchNode: parse.BranchNode{NodeType: parse.NodeIf, Pos: b.Pos, Line: b.Line,
		Pipe: call(fnKnown, id, b.Pos), List: b.ElseList}}
	if known.List == nil {
		known.List = &parse.ListNode{NodeType: parse.NodeList, Pos: b.Pos}
	}
	if len(fallback) > 0 {
		known.ElseList = &parse.ListNode{NodeType: parse.NodeList, Pos: b.Pos, Nodes: fallback}
	}
	return &parse.ListNode{NodeType: parse.NodeList, Pos: b.Pos, Nodes: []parse.Node{known}}
}

// fallback returns the nodes that replace a branch that was not entered.
func (r *rewriter) fallback(b *parse.BranchNode, isRange bool, in *around) (nodes []parse.Node) {
	breaks, continues := escapesOfBoth(b)
	if isRange {
		breaks = false
		_, continues = escapesOf(b.ElseList)
	}
	lost := slices.Concat(assignedIn(b.List), assignedIn(b.ElseList))
	mutates := r.mutates(b.List) || r.mutates(b.ElseList)
	if breaks || continues { // the rest of the loop is in doubt too
		lost = append(lost, in.assigned...)
		mutates = mutates || in.mutates
	}
	if mutates {
		nodes = append(nodes, action(fnHalt, 0, b.Pos))
	}
	slices.Sort(lost)
	for _, v := range slices.Compact(lost) {
		if slices.Contains(in.vars, v) {
			nodes = append(nodes, assign(v, fnUnknown, b.Pos))
		}
	}
	switch {
	case breaks:
		nodes = append(nodes, &parse.BreakNode{NodeType: parse.NodeBreak, Pos: b.Pos, Line: b.Line})
	case continues:
		nodes = append(nodes, &parse.ContinueNode{NodeType: parse.NodeContinue, Pos: b.Pos, Line: b.Line})
	}
	return nodes
}

// mutates reports whether executing l could change a map that others see.
func (r *rewriter) mutates(l *parse.ListNode) bool {
	found := false
	inspect(l, func(n parse.Node) bool {
		switch n := n.(type) {
		case *parse.IdentifierNode:
			found = found || r.traits(n.Ident).Has(funcs.Mutates)
		default:
			names, all := calledBy(n)
			found = found || all && len(r.mutating) > 0 || slices.ContainsFunc(names, func(name string) bool { return r.mutating[name] })
		}
		return !found
	})
	return found
}

// findMutating fills r.mutating; definitions call each other, so it goes on
// until nothing is added.
func (r *rewriter) findMutating(trees map[string]*parse.Tree) {
	r.mutating = map[string]bool{}
	for grown := true; grown; {
		grown = false
		for name, t := range trees {
			if !r.mutating[name] && r.mutates(t.Root) {
				r.mutating[name], grown = true, true
			}
		}
	}
}
