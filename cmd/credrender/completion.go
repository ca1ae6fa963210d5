package main

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/credrender/credrender/internal/backend"
	"github.com/credrender/credrender/internal/config"
	"github.com/credrender/credrender/pkg/template"
)

// The completion of words that only this program knows. The scripts of 'credrender
// completion' run the hidden command __complete, which answers from the config, and for
// names of secrets from the store. A failure completes nothing and prints nothing: the
// user is in the middle of a line.

// completionTime is how long a key press waits for AWS.
const completionTime = 300 * time.Millisecond

// completionOff is the variable that limits completion to words known without reading
// the config or asking a store.
const completionOff = "CREDRENDER_COMPLETE"

// words returns what can stand at the cursor. before has the arguments of the command so
// far, and prefix the beginning of the word.
type words func(before []string, prefix string) []string

// isCompletion reports whether a command line asks for completion.
func isCompletion(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// complete registers the completion of all arguments and flags. Only a command line that
// asks for completion needs it.
func (a *app) complete(root *cobra.Command) {
	cp := &completer{app: a}
	arguments := cp.arguments(root)
	for _, c := range root.Commands() {
		if w := arguments[c.Name()]; w != nil {
			c.ValidArgsFunction = cp.function(w)
		}
		cp.flags(c)
		for _, sub := range c.Commands() {
			cp.flags(sub)
		}
	}
	cp.flags(root)
}

// completer completes the words of one command line.
type completer struct {
	app *app
	ctx context.Context //nolint:containedctx // of one call by cobra, which passes it in the command
	cfg *config.Config
}

// files completes nothing itself, which leaves the word to the shell's own completion of
// files.
func files([]string, string) []string { return nil }

// none completes nothing, for words that only the user knows.
func none([]string, string) []string { return []string{} }

// function adapts words to cobra. A nil slice leaves the word to the shell.
func (cp *completer) function(w words) cobra.CompletionFunc {
	return func(c *cobra.Command, before []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var stop context.CancelFunc
		cp.ctx, stop = context.WithTimeout(c.Context(), cp.app.completionTime)
		defer stop()
		all := w(before, prefix)
		if all == nil {
			return nil, cobra.ShellCompDirectiveDefault
		}
		directive := cobra.ShellCompDirectiveNoFileComp
		var list []cobra.Completion
		for _, word := range all {
			if strings.HasPrefix(word, prefix) && isSafeWord(word) {
				list = append(list, word)
				if strings.HasSuffix(word, ":") || strings.HasSuffix(word, "=") || strings.HasSuffix(word, "@") {
					directive |= cobra.ShellCompDirectiveNoSpace
				}
			}
		}
		slices.Sort(list)
		return slices.Compact(list), directive
	}
}

// isSafeWord reports whether a shell takes a word as it is. A name with other characters
// is left out, since who may put a secret could otherwise place a command on the command
// line of those who complete its name.
func isSafeWord(word string) bool {
	return word != "" && word[0] != '-' && strings.IndexFunc(word, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("._-/:@=+,%#", r)
	}) < 0
}

// arguments returns the completion of the arguments of each command.
func (cp *completer) arguments(root *cobra.Command) map[string]words {
	ref := cp.position(cp.refs, cp.pairs)
	jobs := cp.position(cp.jobs, none)
	return map[string]words{
		"get": ref, "edit": ref, "generate": ref, "getall": ref, "rekey": ref, "migrate": ref, "verify-store": ref, "export": ref, "rollback": ref,
		"history": cp.position(cp.refs, none), "delete": cp.position(cp.refs, none), "list": cp.position(cp.refs, none), "prune": cp.position(cp.refs, none),
		"copy": func(before []string, prefix string) []string {
			if len(before) < 2 {
				return cp.refs(before, prefix)
			}
			return cp.pairs(before, prefix)
		},
		"put": cp.position(cp.refs, cp.pairsOrFile), "rotate": cp.position(cp.refs, cp.pairsOrFile), "pull": cp.position(cp.refs, cp.pairsOrFile),
		"encrypt": cp.position(files, cp.pairsOrFile), "decrypt": cp.position(files, cp.pairsOrFile), "import": cp.position(files, cp.pairsOrFile),
		"hold": jobs, "run-hook": jobs,
		"explain": cp.position(explained, none),
		"help": cp.position(func([]string, string) []string {
			names := topicNames()
			for _, c := range root.Commands() {
				if c.IsAvailableCommand() {
					names = append(names, c.Name())
				}
			}
			return names
		}, none),
		"grant": cp.position(none, cp.pairs), "grants": none, "revoke": cp.position(none, cp.pairs),
		"recover": none, "daemon": none, "setup": none, "status": none, "version": none,
	}
}

// position completes the first argument by one rule and the others by another.
func (cp *completer) position(first, others words) words {
	return func(before []string, prefix string) []string {
		if len(before) == 0 {
			return first(before, prefix)
		}
		return others(before, prefix)
	}
}

