package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/credrender/credrender/internal/manual"
)

// exitMeanings describes the exit codes, for the help of the root command and the topic
// exit-codes.
func exitMeanings() []exitMeaning {
	return []exitMeaning{
		{exitOK, "done", "Everything is as it should be. Nothing is printed if nothing changed."},
		{exitFailed, "failed", "AWS is unreachable or throttles, a file cannot be written, an item fails its integrity check, a value cannot be converted, another run holds the lock, a signal interrupted the command. Files stay as they were."},
		{exitUsage, "bad usage, config or template", "Nothing was requested or written. The message has file, line and key. Trying again without a change does not help."},
		{exitSecret, "a secret is missing or refused", "The store has no such secret, a pattern matches nothing, or AWS denies access, has the key disabled or finds another context. The message names every such secret."},
		{exitRefused, "a check or verify refused the new files (the old ones stay in place)", "A check, format, keypairs or verify failed, or prune would remove too much. In rotate: --verify refused the candidate."},
		{exitHook, "all files are in place but a hook failed (it stays pending)", "The next run tries it again, even if no file changes. In rotate: the new value is in force, and --wait-for or --revoke failed."},
	}
}

type exitMeaning struct {
	code            int
	short, explains string
}

// exitCodesLine lists the codes in one sentence.
func exitCodesLine() string {
	var parts []string
	for _, m := range exitMeanings() {
		parts = append(parts, fmt.Sprintf("%d %s", m.code, m.short))
	}
	return "Exit codes: " + strings.Join(parts, ", ") + "."
}

func exitCodesPage() manual.Page {
	var rows [][]string
	for _, m := range exitMeanings() {
		rows = append(rows, []string{strconv.Itoa(m.code), manual.Escape(capital(m.short) + ". " + m.explains)})
	}
	var order []string
	for _, code := range severity {
		if code != exitOK {
			order = append(order, strconv.Itoa(code))
		}
	}
	return manual.Page{Title: "Exit codes", Blocks: []manual.Block{
		{Kind: manual.Table, Rows: rows},
		{Kind: manual.Heading, Level: 2, Text: "Several failures"},
		{Kind: manual.Paragraph, Text: "If failures have different codes, the command exits with the first of these that occurred: " + strings.Join(order, ", ") + "."},
		{Kind: manual.Heading, Level: 2, Text: "Commands with codes of their own"},
		{Kind: manual.Table, Rows: [][]string{
			{"plan --detailed-exitcode", fmt.Sprintf("0 nothing would change, %d something would change, 1 any error.", exitChanges)},
			{"lint --strict", "2 if there are warnings."},
			{"status --check", "1 if a job failed, has a pending hook or is too old."},
			{"test", "1 if a case fails, 2 if a test file is wrong."},
			{"exec", "The exit code of the program, once it has started."},
			{"credstash, credsmash", "0 done, 1 failed, 2 bad usage, as those programs."},
		}},
	}}
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
