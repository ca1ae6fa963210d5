package secretfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/credrender/credrender/pkg/source"
)

// nested is JSON in which the names and values are in an inner object.
type nested struct{ data []byte }

// parseVault reads both versions of Vault's key-value engine. Version 2 has the values
// in data.data, beside their metadata
// (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-version).
func parseVault(data []byte) ([]Entry, error) {
	n := nested{data}
	outer, err := n.object(data, "")
	if err != nil {
		return nil, err
	}
	values, ok := outer["data"]
	if !ok {
		return nil, n.fault(data, "no data: it is not what 'vault kv get -format=json' prints")
	}
	inner, err := n.object(values, "data")
	if err != nil {
		return nil, err
	}
	if _, v2 := inner["metadata"]; v2 && isObjectOrNull(inner["data"]) && isObjectOrNull(inner["metadata"]) {
		values = inner["data"]
		if isNull(values) {
			return nil, n.fault(inner["metadata"], "data.data is null: the version is deleted or destroyed")
		}
	}
	return n.entries(values)
}

// parseConfidant reads a service, as the server answers it or as the client prints it
// around the answer. Blind credentials are encrypted unless the client decrypted them.
func parseConfidant(data []byte) ([]Entry, error) {
	n := nested{data}
	service, err := n.object(data, "")
	if err != nil {
		return nil, err
	}
	if inner, ok := service["service"]; ok {
		if service, err = n.object(inner, "service"); err != nil {
			return nil, err
		}
	}
	if service["credentials"] == nil {
		return nil, n.fault(data, "no credentials: it is not what Confidant's get_service prints")
	}
	entries, err := n.credentials(service["credentials"], "credentials", "credential_pairs", "no credential_pairs: it is metadata only")
	if err != nil {
		return nil, err
	}
	blind, err := n.credentials(service["blind_credentials"], "blind_credentials", "decrypted_credential_pairs",
		"a blind credential that is encrypted: get the service with --decrypt-blind")
	return append(entries, blind...), err
}

// ParseFlat reads JSON that is one object of names and values. Unlike an export, it has no
// form for bytes.
func ParseFlat(data []byte) ([]Entry, error) {
	entries, err := parseJSONObject(data, refuseObject)
	if err != nil {
		return nil, err
	}
	return unique(entries)
}

// credentials reads a list of credentials, each with its pairs under key.
func (n nested) credentials(list json.RawMessage, what, key, missing string) ([]Entry, error) {
	if list == nil || isNull(list) {
		return nil, nil
	}
	var all []json.RawMessage
	if json.Unmarshal(list, &all) != nil {
		return nil, n.fault(list, what+" is not a list")
	}
	var entries []Entry
	for _, one := range all {
		credential, err := n.object(one, what)
		if err != nil {
			return nil, err
		}
		if enabled, ok := credential["enabled"]; ok && string(enabled) == "false" {
			return nil, n.fault(one, what+": a credential that is disabled: take it out of the file")
		}
		pairs, ok := credential[key]
		if !ok {
			return nil, n.fault(one, what+": "+missing)
		}
		found, err := n.entries(pairs)
		if err != nil {
			return nil, err
		}
		entries = append(entries, found...)
	}
	return entries, nil
}

// object returns the members of an object, which name says where it is.
func (n nested) object(raw []byte, name string) (map[string]json.RawMessage, error) {
	if !utf8.Valid(raw) {
		return nil, &SyntaxError{Msg: "not UTF-8"}
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	var members map[string]json.RawMessage
	err := json.Unmarshal(raw, &members)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		read := raw[:min(int(syntax.Offset), len(raw))]
		return nil, &SyntaxError{1 + bytes.Count(read, []byte("\n")), "not valid JSON"}
	}
	if err != nil || members == nil {
		if name == "" {
			return nil, n.fault(raw, "not a JSON object")
		}
		return nil, n.fault(raw, name+" is not an object")
	}
	return members, nil
}

// entries reads an object of names and values, with line numbers of the whole file.
func (n nested) entries(raw json.RawMessage) ([]Entry, error) {
	before := n.line(raw) - 1
	if !bytes.HasPrefix(raw, []byte("{")) {
		return nil, n.fault(raw, "not an object of names and values")
	}
	entries, err := parseJSONObject(raw, refuseObject)
	if fault, ok := errors.AsType[*SyntaxError](err); ok {
		return nil, &SyntaxError{fault.Line + before, fault.Msg}
	}
	for i := range entries {
		entries[i].Line += before
	}
	return entries, err
}

// refuseObject is for formats without a form for bytes.
func refuseObject(r *jsonReader, name string) ([]byte, error) {
	return nil, r.fault(source.Show(name) + ": an object is not a value")
}

func (n nested) fault(raw []byte, msg string) error { return &SyntaxError{n.line(raw), msg} }

// line returns the line on which a part of the file begins.
func (n nested) line(raw []byte) int {
	return 1 + bytes.Count(n.data[:max(bytes.Index(n.data, raw), 0)], []byte("\n"))
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

func isObjectOrNull(raw json.RawMessage) bool {
	return isNull(raw) || bytes.HasPrefix(raw, []byte("{"))
}