// flags registers the completion of the values of a command's flags.
func (cp *completer) flags(c *cobra.Command) {
	byName := map[string]words{
		"job": cp.jobs, "accept-removed": cp.refs, "secret": cp.refs, "override": cp.overrides, "env": cp.assignments, "context": cp.pairs, "to-context": cp.pairs, "from-context": none,
		"store": fixed("dynamodb", "local", "local:", "s3://"), "table": cp.tables, "profile": cp.profiles,
		"log-level": fixed("debug", "info", "warn", "error"), "log-format": fixed("text", "json"),
		"to": cp.settingsOf(c), "from": cp.settingsOf(c), "into": cp.sources, "permit": fixed("mode", "owner"),
		"alphabet": fixed("lower", "upper", "digit", "symbol"), "on-change": fixed("restart", "signal:HUP"),
	}
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		w := byName[f.Name]
		value, _ := pflag.UnquoteUsage(f)
		if choices := choicesOf(f); choices != nil {
			w = fixed(choices...)
		}
		switch {
		case w != nil:
		case strings.Contains(value, "FILE"), strings.Contains(value, "DIR"), strings.Contains(value, "COMMAND"), strings.Contains(value, "SRC"):
			w = files
		default:
			w = none
		}
		_ = c.RegisterFlagCompletionFunc(f.Name, cp.function(w)) // fails only if it is registered
	})
}

func fixed(list ...string) words { return func([]string, string) []string { return list } }

// choicesOf returns the words that a flag takes, or nil.
func choicesOf(f *pflag.Flag) []string {
	v := f.Value
	if once, ok := v.(*onceValue); ok {
		v = once.Value
	}
	if choice, ok := v.(*choiceValue); ok {
		return choice.choices
	}
	return nil
}

// explained returns what 'credrender explain' knows.
func explained([]string, string) (names []string) {
	for _, f := range template.Functions() {
		names = append(names, f.Name)
	}
	for _, k := range config.Keys() {
		names = append(names, k.Name)
	}
	return names
}

// config loads the config once, in silence. It is empty, and not ok, if that fails or is
// turned off.
func (cp *completer) config() (cfg *config.Config, ok bool) {
	a := cp.app
	if off, _ := a.lookupEnv(completionOff); off == "off" {
		return &config.Config{}, false
	}
	if cp.cfg == nil {
		a.stderr, a.stdin = io.Discard, strings.NewReader("")
		cfg, err := a.config(cp.ctx)
		a.code = exitOK
		if err != nil {
			return &config.Config{}, false
		}
		a.stores.MFA = nil // which would ask
		cp.cfg = cfg
	}
	return cp.cfg, true
}

// jobs returns the names of the jobs of the config.
func (cp *completer) jobs([]string, string) []string {
	names := []string{}
	cfg, _ := cp.config()
	for _, j := range cfg.Jobs {
		names = append(names, j.Name)
	}
	return names
}

// pairs returns the KEY=VALUE of all contexts of the config.
func (cp *completer) pairs([]string, string) []string {
	all := []string{}
	cfg, _ := cp.config()
	contexts := []map[string]string{cfg.Base.Context}
	contexts = slices.AppendSeq(contexts, maps.Values(cfg.Base.Contexts))
	for _, j := range cfg.Jobs {
		contexts = append(contexts, j.Context)
	}
	for _, c := range contexts {
		for key, value := range c {
			all = append(all, key+"="+value)
		}
	}
	return all
}

// pairsOrFile returns pairs, or leaves a word that is not the beginning of one to the
// shell.
func (cp *completer) pairsOrFile(before []string, prefix string) []string {
	pairs := cp.pairs(before, prefix)
	if !slices.ContainsFunc(pairs, func(p string) bool { return strings.HasPrefix(p, prefix) }) {
		return nil
	}
	return pairs
}

// tables returns the tables that the config and its sources name.
func (cp *completer) tables([]string, string) []string {
	cfg, ok := cp.config()
	if !ok {
		return []string{}
	}
	all := []string{cfg.Base.Store.Table}
	for _, name := range cfg.Base.Store.SourceNames() {
		if s, ok := cfg.Base.Store.Named(name); ok && s.Kind == backend.DynamoDB {
			all = append(all, s.Table)
		}
	}
	return all
}

// sources returns the prefixes of refs.
func (cp *completer) sources([]string, string) []string {
	all := []string{"ssm:", "sm:", "s3://"}
	cfg, _ := cp.config()
	for _, name := range cfg.Base.Store.SourceNames() {
		all = append(all, name+":")
	}
	return all
}

// settingsOf completes SETTING=VALUE of --to and --from, and versions of rollback --to not
// at all.
func (cp *completer) settingsOf(c *cobra.Command) words {
	if c.Name() == "rollback" {
		return none
	}
	return func([]string, string) (all []string) {
		for _, s := range storeSettings {
			all = append(all, s+"=")
		}
		return all
	}
}
