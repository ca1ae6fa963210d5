package main

import "slices"

// holdRows returns rows of the commands that act on one job of the config.
func holdRows() map[string][]bad {
	var hold, runHook []bad
	for _, row := range configFaults() {
		h := row
		h.line += " a --for 1h --reason why"
		hold = append(hold, h)
		row.line += " a"
		runHook = append(runHook, row)
	}
	return map[string][]bad{
		"hold": slices.Concat(hold, []bad{
			refuses(faultMissing, exitUsage, `no job "none"`, "none --for 1h --reason why -c ok.yaml"),
			refuses(faultMissing, exitUsage, `JOB is missing`, "-c ok.yaml"),
			refuses(faultMissing, exitUsage, `--for`, "a --reason why -c ok.yaml"),
			refuses(faultMissing, exitUsage, `--reason`, "a --for 1h -c ok.yaml"),
			refuses(faultMissing, exitUsage, `no job "none"`, "--end none -c ok.yaml"),
			refuses(faultEmpty, exitUsage, `--reason`, "a --for 1h --reason '' -c ok.yaml"),
			refuses(faultEmpty, exitUsage, `--for`, "a --for 0 --reason why -c ok.yaml"),
			refuses(faultMalformed, exitUsage, `--end`, "--end a --for 1h -c ok.yaml"),
			refuses(faultMalformed, exitUsage, `control characters`, "a --for 1h --reason 'a\tb' -c ok.yaml"),
			refuses(faultWrongType, exitUsage, `--for`, "a --for ever --reason why -c ok.yaml"),
			refuses(faultWrongType, exitUsage, `--for`, "a --for -1h --reason why -c ok.yaml"),
			refuses(faultWrongType, exitUsage, `at most 720h`, "a --for 721h --reason why -c ok.yaml"),
			refuses(faultUnreadable, exitFailed, `loop`, "a --for 1h --reason why -c ok.yaml --state-dir $D/loop"),
			refuses(faultDuplicated, exitUsage, `too many arguments`, "a a --for 1h --reason why -c ok.yaml"),
		}),
		"run-hook": slices.Concat(runHook, []bad{
			refuses(faultMissing, exitUsage, `no job "none"`, "none -c ok.yaml"),
			refuses(faultMissing, exitUsage, `JOB is missing`, "-c ok.yaml"),
			refuses(faultMissing, exitUsage, `has no hook`, "a -c ok.yaml"),
			refuses(faultWrongType, exitUsage, `lock-timeout`, "a -c ok.yaml --lock-timeout soon"),
			refuses(faultDuplicated, exitUsage, `too many arguments`, "a a -c ok.yaml"),
		}),
	}
}

func holdImmune() map[string]immune {
	return map[string]immune{
		"hold":     immune{}.excuse("writes only the hold, in the state directory", faultSameFile),
		"run-hook": immune{}.excuse(noOutput, faultSameFile),
	}
}
