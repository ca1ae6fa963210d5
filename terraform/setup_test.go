package terraform

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
)

const setupDir = "modules/credrender-setup"

// aws is what an account would answer.
var aws = answers{
	"aws_kms_key.arn":              "arn:aws:kms:eu-west-1:123456789012:key/made",
	"aws_kms_alias.target_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/found",
	"aws_dynamodb_table.arn":       "arn:aws:dynamodb:eu-west-1:123456789012:table/credential-store",
	"aws_iam_policy.arn":           "arn:aws:iam::123456789012:policy/made",
	"aws_iam_role.arn":             "arn:aws:iam::123456789012:role/credrender-web-1",
}

// The outputs have the names of fpco's credstash-setup; all are strings, so
// that they fit into credrender-grant.
func TestSetupOutputs(t *testing.T) {
	common := map[string]string{
		"kms_key_arn":       "arn:aws:kms:eu-west-1:123456789012:key/made",
		"db_table_arn":      aws["aws_dynamodb_table.arn"],
		"db_table_name":     "credential-store",
		"kms_key_alias":     "alias/credstash",
		"get_cmd":           "credrender --region eu-west-1 --table credential-store get",
		"put_cmd":           "credrender --region eu-west-1 --table credential-store --key alias/credstash put",
		"reader_policy_arn": "",
		"writer_policy_arn": "",
		"install_snippet":   "",
	}
	for name, c := range map[string]struct {
		inputs string
		change map[string]string
	}{
		"defaults": {`{}`, nil},
		"policies": {`{"create_reader_policy": true, "create_writer_policy": true}`, map[string]string{
			"reader_policy_arn": aws["aws_iam_policy.arn"], "writer_policy_arn": aws["aws_iam_policy.arn"],
		}},
		"found": {`{"create_kms_key": false, "create_db_table": false, "kms_key_name": "other"}`, map[string]string{
			"kms_key_arn": aws["aws_kms_alias.target_key_arn"], "kms_key_alias": "alias/other",
			"put_cmd": "credrender --region eu-west-1 --table credential-store --key alias/other put",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			e := evaluate(t, setupDir, values(t, c.inputs), aws)
			want, got := map[string]string{}, map[string]string{}
			for output, value := range common {
				want[output] = value
				if v, ok := c.change[output]; ok {
					want[output] = v
				}
				got[output] = orEmpty(e.output(output))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("outputs (-want +got):\n%s", diff)
			}
		})
	}
}

func orEmpty(v cty.Value) string {
	if v.IsNull() {
		return ""
	}
	return v.AsString()
}

func TestSetupTable(t *testing.T) {
	table := func(inputs string) map[string]cty.Value {
		return evaluate(t, setupDir, values(t, inputs), aws).resolve("aws_dynamodb_table.this").Index(cty.Zero).AsValueMap()
	}
	v := table(`{}`)
	if got := encode(t, v["attribute"]); got != `[{"name":"name","type":"S"},{"name":"version","type":"S"}]` {
		t.Errorf("attributes %s", got)
	}
	if v["billing_mode"].AsString() != "PAY_PER_REQUEST" || !v["read_capacity"].IsNull() || v["deletion_protection_enabled"].False() ||
		encode(t, v["point_in_time_recovery"]) != `[{"enabled":true}]` || v["server_side_encryption"] != cty.NilVal {
		t.Errorf("a table by default: %#v", v)
	}
	v = table(`{"provisioned": {"read": 5, "write": 2}, "table_kms_key_arn": "arn"}`)
	if v["billing_mode"].AsString() != "PROVISIONED" || encode(t, v["read_capacity"]) != "5" || encode(t, v["write_capacity"]) != "2" ||
		encode(t, v["server_side_encryption"]) != `[{"enabled":true,"kms_key_arn":"arn"}]` {
		t.Errorf("a table with all options: %#v", v)
	}
}

// What the key or the table are lost with, Terraform must refuse to destroy.
func TestSetupKeepsWhatCannotBeMadeAgain(t *testing.T) {
	m := load(t, setupDir)
	for _, address := range []string{"aws_kms_key.this", "aws_dynamodb_table.this"} {
		kept := false
		for _, b := range m.blocks[address].Body.Blocks {
			if a := b.Body.Attributes["prevent_destroy"]; b.Type == "lifecycle" && a != nil {
				v, _ := a.Expr.Value(nil)
				kept = v.True()
			}
		}
		if !kept {
			t.Errorf("%s can be destroyed", address)
		}
	}
}

func TestSetupPolicies(t *testing.T) {
	e := evaluate(t, setupDir, values(t, `{"create_reader_policy": true, "create_writer_policy": true, "reader_prefixes": ["web."]}`), aws)
	policies := e.resolve("aws_iam_policy.this").AsValueMap()
	reader, writer := policies["reader"].GetAttr("policy").AsString(), policies["writer"].GetAttr("policy").AsString()
	if strings.Contains(reader+writer, "kms:") || strings.Contains(reader+writer, "Scan") {
		t.Errorf("more than reading and putting by name:\n%s\n%s", reader, writer)
	}
	for _, want := range []string{`"dynamodb:Query"`, `"dynamodb:GetItem"`, `"web.*"`} {
		if !strings.Contains(reader, want) {
			t.Errorf("the reader policy has no %s: %s", want, reader)
		}
	}
	// Putting the next version takes a look at the newest.
	for _, want := range []string{`"dynamodb:PutItem"`, `"dynamodb:Query"`, `"*"`} {
		if !strings.Contains(writer, want) {
			t.Errorf("the writer policy has no %s: %s", want, writer)
		}
	}
}

// The snippet runs as root, so nothing goes into it unchecked.
func TestInstallSnippet(t *testing.T) {
	sum := strings.Repeat("0a", 32)
	e := evaluate(t, setupDir, values(t, `{"binary_url": "https://example.com/c", "binary_sha256": "`+sum+`"}`), aws)
	got := e.output("install_snippet").AsString()
	for _, want := range []string{"'https://example.com/c'", sum, "/usr/local/bin/credrender"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	for name, inputs := range map[string]string{
		"not a sum": `{"binary_url": "https://example.com/c", "binary_sha256": "' true '"}`,
		"capitals":  `{"binary_url": "https://example.com/c", "binary_sha256": "` + strings.ToUpper(sum) + `"}`,
	} {
		e := &evaluation{t, load(t, setupDir), map[string]cty.Value{}, nil, nil, map[string]cty.Value{}}
		if err := e.set(values(t, inputs)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, inputs := range map[string]string{
		"a quote":       `{"binary_url": "https://example.com/'c", "binary_sha256": "` + sum + `"}`,
		"no sum":        `{"binary_url": "https://example.com/c"}`,
		"a sum of what": `{"binary_sha256": "` + sum + `"}`,
	} {
		e := evaluate(t, setupDir, values(t, inputs), aws)
		if len(e.refusals("install_snippet")) == 0 {
			t.Errorf("%s: accepted", name)
		}
	}
}
