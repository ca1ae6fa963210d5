package template

import (
	"regexp"
	"slices"
	"strings"
)

// meant returns what to write for an unknown name: a function whose name differs in case
// alone, what another program's function of the name is here, or a function with a similar
// name. It returns "" if there is nothing of the kind.
func meant(name string, functions []string) string {
	for _, f := range functions {
		if strings.EqualFold(f, name) {
			return f
		}
	}
	for peer, ours := range peerFunctions() {
		if strings.EqualFold(peer, name) {
			return ours
		}
	}
	if bare, ok := strings.CutPrefix(name, "sprig_"); ok { // consul-template
		return meant(bare, functions)
	}
	return similar(name, functions)
}

// suggestion is the end of a message about an unknown function.
func suggestion(name string, functions []string) string {
	switch m := meant(name, functions); {
	case m == "":
		return ""
	case strings.Contains(m, " "):
		return ": here it is " + m
	default:
		return ": did you mean " + m + "?"
	}
}

// member returns the function of a namespace that a line of a template calls, such as
// base64.Decode, or the namespace alone.
func member(line, namespace string) string {
	called := regexp.MustCompile(`\b` + regexp.QuoteMeta(namespace) + `\.[A-Za-z0-9]+`).FindString(line)
	if called == "" {
		return namespace
	}
	return called
}

