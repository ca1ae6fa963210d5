package policy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

const leadingKeys = "dynamodb:LeadingKeys"

// builder collects statements and notes.
type builder struct {
	statements []Statement
	notes      []Note
	sids       map[string]int
	err        error // the first
	writes     bool  // the policy is for a writer
}

func (b *builder) fail(n Need, err error) {
	if b.err == nil {
		b.err = fmt.Errorf("%s: %w", n.Origin, err)
	}
}

func (b *builder) note(origin, format string, args ...any) {
	n := Note{origin, fmt.Sprintf(format, args...)}
	if !slices.Contains(b.notes, n) {
		b.notes = append(b.notes, n)
	}
}

// allow adds a statement, unless it has no resource.
func (b *builder) allow(sid string, actions, resources []string, c Conditions) {
	if len(resources) == 0 {
		return
	}
	b.sids[sid]++
	if n := b.sids[sid]; n > 1 {
		sid += strconv.Itoa(n)
	}
	slices.Sort(actions)
	b.statements = append(b.statements, Statement{Sid: sid, Effect: "Allow", Action: actions, Resource: unique(resources), Condition: c})
}

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// byLocation groups needs by location, sorted by table.
func byLocation(needs []Need) []group {
	groups := map[Location]*group{}
	var order []Location
	for _, n := range needs {
		if groups[n.Location] == nil {
			groups[n.Location] = &group{location: n.Location}
			order = append(order, n.Location)
		}
		groups[n.Location].needs = append(groups[n.Location].needs, n)
	}
	slices.SortFunc(order, func(p, q Location) int {
		return strings.Compare(p.table()+"|"+p.Key+"|"+p.Alias, q.table()+"|"+q.Key+"|"+q.Alias)
	})
	list := make([]group, len(order))
	for i, p := range order {
		list[i] = *groups[p]
	}
	return list
}

type group struct {
	location Location
	needs    []Need
}

// of returns the needs from any of the sources.
func (g group) of(sources ...string) (needs []Need) {
	for _, n := range g.needs {
		if slices.Contains(sources, n.Ref.Source) {
			needs = append(needs, n)
		}
	}
	return needs
}

func (b *builder) reader(needs []Need) {
	for _, g := range byLocation(needs) {
		b.items(g)
		b.contexts("Decrypt", []string{"kms:Decrypt"}, g.location, g.of("", source.S3))
		b.parameters(g)
		b.objects(g)
		b.managed(g)
	}
}

// items allows reading the table: newest versions, stated versions, or all items.
func (b *builder) items(g group) {
	var newest, stated names
	var scans []string
	for _, n := range g.of("") {
		if n.Pattern {
			scans = append(scans, g.location.table())
			b.note(n.Origin, "a pattern reads the whole table: IAM cannot limit dynamodb:Scan to %s", source.Show(n.Ref.Name))
			continue
		}
		b.noteWidened(n)
		if n.Ref.Version == "" {
			newest.add(n)
		}
		if n.Ref.Version != "" || n.AnyVersion {
			stated.add(n)
		}
	}
	b.named("ReadNewest", []string{"dynamodb:Query"}, g.location, newest)
	b.named("ReadVersions", []string{"dynamodb:GetItem"}, g.location, stated)
	b.allow("ScanTable", []string{"dynamodb:Scan"}, scans, nil)
}

func (b *builder) noteWidened(n Need) {
	switch {
	case n.Prefix && n.Ref.Name == "":
		b.note(n.Origin, "the name is computed and can be any: widened to all names (allow of the job narrows it)")
	case n.Prefix:
		b.note(n.Origin, "the name is computed: widened to all that begin with %s", source.Show(n.Ref.Name))
	}
	if n.AnyContext {
		b.note(n.Origin, "the context is computed: widened to every context")
	}
}

func (b *builder) writer(needs []Need) {
	b.writes = true
	for _, g := range byLocation(needs) {
		var all names
		for _, n := range g.of("") {
			if n.Pattern {
				// IAM can limit names only by the text before the first *.
				n.Ref.Name, _, _ = strings.Cut(n.Ref.Name, "*")
				n.Prefix = true
			}
			b.noteWidened(n)
			all.add(n)
		}
		b.named("WriteSecrets", []string{"dynamodb:PutItem", "dynamodb:Query"}, g.location, all)
		b.contexts("MakeDataKeys", []string{"kms:GenerateDataKey"}, g.location, g.of(""))
		b.writeParameters(g)
		b.writeManaged(g)
		b.writeObjects(g)
		for _, n := range g.needs {
			if n.Ref.Source == source.EC2 || n.Ref.Source == source.S3Object {
				b.note(n.Origin, "%s is not a secret that credrender writes: it is not allowed here", n.Ref)
			}
		}
	}
}

