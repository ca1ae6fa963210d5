package template_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/template"
)

// numbers is a document whose numbers no plain Go type holds.
const numbers = `{"n":5,"z":0,"p":9007199254740993,"m":1000000,"b":123456789012345678901234567890,"b2":99999999999999999999,
"c":123456789012345678901234567890,"d":1.10,"d1":1.1,"h":0.5,"zd":0.0,"e":1e3,"l":["a","b","c","d","e","f","g"],"nums":[1,2.50,3],"none":null}`

func convert(t *testing.T, text string) (string, error) {
	t.Helper()
	w := newWorld()
	w.secrets["doc"], w.secrets["port"], w.secrets["bytes"] = numbers, "5432\n", "p\xe9ss"
	_, out, err := w.render(t, `{{$j := secret "doc" | fromJson}}`+text, template.Options{Name: "n.tmpl", Vars: vars()})
	return string(out.Bytes), err
}

func TestConversions(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		// Digits.
		{`{{$j.p}} {{$j.m}} {{$j.b}} {{$j.d}} {{$j.e}} {{$j.zd}} {{range $j.nums}}{{.}};{{end}}`, "9007199254740993 1000000 123456789012345678901234567890 1.10 1e3 0.0 1;2.50;3;"},
		{`{{print $j.b $j.n}} {{quote $j.p $j.d}} {{squote $j.d}} {{toString $j.b}} {{cat $j.m $j.d}} {{join "," $j.nums}} {{html $j.d}} {{urlquery $j.b}}`,
			`123456789012345678901234567890 5 "9007199254740993" "1.10" '1.10' 123456789012345678901234567890 1000000 1.10 1,2.50,3 1.10 123456789012345678901234567890`},
		{`{{toJson (pick $j "b" "d" "e" "zd")}} {{toRawJson $j.nums}}`, `{"b":123456789012345678901234567890,"d":1.10,"e":1e3,"zd":0.0} [1,2.50,3]`},
		{`{{toYaml (pick $j "b" "d" "e" "n")}}`, "b: 123456789012345678901234567890\nd: 1.10\ne: 1.0e+3\n\"n\": 5"},
		{`{{toToml (pick $j "d" "n" "nums" "p")}}`, "d = 1.10\nn = 5\nnums = [1, 2.50, 3]\np = 9007199254740993"},
		{`{{deepCopy $j.nums | toJson}} {{merge (dict) (pick $j "d") | toJson}} {{mergeOverwrite (dict "d" 1) (pick $j "d") | toJson}}`, `[1,2.50,3] {"d":1.10} {"d":1.10}`},
		{`{{mulf 1000 1000}} {{float64 "12345678"}} {{list 1e6 2.5 | join "|"}} {{print 1e6 2e6}} {{quote 1e6}} {{toYaml (dict "a" 1e6)}} {{toYaml (list 1e6 nil)}} {{toJson 1e6}} {{dict "a" 1e7 | toJson}}`,
			"1000000 12345678 1000000|2.5 1000000 2000000 \"1000000\" a: 1000000 - 1000000\n- null 1000000 {\"a\":10000000}"},
		// Truth.
		{`{{if $j.z}}y{{else}}n{{end}}{{if $j.zd}}y{{else}}n{{end}}{{if $j.d}}y{{else}}n{{end}}{{with $j.zd}}y{{else}}n{{end}}{{if not $j.zd}}n{{end}}`, "nnynn"},
		{`{{with $x := $j.zd}}{{else}}{{$x}} {{add $x 1}} {{eq $x 0}} {{toJson $x}} {{printf "%.1f" $x}}{{end}}`, "0.0 1 true 0.0 0.0"},
		{`{{with $x := $j.zd}}{{else}}{{$y := $x}}{{kindOf $y}} {{default 3 $y}} {{list $x | toJson}}{{end}}{{template "t" $j.zd}}{{define "t"}}{{with .}}{{else}}{{.}}{{end}}{{end}}`, "float64 3 [0.0]0.0"},
		{`{{or $j.zd "d"}} {{or "" $j.zd}} {{and $j.n $j.d}} {{and $j.zd 5}} {{and 1 $j.zd}} {{if and $j.n $j.zd}}y{{else}}n{{end}}{{if or $j.zd $j.z}}y{{else}}n{{end}} {{$j.zd | and 1}}`,
			"d 0.0 1.10 0.0 0.0 nn 0.0"},
		{`{{default 9 $j.z}} {{default 9 $j.zd}} {{default 9 $j.d}} {{empty $j.zd}} {{coalesce $j.zd $j.n}} {{compact (list $j.zd 0 1) | toJson}} {{all 1 $j.zd}} {{any $j.zd}} {{ternary $j.d 1 true}}`,
			"9 9 1.10 true 5 [1] false false 1.10"},
		// Comparison.
		{`{{eq $j.n 5}} {{eq $j.n 5.0}} {{eq $j.d 1.1}} {{eq $j.d $j.d1}} {{eq $j.b $j.c}} {{eq $j.h 0.5}} {{ne $j.n 6}} {{eq $j.n 1 2 5}} {{eq nil $j.none}} {{eq $j.none "x"}}`,
			"true true true true true true true true true false"},
		{`{{lt $j.b2 $j.b}} {{lt $j.d 2}} {{gt $j.b 5}} {{le $j.n 5.0}} {{ge $j.d 1.1}} {{lt "a" "b"}}`, "true true true true true true"},
		{`{{deepEqual $j.n 5}} {{deepEqual (list 1 1.0) (list 1.0 1)}} {{has 1 $j.nums}} {{has 2.5 $j.nums}} {{uniq (list 1 1.0 $j.b $j.c) | toJson}} {{without $j.nums 1.0 | toJson}} {{deepEqual "1" 1}}`,
			"true true true true [1,123456789012345678901234567890] [2.50,3] false"},
		{`{{kindOf $j.n}} {{kindOf $j.b}} {{kindOf $j.d}} {{typeOf $j.d}} {{kindIs "int" $j.b}} {{kindIs "float64" $j.n}} {{printf "%T" $j.d}} {{kindOf nil}}`, "int int float64 float64 true false float64 invalid"},
		// Arithmetic, and counts.
		{`{{add $j.n 1}} {{add $j.p 1}} {{add $j.b 1}} {{mul $j.p $j.p}} {{sub $j.b 1}} {{div 7 2}} {{mod -7 3}} {{max $j.b 3}} {{min 5 $j.n}} {{add1 $j.e}} {{add 9223372036854775807 1}} {{add "08" 1}} {{add 1 2.0}}`,
			"6 9007199254740994 123456789012345678901234567891 81129638414606699710187514626049 123456789012345678901234567889 3 -1 123456789012345678901234567890 5 1001 9223372036854775808 9 3"},
		{`{{addf $j.d 0.1}} {{divf 10 4}} {{maxf 1.9 "2.5"}} {{round $j.d 1}} {{round 1.005 2}} {{round -1.2 0}} {{round -1.5 0}} {{round 15 -1}} {{round 123.5555 3 0.6}} {{ceil $j.d}} {{floor -1.5}}`,
			"1.2 2.5 2.5 1.1 1.01 -1 -2 20 123.555 2 -2"},
		{`{{until $j.n | toJson}} {{until (add 1 2) | toJson}} {{until 3.0 | toJson}} {{seq 1 $j.n}} {{seq 5 -1 5}} {{repeat $j.n "x"}} {{trunc $j.n "abcdefg"}} {{index $j.l $j.n}} {{slice $j.l 1 $j.n | join " "}} {{indent $j.n "x"}} {{plural "a" "b" $j.n}} {{chunk $j.n (list 1 2) | toJson}}`,
			"[0,1,2,3,4] [0,1,2] [0,1,2] 1 2 3 4 5 5 xxxxx abcde f b c d e      x b [[1,2]]"},
		{`{{range int $j.n}}x{{end}}{{range 3}}y{{end}}{{range len $j.l}}z{{end}}{{range (add 1 1)}}u{{end}}{{range $i := until $j.n}}{{$i}}{{end}}`, "xxxxxyyyzzzzzzzuu01234"},
		{`{{int "08"}} {{int "00"}} {{int "07"}} {{int "0x1F"}} {{int 5.7}} {{int "5.7"}} {{int "5.0"}} {{int "+5"}} {{int "-5"}} {{int "1_000"}} {{int "1e3"}} {{int $j.e}} {{int64 $j.p}} {{float64 $j.d}} {{float64 "1e3"}} {{atoi "08"}} {{toDecimal "0644"}}`,
			"8 0 7 31 5 5 5 5 -5 1000 1000 1000 9007199254740993 1.1 1000 8 420"},
		{`{{int (secret "port" | trim)}} {{mulf 0.75 1000 | int}} {{default 0 $j.none | int}} {{default 0 "" | int}} {{now | date "01" | int}}`, "5432 750 0 0 3"},
		// printf.
		{`{{printf "%d|%v|%5d|%05d|%-5d|%x" $j.n $j.n $j.n $j.n $j.n $j.n}} {{printf "%d" $j.b}} {{printf "%.2f" $j.n}} {{printf "%.3f" $j.d}} {{printf "%8.3f|" $j.d}} {{printf "%d" 2.0}}`,
			"5|5|    5|00005|5    |5 123456789012345678901234567890 5.00 1.100    1.100| 2"},
		{`{{printf "%s%% %q %v %*d %[2]s %t %c %U" "a%d" "b" 1.50 5 42 true 65 65}}`, ""},
		{`{{printf "%s%% %q %v %*d %t %c %U %T" "a%d" "b" 1e6 5 42 true 65 65 (list "a" "b")}}`, `a%d% "b" 1000000    42 true A U+0041 []interface {}`},
		{`{{printf "%[2]s %[1]s" "a" "b"}} {{printf "%v" "%!d(x"}} {{printf "%d" 2.0}} {{printf "%.2f" 1}}`, `b a %!d(x 2 1.00`},
		// Documents.
		{`{{fromJson "null" | default "x"}} {{default "null" "" | fromJson | default "y"}} {{(fromYaml "a: 1.10").a}} {{(fromToml "a = 1.10").a}}`, "x y 1.10 1.10"},
		{`{{toJson (fromYaml "{a: 0x1F, b: 1_000, c: .5, d: 1.0}")}}`, `{"a":31,"b":1000,"c":0.5,"d":1.0}`},
		// What is missing by design, and lists and maps.
		{`{{get (dict) "a" | default ""}}|{{dig "a" "d" (dict)}}|{{pluck "a" (dict) | toJson}}|{{first list | default "d"}}|{{index (dict) "k" | default "d"}}|{{env "NOT_SET" | default "d"}}|{{if env "NOT_SET"}}x{{end}}`, "|d|[]|d|d|d|"},
		{`{{merge (dict "a" 0 "f" false "s" "" "m" (dict "x" 0)) (dict "a" 1 "f" true "s" "t" "m" (dict "x" 1 "y" 2) "new" 1) | toJson}}`, `{"a":0,"f":false,"m":{"x":0,"y":2},"new":1,"s":""}`},
		{`{{merge (dict "a" nil) (dict "a" 1) | toJson}} {{mergeOverwrite (dict "a" 1 "b" 1) (dict "a" 0) | toJson}}`, `{"a":1} {"a":0,"b":1}`},
		// Bytes that nobody has to change.
		{`{{secret "bytes" | b64enc}} {{secret "bytes" | len}} {{secret "bytes" | sha256sum | len}} {{secret "bytes" | trunc 3 | b64enc}} {{b64dec "cOlzcw==" | b64enc}} {{print (secret "bytes") "x" | b64enc}}`,
			"cOlzcw== 4 64 cOlz cOlzcw== cOlzc3g="},
		{`{{rest list | toJson}} {{initial list | toYaml}} {{regexFindAll "x" "abc" -1 | toJson}} {{dict "a" (regexFindAll "x" "" -1) | toJson}}`, `[] [] [] {"a":[]}`},
		// Dates.
		{`{{durationRound "-2h10m"}} {{durationRound (mul -90 1000000000)}} {{durationRound (now | dateModify "2h")}}`, "-2h -1m -2h"},
		{`{{dateInZone "2006" 0 "UTC"}} {{duration 95}} {{duration "95"}} {{mul 60 5 | duration}} {{durationRound "2h10m5s"}} {{(toDate "2006-01-02" "2020-01-02").Year}} {{dateInZone "2006-01-02" $j.e "UTC"}}`,
			"1970 1m35s 1m35s 5m0s 2h 2020 1970-01-01"},
		{`{{regexReplaceAll "(a)b" "xabx" "${1}$$"}} {{urlJoin (urlParse "http://u:p%40@h:1/p?q#f")}} {{encryptAES "k" "v" | decryptAES "k"}} {{squote "a b"}} {{abbrev 5 "abcdefg"}}`,
			"xa$x http://u:p%40@h:1/p?q#f v 'a b' ab..."},
	} {
		got, err := convert(t, c.text)
		if c.want == "" && err == nil || c.want != "" && (err != nil || got != c.want) {
			t.Errorf("%s:\ngot  %q, %v\nwant %q", c.text, got, err, c.want)
		}
	}
}

