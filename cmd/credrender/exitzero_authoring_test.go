package main

// authoringRows returns rows of the commands for writers of templates and configs.
func authoringRows() map[string][]bad {
	return map[string][]bad{
		"explain": {
			refuses(faultMissing, exitUsage, `NAME is missing`, ""),
			refuses(faultMissing, exitUsage, `no key or function "modee", did you mean mode`, "modee"),
			refuses(faultEmpty, exitUsage, `no key or function ""`, "''"),
			refuses(faultMalformed, exitUsage, `no key or function "jobs\.\.mode"`, "jobs..mode"),
			refuses(faultDuplicated, exitUsage, `too many arguments`, "mode mode"),
		},
		"config": {
			refuses(faultMissing, exitUsage, `unknown command "none"`, "none"),
			refuses(faultEmpty, exitUsage, `unknown command ""`, "''"),
		},
		"config schema": {
			refuses(faultMalformed, exitUsage, `too many arguments|unknown command`, "config.yaml"),
			refuses(faultMalformed, exitUsage, `unknown flag: --test\b.*did you mean --tests`, "--test"),
			refuses(faultWrongType, exitUsage, `invalid argument "maybe" for "--tests"`, "--tests=maybe"),
		},
		"init": {
			refuses(faultMissing, exitUsage, `--dest is empty`, "$D/new --dest ''"),
			refuses(faultEmpty, exitUsage, `DIR is empty`, "''"),
			refuses(faultMalformed, exitUsage, `jobs\[0\]\.dest: app\.conf is not an absolute path`, "$D/new --dest app.conf"),
			refuses(faultMalformed, exitUsage, `--secret: `, "$D/new --secret ssm:"),
			refuses(faultWrongType, exitUsage, `redis`, "$D/new --store redis"),
			refuses(faultUnreadable, exitUsage, `text\.txt`, "text.txt"),
			refuses(faultDuplicated, exitUsage, `too many arguments`, "a b"),
			refuses(faultSameFile, exitUsage, `credrender\.yaml exists: init overwrites nothing`, "$D/made"),
		},
		"test": {
			refuses(faultMissing, exitUsage, `none: no such file`, "none"),
			refuses(faultMissing, exitUsage, `no \*\.test\.yaml below folder`, "folder"),
			refuses(faultMissing, exitFailed, `1 of 1 case failed`, "case-missing.test.yaml").printing(),
			refuses(faultEmpty, exitUsage, `DIR is empty`, "''"),
			refuses(faultEmpty, exitUsage, `--junit is empty`, "--junit '' case-ok.test.yaml"),
			refuses(faultEmpty, exitUsage, `case-empty\.test\.yaml: .*empty`, "case-empty.test.yaml").printing(),
			refuses(faultMalformed, exitUsage, `case-keys\.test\.yaml:\d+: cases\[0\]\.want_txt: .*did you mean want_text`, "case-keys.test.yaml").printing(),
			refuses(faultWrongType, exitUsage, `case-type\.test\.yaml:\d+: cases: expected a list`, "case-type.test.yaml").printing(),
			refuses(faultUnreadable, exitUsage, `loop`, "loop"),
			refuses(faultDuplicated, exitUsage, `a case of this name`, "case-twice.test.yaml").printing(),
			refuses(faultSameFile, exitUsage, `not below the directory`, "--update case-outside.test.yaml").printing(),
		},
	}
}

func authoringImmune() map[string]immune {
	return map[string]immune{
		"explain":       immune{}.excuse("takes a name alone", faultWrongType, faultWrongRef, faultUnreadable, faultSameFile),
		"config":        immune{}.excuse("takes the name of a command alone", faultMalformed, faultWrongType, faultWrongRef, faultUnreadable, faultDuplicated, faultSameFile),
		"config schema": immune{}.excuse(noInput, faultMissing, faultEmpty, faultWrongRef, faultUnreadable, faultDuplicated, faultSameFile),
		"init":          immune{}.excuse("takes the name of a secret, and reads none", faultWrongRef),
		"test":          immune{}.excuse("reads fixtures in place of stores", faultWrongRef),
	}
}

// authoringFiles are the files of these rows.
func authoringFiles() map[string]string {
	const head = "template: plain.tmpl\ncases:\n"
	return map[string]string{
		"made/credrender.yaml":   "jobs: []\n",
		"case-ok.test.yaml":      head + "  - {name: a, want_error: x}\n",
		"case-missing.test.yaml": head + "  - {name: a, want: none.txt}\n",
		"case-empty.test.yaml":   "",
		"case-keys.test.yaml":    head + "  - {name: a, want_txt: cAnAry-word}\n",
		"case-type.test.yaml":    "template: plain.tmpl\ncases: {a: cAnAry-word}\n",
		"case-twice.test.yaml":   head + "  - {name: a, want_text: x}\n  - {name: a, want_text: x}\n",
		"case-outside.test.yaml": head + "  - {name: a, want: ../ok.tmpl}\n",
	}
}
