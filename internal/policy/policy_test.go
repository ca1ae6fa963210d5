package policy_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/internal/policy"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/test/awsfake/iam"
)

const (
	tableARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/credential-store"
	keyARN   = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
)

func location() policy.Location {
	return policy.Location{Partition: "aws", Account: "123456789012", Region: "eu-west-1", Table: "credential-store", Key: keyARN}
}

// need is one secret, its context as "a=b c=d".
func need(t *testing.T, name, context string) policy.Need {
	t.Helper()
	pairs := map[string]string{}
	for pair := range strings.FieldsSeq(context) {
		k, v, _ := strings.Cut(pair, "=")
		pairs[k] = v
	}
	c, err := source.NewContext(pairs)
	if err != nil {
		t.Fatal(err)
	}
	return policy.Need{Location: location(), Ref: source.Ref{Name: name, Context: c}}
}

func build(t *testing.T, role policy.Role, needs ...policy.Need) (policy.Document, []policy.Note) {
	t.Helper()
	d, notes, err := policy.Build(role, needs)
	if err != nil {
		t.Fatal(err)
	}
	return d, notes
}

func judge(t *testing.T, d policy.Document) func(action, resource string, keys map[string][]string) bool {
	t.Helper()
	p, err := iam.Parse(d.JSON())
	if err != nil {
		t.Fatalf("%v in\n%s", err, d.JSON())
	}
	return func(action, resource string, keys map[string][]string) bool {
		return iam.Allows([]iam.Policy{p}, iam.Request{Action: action, Resource: resource, Keys: keys})
	}
}

func query(name string) map[string][]string {
	return map[string][]string{"dynamodb:LeadingKeys": {name}}
}

func opens(pairs ...string) map[string][]string {
	keys := map[string][]string{}
	for _, p := range pairs {
		k, v, _ := strings.Cut(p, "=")
		keys["kms:EncryptionContext:"+k] = []string{v}
		keys["kms:EncryptionContextKeys"] = append(keys["kms:EncryptionContextKeys"], k)
	}
	return keys
}

func TestReader(t *testing.T) {
	pinned := need(t, "b", "Env=prod app.tier=web")
	pinned.Ref.Version = "7"
	d, notes := build(t, policy.Reader, need(t, "a", "Env=prod app.tier=web"), pinned, need(t, "c", ""))
	want := `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "ReadNewest",
      "Effect": "Allow",
      "Action": ["dynamodb:Query"],
      "Resource": ["` + tableARN + `"],
      "Condition": {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["a", "c"]},
        "Null": {"dynamodb:LeadingKeys": "false"}
      }
    },
    {
      "Sid": "ReadVersions",
      "Effect": "Allow",
      "Action": ["dynamodb:GetItem"],
      "Resource": ["` + tableARN + `"],
      "Condition": {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["b"]},
        "Null": {"dynamodb:LeadingKeys": "false"}
      }
    },
    {
      "Sid": "Decrypt",
      "Effect": "Allow",
      "Action": ["kms:Decrypt"],
      "Resource": ["` + keyARN + `"],
      "Condition": {"Null": {"kms:EncryptionContextKeys": "true"}}
    },
    {
      "Sid": "Decrypt2",
      "Effect": "Allow",
      "Action": ["kms:Decrypt"],
      "Resource": ["` + keyARN + `"],
      "Condition": {
        "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["Env", "app.tier"]},
        "StringEquals": {"kms:EncryptionContext:Env": ["prod"], "kms:EncryptionContext:app.tier": ["web"]}
      }
    }
  ]
}`
	if diff := cmp.Diff(anything(t, want), anything(t, string(d.JSON()))); diff != "" {
		t.Error(diff)
	}
	if len(notes) != 0 {
		t.Errorf("got notes %v", notes)
	}
}

