package terraform

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

const (
	grantDir = "modules/credrender-grant"
	roleARN  = "arn:aws:iam::123456789012:role/"
)

// grant is an aws_kms_grant as it would be planned.
type grant struct {
	Role, Operations, Equals, Subset string
	Constrained                      bool
}

func grants(t *testing.T, e *evaluation) map[string]grant {
	t.Helper()
	all := map[string]grant{}
	for key, v := range e.resolve("aws_kms_grant.this").AsValueMap() {
		g := grant{Role: v.GetAttr("grantee_principal").AsString(), Operations: encode(t, v.GetAttr("operations"))}
		if v.Type().HasAttribute("constraints") {
			g.Constrained = true
			block := v.GetAttr("constraints").Index(cty.Zero)
			g.Equals = encode(t, block.GetAttr("encryption_context_equals"))
			g.Subset = encode(t, block.GetAttr("encryption_context_subset"))
		}
		all[key] = g
	}
	return all
}

func encode(t *testing.T, v cty.Value) string {
	t.Helper()
	b, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const twoRoles = `{
  "kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/k",
  "table_arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/credential-store",
  "reader_policy_arn": "arn:aws:iam::123456789012:policy/credential-store-reader",
  "readers": {
    "web": {"role_arn": "arn:aws:iam::123456789012:role/apps/web", "names": ["web.key"],
            "contexts": [{"env": "prod", "service": "web"}, {"env": "prod"}]},
    "all": {"role_arn": "arn:aws:iam::123456789012:role/all", "any_context": true},
    "ops": {"role_arn": "arn:aws:iam::123456789012:role/ops", "scan": true, "match": "subset", "contexts": [{"env": "prod"}]}
  },
  "writers": {"web": {"role_arn": "arn:aws:iam::123456789012:role/deploy", "prefixes": ["web."], "contexts": [{"env": "prod"}]}}
}`

func TestGrants(t *testing.T) {
	e := evaluate(t, grantDir, values(t, twoRoles), nil)
	got := map[string][]grant{}
	for key, g := range grants(t, e) {
		role, _, _ := strings.Cut(key, "/")
		got[role] = append(got[role], g)
	}
	slices.SortFunc(got["reader-web"], func(a, b grant) int { return strings.Compare(a.Equals, b.Equals) })
	decrypt, write := `["Decrypt"]`, `["GenerateDataKey"]`
	want := map[string][]grant{
		"reader-web": {
			{roleARN + "apps/web", decrypt, `{"env":"prod","service":"web"}`, "null", true},
			{roleARN + "apps/web", decrypt, `{"env":"prod"}`, "null", true},
		},
		"reader-all": {{Role: roleARN + "all", Operations: decrypt}},
		"reader-ops": {{roleARN + "ops", decrypt, "null", `{"env":"prod"}`, true}},
		"writer-web": {{roleARN + "deploy", write, `{"env":"prod"}`, "null", true}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
}

// KMS takes 1 to 256 of these characters as a grant's name:
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html
func TestGrantNames(t *testing.T) {
	valid := regexp.MustCompile(`^[a-zA-Z0-9:/_-]{1,256}$`)
	long := strings.ReplaceAll(twoRoles, `"all"`, `"`+strings.Repeat("x", 64)+`"`)
	seen := map[string]bool{}
	for key, v := range evaluate(t, grantDir, values(t, long), nil).resolve("aws_kms_grant.this").AsValueMap() {
		name := v.GetAttr("name").AsString()
		if !valid.MatchString(name) || seen[name] {
			t.Errorf("grant %s has the name %q", key, name)
		}
		seen[name] = true
	}
}

// Grants are known by role and context, not by their place in a list: else a
// context taken out would revoke those that come after it.
func TestGrantKeysAreStable(t *testing.T) {
	key := func(contexts string) []string {
		text := strings.ReplaceAll(twoRoles, `[{"env": "prod", "service": "web"}, {"env": "prod"}]`, contexts)
		e := evaluate(t, grantDir, values(t, text), nil)
		return slices.Sorted(maps.Keys(grants(t, e)))
	}
	both := key(`[{"env": "prod", "service": "web"}, {"env": "prod"}]`)
	if diff := cmp.Diff(both, key(`[{"env": "prod"}, {"service": "web", "env": "prod"}]`)); diff != "" {
		t.Errorf("other order, other keys (-before +after):\n%s", diff)
	}
	for _, k := range key(`[{"env": "prod"}]`) {
		if !slices.Contains(both, k) {
			t.Errorf("%s is new after a context has been taken out", k)
		}
	}
	if other := key(`[{"env": "test", "service": "web"}, {"env": "prod"}]`); slices.Equal(both, other) {
		t.Error("another context has the key of the one before")
	}
}

// Roles that state names get those and no more; the others the shared policy.
func TestRolePolicies(t *testing.T) {
	e := evaluate(t, grantDir, values(t, twoRoles), nil)
	own := e.resolve("aws_iam_role_policy.own").AsValueMap()
	if got, want := slices.Sorted(maps.Keys(own)), []string{"reader-ops", "reader-web", "writer-web"}; !slices.Equal(got, want) {
		t.Fatalf("policies of their own have %q, want %q", got, want)
	}
	if got := own["reader-web"].GetAttr("role").AsString(); got != "web" {
		t.Errorf("the policy goes to role %q; the path is no part of a role's name", got)
	}
	want := evaluate(t, policyDir, values(t, `{"table_arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/credential-store", "names": ["web.key"]}`), nil)
	if diff := cmp.Diff(want.output("json").AsString(), own["reader-web"].GetAttr("policy").AsString()); diff != "" {
		t.Errorf("policy of web (-want +got):\n%s", diff)
	}
	for key, v := range own {
		if policy := v.GetAttr("policy").AsString(); strings.Contains(policy, "kms:") {
			t.Errorf("%s has a right to the key beside its grant: %s", key, policy)
		}
	}
	shared := e.resolve("aws_iam_role_policy_attachment.shared").AsValueMap()
	if len(shared) != 1 || shared["reader-all"].GetAttr("policy_arn").AsString() != "arn:aws:iam::123456789012:policy/credential-store-reader" {
		t.Errorf("shared policies: %v", shared)
	}
}

func TestGrantRefuses(t *testing.T) {
	nine := `{"a":"","b":"","c":"","d":"","e":"","f":"","g":"","h":"","i":""}`
	for name, reader := range map[string]string{
		"no context":            `{"role_arn": "ROLE"}`,
		"empty context":         `{"role_arn": "ROLE", "contexts": [{}]}`,
		"any and one":           `{"role_arn": "ROLE", "contexts": [{"a": "b"}], "any_context": true}`,
		"nine pairs":            `{"role_arn": "ROLE", "contexts": [` + nine + `]}`,
		"long value":            `{"role_arn": "ROLE", "contexts": [{"a": "` + strings.Repeat("x", 385) + `"}]}`,
		"keys but for case":     `{"role_arn": "ROLE", "contexts": [{"env": "a", "Env": "a"}]}`,
		"other match":           `{"role_arn": "ROLE", "contexts": [{"a": "b"}], "match": "superset"}`,
		"a user":                `{"role_arn": "arn:aws:iam::123456789012:user/x", "contexts": [{"a": "b"}]}`,
		"no role":               `{"contexts": [{"a": "b"}]}`,
		"context as one string": `{"role_arn": "ROLE", "contexts": ["a=b"]}`,
	} {
		reader = strings.ReplaceAll(reader, "ROLE", roleARN+"x")
		for _, kind := range []string{"readers", "writers"} {
			t.Run(kind+" "+name, func(t *testing.T) {
				e := &evaluation{t, load(t, grantDir), map[string]cty.Value{}, nil, readSchema(t), map[string]cty.Value{}}
				if err := e.set(values(t, `{"kms_key_arn": "arn", "`+kind+`": {"x": `+reader+`}}`)); err == nil {
					t.Error("accepted")
				}
			})
		}
	}
}
