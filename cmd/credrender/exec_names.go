package main

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/credrender/credrender/internal/secretfile"
	"github.com/credrender/credrender/pkg/source"
)

// naming is how --env-prefix makes names of variables.
type naming struct{ keepCase bool }

// variableName derives the name of a variable from that of a secret, as the help of
// exec describes. A writer of secrets chooses their names, so names that change how
// programs start are refused, with and without the text before the *.
func (n naming) variableName(secret, before string) (string, error) {
	rest := strings.TrimPrefix(secret, before)
	if secretfile.LosesLetters(rest) {
		return "", &usageError{&lostLetterError{secret}}
	}
	name := n.spell(rest)
	for _, candidate := range []string{name, n.spell(secret)} {
		// Programs on Linux read https_proxy too, and zsh ties path to PATH.
		if effect := effectOf(strings.ToUpper(candidate)); effect != "" {
			return "", usagef("the secret %s would set %s, which %s: to set it on purpose, use --env %s=REF", source.Show(secret), candidate, effect, candidate)
		}
	}
	if !secretfile.IsEnvName(name) {
		return "", usagef("the secret %s results in an invalid variable name: %s", source.Show(secret), quoteName(name))
	}
	return name, nil
}

// spell replaces what no name of a variable has by _, and small letters by capitals
// unless they are to stay.
func (n naming) spell(s string) string {
	if !n.keepCase {
		return secretfile.Capitals(s)
	}
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && secretfile.IsEnvName("_"+string(r)) {
			return r
		}
		return '_'
	}, s)
}

// effect is what a group of variables does to programs.
type effect struct {
	what     string
	prefixes []string
	names    []string
}

// effects are the variables that make the loader, a shell, an interpreter or a runtime
// load or run other code, or send data to another place. Names are in capitals.
func effects() []effect {
	return []effect{
		{
			"makes the dynamic loader or the C library load other code or files",
			[]string{"LD_", "DYLD_", "MALLOC_", "GCONV_"},
			[]string{"GLIBC_TUNABLES", "NLSPATH", "LOCPATH", "LIBPATH", "SHLIB_PATH", "HOSTALIASES", "RES_OPTIONS", "LOCALDOMAIN"},
		},
		{
			"makes a shell run or find other programs",
			[]string{"BASH_FUNC_"},
			[]string{
				"PATH", "ENV", "BASH_ENV", "BASH_LOADABLES_PATH", "SHELLOPTS", "BASHOPTS", "IFS", "PS0", "PS1", "PS2", "PS4", "CDPATH", "FPATH",
				"FIGNORE", "EXECIGNORE", "GLOBIGNORE", "ZDOTDIR", "PROMPT_COMMAND", "SHELL", "HOME", "HISTFILE", "COMSPEC", "PATHEXT",
			},
		},
		{
			"makes an interpreter or runtime load other code",
			[]string{
				"PYTHON", "PERL5", "RUBY", "LUA_", "DOTNET_", "COMPLUS_", "CORECLR_", "COR_", "ERL_", "NODE_REPL_", "GUILE_", "TCL_",
			},
			[]string{
				"PERLLIB", "NODE_OPTIONS", "NODE_PATH", "GEM_HOME", "GEM_PATH", "BUNDLE_GEMFILE", "BUNDLE_PATH",
				"JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS", "JAVA_HOME", "JRE_HOME", "CLASSPATH", "CATALINA_OPTS", "CATALINA_HOME",
				"MAVEN_OPTS", "GRADLE_OPTS", "SBT_OPTS", "JVM_OPTS", "LEIN_JVM_OPTS", "JRUBY_OPTS", "JRUBY_HOME", "PHPRC", "PHP_INI_SCAN_DIR", "PSMODULEPATH", "ELIXIR_ERL_OPTIONS",
				"R_PROFILE", "R_PROFILE_USER", "R_ENVIRON", "R_ENVIRON_USER", "R_LIBS", "R_LIBS_USER", "JULIA_LOAD_PATH", "JULIA_DEPOT_PATH",
				"TCLLIBPATH", "BUN_OPTIONS", "CAML_LD_LIBRARY_PATH", "OCAMLPATH", "GODEBUG", "GOFLAGS", "GOENV", "GOTOOLCHAIN", "GOROOT", "VIRTUAL_ENV", "CONDA_PREFIX",
			},
		},
		{
			"makes build tools or package managers run or install other code",
			[]string{"PIP_", "NPM_CONFIG_", "CARGO_BUILD_", "CARGO_TARGET_", "RUSTC_"},
			[]string{"CARGO_HOME", "RUSTC", "RUSTFLAGS", "MAKEFLAGS", "MAKEFILES", "MFLAGS", "GNUMAKEFLAGS", "CC", "CXX", "CPP", "GOPROXY", "GOPRIVATE", "GONOSUMDB", "GOSUMDB"},
		},
		{
			"sends connections to another place",
			[]string{"AWS_ENDPOINT_URL"},
			[]string{
				"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "NO_PROXY", "PROXY", "CGI_HTTP_PROXY", "RSYNC_PROXY", "SOCKS_SERVER", "GRPC_PROXY", "DOCKER_HOST",
			},
		},
		{
			"changes which certificates or keys programs trust or reveal",
			[]string{"OPENSSL_", "GNUTLS_"},
			[]string{
				"SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "CURL_HOME", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
				"NODE_TLS_REJECT_UNAUTHORIZED", "SSLKEYLOGFILE", "KRB5_CONFIG", "KRB5_TRACE", "SASL_PATH", "SASL_CONF_PATH", "LDAPCONF", "LDAPRC", "SOFTHSM2_CONF",
			},
		},
		{
			"sets a program that others run, or its options",
			[]string{"GIT_"},
			[]string{
				"EDITOR", "VISUAL", "VIMINIT", "EXINIT", "PAGER", "MANPAGER", "SYSTEMD_PAGER", "SYSTEMD_EDITOR", "BROWSER", "FCEDIT", "LESS", "LESSOPEN", "LESSCLOSE", "LESSKEY", "MORE",
				"SSH_ASKPASS", "SUDO_ASKPASS", "SUDO_EDITOR", "RSYNC_RSH", "CVS_RSH", "SVN_SSH", "SSH_AUTH_SOCK", "TAR_OPTIONS", "GREP_OPTIONS", "GZIP", "MAILCAPS",
				"ANSIBLE_CONFIG",
			},
		},
		{
			"sets files or folders that programs read code or settings from, or write to",
			[]string{"XDG_", "QT_", "GTK_", "GIO_", "GST_PLUGIN"},
			[]string{
				"TMPDIR", "TMP", "TEMP", "TEMPDIR", "TERMINFO", "TERMINFO_DIRS", "TERMCAP", "INPUTRC", "GDK_PIXBUF_MODULE_FILE",
				"KUBECONFIG", "DOCKER_CONFIG", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BOTO_CONFIG", "ODBCINI", "ODBCSYSINI", "TNS_ADMIN", "PGSYSCONFDIR", "PGSERVICEFILE",
			},
		},
	}
}

// effectOf returns what a variable does to programs, or "" for one that is only data.
func effectOf(name string) string {
	for _, e := range effects() {
		if slices.Contains(e.names, name) || slices.ContainsFunc(e.prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			return e.what
		}
	}
	return ""
}
