package main

// authoringRows returns rows of the commands for writers of templates and configs.
func authoringRows() map[string][]bad {
	return map[string][]bad{
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
		"test": immune{}.excuse("reads fixtures in place of stores", faultWrongRef),
	}
}

// authoringFiles are the files of these rows.
func authoringFiles() map[string]string {
	const head = "template: plain.tmpl\ncases:\n"
	return map[string]string{
		"case-ok.test.yaml":      head + "  - {name: a, want_error: x}\n",
		"case-missing.test.yaml": head + "  - {name: a, want: none.txt}\n",
		"case-empty.test.yaml":   "",
		"case-keys.test.yaml":    head + "  - {name: a, want_txt: cAnAry-word}\n",
		"case-type.test.yaml":    "template: plain.tmpl\ncases: {a: cAnAry-word}\n",
		"case-twice.test.yaml":   head + "  - {name: a, want_text: x}\n  - {name: a, want_text: x}\n",
		"case-outside.test.yaml": head + "  - {name: a, want: ../ok.tmpl}\n",
	}
}
