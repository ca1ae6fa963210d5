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

// variable is an environment variable of the child; from is the flag that set it.
type variable struct{ name, value, from string }

// maxVariable is the kernel's limit for one NAME=VALUE with its zero byte
// (MAX_ARG_STRLEN, execve(2)).
const maxVariable = 128 << 10

// checkEnv refuses variables that cannot be passed to the child. Errors show no value.
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
			errs = append(errs, fmt.Errorf("%s (%s) holds a zero byte, which is impossible in an environment: use --file", v.name, v.from))
		case len(v.name)+len(v.value)+2 > maxVariable:
			errs = append(errs, fmt.Errorf("%s (%s) is larger than a variable can be, 128 KiB: use --file", v.name, v.from))
		}
	}
	return errors.Join(errs...)
}

// addPrefix adds all secrets that match a pattern. A template requests them, like all
// other secrets, and encodes each name and value in base64.
func (p *envPlan) addPrefix(cfg *config.Config, pattern string) error {
	ref, err := backend.ParseRef(cfg.Base.Store, pattern, "", nil)
	if err != nil {
		return err
	}
	before, ok := ref.Stem()
	if !ok {
		return usagef("--env-prefix %s has no *: for one secret use --env VAR=REF", source.Show(pattern))
	}
	p.add(job.File{Content: prefixTemplate(ref)}, func(out template.Output) ([]variable, error) {
		return prefixVariables(string(out.Bytes), before, pattern, func(secret string) bool {
			text, _, _ := strings.Cut(ref.Text(), "*")
			return p.single[strings.TrimSuffix(text, before)+secret]
		})
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

// prefixVariables parses the output of prefixTemplate. A secret for which isNamed reports
// an --env of its own may have a name that gives no variable.
func prefixVariables(rendered, before, pattern string, isNamed func(secret string) bool) ([]variable, error) {
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
		if lossy, ok := errors.AsType[*lostLetterError](err); ok && isNamed(lossy.secret) {
			continue
		}
		errs = append(errs, err)
		vars = append(vars, variable{name, string(value), "--env-prefix " + pattern + " (" + source.Show(string(secret)) + ")"})
	}
	return vars, errors.Join(errs...)
}

// variableName derives the name of a variable from that of a secret, as the help of
// exec describes. A writer of secrets chooses their names, so names that change how
// programs start are refused, with and without the text before the *.
func variableName(secret, before string) (string, error) {
	rest := strings.TrimPrefix(secret, before)
	if secretfile.LosesLetters(rest) {
		return "", &usageError{&lostLetterError{secret}}
	}
	name := secretfile.Capitals(rest)
	for _, n := range []string{name, secretfile.Capitals(secret)} {
		if isDangerous(n) {
			return "", usagef("the secret %s would set %s, which changes how programs start: to set it on purpose, use --env %s=REF", source.Show(secret), n, n)
		}
	}
	if !secretfile.IsEnvName(name) {
		return "", usagef("the secret %s gives an invalid variable name: %s", source.Show(secret), quoteName(name))
	}
	return name, nil
}

// lostLetterError: a variable's name can't hold the letters of a secret's, and two
// secrets that differ only in them would have the same one.
type lostLetterError struct{ secret string }

func (e *lostLetterError) Error() string {
	return fmt.Sprintf("the secret %s has letters that no variable's name can have: choose the name with --env VAR=REF", source.Show(e.secret))
}

// isDangerous reports whether a variable makes the loader, a shell, an interpreter or a
// runtime load or run other code, or send data to another place.
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

// quoteName shows the part of an argument before =. The rest may be a value.
func quoteName(s string) string {
	name, _, _ := strings.Cut(s, "=")
	return source.Show(name)
}
