package main

import (
	"slices"
	"strings"
)

// configFaults are of every command that needs a config with jobs.
func configFaults() []bad {
	return []bad{
		refuses(faultMissing, exitUsage, `none\.yaml`, "-c none.yaml"),
		refuses(faultEmpty, exitUsage, `nothing to do|no jobs`, "-c empty.yaml"),
		refuses(faultEmpty, exitUsage, `config`, "-c ''"),
		refuses(faultMalformed, exitUsage, `bad\.yaml:`, "-c bad.yaml"),
		refuses(faultMalformed, exitUsage, `key\.yaml:1: .*jobz`, "-c key.yaml"),
		refuses(faultWrongType, exitUsage, `type\.yaml:2`, "-c type.yaml"),
		refuses(faultWrongType, exitUsage, `list\.yaml`, "-c list.yaml"),
		refuses(faultWrongRef, exitUsage, `source\.yaml:2:.*ssm:`, "-c source.yaml"),
		refuses(faultUnreadable, exitUsage, `loop`, "-c loop"),
		refuses(faultUnreadable, exitUsage, `text\.txt/x`, "-c text.txt/x"),
		refuses(faultDuplicated, exitUsage, `twice\.yaml:3`, "-c twice.yaml"),
		refuses(faultDuplicated, exitUsage, `again\.yaml:2: .*region`, "-c again.yaml"),
	}
}

