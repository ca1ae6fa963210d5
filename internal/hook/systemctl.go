package hook

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/credrender/credrender/internal/job"
)

// WithoutWaiting returns how to write a hook that waits until systemd has started,
// restarted or reloaded a unit, so that it does not wait; "" if no part of c waits.
//
// systemd starts nothing that is ordered after a unit whose own start is not over. If
// such a unit's start runs the hook, both wait for each other (systemd.unit(5), After=).
func WithoutWaiting(c job.Command) string {
	if c.Shell != "" {
		return scriptWithoutWaiting(c.Shell)
	}
	if len(c.Args) > 2 && slices.Contains([]string{"sh", "bash", "dash", "ash", "ksh", "zsh"}, path.Base(c.Args[0])) {
		return scriptWithoutWaiting(strings.Join(c.Args[1:], "\n"))
	}
	return wordsWithoutWaiting(c.Args)
}

func scriptWithoutWaiting(script string) string {
	for _, command := range regexp.MustCompile("&&|[;|\n()`]").Split(script, -1) {
		words := strings.Fields(command)
		for i, w := range words {
			words[i] = strings.Trim(w, `"'`)
		}
		if text := wordsWithoutWaiting(words); text != "" {
			return text
		}
	}
	return ""
}

// wordsWithoutWaiting finds systemctl or service in one command, also behind sudo, env
// and the like.
func wordsWithoutWaiting(words []string) string {
	isBackground := func(w string) bool { return strings.HasSuffix(w, "&") }
	for i, w := range words {
		args := words[i+1:]
		if slices.ContainsFunc(args, isBackground) {
			continue
		}
		switch path.Base(w) {
		case "systemctl":
			if systemctlWaits(args) {
				return "systemctl --no-block " + strings.Join(args, " ")
			}
		case "service": // Debian's and Fedora's call systemctl
			if len(args) > 1 && isWaitingVerb(args[1]) {
				return "systemctl --no-block " + args[1] + " " + args[0]
			}
		}
	}
	return ""
}

func isWaitingVerb(verb string) bool {
	return slices.Contains([]string{
		"start", "restart", "reload", "try-restart", "condrestart", "reload-or-restart", "try-reload-or-restart", "force-reload",
	}, verb)
}

// systemctlWaits reports whether systemctl with these arguments waits for a unit of
// this machine's manager.
func systemctlWaits(args []string) bool {
	verb := ""
	for _, a := range args {
		name, _, _ := strings.Cut(a, "=")
		switch {
		case slices.Contains([]string{"--no-block", "--user", "-H", "--host", "-M", "--machine", "--root", "--job-mode"}, name):
			return false
		case verb == "" && !strings.HasPrefix(a, "-"):
			verb = a
		}
	}
	return isWaitingVerb(verb) || verb == "enable" && slices.Contains(args, "--now")
}
