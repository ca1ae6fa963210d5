package main

// accessRows returns rows of the commands about keys, tables and rights.
func accessRows() map[string][]bad {
	return map[string][]bad{
		"setup": {
			refuses(faultMissing, exitUsage, `none\.yaml`, "-c none.yaml"),
			refuses(faultEmpty, exitUsage, `--provisioned is empty`, "--provisioned ''"),
			refuses(faultEmpty, exitUsage, `--tag is empty`, "--tag ''"),
			refuses(faultMalformed, exitUsage, `--provisioned "5" is not READ/WRITE`, "--provisioned 5"),
			refuses(faultMalformed, exitUsage, `--tag: team is not KEY=VALUE`, "--tag team"),
			refuses(faultWrongType, exitUsage, `--provisioned "a/b"`, "--provisioned a/b"),
			refuses(faultWrongType, exitUsage, `arg|unknown`, "table"),
			refuses(faultWrongRef, exitUsage, `buckets`, "--store s3://bucket/x"),
			refuses(faultUnreadable, exitFailed, `loop`, "--store local:$D/loop"),
			refuses(faultUnreadable, exitFailed, `folder`, "--store local:$D/new.db --local-key $D/folder"),
			refuses(faultDuplicated, exitUsage, `--tag: a is given twice`, "--store dynamodb --tag a=1 --tag a=2"),
			refuses(faultSameFile, exitUsage, `cannot be one file, .*new`, "--store local:$D/new --local-key $D/new"),
		},
		"grant": {
			refuses(faultMissing, exitUsage, `--read or --write`, "web env=prod --store dynamodb"),
			refuses(faultMissing, exitUsage, `--any-context`, "web --read --store dynamodb"),
			refuses(faultMissing, exitUsage, `ROLE is missing`, ""),
			refuses(faultEmpty, exitUsage, `is not the name or ARN`, "'' --read env=prod --store dynamodb"),
			refuses(faultEmpty, exitUsage, `KEY=VALUE`, "web --read '' --store dynamodb"),
			refuses(faultMalformed, exitUsage, `env is not KEY=VALUE`, "web --read env --store dynamodb"),
			refuses(faultMalformed, exitUsage, `several pairs`, "web --read env=prod,team=web --store dynamodb"),
			refuses(faultMalformed, exitUsage, `web\*`, "web* --read env=prod --store dynamodb"),
			refuses(faultWrongType, exitUsage, `is not the ARN of a role or user`, "arn:aws:s3:::bucket --read env=prod --store dynamodb"),
			refuses(faultWrongType, exitUsage, `--read and --write`, "web --read --write env=prod --store dynamodb"),
			refuses(faultWrongRef, exitUsage, `a local store has no grants`, "web --read env=prod"),
			refuses(faultUnreadable, exitUsage, `loop`, "web --read env=prod -c loop"),
			refuses(faultDuplicated, exitUsage, `env is given twice`, "web --read env=prod env=test --store dynamodb"),
		},
		"grants": {
			refuses(faultMissing, exitFailed, `alias/none`, "--store dynamodb --key alias/none"),
			refuses(faultEmpty, exitUsage, `is not the name or ARN`, "'' --store dynamodb"),
			refuses(faultMalformed, exitUsage, `--output "xml"`, "-o xml --store dynamodb"),
			refuses(faultWrongType, exitUsage, `is not the ARN of a role or user`, "arn:aws:s3:::bucket --store dynamodb"),
			refuses(faultWrongRef, exitUsage, `a local store has no grants`, ""),
			refuses(faultUnreadable, exitUsage, `loop`, "-c loop"),
			refuses(faultDuplicated, exitUsage, `arg`, "web web --store dynamodb"),
		},
		"revoke": {
			refuses(faultMissing, exitFailed, `has no grant`, "0c237476b39f8bc44e45212e08498fbe3151305030726c0590dd8d3e9f3d6a60 --store dynamodb"),
			refuses(faultMissing, exitFailed, `has no grant for .*web`, "web --read env=prod --store dynamodb"),
			refuses(faultMissing, exitUsage, `GRANT_ID|by its id`, "web env=prod --store dynamodb"),
			refuses(faultEmpty, exitUsage, `is not the name or ARN`, "'' --read env=prod --store dynamodb"),
			refuses(faultEmpty, exitUsage, `id`, "'' --store dynamodb"),
			refuses(faultMalformed, exitUsage, `env is not KEY=VALUE`, "web --read env --store dynamodb"),
			refuses(faultWrongType, exitUsage, `is not the ARN of a role or user`, "arn:aws:s3:::bucket --read env=prod --store dynamodb"),
			refuses(faultWrongRef, exitUsage, `a local store has no grants`, "web --read env=prod"),
			refuses(faultUnreadable, exitUsage, `loop`, "web --read env=prod -c loop"),
			refuses(faultDuplicated, exitUsage, `env is given twice`, "web --read env=prod env=test --store dynamodb"),
		},
		"encrypt": {
			refuses(faultMissing, exitUsage, `FILE cannot be read: no such file`, "cAnAry-word --store dynamodb"),
			refuses(faultMissing, exitUsage, `FILE is missing`, "--store dynamodb"),
			refuses(faultMissing, exitFailed, `alias/none`, "text.txt --store dynamodb --key alias/none"),
			refuses(faultEmpty, exitUsage, `nothing to encrypt: .*--allow-empty`, "- --store dynamodb"),
			refuses(faultEmpty, exitUsage, `nothing to encrypt`, "empty.tmpl --store dynamodb"),
			refuses(faultMalformed, exitUsage, `not KEY=VALUE`, "text.txt cAnAry-word --store dynamodb"),
			refuses(faultMalformed, exitUsage, `several pairs`, "text.txt env=prod,team=web --store dynamodb"),
			refuses(faultWrongType, exitUsage, `not a flag`, "-XcAnAry-word --store dynamodb"),
			refuses(faultWrongRef, exitUsage, `a local store has none`, "text.txt"),
			refuses(faultUnreadable, exitUsage, `FILE cannot be read: .*too many`, "loop --store dynamodb"),
			refuses(faultUnreadable, exitUsage, `FILE cannot be read: .*directory`, "folder --store dynamodb"),
			refuses(faultDuplicated, exitUsage, `env is given twice`, "text.txt env=prod env=test --store dynamodb"),
		},
		"decrypt": {
			refuses(faultMissing, exitUsage, `none\.enc`, "none.enc --store dynamodb"),
			refuses(faultEmpty, exitUsage, `standard input is empty`, "- --store dynamodb"),
			refuses(faultEmpty, exitFailed, `empty\.tmpl`, "empty.tmpl --store dynamodb"),
			refuses(faultMalformed, exitFailed, `text\.txt: .*neither`, "text.txt --store dynamodb"),
			refuses(faultMalformed, exitUsage, `env is not KEY=VALUE`, "text.txt env --store dynamodb"),
			refuses(faultWrongType, exitFailed, `ok\.json: .*neither`, "ok.json --store dynamodb"),
			refuses(faultWrongRef, exitUsage, `a local store has none`, "text.txt"),
			refuses(faultUnreadable, exitUsage, `loop`, "loop --store dynamodb"),
			refuses(faultUnreadable, exitUsage, `folder`, "folder --store dynamodb"),
			refuses(faultDuplicated, exitUsage, `env is given twice`, "text.txt env=prod env=test --store dynamodb"),
		},
	}
}

func accessImmune() map[string]immune {
	return map[string]immune{
		"grant":   immune{}.excuse(noOutput, faultSameFile),
		"grants":  immune{}.excuse(noOutput, faultSameFile),
		"revoke":  immune{}.excuse(noOutput, faultSameFile),
		"encrypt": immune{}.excuse(noOutput, faultSameFile),
		"decrypt": immune{}.excuse(noOutput, faultSameFile),
	}
}