func anything(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// What is not asked for is refused, whichever way it comes near.
func TestReaderAllowsNothingElse(t *testing.T) {
	d, _ := build(t, policy.Reader, need(t, "a", "Env=prod tier=web"), need(t, "b", ""))
	allows := judge(t, d)
	tests := []struct {
		name, action, resource string
		keys                   map[string][]string
		want                   bool
	}{
		{"the secret", "dynamodb:Query", tableARN, query("a"), true},
		{"another secret", "dynamodb:Query", tableARN, query("x"), false},
		{"one more beside it", "dynamodb:Query", tableARN, map[string][]string{"dynamodb:LeadingKeys": {"a", "x"}}, false},
		{"no key in the request", "dynamodb:Query", tableARN, nil, false},
		{"another action", "dynamodb:GetItem", tableARN, query("a"), false},
		{"all of it", "dynamodb:Scan", tableARN, nil, false},
		{"another table", "dynamodb:Query", tableARN + "2", query("a"), false},
		{"its context", "kms:Decrypt", keyARN, opens("Env=prod", "tier=web"), true},
		{"a superset", "kms:Decrypt", keyARN, opens("Env=prod", "tier=web", "x=y"), false},
		{"a subset", "kms:Decrypt", keyARN, opens("Env=prod"), false},
		{"another case of a key", "kms:Decrypt", keyARN, opens("env=prod", "tier=web"), false},
		{"another case of a value", "kms:Decrypt", keyARN, opens("Env=Prod", "tier=web"), false},
		{"no context", "kms:Decrypt", keyARN, nil, true},
		{"another key", "kms:Decrypt", keyARN + "0", nil, false},
	}
	for _, tt := range tests {
		if got := allows(tt.action, tt.resource, tt.keys); got != tt.want {
			t.Errorf("%s: got %v", tt.name, got)
		}
	}
}

// Names and values that mean something to IAM mean themselves.
func TestOddNames(t *testing.T) {
	for _, name := range []string{"*", "?", "$", "${aws:username}", "${*}", "a*b?c$d", "&{aws:username}", "%{x}", `"quoted" \`, "$${*}"} {
		prefix := need(t, name, "")
		prefix.Prefix = true
		odd := need(t, name, "")
		odd.Ref.Context, _ = source.NewContext(map[string]string{"k": name})
		d, _ := build(t, policy.Reader, odd)
		wide, _ := build(t, policy.Reader, prefix)
		allows, allowsWide := judge(t, d), judge(t, wide)
		user := func(keys map[string][]string) map[string][]string {
			keys["aws:username"] = []string{"ann"}
			return keys
		}
		if !allows("dynamodb:Query", tableARN, user(query(name))) || !allows("kms:Decrypt", keyARN, user(opens("k="+name))) {
			t.Errorf("%q is not allowed by\n%s", name, d.JSON())
		}
		if !allowsWide("dynamodb:Query", tableARN, user(query(name+"more"))) {
			t.Errorf("what begins with %q is not allowed by\n%s", name, wide.JSON())
		}
		for _, other := range []string{"ann", "x", "axbxcxd", "", "a"} {
			if allows("dynamodb:Query", tableARN, user(query(other))) || allows("kms:Decrypt", keyARN, user(opens("k="+other))) || allowsWide("dynamodb:Query", tableARN, user(query(other))) {
				t.Errorf("%q is allowed by the policy for %q", other, name)
			}
		}
	}
}

func TestWidened(t *testing.T) {
	computed, all, free := need(t, "web.", ""), need(t, "app.*", ""), need(t, "", "")
	computed.Prefix, computed.Origin, computed.AnyVersion = true, "a.tmpl:1:2", true
	all.Pattern, all.Origin = true, "a.tmpl:3:4"
	free.Prefix, free.AnyContext, free.Origin = true, true, "a.tmpl:5:6"
	d, notes := build(t, policy.Reader, computed, all)
	allows := judge(t, d)
	if !allows("dynamodb:Query", tableARN, query("web.x")) || !allows("dynamodb:GetItem", tableARN, query("web.x")) || allows("dynamodb:Query", tableARN, query("web")) || !allows("dynamodb:Scan", tableARN, nil) {
		t.Errorf("got\n%s", d.JSON())
	}
	got := ""
	for _, n := range notes {
		got += n.String() + "\n"
	}
	if want := "a.tmpl:1:2: the name is computed: widened to all that begin with web.\na.tmpl:3:4: a pattern reads the whole table: IAM cannot limit dynamodb:Scan to app.*\n"; got != want {
		t.Errorf("got %q", got)
	}
	d, notes = build(t, policy.Reader, free, need(t, "a", "k=v"))
	if allows := judge(t, d); !allows("kms:Decrypt", keyARN, opens("x=y")) || !allows("dynamodb:Query", tableARN, query("x")) || len(notes) != 2 {
		t.Errorf("got %v\n%s", notes, d.JSON())
	}
	d, _ = build(t, policy.Writer, all)
	if allows := judge(t, d); !allows("dynamodb:PutItem", tableARN, query("app.x")) || allows("dynamodb:PutItem", tableARN, query("ap")) {
		t.Errorf("got\n%s", d.JSON())
	}
}

func TestWriterAndAdmin(t *testing.T) {
	d, _ := build(t, policy.Writer, need(t, "a", "k=v"))
	allows := judge(t, d)
	for action, want := range map[string]bool{"dynamodb:PutItem": true, "dynamodb:Query": true, "dynamodb:GetItem": false, "dynamodb:DeleteItem": false} {
		if got := allows(action, tableARN, query("a")); got != want || allows(action, tableARN, query("b")) {
			t.Errorf("%s: got %v", action, got)
		}
	}
	if !allows("kms:GenerateDataKey", keyARN, opens("k=v")) || allows("kms:GenerateDataKey", keyARN, nil) || allows("kms:Decrypt", keyARN, opens("k=v")) {
		t.Errorf("got\n%s", d.JSON())
	}
	d, _ = build(t, policy.Admin, need(t, "a", "k=v"))
	allows = judge(t, d)
	grant := func(constraint string, operations ...string) bool {
		keys := map[string][]string{"kms:GrantOperations": operations}
		if constraint != "" {
			keys["kms:GrantConstraintType"] = []string{constraint}
		}
		return allows("kms:CreateGrant", keyARN, keys)
	}
	if !grant("EncryptionContextEquals", "Decrypt") || grant("", "Decrypt") || grant("EncryptionContextSubset", "Decrypt") || grant("EncryptionContextEquals", "Decrypt", "CreateGrant") {
		t.Errorf("got\n%s", d.JSON())
	}
	if allows("kms:Decrypt", keyARN, opens("k=v")) || allows("dynamodb:Query", tableARN, query("a")) {
		t.Error("an admin reads secrets")
	}
}

func TestOtherSources(t *testing.T) {
	of := func(src, name, version string, pattern bool) policy.Need {
		n := need(t, name, "")
		n.Ref.Source, n.Ref.Version, n.Pattern = src, version, pattern
		return n
	}
	d, notes := build(t, policy.Reader,
		of("ssm", "/app/key:3", "", false), of("ssm", "plain", "", false), of("ssm", "/app/*", "", true),
		of("sm", "db/pass?#user", "", false), of("sm", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-AbCdEf", "", false),
		of("s3object", "bucket/a*b", "v1", false), of("s3object", "bucket/c", "", false), of("s3", "bucket/dir/*", "", true))
	allows := judge(t, unconditioned(d))
	for resource, action := range map[string]string{
		"arn:aws:ssm:eu-west-1:123456789012:parameter/app/key":                 "ssm:GetParameters",
		"arn:aws:ssm:eu-west-1:123456789012:parameter/plain":                   "ssm:GetParameters",
		"arn:aws:ssm:eu-west-1:123456789012:parameter/app":                     "ssm:GetParametersByPath",
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db/pass?-abcdef": "secretsmanager:GetSecretValue",
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-AbCdEf":        "secretsmanager:GetSecretValue",
		"arn:aws:s3:::bucket/a*b":                                              "s3:GetObjectVersion",
		"arn:aws:s3:::bucket/c":                                                "s3:GetObject",
		"arn:aws:s3:::bucket/dir/x":                                            "s3:GetObject",
		"arn:aws:s3:::bucket":                                                  "s3:ListBucket",
	} {
		if !allows(action, resource, nil) {
			t.Errorf("%s on %s is not allowed", action, resource)
		}
	}
	for resource, action := range map[string]string{
		"arn:aws:ssm:eu-west-1:123456789012:parameter/app/other":               "ssm:GetParameters",
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db/passx-abcdef": "secretsmanager:GetSecretValue",
		"arn:aws:s3:::bucket/axb": "s3:GetObjectVersion",
		"arn:aws:s3:::bucket/a*b": "s3:GetObject",
	} {
		if allows(action, resource, nil) {
			t.Errorf("%s on %s is allowed", action, resource)
		}
	}
	if len(notes) != 3 {
		t.Errorf("got notes %v", notes)
	}
}

// unconditioned leaves out what the evaluator does not know: s3:prefix.
func unconditioned(d policy.Document) policy.Document {
	for i := range d.Statement {
		d.Statement[i].Condition = nil
	}
	return d
}

func TestErrors(t *testing.T) {
	twins := need(t, "a", "Env=prod env=test")
	if _, _, err := policy.Build(policy.Reader, []policy.Need{twins}); !errors.Is(err, policy.ErrCase) {
		t.Errorf("got %v, want %v", err, policy.ErrCase)
	}
	if _, _, err := policy.Build(policy.Reader, nil); !errors.Is(err, policy.ErrNothing) {
		t.Errorf("got %v, want %v", err, policy.ErrNothing)
	}
	if _, _, err := policy.Build("root", []policy.Need{need(t, "a", "")}); !errors.Is(err, policy.ErrRole) {
		t.Errorf("got %v, want %v", err, policy.ErrRole)
	}
}

func TestTooLong(t *testing.T) {
	var needs []policy.Need
	for range 100 {
		needs = append(needs, need(t, strings.Repeat("x", 100)+string(rune('a'+len(needs))), ""))
	}
	if _, notes := build(t, policy.Reader, needs...); len(notes) != 1 || !strings.Contains(notes[0].Text, "6144") {
		t.Errorf("got %v", notes)
	}
}

func TestTerraform(t *testing.T) {
	d, _ := build(t, policy.Reader, need(t, "&{a}${b}%{c}", ""))
	got := string(d.Terraform("credrender_reader", "credential-store-reader"))
	want := `resource "aws_iam_policy" "credrender_reader" {
  name = "credential-store-reader"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadNewest"
        Effect   = "Allow"
        Action   = ["dynamodb:Query"]
        Resource = ["` + tableARN + `"]
        Condition = {
          "ForAllValues:StringEquals" = {
            "dynamodb:LeadingKeys" = ["&{a}$${$}{b}%%{c}"]
          }
          "Null" = {
            "dynamodb:LeadingKeys" = "false"
          }
        }
      },
      {
        Sid      = "Decrypt"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = ["` + keyARN + `"]
        Condition = {
          "Null" = {
            "kms:EncryptionContextKeys" = "true"
          }
        }
      },
    ]
  })
}
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A secret alone is read and looked at; from two on they come in batches, which IAM
// cannot limit to secrets.
func TestSecretsManager(t *testing.T) {
	sm := func(name string, prefix bool) policy.Need {
		return policy.Need{Location: location(), Ref: source.Ref{Source: source.SecretsManager, Name: name}, Prefix: prefix}
	}
	const whole = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1B2c3"
	for name, tt := range map[string]struct {
		needs []policy.Need
		batch bool
		want  []string
	}{
		"one":       {[]policy.Need{sm("db", false)}, false, []string{"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-??????"}},
		"one twice": {[]policy.Need{sm("db#user", false), sm("db#password", false)}, false, []string{"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-??????"}},
		"two":       {[]policy.Need{sm("db", false), sm("x", false)}, true, []string{"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-??????", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-??????"}},
		"prefix":    {[]policy.Need{sm("db", true)}, true, []string{"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db*"}},
		"ARN":       {[]policy.Need{sm(whole, false)}, false, []string{whole}},
		"part of one": {[]policy.Need{sm(strings.TrimSuffix(whole, "-a1B2c3"), false)}, false, []string{
			"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-??????",
		}},
	} {
		d, _, err := policy.Build(policy.Reader, tt.needs)
		if err != nil {
			t.Fatal(name, err)
		}
		batch := false
		for _, s := range d.Statement {
			if batch = batch || s.Sid == "SecretsInBatches"; s.Sid == "SecretsManager" {
				if diff := cmp.Diff(tt.want, s.Resource); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
		}
		if batch != tt.batch {
			t.Errorf("%s: in batches: %v", name, batch)
		}
	}
}

// What is printed into a policy is checked first.
func TestLocationsAreChecked(t *testing.T) {
	for name, change := range map[string]func(*policy.Need){
		"account":   func(n *policy.Need) { n.Location.Account = "*" },
		"table":     func(n *policy.Need) { n.Location.Table = "*" },
		"table ARN": func(n *policy.Need) { n.Location.Table = "arn:aws:dynamodb:eu-west-1:123456789012:table/*" },
		"partition": func(n *policy.Need) { n.Location.Table = "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/abc" },
		"key":       func(n *policy.Need) { n.Location.Key = "arn:aws:kms:eu-west-1:123456789012:key/*" },
		"alias":     func(n *policy.Need) { n.Location.Key = "alias/a" },
		"parameter": func(n *policy.Need) { n.Ref = source.Ref{Source: source.SSM, Name: "arn:aws:s3:::b"} },
		"secret":    func(n *policy.Need) { n.Ref = source.Ref{Source: source.SecretsManager, Name: "arn:aws:s3:::b"} },
		"object":    func(n *policy.Need) { n.Ref = source.Ref{Source: source.S3Object, Name: "arn:aws:s3:::b/k"} },
		"multi": func(n *policy.Need) {
			n.Ref = source.Ref{Source: source.S3Object, Name: "arn:aws:s3::123456789012:accesspoint/m.mrap/k"}
		},
	} {
		n := policy.Need{Location: location(), Ref: source.Ref{Name: "a"}}
		change(&n)
		if _, _, err := policy.Build(policy.Reader, []policy.Need{n}); !errors.Is(err, policy.ErrLocation) && !errors.Is(err, source.ErrARN) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
