package template

import (
	"strconv"
	"text/template/parse"
)

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
