package ssmtest

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/credrender/credrender/test/awsfake/wire"
)

// maxVersions are kept of a parameter. The oldest is not deleted while it has a label
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html).
const maxVersions = 100

// settings are what a parameter has besides its value. A PutParameter that leaves one out
// sets it to its default.
type settings struct {
	KeyId, Tier, DataType, Description, AllowedPattern string //nolint:revive // AWS's spelling
	Policies                                           string // a JSON array
}

// Set changes the settings of the newest version, as another program has left them.
func (s *Server) Set(name, keyID, tier, description, policies string) {
	s.Do(func() {
		v := &s.params[name][len(s.params[name])-1]
		v.settings = settings{KeyId: keyID, Tier: tier, DataType: "text", Description: description, Policies: policies}
	})
}

// Settings returns the settings of the newest version, for comparisons.
func (s *Server) Settings(name string) (found struct{ KeyID, Tier, DataType, Description, Policies string }) {
	s.Do(func() {
		if n := len(s.params[name]); n > 0 {
			set := s.params[name][n-1].settings
			found.KeyID, found.Tier, found.DataType, found.Description, found.Policies = set.KeyId, set.Tier, set.DataType, set.Description, set.Policies
		}
	})
	return found
}

// Between stores a value from within a request, as a faster writer does.
func (s *Server) Between(name, value string) {
	held := s.params[name]
	s.add(name, version{value: value, kind: "SecureString", settings: held[len(held)-1].settings})
}

func (s *Server) putParameter(body []byte) (any, error) {
	var in struct {
		settings
		Name, Value, Type string
		Overwrite         bool
	}
	if err := wire.Decode("PutParameter", body, &in); err != nil {
		return nil, err
	}
	held := s.params[in.Name]
	switch {
	case in.Value == "" || in.Name == "" || strings.Contains(in.Name, ":"):
		return nil, wire.Invalid("1 validation error detected: Value at 'value' failed to satisfy constraint")
	case strings.HasPrefix(strings.ToLower(strings.TrimPrefix(in.Name, "/")), "aws"):
		return nil, wire.Invalid("Parameter name must not be prefixed with \"aws\"")
	case len(held) > 0 && !in.Overwrite:
		return nil, &wire.Error{Code: "ParameterAlreadyExists", Message: "The parameter already exists."}
	case in.KeyId == "alias/credstash":
		return nil, &wire.Error{Code: "InvalidKeyId", Message: "alias/credstash"}
	}
	in.Tier, in.DataType = cmp.Or(in.Tier, "Standard"), cmp.Or(in.DataType, "text")
	if in.Type == "SecureString" {
		in.KeyId = cmp.Or(in.KeyId, "alias/aws/ssm")
	}
	limit := map[string]int{"Standard": 4096, "Advanced": 8192}[in.Tier]
	switch {
	case utf8.RuneCountInString(in.Value) > limit:
		return nil, wire.Invalid("Standard tier parameters support a maximum parameter value of 4096 characters.")
	case len(held) > 0 && held[len(held)-1].settings.Tier == "Advanced" && in.Tier != "Advanced":
		return nil, wire.Invalid("This parameter uses the advanced-parameter tier. You can't downgrade a parameter.")
	case len(held) > 0 && in.Type != "" && held[len(held)-1].kind != in.Type:
		return nil, wire.Invalid("The parameter type can't be changed.")
	}
	if len(held) == maxVersions {
		if len(held[0].labels) > 0 {
			return nil, &wire.Error{Code: "ParameterMaxVersionLimitExceeded", Message: "You attempted to create a new version"}
		}
		s.params[in.Name] = slices.Delete(held, 0, 1)
	}
	number := s.add(in.Name, version{value: in.Value, kind: in.Type, settings: in.settings})
	return map[string]any{"Version": number, "Tier": in.Tier}, nil
}

func (s *Server) describe(body []byte) (any, error) {
	var in struct {
		ParameterFilters []struct {
			Key, Option string
			Values      []string
		}
		NextToken string
	}
	if err := wire.Decode("DescribeParameters", body, &in); err != nil {
		return nil, err
	}
	if len(in.ParameterFilters) != 1 || in.ParameterFilters[0].Key != "Name" || in.ParameterFilters[0].Option != "Equals" {
		return nil, wire.NotImplemented("DescribeParameters: these filters")
	}
	found := []map[string]any{}
	for _, name := range in.ParameterFilters[0].Values {
		held := s.params[name]
		if len(held) == 0 {
			continue
		}
		v := held[len(held)-1]
		one := map[string]any{"Name": name, "Type": v.kind, "Version": v.number, "Tier": v.settings.Tier, "DataType": v.settings.DataType}
		for key, text := range map[string]string{"KeyId": v.settings.KeyId, "Description": v.settings.Description, "AllowedPattern": v.settings.AllowedPattern} {
			if text != "" {
				one[key] = text
			}
		}
		var policies []json.RawMessage
		if v.settings.Policies != "" {
			if err := json.Unmarshal([]byte(v.settings.Policies), &policies); err != nil {
				return nil, wire.Invalid("Policies are a JSON array")
			}
		}
		var inline []map[string]string
		for _, p := range policies {
			inline = append(inline, map[string]string{"PolicyText": string(p), "PolicyType": "Expiration", "PolicyStatus": "Pending"})
		}
		one["Policies"] = inline
		found = append(found, one)
	}
	if in.NextToken == "" { // AWS may answer with an empty page that is not the last
		return map[string]any{"Parameters": []any{}, "NextToken": "1"}, nil
	}
	return map[string]any{"Parameters": found}, nil
}

func (s *Server) delete(body []byte) (any, error) {
	var in struct{ Name string }
	if err := wire.Decode("DeleteParameter", body, &in); err != nil {
		return nil, err
	}
	if len(s.params[in.Name]) == 0 {
		return nil, &wire.Error{Code: "ParameterNotFound"}
	}
	s.remove(in.Name)
	return struct{}{}, nil
}

func (s *Server) history(body []byte) (any, error) {
	var in struct {
		Name           string
		WithDecryption bool
		MaxResults     int
		NextToken      string
	}
	if err := wire.Decode("GetParameterHistory", body, &in); err != nil {
		return nil, err
	}
	all := s.params[in.Name]
	if len(all) == 0 {
		return nil, &wire.Error{Code: "ParameterNotFound"}
	}
	from, _ := strconv.Atoi(in.NextToken)
	to := min(from+in.MaxResults, len(all))
	out := map[string]any{}
	var page []map[string]any
	for _, v := range all[from:to] {
		page = append(page, map[string]any{
			"Name": in.Name, "Version": v.number, "Labels": v.labels, "Description": v.settings.Description,
			"LastModifiedDate": v.written.Unix(), "LastModifiedUser": wire.ARN("iam", "", "user/test"),
		})
	}
	if out["Parameters"] = page; to < len(all) {
		out["NextToken"] = strconv.Itoa(to)
	}
	return out, nil
}