// jobRows returns rows of commands that take jobs and neither render nor plan.
func jobRows() map[string][]bad {
	return map[string][]bad{
		"lint": append(configFaults(),
			refuses(faultMissing, exitUsage, `none\.tmpl: .*no such file`, "none.tmpl"),
			refuses(faultMissing, exitUsage, `none\.tmpl`, "-c nosrc.yaml"),
			refuses(faultEmpty, exitUsage, `noname\.tmpl:1:.*name`, "noname.tmpl"),
			refuses(faultEmpty, exitUsage, `"" is not SRC`, "''"),
			refuses(faultMalformed, exitUsage, `broken\.tmpl:1`, "broken.tmpl"),
			refuses(faultWrongType, exitUsage, `type\.tmpl:1:.*secret`, "type.tmpl"),
			refuses(faultWrongRef, exitUsage, `ref\.tmpl:1:.*s3://`, "ref.tmpl"),
			refuses(faultUnreadable, exitUsage, `loop: .*too many`, "loop"),
			refuses(faultDuplicated, exitUsage, `samedest\.yaml:4: .*/out`, "-c samedest.yaml").printing(),
			refuses(faultDuplicated, exitUsage, `twice\.tmpl:1:.*env`, "twice.tmpl"),
			refuses(faultSameFile, exitUsage, `also the template`, "ok.tmpl:$D/link").printing(),
			refuses(faultSameFile, exitUsage, `also the template`, "-c selfdest.yaml").printing(),
			refuses(faultSameFile, exitUsage, `a -> b -> a`, "-c cycle.yaml").printing(),
		),
		"daemon": append(slices.DeleteFunc(configFaults(), func(b bad) bool { return strings.Contains(b.line, "none.yaml") }), // which is waited for
			refuses(faultMissing, exitUsage, `none\.yaml`, "--check-config -c none.yaml"),
			refuses(faultMissing, exitUsage, `no job has a schedule: .*ok\.yaml`, "-c ok.yaml"),
			refuses(faultMalformed, exitUsage, `badcron\.yaml:1: .*schedule`, "-c badcron.yaml"),
			refuses(faultWrongType, exitUsage, `unknown command "job"`, "-c cron.yaml job"),
			refuses(faultDuplicated, exitUsage, `samedest\.yaml:4: .*/out`, "-c samedest.yaml"),
			refuses(faultSameFile, exitFailed, `listen unix .*plain\.tmpl`, "-c listen.yaml"),
			refuses(faultSameFile, exitUsage, `textfile: .*is the template of job a`, "-c textfile.yaml"),
			refuses(faultSameFile, exitUsage, `textfile: .*is the config`, "-c textself.yaml"),
		),
		"status": append(slices.DeleteFunc(configFaults(), func(b bad) bool { return strings.Contains(b.line, "empty.yaml") }),
			refuses(faultEmpty, exitOK, `\.state does not exist: no job has run`, "-c empty.yaml").printing(),
			refuses(faultMissing, exitFailed, `a: it has not run yet`, "--check -c ok.yaml"),
			refuses(faultMissing, exitUsage, `--forget: there is no job "none"`, "--forget none"),
			refuses(faultMissing, exitUsage, `--check: the config has no jobs`, "--check"),
			refuses(faultEmpty, exitUsage, `--forget is empty`, "--forget ''"),
			refuses(faultMalformed, exitUsage, `--output "xml" is not text, wide or json`, "-o xml"),
			refuses(faultEmpty, exitUsage, `--html is empty`, "-c ok.yaml --html ''"),
			refuses(faultMissing, exitUsage, `none/x`, "-c ok.yaml --html $D/none/x"),
			refuses(faultMalformed, exitUsage, `--html cannot be combined with`, "-c ok.yaml --html $D/page --check"),
			refuses(faultUnreadable, exitUsage, `folder is a directory`, "-c ok.yaml --html folder"),
			refuses(faultUnreadable, exitUsage, `is the template of job a`, "-c ok.yaml --html link"),
			refuses(faultDuplicated, exitUsage, `--html.* is given twice`, "-c ok.yaml --html $D/a --html $D/b"),
			refuses(faultSameFile, exitUsage, `is the config`, "-c ok.yaml --html ok.yaml"),
			refuses(faultSameFile, exitUsage, `is the template of job a`, "-c ok.yaml --html ok.tmpl"),
			refuses(faultSameFile, exitUsage, `is a file of job a`, "-c ok.yaml --html $D/out"),
			refuses(faultSameFile, exitUsage, `is in the state directory`, "-c ok.yaml --html $D/.state/page"),
			refuses(faultSameFile, exitUsage, `is the key of the store`, "-c ok.yaml --html $D/.data/store.key"),
			refuses(faultWrongType, exitUsage, `max-age`, "--check --max-age old -c ok.yaml"),
			refuses(faultWrongType, exitUsage, `max-age`, "--check --max-age -1m -c ok.yaml"),
			refuses(faultWrongType, exitUsage, `lock-timeout`, "--forget x --lock-timeout -1m"),
			refuses(faultUnreadable, exitFailed, `loop`, "--state-dir loop"),
			refuses(faultUnreadable, exitFailed, `text\.txt`, "--state-dir text.txt --check -c ok.yaml"),
			refuses(faultUnreadable, exitFailed, `ok\.tmpl/x`, "--state-dir ok.tmpl/x -o json"),
		),
		"doctor": append(configFaults()[2:],
			refuses(faultMissing, exitUsage, `none\.yaml`, "-c none.yaml"),
			refuses(faultMissing, exitSecret, `no\.such`, "missing.tmpl").printing(),
			refuses(faultMissing, exitUsage, `none\.tmpl`, "none.tmpl").printing(),
			refuses(faultEmpty, exitUsage, `noname\.tmpl:1`, "noname.tmpl").printing(),
			refuses(faultMalformed, exitUsage, `broken\.tmpl:1`, "broken.tmpl").printing(),
			refuses(faultWrongType, exitUsage, `type\.tmpl:1`, "type.tmpl").printing(),
			refuses(faultWrongRef, exitUsage, `ref\.tmpl:1`, "ref.tmpl").printing(),
			refuses(faultUnreadable, exitUsage, `loop`, "loop").printing(),
			refuses(faultDuplicated, exitUsage, `twice\.tmpl:1`, "twice.tmpl").printing(),
			refuses(faultSameFile, exitSecret, `also the template`, "ok.tmpl:$D/link").printing(),
		),
		"policy": append(configFaults(),
			refuses(faultMissing, exitUsage, `none\.tmpl`, "none.tmpl"),
			refuses(faultEmpty, exitUsage, `noname\.tmpl:1`, "noname.tmpl"),
			refuses(faultEmpty, exitUsage, `nothing to allow`, "plain.tmpl"),
			refuses(faultEmpty, exitUsage, `--account is empty`, "ok.tmpl --account ''"),
			refuses(faultMalformed, exitUsage, `broken\.tmpl:1`, "broken.tmpl"),
			refuses(faultMalformed, exitUsage, `--role "root" is not reader`, "ok.tmpl --role root"),
			refuses(faultMalformed, exitUsage, `--role admin .*combined with SRC`, "--role admin ok.tmpl"),
			refuses(faultMalformed, exitUsage, `--account`, "ok.tmpl --store dynamodb --account me"),
			refuses(faultWrongType, exitUsage, `type\.tmpl:1`, "type.tmpl"),
			refuses(faultWrongRef, exitUsage, `ref\.tmpl:1`, "ref.tmpl"),
			refuses(faultUnreadable, exitUsage, `loop`, "loop"),
			refuses(faultDuplicated, exitUsage, `twice\.tmpl:1`, "twice.tmpl"),
		),
		"recover": {
			refuses(faultMissing, exitUsage, `none\.yaml`, "-c none.yaml"),
			refuses(faultEmpty, exitUsage, `config`, "-c ''"),
			refuses(faultMalformed, exitUsage, `bad\.yaml:`, "-c bad.yaml"),
			refuses(faultWrongType, exitUsage, `lock-timeout`, "--lock-timeout soon"),
			refuses(faultWrongType, exitUsage, `lock-timeout`, "--lock-timeout -1m"),
			refuses(faultUnreadable, exitFailed, `loop`, "--state-dir $D/loop"),
			refuses(faultUnreadable, exitUsage, `loop`, "-c loop"),
			refuses(faultDuplicated, exitUsage, `twice\.yaml:3`, "-c twice.yaml"),
		},
	}
}

func jobImmune() map[string]immune {
	return map[string]immune{
		"policy":  immune{}.excuse(noOutput, faultSameFile),
		"recover": immune{}.excuse(noRef, faultWrongRef).excuse("writes only what its own journal names", faultSameFile),
	}
}
