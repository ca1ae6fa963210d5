package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/credrender/credrender/internal/config"
)

// namedCommand is a command that is made only if the command line needs it. Making all
// of them, with their flags and the global ones, took a quarter of the instructions of
// `credrender version`.
type namedCommand struct {
	name string
	make func(*app) *cobra.Command
}

// commands lists the commands of credrender.
func commands() []namedCommand {
	return []namedCommand{
		{"render", newRender}, {"daemon", newDaemon}, {"plan", newPlan}, {"lint", newLint}, {"pull", newPull}, {"recover", newRecover},
		{"get", newGet}, {"put", newPut}, {"list", newList}, {"delete", newDelete}, {"getall", newGetall},
		{"generate", newGenerate}, {"edit", newEdit}, {"history", newHistory}, {"copy", newCopy}, {"rollback", newRollback}, {"rotate", newRotate},
		{"prune", newPrune}, {"rekey", newRekey}, {"migrate", newMigrate}, {"import", newImport}, {"export", newExport}, {"verify-store", newVerifyStore},
		{"encrypt", newEncrypt}, {"decrypt", newDecrypt}, {"exec", newExec},
		{"setup", newSetup}, {"grant", newGrant}, {"grants", newGrants}, {"revoke", newRevoke}, {"policy", newPolicy}, {"doctor", newDoctor},
		{"status", newStatus}, {"hold", newHold}, {"run-hook", newRunHook}, {"demo", newDemo}, {docsCommand, newDocs}, {"version", newVersion},
		{"credstash", newCredstash}, {"credsmash", newCredsmash}, {"convert", newConvert},
		{"test", newTest}, {"explain", newExplain}, {"config", newConfig}, {"init", newInit},
	}
}

// docsCommand has pages of all commands.
const docsCommand = "docs"

// commandsFor returns the one command that a command line runs, or all commands if it
// takes all of them to answer: help, completion, a suggestion for a misspelt command.
func commandsFor(args []string) (list []namedCommand, all bool) {
	name := commandWord(args)
	for _, c := range commands() {
		if c.name == name && name != docsCommand {
			return []namedCommand{c}, false
		}
	}
	return commands(), true
}

// commandWord returns the first word of a command line after global flags, or "" if
// something else is there. It finds the word as cobra's Traverse does.
func commandWord(args []string) string {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		n := flagWords(args)
		if n == 0 {
			return ""
		}
		args = args[n:]
	}
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// flagWords returns the number of words of the global flag that begins a command line, 0
// if no such flag does. Each global flag has a value.
func flagWords(args []string) int {
	flag, _, joined := strings.Cut(args[0], "=")
	for _, f := range config.Flags() {
		if flag != "--"+f.Name && (joined || f.Short == "" || flag != "-"+f.Short) {
			continue
		}
		switch {
		case joined:
			return 1
		case len(args) > 1 && !strings.HasPrefix(args[1], "-"):
			return 2
		}
	}
	return 0
}
