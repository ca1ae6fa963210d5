package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/internal/job"
	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/template"
)

// variable is one of a child's environment.
type variable struct{ name, value, from string }

// maxVariable is what the kernel takes for one NAME=VALUE and its zero byte
// (MAX_ARG_STRLEN, execve(2)).
const maxVariable = 128 << 10

// checkEnv finds what would not arrive as it is meant. No value is in an error.
func checkEnv(vars []variable) error {
	var errs []error
	from := map[string]string{}
	for _, v := range vars {
		if other, twice := from[v.name]; twice {
			errs = append(errs, usagef("%s is set twice: by %s and by %s", v.name, other, v.from))
		}
		from[v.name] = v.from
		switch {
		case strings.ContainsRune(v.value, 0):
			errs = append(errs, usagef("%s (%s) holds a zero byte, which no environment can: use --file", v.name, v.from))
		case len(v.name)+len(v.value)+2 > maxVariable:
			errs = append(errs, usagef("%s (%s) is larger than a variable can be, 128 KiB: use --file", v.name, v.from))
		}
	}
	return errors.Join(errs...)
}

// addPrefix adds all secrets that match a pattern. They are asked for by a
// template, like everything else; base64 keeps their bytes apart.
func (p *envPlan) addPrefix(cfg *config.Config, pattern string) error {
	ref, err := backend.ParseRef(cfg.Base.Store, pattern, "", nil)
	if err != nil {
		return err
	}
	before, ok := ref.Stem()
	if !ok {
		return usagef("--env-prefix %s has no *: --env VAR=REF names one secret", source.Show(pattern))
	}
	p.add(job.File{Content: prefixTemplate(ref)}, func(out template.Output) ([]variable, error) {
		return prefixVariables(string(out.Bytes), before, pattern)
	})
	return nil
}

func prefixTemplate(ref backend.Ref) string {
	call := "secrets " + strconv.Quote(ref.Text())
	if pairs := ref.Context().Map(); len(pairs) > 0 {
		call += " (dict"
		for _, k := range slices.Sorted(maps.Keys(pairs)) {
			call += " " + strconv.Quote(k) + " " + strconv.Quote(pairs[k])
		}
		call += ")"
	}
	return "{{ range $k, $v := " + call + " }}{{ b64enc $k }} {{ b64enc $v }}\n{{ end }}"
}

// prefixVariables names a variable after each secret.
func prefixVariables(rendered, before, pattern string) ([]variable, error) {
	var vars []variable
	var errs []error
	for line := range strings.Lines(rendered) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		secret, errK := base64.StdEncoding.DecodeString(fields[0])
		value, errV := base64.StdEncoding.DecodeString(fields[1])
		if err := errors.Join(errK, errV); err != nil {
			return nil, fmt.Errorf("read --env-prefix: %w", err) // made by prefixTemplate
		}
		name, err := variableName(string(secret), before)
		errs = append(errs, err)
		vars = append(vars, variable{name, string(value), "--env-prefix " + pattern + " (" + source.Show(string(secret)) + ")"})
	}
	return vars, errors.Join(errs...)
}

// variableName is the rule of --env-prefix: what follows the text before the
// first *, in capitals, with _ for all that is no letter or digit. Whoever can
// write a secret chooses its name, so one that would change how programs start
// is refused, with the text before the * and without.
func variableName(secret, before string) (string, error) {
	name := secretfile.Capitals(strings.TrimPrefix(secret, before))
	for _, n := range []string{name, secretfile.Capitals(secret)} {
		if isDangerous(n) {
			return "", usagef("the secret %s would set %s, which changes how programs start: --env %s=REF sets it on purpose", source.Show(secret), n, n)
		}
	}
	if !secretfile.IsEnvName(name) {
		return "", usagef("the secret %s makes no name of a variable: %s", source.Show(secret), quoteName(name))
	}
	return name, nil
}

// isDangerous lists variables that make the loader, a shell, an interpreter or a
// runtime run or load something else, or send what it says somewhere else.
func isDangerous(name string) bool {
	for _, prefix := range []string{
		"LD_", "DYLD_", "BASH_FUNC_", "MALLOC_", "GCONV_", "GIT_", "PYTHON", "PERL5", "LUA_", "RUBY",
		"DOTNET_", "COMPLUS_", "CORECLR_", "COR_", "ERL_",
	} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return slices.Contains([]string{
		"PATH", "ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS", "IFS", "PS4", "CDPATH", "FPATH", "ZDOTDIR", "PROMPT_COMMAND", "SHELL", "HOME",
		"GLIBC_TUNABLES", "NLSPATH", "LOCPATH", "TMPDIR", "TMP", "TEMP", "HOSTALIASES", "RES_OPTIONS", "LOCALDOMAIN",
		"OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "SSLKEYLOGFILE", "TERMINFO", "TERMCAP", "INPUTRC",
		"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "NO_PROXY", "PROXY", "CGI_HTTP_PROXY",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "NODE_TLS_REJECT_UNAUTHORIZED",
		"PERLLIB", "NODE_OPTIONS", "NODE_PATH", "NODE_REPL_EXTERNAL_MODULE", "GEM_HOME", "GEM_PATH", "BUNDLE_GEMFILE",
		"JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS", "JAVA_HOME", "CATALINA_OPTS", "JRE_HOME", "CLASSPATH",
		"PHPRC", "PHP_INI_SCAN_DIR", "PSMODULEPATH", "ELIXIR_ERL_OPTIONS", "R_PROFILE", "R_PROFILE_USER", "R_ENVIRON", "R_ENVIRON_USER", "JULIA_LOAD_PATH", "JULIA_DEPOT_PATH",
		"GODEBUG", "GOFLAGS", "KRB5_CONFIG", "SSH_ASKPASS", "SUDO_ASKPASS", "SUDO_EDITOR",
		"EDITOR", "VISUAL", "PAGER", "BROWSER", "LESSOPEN", "LESSCLOSE", "QT_PLUGIN_PATH", "GTK_MODULES", "GTK_PATH",
	}, name)
}

// quoteName shows what was given for a name; what follows its = may be a value.
func quoteName(s string) string {
	name, _, _ := strings.Cut(s, "=")
	return source.Show(name)
}