// Each of these printed something before.
func TestRefusals(t *testing.T) {
	for text, want := range map[string]string{
		`{{fromJson "{\"hosts\":[\"a\"],}"}}`: "not valid JSON", `{{fromJson ""}}`: `default "null" X | fromJson`, `{{fromJson "1 2"}}`: "not valid JSON",
		`{{fromJson "{\"a\":1,\"a\":2}"}}`: "duplicate key", `{{fromYaml "a: 08"}}`: "leading zero", `{{fromYaml "a: .inf" | toJson}}`: "unsupported value", `{{minjson "{\"a\":1,}"}}`: "not valid JSON",
		`{{fromJson (secret "bytes" | quote)}}`: "not UTF-8", `{{fromJson "\"\\ud800\""}}`: "surrogate",
		`{{int "x"}}`: "not a number", `{{int ""}}`: "empty string", `{{int nil}}`: "no value", `{{int true}}`: "ternary", `{{int "010"}}`: "leading zero", `{{int "0644"}}`: "leading zero", `{{int " 5"}}`: "trim",
		`{{secret "port" | int}}`: "trim", `{{int $j.b}}`: "64 bits", `{{int .Vars.users}}`: "a slice", `{{int 1e300}}`: "64 bits", `{{int "9223372036854775808"}}`: "64 bits", `{{int "+-5"}}`: "not a number",
		`{{float64 "x"}}`: "not a number", `{{float64 "inf"}}`: "not a number", `{{float64 "1e400"}}`: "too large", `{{float64 "0x10"}}`: "not a number", `{{float64 $j.p}}`: "digits", `{{float64 ""}}`: "empty",
		`{{atoi "x"}}`: "not a number", `{{atoi ""}}`: "empty", `{{atoi " 5"}}`: "trim", `{{atoi "0x1F"}}`: "not a number", `{{toDecimal "9"}}`: "octal", `{{toDecimal ""}}`: "empty",
		`{{add 1 "x"}}`: "argument 2", `{{add 1 1.5}}`: "addf", `{{add 1 nil}}`: "no value", `{{add}}`: "needs a number", `{{max 1.9 1}}`: "decimal", `{{min 5 "x"}}`: "argument 2", `{{div 1 0}}`: "zero", `{{mod 1 0}}`: "zero",
		`{{randInt 5 5}}`: "greater than the first", `{{randInt 7 3}}`: "greater than the first", `{{addf 1 "x"}}`: "argument 2", `{{divf 1 0}}`: "zero", `{{mulf 1e308 10}}`: "too large", `{{ceil "x"}}`: "not a number", `{{round "x" 1}}`: "not a number", `{{addf $j.p 1}}`: "digits",
		`{{until "3"}}`: "use int", `{{until 2.5}}`: "decimal", `{{until nil}}`: "no value", `{{untilStep 0 5 0}}`: "step is 0", `{{seq 1 0 3}}`: "step is 0", `{{seq}}`: "LAST", `{{seq 1 2 3 4}}`: "LAST",
		`{{wrap 0 "ab cd"}}`: "less than 1", `{{wrapWith 0 "|" "abc"}}`: "less than 1", `{{chunk 0 .Vars.users}}`: "less than 1", `{{abbrev 2 "abcdef"}}`: "4 at least", `{{genCA "x" -5}}`: "less than 1",
		`{{slice .Vars.users "x" 2}}`: "use int", `{{slice list 5 9}}`: "out of range", `{{slice .Vars.users 5 9}}`: "out of range",
		`{{date "2006" "1999-01-01"}}`: "toDate", `{{date "2006" nil}}`: "nil", `{{date "2006" 1.5}}`: "neither", `{{date "YYYY-MM-DD" now}}`: "2006-01-02", `{{date "%Y" now}}`: "2006-01-02", `{{dateInZone "2006" 0 "No/Where"}}`: "zone",
		`{{toDate "2006-01-02" "31/12/2020"}}`: "parsing time", `{{(toDate "2006-01-02 MST" "2020-01-02 XYZ").Unix}}`: "offset", `{{dateModify "1d" now}}`: "largest unit", `{{ago "yesterday"}}`: "toDate", `{{htmlDate "x"}}`: "toDate",
		`{{toDate "" ""}}`: "no part of a date", `{{toDate "YYYY" "YYYY"}}`: "no part of a date", `{{secretOr "d" "no?k=v"}}`: "separate argument",
		`{{until $j.b}}x`: "argument 1 is a number of more than 64 bits", `{{addf 1 $j.b}}`: "argument 2 is a number with more digits",
		`{{duration "1h"}}`: "seconds", `{{duration true}}`: "ternary", `{{duration 1.5}}`: "decimal", `{{durationRound "1 day"}}`: "duration", `{{durationRound 5}}`: "nanoseconds",
		`{{b64dec "!!"}}`: "base64", `{{b64dec "YQ"}}`: "base64", `{{b64dec "YR=="}}`: "base64", `{{b32dec "!!"}}`: "base32", `{{b32dec "MB======"}}`: "base32",
		`{{regexMatch "(" "x"}}`: "regexp", `{{regexFind "(" "x"}}`: "regexp", `{{regexSplit "(" "x" -1}}`: "regexp", `{{regexReplaceAll "(a)" "a" "$1x"}}`: "group", `{{regexReplaceAll "a" "a" "$2"}}`: "group",
		`{{semver "x"}}`: "Semantic", `{{bcrypt (repeat 73 "x")}}`: "72 bytes", `{{derivePassword 1 "lnog" "p" "u" "s"}}`: "type", `{{genPrivateKey "rs"}}`: "key type", `{{derivePassword -1 "long" "p" "u" "s"}}`: "range",
		`{{encryptAES "" "x"}}`: "password is empty", `{{encryptAES (repeat 33 "x") "x"}}`: "32 bytes", `{{decryptAES "p" ""}}`: "encryptAES", `{{decryptAES "p" "!!"}}`: "encryptAES", `{{decryptAES "p" "AAAA"}}`: "encryptAES",
		`{{urlParse "db.example.com:5432/x"}}`: "//HOST:PORT", `{{urlParse ""}}`: "empty", `{{urlJoin (dict "hots" "x")}}`: "does not support", `{{urlJoin (dict)}}`: "all of its parts", `{{urlJoin (dict "host" "h" "userinfo" "a/b")}}`: "userinfo",
		`{{urlJoin (dict "hostname" "h")}}`: "write host", `{{base ""}}`: "empty", `{{dir ""}}`: "empty", `{{clean ""}}`: "empty",
		`{{dict "a" 1 "b"}}`: "no value", `{{dict "a" 1 "a" 2}}`: "duplicate key", `{{dict nil 1}}`: "no value", `{{kindIs "strnig" "x"}}`: "no such kind",
		`{{quote nil}}`: "no value", `{{quote .Vars.users}}`: "no text", `{{quote .Vars}}`: "no text", `{{squote "it's"}}`: "single quote", `{{toString nil}}`: "no value", `{{cat nil "a"}}`: "no value", `{{join "," (list 1 nil)}}`: "element 1", `{{join "," .Vars}}`: "no text",
		`{{join "," nil}}`: "no value", `{{toStrings nil}}`: "no value", `{{sortAlpha .Vars}}`: "no text", `{{print nil}}`: "no value", `{{println nil}}`: "no value", `{{html nil}}`: "no value",
		`{{.Vars.users}}`: "toJson", `{{list "a" "b"}}`: "toJson", `{{dict}}`: "cannot print a map", `{{print "x" .Vars}}`: "argument 2", `{{println (list 1)}}`: "toYaml", `{{html (dict)}}`: "toJson", `{{js .Vars.users}}`: "join",
		`{{urlquery (list)}}`: "toJson", `{{cat (list 1)}}`: "toJson", `{{join "," (list (list 1))}}`: "element 0", `{{join "," (dict)}}`: "no text", `{{printf "%v" .Vars.users}}`: "toJson", `{{printf "%#v" .Vars}}`: "toJson", `{{genCA "x" 1}}`: "a struct",
		`{{dict (list 1) 2 | toJson}}`: "no text", `{{$j.nums}}`: "toJson", `{{.Vars.users | toString}}`: "no text", `{{js nil}}`: "no value", `{{urlquery nil}}`: "no value",
		`{{html "\x00"}}`: "zero byte", `{{js "\U000e0001"}}`: "escape",
		`{{printf "%s" 5}}`: "does not fit", `{{printf "%d" "5"}}`: "does not fit", `{{printf "%s" $j.n}}`: "does not fit", `{{printf "%s" $j.d}}`: "does not fit", `{{printf "%d" $j.d}}`: "does not fit", `{{printf "%d" 1.5}}`: "does not fit",
		`{{printf "%d %d" 1}}`: "no argument", `{{printf "%s" "a" "b"}}`: "verbs for 1", `{{printf "%"}}`: "ends after", `{{printf "%z" 1}}`: "does not fit", `{{printf "%s" nil}}`: "no value", `{{printf "%v" nil}}`: "no value", `{{printf "%[3]d" 1}}`: "index",
		`{{printf "%*d" "x" 1}}`: "width", `{{printf "%9999999d" 1}}`: "too large", `{{printf "%q" 5}}`: "does not fit", `{{printf "%c" 1114112}}`: "does not fit", `{{printf "%s" (list 1)}}`: "toJson", `{{printf "%d" (list "a")}}`: "toJson",
		`{{printf "%t" 1}}`: "does not fit", `{{printf "%f" "1"}}`: "does not fit", `{{printf "%q" (secret "bytes")}}`: "UTF-8", `{{printf "%!"}}`: "", `{{printf "%p" .Vars}}`: "toJson",
		`{{range $j.n}}x{{end}}`: "range int N", `{{range $j.d}}x{{end}}`: "range int N", `{{range .Vars.n}}x{{end}}`: "range int N", `{{$n := 3}}{{range $n}}x{{end}}`: "range int N", `{{range $i := $j.n}}x{{end}}`: "range int N",
		`{{eq $j.n "5"}}`: "use int or toString", `{{lt $j.n "6"}}`: "use int or toString", `{{lt $j.none 1}}`: "nil", `{{eq .Vars .Vars}}`: "deepEqual", `{{index $j.l $j.d}}`: "decimal", `{{len $j.b}}`: "no length",
		`{{toJson (secret "bytes")}}`: "not UTF-8", `{{toPrettyJson (list (secret "bytes"))}}`: "not UTF-8", `{{toRawJson (dict (secret "bytes") 1)}}`: "not UTF-8", `{{toYaml (secret "bytes")}}`: "not UTF-8", `{{toToml (dict "a" (secret "bytes"))}}`: "not UTF-8",
		`{{minjson (secret "bytes")}}`: "not UTF-8", `{{upper (secret "bytes")}}`: "not UTF-8", `{{quote (secret "bytes")}}`: "not UTF-8", `{{title (secret "bytes")}}`: "not UTF-8", `{{nospace (secret "bytes")}}`: "not UTF-8", `{{shuffle (secret "bytes")}}`: "not UTF-8",
		`{{trunc 1 "é"}}`: "cuts a character", `{{substr 0 1 "é"}}`: "cuts a character", `{{slice "é" 0 1}}`: "cuts a character", `{{abbrev 6 "éééééé"}}`: "cuts a character", `{{trunc -1 "é"}}`: "cuts a character",
		`{{toToml (dict "b" $j.b)}}`: "64 bits", `{{toToml (dict "a" nil)}}`: "no null", `{{toToml (list 1)}}`: "a map", `{{toToml (pick $j "none")}}`: "no null",
		`{{env "NOT_SET"}}`: "unset", `{{env "NOT_SET" | upper}}`: "nil", `{{env "NOT_SET" | quote}}`: "no value", `{{expandenv "$NOT_SET"}}`: "not set", `{{expandenv "${HOME:-x}"}}`: "for a default", `{{expandenv "${"}}`: "${NAME}", `{{expandenv "${}"}}`: "${NAME}",
		`{{with $x := $j.zd}}{{else}}{{len $x}}{{end}}`: "no length", `{{with $x := $j.zd}}{{else}}{{range $x}}{{end}}{{end}}`: "range int N",
		`{{list nil}}`: "use toJson", `{{print (list 1 nil)}}`: "use toJson", `{{printf "%v" (dict "a" nil)}}`: "use toJson", `{{html $j}}`: "use toJson", `{{$j}}`: "use toJson", `{{randAlphaNum 0}}`: "less than 1",
		`{{$j.none}}`: "nothing to print", `{{has 1 "abc"}}`: "not a list", `{{compact 5}}`: "not a list", `{{uniq nil}}`: "no value",
	} {
		got, err := convert(t, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q, %v, want an error with %q", text, got, err, want)
		}
	}
}

