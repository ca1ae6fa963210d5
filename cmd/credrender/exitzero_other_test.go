package main

// execRows are command lines that never get as far as starting a program: this
// process would become it.
func execRows() []bad {
	return []bad{
		refuses(faultMissing, exitSecret, `no\.such: .*not found`, "--env A=no.such -- ./none"),
		refuses(faultMissing, exitSecret, `typo\.\*: .*match`, "--env-prefix typo.* -- ./none"),
		refuses(faultMissing, exitUsage, `none\.tmpl`, "--env-file none.tmpl -- ./none"),
		refuses(faultMissing, exitUsage, `no command`, "--env A=db.pw?env=prod"),
		refuses(faultMissing, exitUsage, `--override x: no rendered template uses it`, "--env A=db.pw?env=prod --override x=@text.txt -- ./none"),
		refuses(faultMissing, exitUsage, `--override db\.pw: .*none`, "--env A=db.pw?env=prod --override db.pw=@folder/none -- ./none"),
		refuses(faultMissing, 127, `none`, "--env A=db.pw?env=prod -- ./none"),
		refuses(faultEmpty, exitUsage, `--env is empty`, "--env '' -- ./none"),
		refuses(faultEmpty, exitUsage, `--env A: .*"" has no name`, "--env A= -- ./none"),
		refuses(faultEmpty, exitUsage, `CMD is empty`, "--env A=db.pw?env=prod -- ''"),
		refuses(faultEmpty, exitUsage, `--env-file is empty`, "--env-file '' -- ./none"),
		refuses(faultMalformed, exitUsage, `--env: A is not VAR=REF`, "--env A -- ./none"),
		refuses(faultMalformed, exitUsage, `--override: write REF=@FILE`, "--env A=db.pw?env=prod --override db.pw=value -- ./none"),
		refuses(faultMalformed, exitUsage, `--override cannot be combined with --watch`, "--env A=db.pw?env=prod --override db.pw=@text.txt --watch @hourly -- ./none"),
		refuses(faultMalformed, exitUsage, `--env: .*VAR=REF`, "--env 1A=db.pw -- ./none"),
		refuses(faultMalformed, exitUsage, `--env-prefix db\.pw has no \*`, "--env-prefix db.pw -- ./none"),
		refuses(faultMalformed, exitUsage, `badenv\.tmpl, as rendered: line 1`, "--env-file badenv.tmpl -- ./none"),
		refuses(faultMalformed, exitUsage, `broken\.tmpl:1`, "--env-file broken.tmpl -- ./none"),
		refuses(faultWrongType, exitUsage, `list\.json`, "--vars list.json --env A=db.pw -- ./none"),
		refuses(faultWrongRef, exitUsage, `--env A: .*"ssm:" has no name`, "--env A=ssm: -- ./none"),
		refuses(faultWrongRef, exitSecret, `ssm:/typo/\*: .*match`, "--env-prefix 'ssm:/typo/*' -- ./none"),
		refuses(faultUnreadable, exitUsage, `loop`, "--env-file loop -- ./none"),
		refuses(faultUnreadable, exitUsage, `loop`, "-c loop -- ./none"),
		refuses(faultUnreadable, exitFailed, `loop`, "--env A=db.pw --store local:$D/loop -- ./none"),
		refuses(faultUnreadable, 126, `folder`, "-- ./folder"),
		refuses(faultDuplicated, exitUsage, `A is set twice`, "--env A=db.pw?env=prod --env A=app.key -- ./none"),
		refuses(faultDuplicated, exitUsage, `env2\.tmpl, as rendered: line 2: A`, "--env-file env2.tmpl -- ./none"),
		refuses(faultDuplicated, exitUsage, `A is set twice`, "--env A=app.key --env-file env.tmpl -- ./none"),
		refuses(faultMissing, exitSecret, `no\.such: .*not found`, "--watch @hourly --env A=no.such -- ./none"),
		refuses(faultMissing, 127, `none`, "--watch @hourly --env A=db.pw?env=prod -- ./none"),
		refuses(faultMissing, exitUsage, `nothing to watch`, "--watch @hourly -- ./none"),
		refuses(faultMissing, exitUsage, `--on-change needs --watch`, "--on-change restart --env A=db.pw -- ./none"),
		refuses(faultEmpty, exitUsage, `--watch`, "--watch '' --env A=db.pw -- ./none"),
		refuses(faultEmpty, exitUsage, `--kill-after`, "--watch @hourly --kill-after 0 --env A=db.pw -- ./none"),
		refuses(faultMalformed, exitUsage, `--watch: .*minute "1,,2"`, "--watch '1,,2 * * * *' --env A=db.pw -- ./none"),
		refuses(faultMalformed, exitUsage, `--on-change: NOPE is not a signal`, "--watch @hourly --on-change signal:NOPE --file ok.tmpl:$D/out -- ./none"),
		refuses(faultMalformed, exitUsage, `cannot change the environment`, "--watch @hourly --on-change signal:HUP --env A=db.pw -- ./none"),
		refuses(faultWrongType, exitUsage, `--kill-after`, "--watch @hourly --kill-after soon --env A=db.pw -- ./none"),
		refuses(faultWrongType, exitUsage, `--splay`, "--watch @hourly --splay -1m --env A=db.pw -- ./none"),
		refuses(faultMissing, exitUsage, `--supervised is for exec --watch only`, "--supervised --env A=db.pw -- ./none"),
		refuses(faultSameFile, exitUsage, `template of --env-file`, "--env-file env.tmpl --file plain.tmpl:$D/env.tmpl -- ./none"),
		refuses(faultSameFile, exitUsage, `is a file of job a`, "-c ok.yaml --file plain.tmpl:$D/out -- ./none"),
		refuses(faultSameFile, exitUsage, `also the template`, "--file ok.tmpl:$D/link -- ./none"),
	}
}

