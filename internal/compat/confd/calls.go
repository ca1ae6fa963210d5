package confd

import (
	"strconv"
	"strings"
)

// renamed are functions of confd that only have another name here. Their arguments keep
// their order.
var renamed = map[string]string{
	"toUpper": "upper", "toLower": "lower", "base64Encode": "b64enc", "base64Decode": "b64dec",
	"json": "fromJson", "jsonArray": "fromJson", "map": "dict", "datetime": "now", "sortKVByLength": "sortByLength",
}

// same are functions that mean the same here: text/template's own, those of confd, and
// those that its maintained fork has from Sprig.
var same = fieldSet(`and or not len index slice print printf println html js urlquery call eq ne lt le gt ge
	base dir atoi add sub mul div mod sortByLength hostname
	default ternary coalesce empty toJson fromJson toPrettyJson indent nindent quote regexMatch regexFind regexReplaceAll
	repeat nospace dict list hasKey keys values append pluck sha256sum`)

// missing are functions that have no equivalent, with the reason.
var missing = map[string]string{
	"fileExists": "whether a file is there is not asked", "include": "list the file under partials, and use include NAME DATA",
	"lookupIP": "names are not looked up in the DNS", "lookupIPV4": "names are not looked up in the DNS", "lookupIPV6": "names are not looked up in the DNS",
	"lookupSRV": "names are not looked up in the DNS", "lookupIfaceIPV4": "no function for addresses of interfaces", "lookupIfaceIPV6": "no function for addresses of interfaces",
	"cget": "values of crypt cannot be decrypted", "cgets": "values of crypt cannot be decrypted", "cgetv": "values of crypt cannot be decrypted", "cgetvs": "values of crypt cannot be decrypted",
	"snakecase": "it splits words otherwise", "camelcase": "it splits words otherwise", "kebabcase": "it splits words otherwise", "squote": "it quotes otherwise",
}

// swapped are functions with the names and the order of arguments that they have here:
// "10" is the second argument, then the first.
var swapped = map[string]struct{ name, order string }{
	"split": {"splitList", "10"}, "join": {"join", "10"}, "contains": {"contains", "10"},
	"trimSuffix": {"trimSuffix", "10"}, "trimPrefix": {"trimPrefix", "10"},
}

// stringLists are the functions whose results confd reverses. It returns others unchanged,
// those of gets among them.
var stringLists = fieldSet("getvs ls lsdir split sortByLength sortKVByLength reverse")

func fieldSet(names string) map[string]bool {
	set := map[string]bool{}
	for name := range strings.FieldsSeq(names) {
		set[name] = true
	}
	return set
}

// keepsOrder reports whether a call can stay in a pipe.
func keepsOrder(name string) bool { return same[name] || renamed[name] != "" }

// call writes a call of a function.
func (r *rewriter) call(name string, args []arg) string {
	if same[name] {
		return called(name, joined(args))
	}
	r.changed = true
	if to := renamed[name]; to != "" {
		return called(to, joined(args))
	}
	if why := missing[name]; why != "" {
		return refuse("%s: %s", name, why)
	}
	if s, ok := swapped[name]; ok {
		need(name, args, len(s.order), len(s.order))
		words := []string{s.name}
		for _, i := range s.order {
			words = append(words, args[i-'0'].text)
		}
		return strings.Join(words, " ")
	}
	return r.special(name, args)
}

func called(name, args string) string { return strings.TrimSpace(name + " " + args) }

func need(name string, args []arg, least, most int) {
	if len(args) < least || len(args) > most {
		refuse("%s with %d arguments", name, len(args))
	}
}

// special writes the calls that need more than another name or order.
func (r *rewriter) special(name string, args []arg) string {
	switch name {
	case "getv", "get", "exists":
		need(name, args, 1, 2)
		return r.c.key(name, args)
	case "gets", "getvs", "ls", "lsdir":
		need(name, args, 1, 1)
		return r.c.below(name, args[0])
	case "getenv":
		need(name, args, 1, 2)
		instead := `""`
		if len(args) == 2 {
			instead = args[1].text
		}
		return "default " + instead + " (env " + args[0].text + ")"
	case "replace":
		need(name, args, 4, 4)
		if args[3].text != "-1" {
			refuse("replace of a limited number of occurrences")
		}
		return "replace " + args[1].text + " " + args[2].text + " " + args[0].text
	case "reverse":
		need(name, args, 1, 1)
		if !stringLists[args[0].call] {
			refuse("reverse of what is not the result of getvs, ls, lsdir, split, sortByLength or sortKVByLength: confd may leave it as it is")
		}
		return "reverse " + args[0].text
	case "seq":
		need(name, args, 2, 2)
		return sequence(args[0].text, args[1].text)
	case "parseBool":
		need(name, args, 1, 1)
		return `required "not a boolean" (get (dict "1" true "t" true "T" true "true" true "TRUE" true "True" true ` +
			`"0" false "f" false "F" false "false" false "FALSE" false "False" false) ` + args[0].text + `)`
	}
	return refuse("%s is not a function of confd", name)
}

// sequence counts up. The maintained fork of confd also counts down, confd itself doesn't.
func sequence(first, last string) string {
	from, notFrom := strconv.Atoi(first)
	to, notTo := strconv.Atoi(last)
	if notFrom != nil || notTo != nil {
		return "untilStep (int " + first + ") (int (add1 " + last + ")) 1"
	}
	if from > to {
		refuse("seq downwards: versions of confd differ")
	}
	return "untilStep " + first + " " + strconv.Itoa(to+1) + " 1"
}
