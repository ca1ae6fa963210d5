package template

import (
	"strconv"
	"text/template/parse"
)

// inspect calls f for n and, where f returns true, for all nodes below it.
func inspect(n parse.Node, f func(parse.Node) bool) {
	if isNil(n) || !f(n) {
		return
	}
	switch n := n.(type) {
	case *parse.ListNode:
		for _, c := range n.Nodes {
			inspect(c, f)
		}
	case *parse.ActionNode:
		inspect(n.Pipe, f)
	case *parse.IfNode:
		inspectBranch(&n.BranchNode, f)
	case *parse.RangeNode:
		inspectBranch(&n.BranchNode, f)
	case *parse.WithNode:
		inspectBranch(&n.BranchNode, f)
	case *parse.TemplateNode:
		inspect(n.Pipe, f)
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			inspect(c, f)
		}
	case *parse.CommandNode:
		for _, c := range n.Args {
			inspect(c, f)
		}
	case *parse.ChainNode:
		inspect(n.Node, f)
	}
}

func inspectBranch(b *parse.BranchNode, f func(parse.Node) bool) {
	inspect(b.Pipe, f)
	inspect(b.List, f)
	inspect(b.ElseList, f)
}

// isNil reports whether a node is absent.
func isNil(n parse.Node) bool {
	switch n := n.(type) {
	case nil:
		return true
	case *parse.ListNode:
		return n == nil
	case *parse.PipeNode:
		return n == nil
	}
	return false
}

// assignedIn returns the variables set with = below n.
func assignedIn(n parse.Node) (names []string) {
	inspect(n, func(n parse.Node) bool {
		if p, ok := n.(*parse.PipeNode); ok && p.IsAssign {
			for _, v := range p.Decl {
				names = append(names, v.Ident[0])
			}
		}
		return true
	})
	return names
}

// declaredIn returns the variables made with := in the pipelines of n, bodies
// left out.
func declaredIn(n parse.Node) (names []string) {
	inspect(n, func(n parse.Node) bool {
		if p, ok := n.(*parse.PipeNode); ok && !p.IsAssign {
			for _, v := range p.Decl {
				names = append(names, v.Ident[0])
			}
		}
		_, body := n.(*parse.ListNode)
		return !body
	})
	return names
}

// escapesOf reports whether a list leaves the range around it by break or continue. A
// break in the else of a range ends at that range.
func escapesOf(l *parse.ListNode) (breaks, continues bool) {
	if l == nil {
		return false, false
	}
	for _, n := range l.Nodes {
		var b, c bool
		switch n := n.(type) {
		case *parse.BreakNode:
			b = true
		case *parse.ContinueNode:
			c = true
		case *parse.IfNode:
			b, c = escapesOfBoth(&n.BranchNode)
		case *parse.WithNode:
			b, c = escapesOfBoth(&n.BranchNode)
		case *parse.RangeNode:
			_, c = escapesOf(n.ElseList)
		}
		breaks, continues = breaks || b, continues || c
	}
	return breaks, continues
}

func escapesOfBoth(b *parse.BranchNode) (breaks, continues bool) {
	b1, c1 := escapesOf(b.List)
	b2, c2 := escapesOf(b.ElseList)
	return b1 || b2, c1 || c2
}

func name(ident string, pos parse.Pos) parse.Node { return parse.NewIdentifier(ident).SetPos(pos) }

func command(fn string, id int, pos parse.Pos) *parse.CommandNode {
	n := &parse.NumberNode{NodeType: parse.NodeNumber, Pos: pos, IsInt: true, Int64: int64(id), Text: strconv.Itoa(id)}
	return &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos, Args: []parse.Node{name(fn, pos), n}}
}

func call(fn string, id int, pos parse.Pos) *parse.PipeNode {
	return &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos, Cmds: []*parse.CommandNode{command(fn, id, pos)}}
}

func action(fn string, id int, pos parse.Pos) parse.Node {
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: pos, Pipe: call(fn, id, pos)}
}

func assign(variable, fn string, pos parse.Pos) parse.Node {
	p := call(fn, 0, pos)
	p.IsAssign = true
	p.Decl = []*parse.VariableNode{{NodeType: parse.NodeVariable, Pos: pos, Ident: []string{variable}}}
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: pos, Pipe: p}
}

func pipeTo(p *parse.PipeNode, fn string, id int) { p.Cmds = append(p.Cmds, command(fn, id, p.Pos)) }
