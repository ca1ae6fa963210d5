package iam_test

import (
	"strings"
	"testing"

	"github.com/credrender/credrender/test/awsfake/iam"
)

func parse(t *testing.T, condition string) []iam.Policy {
	t.Helper()
	p, err := iam.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:Get*","Resource":"arn:x:*","Condition":` + condition + `}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return []iam.Policy{p}
}

// The rules for missing keys are IAM's own page on condition operators.
func TestConditions(t *testing.T) {
	tests := []struct {
		name, condition, keys string
		want                  bool
	}{
		{"no condition", `{}`, "", true},
		{"equals", `{"StringEquals":{"kms:EncryptionContext:env":"prod"}}`, "kms:EncryptionContext:ENV=prod", true},
		{"another case of the value", `{"StringEquals":{"kms:EncryptionContext:env":"prod"}}`, "kms:EncryptionContext:env=Prod", false},
		{"missing", `{"StringEquals":{"kms:EncryptionContext:env":"prod"}}`, "", false},
		{"missing, if it exists", `{"StringEqualsIfExists":{"kms:EncryptionContext:env":"prod"}}`, "", true},
		{"missing, not equals", `{"StringNotEquals":{"kms:EncryptionContext:env":"prod"}}`, "", true},
		{"wildcards are text", `{"StringEquals":{"kms:EncryptionContext:env":"p*"}}`, "kms:EncryptionContext:env=prod", false},
		{"like", `{"StringLike":{"kms:EncryptionContext:env":"p*d"}}`, "kms:EncryptionContext:env=prod", true},
		{"all values", `{"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["a","b"]}}`, "dynamodb:LeadingKeys=a,b", true},
		{"not all values", `{"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["a","b"]}}`, "dynamodb:LeadingKeys=a,c", false},
		{"all of none", `{"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["a"]}}`, "", true},
		{"any value", `{"ForAnyValue:StringEquals":{"dynamodb:LeadingKeys":["a"]}}`, "dynamodb:LeadingKeys=a,c", true},
		{"any of none", `{"ForAnyValue:StringEquals":{"dynamodb:LeadingKeys":["a"]}}`, "", false},
		{"null", `{"Null":{"dynamodb:LeadingKeys":"true"}}`, "", true},
		{"not null", `{"Null":{"dynamodb:LeadingKeys":"false"}}`, "", false},
		{"a star that is a star", `{"ForAllValues:StringLike":{"dynamodb:LeadingKeys":"${*}"}}`, "dynamodb:LeadingKeys=*", true},
		{"and nothing else", `{"ForAllValues:StringLike":{"dynamodb:LeadingKeys":"${*}"}}`, "dynamodb:LeadingKeys=a", false},
		{"a variable", `{"StringEquals":{"kms:EncryptionContext:env":"${aws:username}"}}`, "kms:EncryptionContext:env=ann;aws:username=ann", true},
		{"a variable that is not there", `{"StringEquals":{"kms:EncryptionContext:env":"${aws:username}"}}`, "kms:EncryptionContext:env=${aws:username}", false},
		{"its text", `{"StringEquals":{"kms:EncryptionContext:env":"${$}{aws:username}"}}`, "kms:EncryptionContext:env=${aws:username};aws:username=ann", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := iam.Request{Action: "dynamodb:GetItem", Resource: "arn:x:y", Keys: map[string][]string{}}
			for pair := range strings.SplitSeq(tt.keys, ";") {
				if k, v, ok := strings.Cut(pair, "="); ok {
					r.Keys[k] = strings.Split(v, ",")
				}
			}
			if got := iam.Allows(parse(t, tt.condition), r); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestActionsAndResources(t *testing.T) {
	p := parse(t, `{}`)
	for action, want := range map[string]bool{"dynamodb:GetItem": true, "dynamodb:getitem": true, "dynamodb:PutItem": false, "xdynamodb:GetItem": false} {
		if got := iam.Allows(p, iam.Request{Action: action, Resource: "arn:x:y"}); got != want {
			t.Errorf("%s: got %v", action, got)
		}
	}
	if iam.Allows(p, iam.Request{Action: "dynamodb:GetItem", Resource: "arn:z:y"}) {
		t.Error("another resource is allowed")
	}
	if _, err := iam.Parse([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`)); err == nil {
		t.Error("a statement outside a list is read, but not written here")
	}
	deny, err := iam.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if iam.Allows(append(p, deny), iam.Request{Action: "dynamodb:GetItem", Resource: "arn:x:y"}) {
		t.Error("what is denied is allowed")
	}
}

func TestUnknownIsRefused(t *testing.T) {
	for _, condition := range []string{
		`{"StringEqual":{"dynamodb:LeadingKeys":"a"}}`,
		`{"StringEquals":{"dynamodb:Attributes":"a"}}`,
		`{"ForAllValues:StringEquals":{"kms:EncryptionContext:env":"a"}}`,
		`{"ForEachValue:StringEquals":{"dynamodb:LeadingKeys":"a"}}`,
	} {
		_, err := iam.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":` + condition + `}]}`))
		if err == nil {
			t.Errorf("%s is read", condition)
		}
	}
}
