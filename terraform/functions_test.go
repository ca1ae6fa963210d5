package terraform

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions are Terraform's, as far as the modules use them:
// https://developer.hashicorp.com/terraform/language/functions
func functions() map[string]function.Function {
	f := map[string]function.Function{
		"can": tryfunc.CanFunc, "try": tryfunc.TryFunc,
		"concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc, "distinct": stdlib.DistinctFunc,
		"flatten": stdlib.FlattenFunc, "join": stdlib.JoinFunc, "jsondecode": stdlib.JSONDecodeFunc,
		"jsonencode": stdlib.JSONEncodeFunc, "keys": stdlib.KeysFunc,
		"lower": stdlib.LowerFunc, "merge": stdlib.MergeFunc, "regex": stdlib.RegexFunc,
		"regexall": stdlib.RegexAllFunc, "replace": stdlib.ReplaceFunc, "sort": stdlib.SortFunc,
		"split": stdlib.SplitFunc, "substr": stdlib.SubstrFunc, "values": stdlib.ValuesFunc,
		"alltrue":      allTrue(),
		"length":       length(),
		"toset":        stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
		"startswith":   stringFunc(cty.Bool, func(s ...string) (cty.Value, error) { return cty.BoolVal(strings.HasPrefix(s[0], s[1])), nil }),
		"sha256":       text(func(s string) (string, error) { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]), nil }),
		"base64encode": text(func(s string) (string, error) { return base64.StdEncoding.EncodeToString([]byte(s)), nil }),
		"file":         text(read),
		"filebase64": text(func(path string) (string, error) {
			s, err := read(path)
			return base64.StdEncoding.EncodeToString([]byte(s)), err
		}),
	}
	f["templatefile"] = templateFile(f)
	return f
}

func read(path string) (string, error) {
	b, err := os.ReadFile(filepath.FromSlash(path))
	return string(b), err
}

// length is of lists, maps and objects; the standard one knows no strings.
func length() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "of", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if args[0].Type() == cty.String {
				return stdlib.Strlen(args[0])
			}
			return cty.NumberIntVal(int64(args[0].LengthInt())), nil
		},
	})
}

func allTrue() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			for _, v := range args[0].AsValueSlice() {
				if v.False() {
					return cty.False, nil
				}
			}
			return cty.True, nil
		},
	})
}

// stringFunc makes a function of strings.
func stringFunc(result cty.Type, f func(...string) (cty.Value, error)) function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "text", Type: cty.String},
		Type:     function.StaticReturnType(result),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			texts := make([]string, len(args))
			for i, a := range args {
				texts[i] = a.AsString()
			}
			return f(texts...)
		},
	})
}

func text(f func(string) (string, error)) function.Function {
	return stringFunc(cty.String, func(s ...string) (cty.Value, error) {
		out, err := f(s[0])
		return cty.StringVal(out), err
	})
}

func templateFile(others map[string]function.Function) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}, {Name: "vars", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			path := args[0].AsString()
			source, err := read(path)
			if err != nil {
				return cty.NilVal, err
			}
			expr, diags := hclsyntax.ParseTemplate([]byte(source), path, hcl.InitialPos)
			if diags.HasErrors() {
				return cty.NilVal, diags
			}
			v, diags := expr.Value(&hcl.EvalContext{Variables: args[1].AsValueMap(), Functions: others})
			if diags.HasErrors() {
				return cty.NilVal, diags
			}
			return v, nil
		},
	})
}
