package convert_test

import "strings"

// fragments are expressions over each kind of operand, in each place that
// convert carries over.
func fragments() []string {
	operands := []string{
		"secrets.plain", "secrets.unicode", "secrets.num", "secrets['db.password']", "secrets.multi", "port", "ratio", "nothing", "env", "title", "empty", "words",
		"flags.debug", "flags.trace", "flags", "site", "site.ttl", "site.name", "site.aliases", "servers", "servers[0].tags", "servers[0].host", "missing", "site.missing",
		"true", "none", "1", "0", "-7", "1.5", "2.0", "1e20", "10000000000", "''", "' a '", "'ß'", "'%d'", "[1, 2]", "[]", "{}", "{'a': 1}", "(1, 'x')", "[true, 1.0, none]", "'1'", "'{{'",
		"mixed", "umlaut", "neg", "bools", "nested", "tiny", "keyed", "keyed.keys", "mixed.A", "nested[0]", "1.0", "-1.5", "('a', 'b')", "[1]", "['prod', none]",
	}
	places := []string{
		"{{ X }}", "{% if X %}y{% else %}n{% endif %}", "{{ 'y' if X else 'n' }}", "{{ X|length }}", "{{ X|upper }}", "{{ X|lower }}", "{{ X|trim }}", "{{ X|first }}", "{{ X|last }}",
		"{{ X|int }}", "{{ X|float }}", "{{ X|string }}", "{{ X|sh }}", "{{ X|e }}", "{{ X|reverse }}", "{{ X|list }}", "{{ X|safe }}", "{{ X|d('z') }}", "{{ X|d('z', true) }}",
		"{{ X|join }}", "{{ X|join(',') }}", "{{ X|replace('a', 'b') }}", "{{ X|replace('', '-') }}", "{{ X|indent }}", "{{ X|indent(2, true) }}", "{{ '%s'|format(X) }}", "{{ '%d' % X }}", "{{ '%5s|' % X }}", "{{ '%05d' % X }}",
		"{{ '%-5s|' % X }}", "{{ '%.2f' % X }}", "{{ '%x' % X }}", "{{ '%.3s' % X }}", "{{ '%05s' % X }}", "{{ '%+d' % X }}", "{{ X ~ 'z' }}", "{{ X + 'z' }}", "{{ X + 1 }}", "{{ X - 1 }}", "{{ X // 2 }}", "{{ X % 3 }}", "{{ -X }}", "{{ +X }}", "{{ not X }}",
		"{{ X == 1 }}", "{% if X == 1 %}y{% endif %}", "{% if X == '1' %}y{% endif %}", "{% if X != 'a' %}y{% endif %}", "{% if X < 5 %}y{% endif %}", "{% if X >= 'b' %}y{% endif %}", "{% if X == true %}y{% endif %}", "{% if X == none %}y{% endif %}", "{% if X == [] %}y{% endif %}", "{% if X == port %}y{% endif %}",
		"{% if X in [1, '1', 'prod'] %}y{% endif %}", "{% if X in 'prod' %}y{% endif %}", "{% if X not in ['a'] %}y{% endif %}", "{% if X and 1 %}y{% endif %}", "{{ X and 'b' }}", "{{ X or 'b' }}", "{% if not X %}y{% endif %}",
		"{% if X is defined %}y{% endif %}", "{% if X is none %}y{% endif %}", "{% if X is string %}y{% endif %}", "{% if X is mapping %}y{% endif %}", "{% if X is odd %}y{% endif %}", "{% if X is even %}y{% endif %}", "{% if X is undefined %}y{% endif %}",
		"{{ X[0] }}", "{{ X[1] }}", "{{ X[-1] }}", "{{ X['a'] }}", "{{ X.name }}", "{{ X.get('name', 'z') }}", "{{ X.upper() }}", "{{ X.strip() }}", "{{ X.split(',')|join('+') }}", "{{ X.split('') }}", "{{ X.startswith('p') }}", "{% if X.endswith('t') %}y{% endif %}", "{{ X.replace('e', '3') }}", "{{ '-'.join(X) }}",
		"{% for i in X %}{{ i }};{% endfor %}", "{% for i in X %}{{ loop.index }}/{{ loop.length }}{% if loop.last %}.{% endif %};{% else %}none{% endfor %}", "{% for i in range(X) %}{{ i }};{% endfor %}", "{% for i in range(2, X) %}{{ i }};{% endfor %}", "{% for k, v in X|dictsort %}{{ k }}={{ v }};{% endfor %}", "{% for i in X if i %}{{ i }};{% endfor %}",
		"{% set y = X %}{{ y }}", "{% with y = X %}{{ y }}{% endwith %}", "{% set y = X %}{% if y %}t{% endif %}{{ y|length }}",
	}
	all := []string{
		"{% for k, v in mixed|dictsort %}{{ k }}{{ v }}{% endfor %}", "{% for k, v in mixed|dictsort(true) %}{{ k }}{{ v }}{% endfor %}", "{{ title|e ~ '<b>' }}", "{{ title|e|replace('h', '<') }}", "{{ [title|e, '<']|join }}", "{{ '%s<'|format(title|e) }}", "{{ (title|safe) ~ '<' }}", "{% for k, v in mixed.items() %}{{ k }}{{ v }}{% endfor %}", "{% for k in mixed %}{{ k }}{% endfor %}", "{% for k in mixed|sort %}{{ k }}{% endfor %}",
		"{% for s in servers %}{{ s.host }}{% if not loop.last %},{% endif %}{% endfor %}", "{% for s in servers %}{% for t in s.tags %}{{ loop.index }}{{ t }}{% if loop.first %}!{% endif %}{% endfor %}{{ loop.index0 }};{% endfor %}",
		"{% for s in servers if s.backup %}{{ s.host }}{% endfor %}", "{% for s in servers if s.weight > 1 %}{{ s.host }}{% else %}x{% endfor %}", "{% for s in servers %}{{ loop.revindex }}{{ loop.length }}{% endfor %}",
		"{% for s in servers %}{% set a = s.host %}{% endfor %}{{ a }}", "{% set a = 1 %}{% for s in servers %}{% set a = s.port %}{{ a }}{% endfor %}{{ a }}", "{% set ns = namespace(n=0) %}{% for s in servers %}{% set ns.n = ns.n + s.weight %}{% endfor %}{{ ns.n }}",
		"{% set ns = namespace(f=false) %}{% for s in servers %}{% if s.backup %}{% set ns.f = true %}{% endif %}{% endfor %}{{ ns.f }}", "{% if env == 'prod' %}{% set a = 'x' %}{% else %}{% set a = 'y' %}{% endif %}{{ a }}", "{% if 0 %}{% set a = 'x' %}{% endif %}[{{ a }}]",
		"{% set env = 'other' %}{{ env }}", "{{ env }}{% set env = 'other' %}", "{% if flags.debug %}{% set env = 'other' %}{% endif %}{{ env }}", "{% with env = 'a' %}{{ env }}{% endwith %}{{ env }}", "{% with a = 1, b = a %}{{ b }}{% endwith %}", "{% for env in words %}{{ env }}{% endfor %}{{ env }}",
		"{% for loop in words %}{{ loop }}{% endfor %}", "{% for secrets in words %}{{ secrets }}{% endfor %}{{ secrets.plain }}", "{% raw %}{{ x }}{% endraw %}", "{# {{ x }} #}a", "a  {%- if 1 -%}  b  {%- endif %}  c", "a\n  {% if 1 %}\n  b\n  {% endif %}\nc\n", "  {{ env }}  \n\n", "a\r\nb {{ env }}\r\n",
		"`{{ env }}`", "{{ '`' }}{{ '\\n' }}{{ \"'\" }}", "}} {{ '}}' }} {{ '{' ~ '{' }}", "{{ '%' }}{{ '100%' ~ env }}{{ '%%' % () }}", "{{ '%s%%' % port }}", "{{ '%s %s' % (env, port) }}", "{{ '%s' % (env,) }}", "{{ '%s %s' % env }}", "{{ '{}'|format(1) }}", "{{ '%(a)s' % {'a': 1} }}",
		"{{ 1 < port < 9000 }}", "{{ 'a' 'b' }}", "{{ 'a' * 3 }}", "{{ 7 / 2 }}", "{{ 2 ** 3 }}", "{{ 7 // 2 }}{{ -7 // 2 }}{{ 7 % -3 }}{{ neg // 2 }}{{ neg % 3 }}", "{{ port // neg }}", "{{ 1 - 1.5 }}", "{{ 010 }}", "{{ 1_000 }}", "{{ 0x1F }}", "{{ 1e3 }}", "{{ 9223372036854775807 + 1 }}", "{{ 99999999999999999999 }}",
		"{{ secrets.plain[0] }}", "{{ secrets.unicode[2] }}", "{{ secrets.unicode[1:3] }}", "{{ umlaut[2] }}", "{{ words[0][0] }}", "{{ words[-1] }}", "{{ words[9] }}", "{{ site['name'] }}", "{{ site.items }}", "{{ keyed.keys }}", "{{ keyed['a-b'] }}", "{{ servers[0]['tags'][1] }}", "{{ secrets[env ~ '.token'] }}", "{{ secrets['prod' ~ '.token'] }}",
		"{{ secrets.get_str('plain') }}", "{{ secrets.plain|length + 1 }}", "{{ secrets.unicode|length }}", "{{ secrets.num|int + 1 }}", "{{ (secrets.num|int) * 2 }}", "{{ secrets.num + 1 }}", "{{ secrets.num|float }}", "{{ secrets.nope|d('x') }}", "{{ secrets.plain|d('x') }}", "{{ secrets['no' ~ 'pe']|d(env) }}", "{% if secrets.plain == 'secret' %}y{% endif %}", "{% if 'a' in secrets.list %}y{% endif %}",
		"{{ secrets.list.split(',') }}", "{{ secrets.list.split(',')[1] }}", "{{ secrets.list.split(',')|length }}", "{% for x in secrets.list.split(',') %}{{ x }};{% endfor %}", "{% for c in secrets.plain %}{{ c }};{% endfor %}", "{{ secrets.multi|indent }}", "{{ secrets.multi|indent(2, true) }}", "{{ secrets.multi|indent(2, false, true) }}", "{{ 'a\n\nb'|indent(2) }}", "{{ 'a\n \nb\n'|indent }}",
		"{{ secrets.pem|trim }}|", "{{ '\u00a0x\u00a0'|trim }}|", "{{ ' x'.strip('x') }}", "{{ 'x.y.z'.split('.', 1) }}", "{{ 'a b'.split() }}", "{{ 'aXbX'.replace('X', '', 1) }}", "{{ env.upper().lower() }}", "{{ env|upper|lower|trim|length }}", "{{ site.get('name') }}", "{{ site.get('nope', 'd') }}", "{{ nothing or 'd' }}", "{{ '' or 0 or none or 'z' }}", "{{ port and env }}", "{{ not port }}",
		"{{ site.nope.deeper }}", "{{ nope.deeper }}", "{{ site.nope|d('x') }}", "{{ nope|d('x') }}", "{{ site.ttl|d(5) }}", "{{ nothing|d('x') }}", "{{ nothing|d('x', true) }}", "{{ flags.debug|d('x') }}", "{{ flags.debug|d('x', true) }}", "{{ site['nope']|d('x') }}", "{{ d|default }}", "{{ env if flags.debug }}", "{{ env if flags.debug else port }}", "{{ (env if flags.trace) ~ 'x' }}",
		"{% if env is eq 'prod' %}y{% endif %}", "{% if port is number %}y{% endif %}", "{% if port is divisibleby 2 %}y{% endif %}", "{% if neg is odd %}y{% endif %}", "{% if env in ['prod', 'x'] and port in [8080] %}y{% endif %}", "{% if 'x' in site %}y{% endif %}", "{% if env == 'prod' and not flags.debug or nothing %}y{% elif 1 %}z{% endif %}", "{% if bools[0] == 1 %}y{% endif %}", "{% if 1.0 in bools %}y{% endif %}", "{% if 1 == 1.0 %}y{% endif %}", "{% if bools[1] == 1 %}y{% endif %}", "{% if '1' == 1 %}y{% endif %}",
		"{% block a %}{{ env }}{% endblock %}", "{% filter upper %}x{% endfilter %}", "{% set a %}x{% endset %}{{ a }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1) }}", "{% include 'x' %}", "{% do 1 %}", "{% autoescape true %}{{ title }}{% endautoescape %}", "{{ title|e }}{{ title|safe }}{{ title|escape|e }}", "{{ words|join(', ') }}{{ words|sort|join }}{{ bools|join(',') }}{{ nested|join }}", "{{ words|first }}{{ words|last }}{{ empty|first }}", "{{ umlaut|first }}", "{{ words|map('upper')|join }}",
		"{{ [1, true, 'a']|join(',') }}", "{{ (1.50)|string }}", "{{ ratio }}{{ ratio ~ '' }}{{ tiny }}", "{{ true ~ none ~ 1.0 }}", "{{ secrets.json|jsonify }}", "{{ site|tojson }}", "{{ secrets.json|minjson }}", "{{ title|jsonify }}", "{{ secrets.plain|sh }}{{ ''|sh }}{{ '~'|sh }}", "{{ secrets.plain|env }}", "{{ port|sh }}", "{{ range(3)|list }}", "{{ range(3)|join }}", "{% for i in range(3, 0, -1) %}{{ i }}{% endfor %}", "{% for i in range(port) %}{% if i > 2 %}{% break %}{% endif %}{% endfor %}",
	}
	for _, p := range places {
		for _, o := range operands {
			all = append(all, strings.ReplaceAll(p, "X", o))
		}
	}
	return all
}
