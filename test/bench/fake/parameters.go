package fake

import (
	"encoding/json"
	"strconv"
	"strings"
)

// parametersPage is how many parameters one request may get
// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html).
const parametersPage = 10

// parameter is one of Parameter Store, decrypted.
type parameter struct {
	Name, Type, Value, ARN, DataType string
	Version                          int
}

// parameters answers the three ways to read Parameter Store. A path has the
// names of the table below it.
func (t *table) parameters(operation string, body []byte) []byte {
	var in struct {
		Name, Path, NextToken string
		Names                 []string
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return notImplemented(err.Error())
	}
	var out any
	switch operation {
	case "GetParameter":
		out = map[string]parameter{"Parameter": t.parameter(in.Name)}
	case "GetParameters":
		out = map[string][]parameter{"Parameters": t.all(in.Names), "InvalidParameters": {}}
	default:
		names, next := t.below(in.Path, in.NextToken)
		out = struct {
			Parameters []parameter
			NextToken  string `json:",omitempty"`
		}{t.all(names), next}
	}
	answer, err := json.Marshal(out)
	if err != nil {
		return notImplemented(err.Error())
	}
	return response("200 OK", answer)
}

func (t *table) all(names []string) []parameter {
	out := make([]parameter, len(names))
	for i, name := range names {
		out[i] = t.parameter(name)
	}
	return out
}

// below returns a page of names. A token is the index that it begins with.
func (t *table) below(path, token string) (names []string, next string) {
	begin, _ := strconv.Atoi(token) // none is the first
	end := min(begin+parametersPage, t.names)
	for i := begin; i < end; i++ {
		names = append(names, strings.TrimSuffix(path, "/")+"/"+Name(i))
	}
	if end < t.names {
		next = strconv.Itoa(end)
	}
	return names, next
}

// parameter has the value that a secret of that name has; a path before it
// makes no difference.
func (t *table) parameter(name string) parameter {
	short := name[strings.LastIndex(name, "/")+1:]
	return parameter{
		Name: name, Type: "SecureString", Value: Value(short, t.size), Version: 1, DataType: "text",
		ARN: "arn:aws:ssm:eu-west-1:123456789012:parameter/" + strings.TrimPrefix(name, "/"),
	}
}
