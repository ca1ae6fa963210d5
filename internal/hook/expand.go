package hook

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/credrender/credrender/internal/job"
)

// SystemPath is the PATH that commands get unless the job's env has another.
const SystemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Environ returns the environment of a job's command, sorted: a system PATH, home as
// HOME, then env, which replaces these, then CREDRENDER_JOB and, unless changed is empty,
// CREDRENDER_CHANGED with one destination per line. Nothing is inherited.
func Environ(home string, env map[string]string, job string, changed []string) []string {
	all := map[string]string{"PATH": SystemPath, "HOME": home}
	maps.Copy(all, env)
	all["CREDRENDER_JOB"] = job
	delete(all, "CREDRENDER_CHANGED")
	if len(changed) > 0 {
		all["CREDRENDER_CHANGED"] = strings.Join(changed, "\n")
	}
	list := make([]string, 0, len(all))
	for _, k := range slices.Sorted(maps.Keys(all)) {
		list = append(list, k+"="+all[k])
	}
	return list
}

// placeholders matches the placeholders of Expand and their misspellings. Other braces
// may be a Go template, for the --format of docker or kubectl.
var placeholders = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\{\{\s*\.?(src|dest|dst|source|destination)\s*\}\}`)
})

// misspelled matches the placeholders and those with an argument, a pipe or a brace
// too few, which a check would run as they stand.
var misspelled = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\{\{\s*\.?(?:(?:src|dest)\b[^{}]*\}{0,2}|(?:dst|source|destination)\s*\}\})`)
})

// names returns what a placeholder stands for: .src, .dest or something else.
func names(placeholder string) string {
	return strings.TrimSpace(strings.Trim(placeholder, "{}"))
}

// Expand replaces {{.src}} and {{.dest}} (with or without blanks inside the braces) with
// the two paths, unchanged in a list's arguments and quoted for the shell in a string. A
// path of plain characters gets no quotes, so that "{{.src}}" in quotes, as in confd,
// works too. Other braces stay.
func Expand(c job.Command, src, dest string) job.Command {
	fill := func(s string, show func(string) string) string {
		return placeholders().ReplaceAllStringFunc(s, func(p string) string {
			switch names(p) {
			case ".src":
				return show(src)
			case ".dest":
				return show(dest)
			}
			return p
		})
	}
	out := job.Command{Shell: fill(c.Shell, shellQuote)}
	for _, arg := range c.Args {
		out.Args = append(out.Args, fill(arg, func(s string) string { return s }))
	}
	return out
}

// Misplaced returns the first placeholder of c that Expand would not replace: a
// misspelling, or any placeholder in a command other than a check.
func Misplaced(c job.Command, isCheck bool) string {
	for _, s := range append([]string{c.Shell}, c.Args...) {
		if !strings.Contains(s, "{{") {
			continue
		}
		for _, p := range misspelled().FindAllString(s, -1) {
			if n := names(p); !isCheck || !strings.HasSuffix(p, "}}") || n != ".src" && n != ".dest" {
				return p
			}
		}
	}
	return ""
}

// ReadsStaged reports whether a check uses {{.src}}, without which it cannot read the
// file that it is to judge.
func ReadsStaged(c job.Command) bool {
	return slices.ContainsFunc(append([]string{c.Shell}, c.Args...), func(s string) bool {
		return slices.ContainsFunc(placeholders().FindAllString(s, -1), func(p string) bool { return names(p) == ".src" })
	})
}

// shellQuote quotes s as one word of a POSIX shell.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@%,", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