// otherRows returns rows of exec, and of the commands without secrets.
func otherRows() map[string][]bad {
	rows := map[string][]bad{
		"exec": execRows(),
		"convert": {
			refuses(faultMissing, exitUsage, `none\.j2`, "none.j2"),
			refuses(faultMissing, exitUsage, `is missing`, ""),
			refuses(faultEmpty, exitUsage, `standard input is empty`, "-"),
			refuses(faultEmpty, exitUsage, `--obj-name is empty`, "ok.j2 --obj-name ''"),
			refuses(faultMalformed, exitUsage, `bad\.j2:`, "bad.j2"),
			refuses(faultWrongType, exitUsage, `type\.j2`, "type.j2"),
			refuses(faultUnreadable, exitUsage, `loop`, "loop"),
			refuses(faultMissing, exitUsage, `not a folder of confd`, "folder"),
			refuses(faultMissing, exitUsage, `give --backend`, "confd"),
			refuses(faultEmpty, exitUsage, `--backend is empty`, "confd --backend ''"),
			refuses(faultMalformed, exitUsage, `reads no vault`, "confd --backend vault"),
			refuses(faultWrongType, exitUsage, `neither \{\{ \}\}`, "text.txt"),
			refuses(faultWrongType, exitUsage, `text/template`, "ok.tmpl"),
			refuses(faultWrongType, exitUsage, `--out is for a folder`, "ok.j2 --out $D/out"),
			refuses(faultUnreadable, exitUsage, `text\.txt`, "confd --backend ssm --out text.txt/x"),
			refuses(faultDuplicated, exitUsage, `arg`, "ok.j2 ok.j2"),
			refuses(faultSameFile, exitUsage, `exists`, "confd --backend ssm --out confd"),
		},
		"demo": {
			refuses(faultMissing, exitFailed, `none`, "$D/none/demo"),
			refuses(faultEmpty, exitUsage, `DIR`, "''"),
			refuses(faultWrongType, exitFailed, `text\.txt`, "text.txt"),
			refuses(faultUnreadable, exitFailed, `text\.txt/x`, "text.txt/x"),
			refuses(faultDuplicated, exitUsage, `arg`, "a b"),
			refuses(faultSameFile, exitFailed, `folder`, "folder"),
		},
		"docs man": {
			refuses(faultEmpty, exitUsage, `DIR`, "''"),
			refuses(faultWrongType, exitFailed, `text\.txt`, "text.txt"),
			refuses(faultUnreadable, exitFailed, `text\.txt`, "text.txt/x"),
			refuses(faultUnreadable, exitFailed, `loop`, "loop"),
			refuses(faultDuplicated, exitUsage, `arg`, "a b"),
		},
		"docs": {
			refuses(faultMissing, exitUsage, `unknown command "none"`, "none"),
			refuses(faultEmpty, exitUsage, `unknown command ""`, "''"),
		},
		"help": {
			refuses(faultMissing, exitUsage, `unknown command "none"`, "none"),
			refuses(faultEmpty, exitUsage, `unknown command ""`, "''"),
			refuses(faultMalformed, exitUsage, `unknown command`, "docs none"),
		},
		"version": {
			refuses(faultMalformed, exitUsage, `arg|unknown`, "now"),
			refuses(faultMalformed, exitUsage, `unknown flag: --sort`, "--sort"),
		},
		"completion": {
			refuses(faultMissing, exitUsage, `unknown command "tcsh"`, "tcsh"),
			refuses(faultEmpty, exitUsage, `unknown command ""`, "''"),
		},
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		rows["completion "+shell] = []bad{refuses(faultMalformed, exitUsage, `arg|unknown`, "extra")}
	}
	return rows
}

func otherImmune() map[string]immune {
	all := map[string]immune{
		"convert":    immune{}.excuse("reads no secret, so that it takes no REF", faultWrongRef),
		"demo":       immune{}.excuse("takes the name of a directory alone", faultMalformed, faultWrongRef),
		"docs man":   immune{}.excuse("makes the directory", faultMissing).excuse("takes the name of a directory alone", faultMalformed, faultWrongRef).excuse("reads no file", faultSameFile),
		"docs":       immune{}.excuse("takes the name of a command alone", faultMalformed, faultWrongType, faultWrongRef, faultUnreadable, faultDuplicated, faultSameFile),
		"help":       immune{}.excuse("takes the name of a command alone", faultWrongType, faultWrongRef, faultUnreadable, faultDuplicated, faultSameFile),
		"version":    immune{}.excuse(noInput, faultMissing, faultEmpty, faultWrongType, faultWrongRef, faultUnreadable, faultDuplicated, faultSameFile),
		"completion": immune{}.excuse("takes the name of a shell alone", faultMalformed, faultWrongType, faultWrongRef, faultUnreadable, faultDuplicated, faultSameFile),
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		all["completion "+shell] = immune{}.excuse(noInput, faultMissing, faultEmpty, faultWrongType, faultWrongRef, faultUnreadable, faultDuplicated, faultSameFile)
	}
	return all
}
