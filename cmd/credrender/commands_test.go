package main

import (
	"bytes"
	"strings"
	"testing"
)

// A command line that is made for one command answers as the whole one does.
func TestOneCommandAnswersAsAll(t *testing.T) {
	t.Parallel()
	for _, c := range commands() {
		for _, words := range []string{"NAME --help", "--log-level debug NAME -h", "NAME --no-such-flag", "--no-such-flag NAME", "--no-such=x NAME --help", "NAME --region"} {
			words = strings.ReplaceAll(words, "NAME", c.name)
			args := strings.Fields(words)
			list, all := commandsFor(args)
			if strings.HasPrefix(words, "--no-such") != all && c.name != docsCommand {
				t.Errorf("%s: all commands are made: %t", words, all)
			}
			one, code := answer(args, list, all)
			want, wantCode := answer(args, commands(), true)
			if one != want || code != wantCode {
				t.Errorf("%s: exit code %d, all commands give %d; got:\n%s\nwant:\n%s", words, code, wantCode, one, want)
			}
		}
	}
}

// answer runs a command line of some commands that gets no further than to its flags.
func answer(args []string, list []namedCommand, all bool) (output string, code int) {
	var out bytes.Buffer
	a := newApp(strings.NewReader(""), &out, &out)
	a.log, a.globals, a.words = a.newLog(0, "text"), newGlobals(), args
	root := newRootWith(a, list, all)
	root.SetArgs(args)
	root.SetOut(&out)
	if err := root.Execute(); err != nil {
		a.fail(err)
	}
	return out.String(), a.code
}

func TestCommandsHaveTheirNames(t *testing.T) {
	for _, c := range commands() {
		if got := c.make(newApp(nil, nil, nil)).Name(); got != c.name {
			t.Errorf("the command %s is listed as %s", got, c.name)
		}
	}
}

// Whatever needs all commands has them.
func TestAllCommandsWhereTheyAreNeeded(t *testing.T) {
	for words, one := range map[string]string{
		"get x":                         "get",
		"--state-dir d get x":           "get",
		"-c f --region=eu-west-1 get x": "get",
		"-c get put x":                  "put",
		"":                              "",
		"--help":                        "",
		"-V":                            "",
		"help get":                      "",
		"docs man":                      "",
		"gett x":                        "",
		"completion bash":               "",
		"__complete get":                "",
		"render-templates x":            "",
		"-- get x":                      "",
		"-tget x":                       "",
		"--state-dir --region get x":    "",
		"--state-dir":                   "",
	} {
		list, all := commandsFor(strings.Fields(words))
		if all != (one == "") || !all && list[0].name != one {
			t.Errorf("%q: got %s and %d more, all: %t; want %q", words, list[0].name, len(list)-1, all, one)
		}
	}
}