// names are partition keys, or prefixes of them.
type names struct {
	list []string
	wide bool // some are prefixes
}

func (n *names) add(need Need) {
	if need.Prefix {
		n.wide = true
		n.list = append(n.list, Escape(need.Ref.Name)+"*")
		return
	}
	n.list = append(n.list, Escape(need.Ref.Name))
}

// named allows actions on the items of these names.
func (b *builder) named(sid string, actions []string, p Location, n names) {
	if len(n.list) == 0 {
		return
	}
	operator := "ForAllValues:StringEquals"
	if n.wide {
		operator = "ForAllValues:StringLike"
	}
	b.allow(sid, actions, []string{p.table()}, Conditions{
		operator: {leadingKeys: unique(n.list)},
		"Null":   {leadingKeys: {"false"}},
	})
}

// contexts allows actions on the key with exactly the contexts of the needs.
func (b *builder) contexts(sid string, actions []string, p Location, needs []Need) {
	if len(needs) == 0 || p.Key == "" {
		return
	}
	distinct := map[source.Context]bool{}
	for _, n := range needs {
		if n.AnyContext {
			b.allow(sid, actions, []string{p.Key}, nil)
			return
		}
		distinct[n.Ref.Context] = true
	}
	for _, c := range slices.SortedFunc(maps.Keys(distinct), func(a, b source.Context) int { return strings.Compare(a.String(), b.String()) }) {
		b.allow(sid, slices.Clone(actions), []string{p.Key}, exactly(c))
	}
}

// exactly returns the conditions for one context and no other.
func exactly(c source.Context) Conditions {
	if c.IsZero() {
		return Conditions{"Null": {"kms:EncryptionContextKeys": {"true"}}}
	}
	pairs, keys := map[string][]string{}, []string{}
	for k, v := range c.Map() {
		pairs["kms:EncryptionContext:"+k] = []string{Escape(v)}
		keys = append(keys, Escape(k))
	}
	return Conditions{
		"StringEquals":              pairs,
		"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": unique(keys)},
	}
}

// Conditions are the conditions of a statement, by operator and condition key. All of
// them must match, each with any of its values. A Null has one value, and is marshaled as
// a string instead of a list: IAM accepts both, but parliament crashes on a list
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Null).
type Conditions map[string]map[string][]string

// MarshalJSON implements json.Marshaler.
func (c Conditions) MarshalJSON() ([]byte, error) {
	all := map[string]map[string]any{}
	for operator, keys := range c {
		all[operator] = map[string]any{}
		for key, values := range keys {
			all[operator][key] = values
			if operator == "Null" && len(values) == 1 {
				all[operator][key] = values[0]
			}
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(all)
	return b.Bytes(), err
}

// admin allows setup, also with --update, grant, grants and revoke.
//
// An identity that may create grants without conditions can grant itself everything.
// So grants are limited to two operations, and must be constrained to one context
// (https://docs.aws.amazon.com/kms/latest/developerguide/create-grant-overview.html).
func (b *builder) admin(needs []Need) {
	for _, g := range byLocation(needs) {
		p := g.location
		if p.Table == "" {
			continue
		}
		b.allow("SetUpTable", setUpTable(), []string{p.table()}, nil)
		b.allow("MakeKey", []string{"kms:CreateKey", "kms:TagResource"}, []string{"*"}, nil)
		keys := []string{p.Key}
		if p.Key == "" {
			at := p
			at.Region = cmp.Or(p.KeyRegion, p.Region)
			keys = []string{at.arn("kms", "key/*")}
			b.note("", "the key does not exist yet: widened to every key of the account in %s", at.Region)
		}
		both := slices.Clone(keys)
		if p.Alias != "" {
			both = append(both, p.Alias)
		}
		b.allow("SetUpKey", []string{"kms:CreateAlias"}, both, nil)
		b.allow("SetUpKey", setUpKey(), slices.Clone(keys), nil)
		b.allow("GiveGrants", []string{"kms:CreateGrant"}, slices.Clone(keys), Conditions{
			"ForAllValues:StringEquals": {"kms:GrantOperations": {"Decrypt", "GenerateDataKey"}},
			"StringEquals":              {"kms:GrantConstraintType": {"EncryptionContextEquals"}},
		})
		b.allow("SeeAndRevokeGrants", []string{"kms:ListGrants", "kms:RevokeGrant"}, slices.Clone(keys), nil)
	}
}
