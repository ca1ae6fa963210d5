package syntax

// Walk calls visit for a node, an expression or a slice of either, and if visit returns
// true, for everything below it, in the order of the text.
func Walk(n any, visit func(any) bool) {
	switch n := n.(type) {
	case nil:
		return
	case []Node:
		for _, x := range n {
			Walk(x, visit)
		}
		return
	}
	if !visit(n) {
		return
	}
	for _, child := range children(n) {
		Walk(child, visit)
	}
}

func children(n any) []any {
	switch n := n.(type) {
	case *Print:
		return []any{n.X}
	case *For:
		return []any{n.Iter, n.Test, n.Body, n.Else}
	case *If:
		return []any{n.Test, n.Body, n.Else}
	case *Set:
		return []any{n.X}
	case *SetBlock:
		return []any{n.Filter, n.Body}
	case *Macro:
		var all []any
		for _, p := range n.Params {
			all = append(all, p.Default)
		}
		return append(all, n.Body)
	case *CallBlock:
		return []any{n.Call, n.Caller}
	case *FilterBlock:
		return []any{n.Filter, n.Body}
	case *With:
		return append(list(n.Values), n.Body)
	case *Block:
		return []any{n.Body}
	}
	return operands(n)
}

func operands(n any) []any {
	switch n := n.(type) {
	case *Unary:
		return []any{n.X}
	case *Binary:
		return []any{n.X, n.Y}
	case *Concat:
		return list(n.Parts)
	case *Compare:
		all := []any{n.First}
		for _, o := range n.Ops {
			all = append(all, o.X)
		}
		return all
	case *Cond:
		return []any{n.Test, n.Then, n.Else}
	case *Getattr:
		return []any{n.X}
	case *Getitem:
		return []any{n.X, n.Index}
	case *Slice:
		return []any{n.Start, n.Stop, n.Step}
	case *Call:
		return append([]any{n.Fn}, n.all()...)
	case *Filter:
		return append([]any{n.X}, n.all()...)
	case *Test:
		return append([]any{n.X}, n.all()...)
	case *List:
		return list(n.Items)
	case *Tuple:
		return list(n.Items)
	case *Dict:
		var all []any
		for _, p := range n.Items {
			all = append(all, p.Key, p.Value)
		}
		return all
	}
	return nil
}

func (a Args) all() []any {
	all := list(a.Pos)
	for _, k := range a.Named {
		all = append(all, k.Value)
	}
	return append(all, a.Star, a.Double)
}

func list(xs []Expr) []any {
	all := make([]any, len(xs))
	for i, x := range xs {
		all[i] = x
	}
	return all
}
