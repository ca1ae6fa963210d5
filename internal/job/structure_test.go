package job_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/pkg/template"
)

// printed reads a document in which << and >> enclose what actions printed.
func printed(text string) ([]byte, []template.Print) {
	var data []byte
	var prints []template.Print
	for {
		before, rest, found := strings.Cut(text, "<<")
		data = append(data, before...)
		if !found {
			return data, prints
		}
		var value string
		value, text, _ = strings.Cut(rest, ">>")
		prints = append(prints, template.Print{Start: len(data), End: len(data) + len(value)})
		data = append(data, value...)
	}
}

// A value that holds quotes, line breaks or comments must not change the document
// around it, and actions that print parts of a document must go on doing so.
func TestValuesStayInTheirPlace(t *testing.T) {
	const valid = ""
	for _, c := range []struct{ name, format, text, want string }{
		{"json value", "json", "{\"pw\": \"<<a b/+'{>>\",\n\"n\": <<1>>}", valid},
		{"json key added", "json", "{\"z\": 1,\n\"pw\": \"<<x\", \"admin\": \"true>>\", \"u\": \"<<u-1>>\"}", "JSON at line 2"},
		{"json key replaced", "json", "{\"pw\": \"<<x\", \"admin\": \"true>>\", \"u\": [{\"<<k>>\": {}}]}", "JSON at line 1"},
		{"json bare", "json", "{\"port\": <<80, \"admin\": true>>}", "JSON at line 1"},
		{"json bare value", "json", "{\"port\": <<{\"a\": [1, null]}>>, \"t\": <<\"a\\\"b\">>, \"o\": <<null>>}", valid},
		{"json part of a number", "json", "{\"port\": 1<<80>>, \"x\": \"a<<\\\"->>b<<c d>>\"}", valid},
		{"json list of ports", "json", "{\"ports\": [<<1, 2, 3>>], \"none\": [<<>>]}", valid},
		{"json string in a list", "json", "[\"a\", \"<<b\", \"c>>\"]", "JSON at line 1"},
		{"json separators", "json", "[\"a\"<<,>> \"b\"]", valid},
		{"json members", "json", "{\n<<\"a\": 1, \"b\": \"-\">>,\n\"c\": \"<<->>\"\n}", valid},
		{"json members and an added key", "json", "{\n<<\"a\": 1, \"b\": \"-\">>,\n\"c\": \"<<x\", \"d\": \"->>\"\n}", "JSON at line 3"},
		{"json on a line of its own", "json", "{\"a\":\n<<1, \"b\": 2>>\n}", "JSON at line 2"},

		{"yaml value", "yaml", "pw: <<a:b c>>\nn: <<007>>\nq: <<\"x\\ny\">>\n", valid},
		{"yaml second key", "yaml", "u: x\npw: <<x\nadmin: true>>\n", "YAML at line 2"},
		{"yaml second key behind a quote", "yaml", "pw: \"<<x\"\nadmin: \"true>>\"\n", "YAML at line 1"},
		{"yaml cut off by a comment", "yaml", "u: x\npw: <<x #y>>\n", "YAML at line 2"},
		{"yaml part cut off by a comment", "yaml", "url: http://<<x #y>>/\n", "YAML at line 1"},
		{"yaml comment of the template", "yaml", "pw: <<x-y>> # <<a b>>\n", valid},
		{"yaml comment goes on", "yaml", "pw: x # <<a\nadmin: true>>\n", "not valid YAML"},
		{"yaml tag", "yaml", "pw: <<!x y>>\n", "YAML at line 1"},
		{"yaml anchor", "yaml", "pw: <<&x y>>\n", "YAML at line 1"},
		{"yaml alias", "yaml", "a: &x b\npw: <<*x>>\n", "YAML at line 2"},
		{"yaml folded", "yaml", "pw:\n  - a <<b\n    c>>\n", "YAML at line 2"},
		{"yaml text over lines", "yaml", "pw:\n  a\n  <<b c>>\n  <<d\n  e>>\n", valid},
		{"yaml element added", "yaml", "- <<a\n- b>>\n- c\n", "YAML at line 1"},
		{"yaml document added", "yaml", "a: <<x\n---\nb: y>>\n", "YAML at line 1"},
		{"yaml block", "yaml", "a: |\n  <<x y>>\nb: 1\n", valid},
		{"yaml block that ends early", "yaml", "a: |\n  <<x\nadmin: true>>\nb: 1\n", "YAML at line 2"},
		{"yaml nindent", "yaml", "a: <<\n  x: 1\n  y: [2, 3]>>\nb: 1\n", valid},
		{"yaml indent", "yaml", "a:\n<<  x: 1\n  y: 2>>\nb: 1\n", valid},
		{"yaml nindent after a colon", "yaml", "a:<<\n  - 1\n  - b: 2>>\nb: 1\n", valid},
		{"yaml lines between", "yaml", "a: 1\n<<b: 2\nc: 3>>\nd: 4\n", valid},
		{"yaml lines between, and a second key", "yaml", "a: 1\n<<b: 2\nc: 3>>\nd: <<x\ne: y>>\n", "YAML at line 4"},
		{"yaml elements after", "yaml", "a:\n  - 1\n  <<- 2\n  - 3>>\n", valid},
		{"yaml flow list", "yaml", "a: [<<b, c>>]\nm: {<<k: v, l: w>>}\n", valid},
		{"yaml all of it", "yaml", "<<a: 1\nb: 2>>\n", valid},
		{"yaml keys", "yaml", "<<a.b>>:\n  pw: <<x-y>>\n<<c>>:\n  pw: <<\"z\">>\n", valid},
		{"yaml key with more", "yaml", "<<a: 1\nb>>: 2\n", "YAML at line 1"},
		{"yaml single quotes", "yaml", "a: '<<x''y>>'\n", valid},

		{"toml value", "toml", "pw = \"<<a b>>\"\nn = <<-1.50>>\nd = <<2020-01-01>>\nl = [<<1, 2>>]\n", valid},
		{"toml second key", "toml", "u = 1\npw = \"<<x\"\nadmin = \"true>>\"\n", "TOML"},
		{"toml bare", "toml", "port = <<80\nadmin = true>>\n", "TOML"},
		{"toml cut off", "toml", "port = <<80 # x>>\n", "TOML at line 1"},
		{"toml table", "toml", "[a.<<b.c>>]\npw = \"<<x y>>\"\n", valid},
		{"toml added table", "toml", "[<<a]\nx = 1\n[b>>]\npw = \"y\"\n", "TOML"},
		{"toml lines", "toml", "<<a = 1\nb = \"-\">>\nc = '<<x y>>'\n", valid},

		{"env", "env", "A=<<x y>>\nB='<<a\nb>>'\n<<C=1\nD=2>>\n", valid},
		{"env second variable", "env", "A=<<x\nB=y>>\n", "ENV at line 1"},
		{"env name with a line break", "env", "<<A=1\nB>>=x\n", "ENV at line 1"},
		{"env name with a value", "env", "<<A=1 #>>=x\n", "ENV at line 1"},
		{"env name that ends early", "env", "A<<=1\nB>>=x\n", "ENV at line 1"},
		{"ini", "ini", "[<<a b>>]\n<<k>> = <<x = y; z # [a]>>\nu = a <<b>> c\n<<e = 1\n[f]\ng = 2>>\n# <<x y>>\n  <<h = 3>>\n", valid},
		{"ini second key", "ini", "[a]\npw = <<x\nadmin = true>>\n", "INI at line 2"},
		{"ini second key at a carriage return", "ini", "[a]\npw = <<x\radmin = true>>\n", "INI at line 2"},
		{"ini continued", "ini", "[a]\npw = <<x\n  y>>\n", "INI at line 2"},
		{"ini line break before", "ini", "[a]\npw = <<x\n[b]\n>>\n", "INI at line 2"},
		{"ini section that ends early", "ini", "[<<a]\nb = 1\n[c>>]\nk = 1\n", "INI at line 1"},
		{"ini section with a bracket", "ini", "[<<a] x>>]\nk = 1\n", "INI at line 1"},
		{"ini key with a value", "ini", "[a]\n<<k = 1 >>x = 2\n", "INI at line 2"},
		{"ini key that is a comment", "ini", "[a]\n<<#k>> = 2\n", "INI at line 2"},
		{"ini lines and more", "ini", "[a]\n<<k = 1\nl>> = 2\n", "INI at line 2"},
		{"properties", "properties", "<<k>> = <<x = y:z # ! \\u00e9>>\nu <<b>> c\n<<e=1\ng=2>>\n# <<x\\>>\nl = a,\\\n  <<b>>,\\\n c\nz=<<\\\\>>\n", valid},
		{"properties blank at the end", "properties", "pw = <<x\\ >>\nq = <<\\ >>\nadmin = true\n", valid},
		{"properties second key", "properties", "pw = <<x\nadmin = true>>\n", "PROPERTIES at line 1"},
		{"properties next line swallowed", "properties", "a = 1\npw = <<x\\>>\nadmin = true\n", "PROPERTIES at line 2"},
		{"properties escaped separator", "properties", "<<a\\>>=b\n", "PROPERTIES at line 1"},
		{"properties key with white space", "properties", "<<a b>> = c\n", "PROPERTIES at line 1"},
		{"properties separator of a value", "properties", "a <<= b>>\n", "PROPERTIES at line 1"},
		{"properties continued", "properties", "a = <<b\\\nc>>\n", "PROPERTIES at line 1"},
		{"xml", "xml", "<a x='<<1 &amp; 2>>'>\n<b><<x y>></b><!-- <<c-d>> -->\n<<<c>1</c>\n<d/> >>\n<![CDATA[<<e-f>>]]></a>", valid},
		{"xml element added", "xml", "<a>\n<pw><<x</pw><admin/><pw>y>></pw></a>", "XML at line 2"},
		{"xml element inside", "xml", "<a>\n<pw><<<admin/> >></pw></a>", "XML at line 2"},
		{"xml comment inside", "xml", "<a>\n<pw><<x<!-- -->y>></pw></a>", "XML at line 2"},
		{"xml attribute added", "xml", "<a>\n<b pw='<<x' admin='true>>'/></a>", "XML at line 2"},
		{"xml end of a comment", "xml", "<a><!-- <<--><b/><!-- >> --></a>", "XML at line 1"},
		{"xml end of CDATA", "xml", "<a><![CDATA[<<]]><b/><![CDATA[>>]]></a>", "XML at line 1"},
		{"xml unbalanced lines", "xml", "<a><b>\n<<x</b><c/><b> >>\n</b></a>", "XML at line 2"},
		{"env lines and more", "env", "<<A=1\nB=2>>3\n", "ENV at line 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, prints := printed(c.text)
			err := job.Validate(c.format, data, prints)
			switch {
			case c.want == valid && err != nil:
				t.Errorf("got %v, want none", err)
			case c.want != valid && (!errors.Is(err, job.ErrFormat) || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want ErrFormat with %q", err, c.want)
			}
		})
	}
}

// A name may come from a secret, and is not to be in a message.
func TestEnvNamesThatArePrintedAreHidden(t *testing.T) {
	for _, text := range []string{"<<hunter2>>=1\n<<hunter2>>=2\n", "<<hunter2=1\nhunter2=2>>\n", "<<hunter2>>='x\n"} {
		data, prints := printed(text)
		err := job.Validate("env", data, prints)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want an error without the name", text, err)
		}
	}
}
