package main

// compatRows returns rows of the compatibility command lines, with the exit codes
// of credstash 1.17.1 and credsmash 3.0.2.
func compatRows() map[string][]bad {
	return map[string][]bad{
		"credstash": {
			refuses(faultMissing, 1, `no\.such`, "get no.such"),
			refuses(faultMissing, 0, `warning: nothing is stored under no\.such`, "delete no.such"),
			refuses(faultMissing, 2, `arguments`, "get"),
			refuses(faultEmpty, 1, `.`, "get ''"),
			refuses(faultMalformed, 2, `invalid choice`, "none"),
			refuses(faultMalformed, 2, `context`, "get aws.pw env"),
			refuses(faultMalformed, 1, `.`, "putall cAnAry-word"),
			refuses(faultWrongType, 1, `.`, "putall '{\"a\":[\"cAnAry-word\"]}'"),
			refuses(faultWrongType, 1, `.`, "get aws.pw -v seven env=prod"),
			refuses(faultUnreadable, 2, `Unable to read file`, "put new @loop"),
			refuses(faultUnreadable, 2, `Unable to read file`, "put new @folder"),
			refuses(faultDuplicated, 1, `aws\.pw`, "put aws.pw cAnAry-word env=prod -v 1"),
		},
		"credsmash": {
			refuses(faultMissing, 1, `no\.such`, "-t credential-store get no.such"),
			refuses(faultMissing, 2, `Missing argument .SECRET_NAME.`, "get"),
			refuses(faultEmpty, 1, `"": `, "-t credential-store get ''"),
			refuses(faultMalformed, 2, `none`, "none"),
			refuses(faultMalformed, 1, `bad\.j2`, "render-template --secrets-file a.json bad.j2 out"),
			refuses(faultMalformed, 1, `notjson\.json`, "put-many notjson.json"),
			refuses(faultWrongType, 1, `manifest4`, "render-templates --secrets-file a.json manifest4"),
			refuses(faultWrongType, 1, `deep\.json`, "put-many deep.json"),
			refuses(faultUnreadable, 2, `loop.: too many`, "render-template --secrets-file a.json loop out"),
			refuses(faultUnreadable, 2, `loop.: too many`, "render-template --secrets-file loop ok.j2 out"),
			refuses(faultUnreadable, 1, `loop`, "render-templates --secrets-file a.json manifest5"),
			refuses(faultDuplicated, 1, `out`, "render-templates --secrets-file a.json manifest2"),
			refuses(faultSameFile, 1, `ok\.j2`, "render-template --secrets-file a.json ok.j2 ok.j2"),
			refuses(faultSameFile, 1, `ok\.j2`, "render-templates --secrets-file a.json manifest3"),
			refuses(faultSameFile, 1, `a\.json`, "render-template --secrets-file a.json ok.j2 a.json"),
		},
	}
}

func compatImmune() map[string]immune {
	const literal = "takes every name literally, as the original does"
	return map[string]immune{
		"credstash": immune{}.excuse(literal, faultWrongRef).excuse(noOutput, faultSameFile),
		"credsmash": immune{}.excuse(literal, faultWrongRef),
	}
}
