package template_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/credrender/credrender/pkg/template"
)

func parse(t *testing.T, text string, o template.Options) *template.Template {
	t.Helper()
	tmpl, err := template.Parse(text, o)
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

func TestRefs(t *testing.T) {
	tmpl := parse(t, `{{if false}}{{secret "a"}}{{end}}
{{secret "b" "web" | upper}} {{7 | secretVersion "c"}}
{{define "x"}}{{secretOr "d" "e" (dict "k" "v")}}{{end}}
{{range $i := until 3}}{{secret (printf "s%d" $i)}}{{end}}{{secret (printf "s%d" 4)}}
{{upper (secrets "p.*" "k=v")}} {{with file "/etc/motd"}}{{env .}}{{end}}{{upper hostname}}{{now}}
{{secret "a" "nope"}}{{secret "a" 1.5}}{{secret (secret "n")}}{{template "x" (env "E")}}
`, template.Options{Name: "n", Contexts: map[string]map[string]string{"web": {"Env": "x"}}, Context: map[string]string{"c": "d"}})
	var got []string
	for _, r := range tmpl.Refs() {
		s := fmt.Sprintf("%d:%d %s %v", r.Line, r.Col, r.Func, r.Query)
		if r.Dynamic {
			s = fmt.Sprintf("%d:%d %s dynamic %s", r.Line, r.Col, r.Func, r.Kind)
		}
		if r.Err != nil {
			s += " ! " + r.Err.Error()
		}
		got = append(got, s)
	}
	want := []string{
		"1:15 secret secret a (c=d)",
		"2:3 secret secret b (Env=x)",
		"2:36 secretVersion secret c version 7 (c=d)",
		"3:17 secretOr secret e (k=v)",
		"4:26 secret dynamic secret",
		"4:61 secret secret s4 (c=d)",
		"5:10 secrets secrets p.* (k=v)",
		"5:40 file file /etc/motd",
		"5:60 env dynamic env",
		"5:82 hostname hostname",
		"5:94 now now",
		`6:3 secret secret "" ! template n:6:3: secret: unknown context nope (known are web)`,
		`6:24 secret secret "" ! template n:6:24: secret: a context is key=value, a name or a map, not a float64`,
		"6:42 secret dynamic secret",
		"6:50 secret secret n (c=d)",
		"6:79 env env E",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A name that is made anew at each run is not a constant.
func TestRefsOfRandomNames(t *testing.T) {
	for _, r := range parse(t, `{{secret (randAlpha 4)}}{{secret (genPrivateKey "ed25519")}}`, template.Options{}).Refs() {
		if !r.Dynamic {
			t.Errorf("%v is taken for a constant", r.Query)
		}
	}
}

func TestRefsSayWhatIsRefused(t *testing.T) {
	tmpl := parse(t, `{{secret "a"}}{{secret "web.a"}}{{env "E"}}`, template.Options{Allow: []string{"web.*"}, Restrict: true})
	var refused []bool
	for _, r := range tmpl.Refs() {
		refused = append(refused, errors.Is(r.Err, template.ErrNotAllowed))
	}
	if diff := cmp.Diff([]bool{true, false, true}, refused); diff != "" {
		t.Error(diff)
	}
}

func TestLint(t *testing.T) {
	for _, c := range []struct {
		name, text string
		o          template.LintOptions
		want       []string
	}{
		{"clean", `a={{secret "a"}} {{dateInZone "2006" 0 "UTC"}}`, template.LintOptions{}, nil},
		{"volatile", "{{if false}}{{now}}{{end}}\n{{$x := randAlphaNum 8 | upper}}{{uuidv4}}{{genPrivateKey \"rsa\"}}{{bcrypt \"x\"}}", template.LintOptions{},
			[]string{"1:15 volatile", "2:9 volatile", "2:35 volatile", "2:45 volatile", "2:68 volatile"}},
		{"htpasswd is stable", `{{htpasswd "u" (secret "a")}}`, template.LintOptions{}, nil},
		{"wildcard", `{{secrets "a*" | toJson}}`, template.LintOptions{}, nil},
		{"wildcard on a schedule", `{{secrets "a*" | toJson}}`, template.LintOptions{Scheduled: true}, []string{"1:3 wildcard"}},
		{"own output", `{{file "/etc/a"}}{{file "/etc//b"}}{{file "/etc/c"}}`, template.LintOptions{Dests: []string{"/etc/a", "/etc/b"}},
			[]string{"1:3 own-output", "1:20 own-output"}},
		{"refused", `{{secret "a" "nope"}}`, template.LintOptions{}, []string{"1:3 refused"}},
		{"undefined", `{{if false}}{{template "x"}}{{end}}`, template.LintOptions{}, []string{"1:24 undefined"}},
		{"json", `{"a":{{secret "a"}},"b":"{{secret "b"}}","c":{{secret "c" | jsonquote}},"d":{{dict "x" (secret "d") | toJson}}}`,
			template.LintOptions{Format: "json"}, []string{"1:8 unquoted", "1:28 unquoted"}},
		{"json by extension", `{"a":{{secret "a"}}}`, template.LintOptions{Dest: "/run/x.json"}, []string{"1:8 unquoted"}},
		{"json, harmless", `{"a":"{{secret "a" | b64enc}}","n":{{secret "n" | atoi}},"h":"{{.Vars.h}}"}`, template.LintOptions{Format: "json"}, nil},
		{"shell", `A={{secret "a"}} B={{secret "b" | shellquote}} C={{secret "c" | quote}}`, template.LintOptions{Dest: "x.sh"},
			[]string{"1:5 unquoted", "1:52 unquoted"}},
		{"env file", `A={{(secret "a")}} B={{(secret "b" | envquote)}}`, template.LintOptions{Format: "env"}, []string{"1:5 unquoted"}},
		{"through variables", `{{$x := secret "a"}}{{$y := upper $x}}A={{$y}} B={{$y | envquote}}{{range $k, $v := secrets "*"}}{{$v}}{{end}}`,
			template.LintOptions{Format: "env"}, []string{"1:43 unquoted", "1:100 unquoted"}},
		{"names of secrets", `{{range $name, $value := secrets "*"}}{{$name | upper}}={{$value | envquote}}{{end}}`, template.LintOptions{Format: "env"}, nil},
		{"round a loop", `{{$x := ""}}{{$y := ""}}{{range list 1 2}}A={{$y}}{{$y = $x}}{{$x = secret "a"}}{{end}}`,
			template.LintOptions{Format: "env"}, []string{"1:47 unquoted"}},
		{"whole file", `{{secret "a"}}` + "\n", template.LintOptions{Format: "json"}, nil},
		{"calls that fail", "{{int \"0644\"}}{{\"{\" | fromJson}}{{date \"2006\" \"1999\"}}{{date \"2006\" 0}}\n{{printf \"%s\" 5}}{{printf \"%s %d\" .Vars.h}}{{.Vars.h | printf \"%s%%\"}}{{printf \"%*d\" 3 .Vars.n}}{{fail \"x\"}}",
			template.LintOptions{}, []string{"1:3 conversion", "1:23 conversion", "1:35 conversion", "2:3 conversion", "2:20 conversion"}},
		{"calls that changed", `{{if kindIs "float64" .Vars.n}}{{end}}{{typeIs "float64" .Vars.n}}{{kindIs "string" .Vars.n}}{{merge .Vars (dict "a" 1) | toYaml}}`,
			template.LintOptions{}, []string{"1:6 conversion", "1:41 conversion", "1:96 conversion"}},
		{"swapped", `{{secretOr "db.password" "x"}}{{secretOr "ssm:/a/b" "none"}}{{secretOr "127.0.0.1" "host"}}{{secretOr "/var/run" "dir"}}{{secretOr "info" "app.level"}}{{secretOr "a.b" "c.d"}}{{secretOr 5 "x"}}`,
			template.LintOptions{}, []string{"1:3 swapped", "1:33 swapped"}},
		{"lists and maps have no text", `{{splitList "," .Vars.h}}{{$x := list 1}}{{print (keys .Vars)}}{{secrets "a*" | quote}}{{list 1 | join ","}}{{range list 1}}{{end}}{{printf "%T" (list 1)}}`,
			template.LintOptions{}, []string{"1:3 conversion", "1:51 conversion", "1:66 conversion"}},
		{"quoters of other formats", `{{secret "a"}}={{secret "b" | propertiesquote}}`, template.LintOptions{Format: "properties"}, []string{"1:3 unquoted"}},
		{"xml by extension", `<a>{{secret "a" | html}}</a>{{secret "b" | xmlquote}}`, template.LintOptions{Dest: "/etc/x.xml"}, []string{"1:6 unquoted"}},
		{"pgpass by name", `h:*:*:u:{{secret "a"}}`, template.LintOptions{Dest: "/root/.pgpass"}, []string{"1:11 unquoted"}},
		{"ini", `a={{secret "a"}}`, template.LintOptions{Format: "ini"}, []string{"1:5 unquoted"}},
		{"option file of MySQL", `a={{secret "a"}} b={{secret "b" | jsonquote}}`, template.LintOptions{Format: "ini", Dest: "/etc/my.cnf"}, []string{"1:5 unquoted"}},
		{"names of a list are not values", `{{range $k, $v := secrets "*"}}{{upper $k}}={{$v}}{{end}}`, template.LintOptions{Format: "env"},
			[]string{"1:47 unquoted"}},
		{"ini by extension", `a={{secret "a"}}`, template.LintOptions{Dest: "/etc/php.ini"}, nil},
		{"yaml", "a: {{secret \"a\"}}\nb: {{secret \"b\" | jsonquote}}\nc: |\n{{secret \"c\" | indent 2}}", template.LintOptions{Dest: "/etc/x.yml"}, []string{"1:6 unquoted"}},
		{"toml", `a = "{{secret "a"}}"`, template.LintOptions{Dest: "x.toml"}, []string{"1:8 unquoted"}},
		{"nginx", `a {{secret "a"}}; b {{secret "b" | nginxquote}};`, template.LintOptions{Dest: "/etc/nginx/conf.d/x.conf"}, []string{"1:5 unquoted"}},
		{"environment by directory", `A={{secret "a"}}`, template.LintOptions{Dest: "/etc/default/app"}, []string{"1:5 unquoted"}},
		{"template to standard output", `{"a":{{secret "a"}}}`, template.LintOptions{Dest: "x.json.tmpl"}, []string{"1:8 unquoted"}},
		{"other format", `a: {{secret "a"}}`, template.LintOptions{Dest: "/etc/app.conf"}, nil},
		{"arguments of the wrong type", `{{indent .Vars.x 4}}{{secretVersion 7 "a"}}{{trunc "a" .Vars.x}}{{get "k" (dict)}}{{hasKey "k" .Vars}}{{indent 4 .Vars.x}}`, template.LintOptions{},
			[]string{"1:3 swapped", "1:23 refused", "1:23 swapped", "1:46 swapped", "1:85 swapped"}},
		{"arguments in the wrong order", `{{default .Vars.x "d"}}{{"d" | default .Vars.x}}{{contains .Vars.x "a"}}{{join .Vars.l ","}}{{splitList .Vars.x ","}}{{required .Vars.x "set it"}}{{has .Vars.l "a"}}{{htpasswd (secret "p") "admin"}}`, template.LintOptions{},
			[]string{"1:3 swapped", "1:32 swapped", "1:51 swapped", "1:75 swapped", "1:95 conversion", "1:95 swapped", "1:120 swapped", "1:149 swapped", "1:168 swapped"}},
		{"arguments in order", `{{.Vars.x | default "d"}}{{contains "a" .Vars.x}}{{.Vars.l | join ","}}{{replace "@" .Vars.x "a@b"}}{{required "set it" .Vars.x}}{{has "a" .Vars.l}}{{has .Vars.x (list "a" "b")}}{{default .Vars.x .Vars.y}}{{dig "a" "" .Vars}}{{without .Vars.l "a" | join ","}}`, template.LintOptions{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, f := range parse(t, c.text, template.Options{}).Lint(c.o) {
				got = append(got, fmt.Sprintf("%d:%d %s", f.Line, f.Col, f.Rule))
				if f.Message == "" {
					t.Errorf("%v says nothing", f)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