// A value is at fault where the same template fails with no other answer, and the
// template is where it fails with all; whatever way the value came.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		text    string
		ofValue bool
		cause   string
	}{
		{`{{int "x"}}`, false, ""},
		{`{{int (secret "a")}}`, true, "secret a: "},
		{`{{$x := secret "a"}}{{$y := list $x "1"}}{{range $y}}{{int .}}{{end}}`, true, "secret a: "},
		{`{{$y := list "z"}}{{range $y}}{{int .}}{{end}}`, false, ""},
		{`{{if secret "a"}}{{int "x"}}{{end}}`, false, ""},
		{`{{range splitList "," (secret "csv")}}{{int "x"}}{{end}}`, false, ""},
		{`{{range splitList "," (secret "csv")}}{{int .}}{{end}}`, true, "secret csv: "},
		{`{{template "t" secret "a"}}{{define "t"}}{{int .}}{{end}}`, true, "secret a: "},
		{`{{template "t" "x"}}{{define "t"}}{{int .}}{{end}}`, false, ""},
		{`{{$d := dict}}{{$_ := set $d "k" (secret "a")}}{{int $d.k}}`, true, "secret a: "},
		{`{{add (int (secret "n")) (int "x")}}`, false, ""},
		{`{{printf "%s" (secret "n" | int)}}`, true, "secret n: "},
		{`{{printf "%s" 5}}{{secret "n"}}`, false, ""},
		{`{{add (secret "a") (secret "csv")}}`, true, "secret a, csv: "},
		{`{{env "HOME" | int}}`, true, "env HOME: "},
		{`{{env "NOT_SET"}}`, true, "env NOT_SET: "},
		{`{{file "/etc/motd" | fromJson}}`, true, "file /etc/motd: "},
		{`{{hostname | int}}`, true, "hostname: "},
		{`{{now | int}}`, false, ""},
		{`{{.Vars.h | int}}`, false, ""},
		{`{{.Vars.nope}}`, false, ""},
		{`{{$x := .Vars.nope}}`, false, ""},
		{`{{template "t" .Vars.nope}}{{define "t"}}{{end}}`, false, ""},
		{`{{(secret "json" | fromJson).nope}}`, true, "secret json: "},
		{`{{.Vars.h}}{{$x := (secret "json" | fromJson).nope}}`, true, "secret json: "},
		{`{{template "t" (secret "json" | fromJson).nope}}{{define "t"}}{{end}}`, true, "secret json: "},
		{`{{if (secret "json" | fromJson).nope}}{{end}}`, true, "secret json: "},
		{`{{if .Vars.nope}}{{end}}{{secret "a"}}`, false, ""},
		{`{{range (secret "n" | fromJson)}}{{end}}`, true, "secret n: "},
		{`{{range .Vars.n}}{{end}}{{secret "a"}}`, false, ""},
		{`{{index (secret "json" | fromJson) "zz"}}`, true, "secret json: "},
		{`{{index .Vars "zz"}}`, false, ""},
		{`{{upper (secret "n" | int)}}`, true, "secret n: "},
		{`{{upper 5}}`, false, ""},
		{`x{{secret "bin"}}`, true, "secret bin: "},
		{"x{{\"\\xff\"}}", false, ""},
		{`{{fail (secret "a")}}`, false, ""},
		{`{{derivePassword 1 "nope" "p" "u" "s"}}`, false, ""},
		{`{{genPrivateKey "nope"}}{{secret "a"}}`, false, ""},
		{`{{genPrivateKey (secret "a")}}`, true, "secret a: "},
		{`{{randAlphaNum 0}}`, false, ""},
		{`{{bcrypt (repeat 80 "x")}}`, false, ""},
		{`{{bcrypt (repeat 80 (secret "a"))}}`, true, "secret a: "},
		{`{{list "x"}}`, false, ""},
		{`{{splitList "," (secret "csv")}}`, false, ""},
		{`{{list (secret "a")}}`, false, ""},
		{`{{secrets "a*"}}`, false, ""},
		{`{{secret "json" | fromJson}}`, true, "secret json: "},
		{`{{int (secret (secret "env" | printf "db.%s"))}}`, true, "secret"},
	} {
		_, _, err := newWorld().render(t, c.text, template.Options{Name: "n.tmpl", Vars: vars()})
		e, ok := errors.AsType[*template.Error](err)
		if !ok || e.OfValue != c.ofValue || !strings.Contains(e.Error(), c.cause) {
			t.Errorf("%s: got %v (%+v), want a fault of the value: %v, with %q", c.text, err, e, c.ofValue, c.cause)
		}
		if ok && strings.Contains(e.Error(), "db.e1") {
			t.Errorf("%s: %v tells a derived name", c.text, err)
		}
	}
}

// Of hundreds of secrets the one at fault is found too.
func TestFaultOfMany(t *testing.T) {
	w := newWorld()
	text := fifty(`{{secret "s%d"}}`) + fifty(`{{secretOr "d" "t%d"}}`) + `{{$v := secret "a"}}{{int $v}}`
	_, _, err := w.render(t, text, template.Options{Name: "n.tmpl"})
	if err == nil || !strings.Contains(err.Error(), ": int: secret a: a string that is not a number") {
		t.Errorf("got %v", err)
	}
}