// peerFunctions returns what functions of other programs are here: a function, or how to
// write it, which has blanks. Names that differ in case alone are left out.
func peerFunctions() map[string]string {
	return map[string]string{
		// consul-template and Vault Agent
		"parseJSON": "fromJson", "parseYAML": "fromYaml", "parseInt": "int", "parseUint": "int", "parseFloat": "float64",
		"parseBool":       `eq VALUE "true"`,
		"toJSONPretty":    "toPrettyJson",
		"toUnescapedJSON": "toRawJson",
		"base64Decode":    "b64dec",
		"base64Encode":    "b64enc",
		"base64URLDecode": `VALUE | replace "-" "+" | replace "_" "/" | b64dec`,
		"base64URLEncode": `VALUE | b64enc | replace "+" "-" | replace "/" "_"`,
		"hmacSHA256Hex":   "hmac KEY VALUE",
		"sha256Hex":       "sha256sum",
		"key":             "secret",
		"keyOrDefault":    "secretOr DEFAULT NAME",
		"keyExists":       `secretOr "" NAME | empty | not`,
		"ls":              `secrets "PREFIX*"`,
		"safeLs":          `secrets "PREFIX*"`,
		"tree":            `secrets "PREFIX*"`,
		"safeTree":        `secrets "PREFIX*"`,
		"mustEnv":         "env",
		"envOrDefault":    "env NAME | default DEFAULT",
		"executeTemplate": "include NAME DATA",
		"timestamp":       `now | date "2006-01-02T15:04:05Z07:00"`,
		"toLower":         "lower",
		"toUpper":         "upper",
		"toTitle":         "title",
		"replaceAll":      "replace OLD NEW TEXT",
		"trimSpace":       "trim",
		"subtract":        "sub",
		"multiply":        "mul",
		"divide":          "div",
		"modulo":          "mod",
		"minimum":         "min",
		"maximum":         "max",
		"loop":            "until COUNT, or untilStep START STOP STEP",
		"in":              "has VALUE LIST",
		"containsAll":     "has VALUE LIST, once for each",
		"writeToFile":     "a file of its own in the config",
		"pkiCert":         "a secret: credrender issues no certificates",
		"service":         "a value of --vars FILE: credrender reads no Consul catalog",
		"services":        "a value of --vars FILE: credrender reads no Consul catalog",
		"plugin":          "a value of --vars FILE: templates run no programs",
		"spew_dump":       "toPrettyJson",
		"explode":         "fromJson, of a secret that is a document",
		"byKey":           `secrets "PREFIX*"`,
		"scratch":         "a variable: $x := VALUE, $x = VALUE",

		// confd
		"getv":       "secret",
		"getvs":      `secrets "PREFIX*" | values`,
		"gets":       `secrets "PREFIX*"`,
		"cget":       "secret",
		"cgetv":      "secret",
		"exists":     `secretOr "" NAME | empty | not`,
		"lsdir":      `secrets "PREFIX*"`,
		"getenv":     "env",
		"json":       "fromJson",
		"jsonArray":  "fromJson",
		"datetime":   "now",
		"lookupIP":   "a value of --vars FILE: templates ask no name server",
		"lookupSRV":  "a value of --vars FILE: templates ask no name server",
		"fileExists": "a value of --vars FILE: a file that is not there is an error",

		// gomplate
		"datasource": "file PATH, or secret NAME",
		"ds":         "file PATH, or secret NAME",
		"jsonv":      "fromJson",
		"yaml":       "fromYaml", "yamlArray": "fromYaml", "toml": "fromToml", "bool": `eq VALUE "true"`,
		"tmpl.Exec":     "include NAME DATA",
		"test.Required": "required MESSAGE VALUE", "test.Fail": "fail", "test.Ternary": "ternary",
		"data.JSON": "fromJson", "data.JSONArray": "fromJson", "data.YAML": "fromYaml", "data.YAMLArray": "fromYaml", "data.TOML": "fromToml",
		"data.ToJSON": "toJson", "data.ToJSONPretty": "toPrettyJson", "data.ToYAML": "toYaml", "data.ToTOML": "toToml",
		"base64.Encode": "b64enc", "base64.Decode": "b64dec",
		"conv.ToInt": "int", "conv.ToInt64": "int64", "conv.ToFloat64": "float64", "conv.ToString": "toString", "conv.ToStrings": "toStrings",
		"conv.ToBool": `eq VALUE "true"`, "conv.Default": "default", "conv.Join": "join SEPARATOR LIST", "conv.Dict": "dict",
		"coll.Dict": "dict", "coll.Slice": "list", "coll.Has": "hasKey MAP KEY, or has VALUE LIST", "coll.Keys": "keys", "coll.Values": "values",
		"coll.Append": "append", "coll.Prepend": "prepend", "coll.Uniq": "uniq", "coll.Reverse": "reverse", "coll.Sort": "sortAlpha", "coll.Merge": "mergeDeep MAP...",
		"coll.Pick": "pick", "coll.Omit": "omit", "coll.Index": "index",
		"crypto.SHA1": "sha1sum", "crypto.SHA256": "sha256sum", "crypto.SHA512": "sha512sum", "crypto.Bcrypt": "htpasswd USER PASSWORD, or bcrypt PASSWORD",
		"env.Getenv": "env NAME | default DEFAULT", "env.ExpandEnv": "expandenv", "file.Read": "file", "random.AlphaNum": "randAlphaNum", "random.Alpha": "randAlpha",
		"math.Add": "add", "math.Sub": "sub", "math.Mul": "mul", "math.Div": "div", "math.Rem": "mod", "math.Max": "max", "math.Min": "min", "math.Ceil": "ceil", "math.Floor": "floor", "math.Round": "round NUMBER 0", "math.Seq": "untilStep",
		"path.Base": "base", "path.Dir": "dir", "path.Ext": "ext", "path.Clean": "clean", "path.IsAbs": "isAbs",
		"filepath.Base": "osBase", "filepath.Dir": "osDir", "filepath.Ext": "osExt",
		"regexp.Find": "regexFind", "regexp.FindAll": "regexFindAll", "regexp.Match": "regexMatch", "regexp.Replace": "regexReplaceAll REGEX TEXT REPLACEMENT", "regexp.ReplaceLiteral": "regexReplaceAllLiteral REGEX TEXT REPLACEMENT", "regexp.Split": "regexSplit",
		"strings.Abbrev": "abbrev", "strings.CamelCase": "camelcase", "strings.Contains": "contains", "strings.HasPrefix": "hasPrefix", "strings.HasSuffix": "hasSuffix", "strings.Indent": "indent", "strings.KebabCase": "kebabcase",
		"strings.Quote": "quote", "strings.Repeat": "repeat", "strings.ReplaceAll": "replace", "strings.ShellQuote": "shellquote", "strings.SnakeCase": "snakecase", "strings.Sort": "sortAlpha", "strings.Split": "splitList", "strings.Squote": "squote",
		"strings.Title": "title", "strings.ToLower": "lower", "strings.ToUpper": "upper", "strings.Trim": "trimAll", "strings.TrimPrefix": "trimPrefix", "strings.TrimSpace": "trim", "strings.TrimSuffix": "trimSuffix", "strings.Trunc": "trunc", "strings.WordWrap": "wrap",
		"time.Now": "now", "uuid.V4": "uuidv4", "aws.Secret": "secretsManager", "net.LookupIP": "a value of --vars FILE: templates ask no name server",
		"jsonpath": "NAME#/KEY in the name of a secret", "jq": "fromJson, then .key",

		// Helm
		"tpl":           "include NAME DATA: text from a value is never run as a template",
		"lookup":        "a value of --vars FILE",
		"fromYamlArray": "fromYaml", "fromJsonArray": "fromJson", "toYamlPretty": "toYaml",

		// vals, chamber, gcredstash
		"ref": "secret", "vault": "secret", "awsssm": "ssm", "awssecrets": "secretsManager", "sh": "a value of --vars FILE: templates run no programs",
	}
}

// shown is how many names a message lists.
const shown = 5

// nearest returns the names that differ from word in the fewest letters, best
// first.
func nearest(word string, names []string) []string {
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int { return distance(word, a) - distance(word, b) })
	return names[:min(len(names), shown)]
}

// similar returns the name that is close enough to be meant, or nothing.
func similar(word string, names []string) string {
	if best := nearest(word, names); len(best) > 0 && distance(word, best[0]) <= max(1, len(word)/3) {
		return best[0]
	}
	return ""
}

// distance is Levenshtein's: letters to insert, remove or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0]++
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
