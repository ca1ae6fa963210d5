package template

import (
	"context"
	"reflect"
	"slices"
	"text/template/parse"
)

// region is what a branch of a real pass printed, as offsets into its output. Which side
// was taken is information too: the text of a branch that a secret chose is hidden with
// all that is in it.
type region struct {
	mark
	parent int // index of the region around it, or -1
	turn   turn
	// valued: the branch turned on a text, list or map, so entering it tells no more than
	// that this is not empty.
	valued bool
}

// beginRegion notes where a branch begins. What is printed within include is one value.
func (p *pass) beginRegion(at place, v reflect.Value) {
	if !p.real || p.captured != nil {
		return
	}
	parent := -1
	if len(p.open) > 0 {
		parent = p.open[len(p.open)-1]
	}
	k := concrete(v).Kind()
	p.open = append(p.open, len(p.regions))
	p.regions = append(p.regions, region{mark{place: at, start: len(p.out), end: len(p.out)}, parent, p.turns[at],
		k == reflect.String || k == reflect.Map || k == reflect.Slice})
}

// endBranch ends the innermost branch of a site, and all in it: those that a break or a
// continue has left.
func (p *pass) endBranch(id int) string {
	if n := p.innermost(id); n >= 0 {
		p.endRegions(n)
	}
	return ""
}

// endInner ends what is within the innermost branch of a site.
func (p *pass) endInner(id int) {
	if n := p.innermost(id); n >= 0 {
		p.endRegions(n + 1)
	}
}

func (p *pass) innermost(id int) int {
	if p.captured != nil {
		return -1
	}
	for n := len(p.open) - 1; n >= 0; n-- {
		if p.regions[p.open[n]].site == id {
			return n
		}
	}
	return -1
}

// endRegions ends the open regions from the nth on.
func (p *pass) endRegions(n int) {
	for _, i := range p.open[n:] {
		p.regions[i].end = len(p.out)
	}
	p.open = p.open[:n]
}

// chosen returns the regions that secrets chose, outermost only. blind is a pass that knows
// no hidden answer. A branch that may leave a loop chooses what follows in the loop too.
func (t *Template) chosen(ctx context.Context, x *Rendering, regions []region, blind *pass) (chosen []mark) {
	known := t.knownBranches(ctx, x, regions, blind)
	hidden, cause := make([]bool, len(regions)), make([]place, len(regions))
	for i, r := range regions {
		if known(r) {
			continue
		}
		hidden[i], cause[i] = true, r.place
		for at := r.parent; t.sites[r.site].escapes && at >= 0; at = regions[at].parent {
			if !hidden[at] {
				hidden[at], cause[at] = true, r.place
			}
			if t.sites[regions[at].site].verb == "range" {
				break
			}
		}
	}
	for i, r := range regions { // those around a region precede it
		if r.parent >= 0 && hidden[r.parent] {
			hidden[i] = true
		} else if hidden[i] && !(t.sites[r.site].silent && r.start == r.end) {
			chosen = append(chosen, mark{place: cause[i], start: r.start, end: r.end, branch: true})
		}
	}
	return chosen
}

// knownBranches reports whether what a branch turned on holds no hidden answer, or no more of
// it than whether there is one. Within the latter, a second pass finds out: it enters them.
func (t *Template) knownBranches(ctx context.Context, x *Rendering, regions []region, blind *pass) func(region) bool {
	plain := func(r region) bool { return t.sites[r.site].plain && r.valued }
	entered := map[place]turn{}
	for _, r := range regions {
		if plain(r) {
			entered[r.place] = r.turn
		}
	}
	noted := blind.noted
	if len(entered) > 0 {
		noted = t.runBlind(ctx, x, entered).noted
	}
	return func(r region) bool { return blind.noted[r.place] || noted[r.place] || plain(r) }
}

// fetching are the functions whose result tells, by being empty or not, only whether there
// is a value.
var fetching = []string{"secret", "secretVersion", "secretOr", "secrets", "s3secret", "s3object", "s3secrets", "ssm", "ssmPath", "secretsManager",
	"fromJson", "mustFromJson", "fromYaml", "fromToml"}

// isPlain reports whether a pipeline fetches a value by a literal name, and at most parses
// it.
func isPlain(pipe *parse.PipeNode) bool {
	return !slices.ContainsFunc(pipe.Cmds, func(c *parse.CommandNode) bool {
		if inner, ok := c.Args[0].(*parse.PipeNode); ok && len(c.Args) == 1 {
			return !isPlain(inner)
		}
		id, ok := c.Args[0].(*parse.IdentifierNode)
		return !ok || !slices.Contains(fetching, id.Ident) || slices.ContainsFunc(c.Args[1:], func(n parse.Node) bool {
			if inner, ok := n.(*parse.PipeNode); ok {
				return !isPlain(inner)
			}
			return n.Type() != parse.NodeString
		})
	})
}

// isSilent reports whether nothing in a body prints.
func isSilent(bodies ...*parse.ListNode) bool {
	silent := true
	for _, b := range bodies {
		inspect(b, func(n parse.Node) bool {
			switch n := n.(type) {
			case *parse.TextNode, *parse.TemplateNode:
				silent = false
			case *parse.ActionNode:
				silent = silent && len(n.Pipe.Decl) > 0
			}
			return silent
		})
	}
	return silent
}

// secretText is the template's own text that only a secret's choice shows.
type secretText struct {
	nodes  map[parse.Node]bool // bodies of branches
	called map[string]bool     // definitions that they call
}

// secretText finds the branches that a pass without hidden answers did not meet, or that
// turned on something that it did not know. An old file may hold what they printed.
func (t *Template) secretText(public *pass) secretText {
	known := map[parse.Pos]bool{}
	for id, s := range t.sites {
		known[s.pos] = s.plain || public.met[id] && !public.unsure[id]
	}
	skip := secretText{map[parse.Node]bool{}, map[string]bool{}}
	for _, tree := range t.original {
		inspect(tree.Root, func(n parse.Node) bool {
			for _, b := range branchOf(n) {
				if !known[n.Position()] {
					skip.add(t, b)
				}
			}
			return true
		})
	}
	return skip
}

func branchOf(n parse.Node) []*parse.ListNode {
	switch n := n.(type) {
	case *parse.IfNode:
		return []*parse.ListNode{n.List, n.ElseList}
	case *parse.WithNode:
		return []*parse.ListNode{n.List, n.ElseList}
	case *parse.RangeNode:
		return []*parse.ListNode{n.List, n.ElseList}
	}
	return nil
}

// add adds a body and what it calls.
func (s secretText) add(t *Template, body *parse.ListNode) {
	if body == nil {
		return
	}
	s.nodes[body] = true
	inspect(body, func(n parse.Node) bool {
		names, _ := calledBy(n)
		for _, name := range names {
			if tree := t.original[name]; tree != nil && !s.called[name] {
				s.called[name] = true
				s.add(t, tree.Root)
			}
		}
		return true
	})
}
